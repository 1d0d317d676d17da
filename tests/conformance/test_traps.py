"""What the frameworks do by themselves that the adapters must not fall for."""

import asyncio
import inspect

import falcon
import falcon.asgi
import flask
import pytest
from falcon import testing

from cfsign import CfsignWarning, ConfigurationError, Distribution
from cfsign.views import FileRequest, ViewHandler, ViewResponse
from cfsign_falcon import SignedRedirectResource
from cfsign_falcon.asgi import SignedRedirectResource as AsyncSignedRedirectResource
from cfsign_flask import CloudFrontRedirect
from tests.conformance.cases import FLAVOURS, VIEWS, Request
from tests.conformance.expectations import Signed
from tests.conformance.signature import count_signatures
from tests.conformance.site import driver

# Characters that one framework or another encodes again in a Location that it is given.
TRICKY = "https://media.example.com/a%2Ab[1]'(2)|^`{}\"<>\\~?x=%27%2f%zz+&y=;@!$*,#f"


@pytest.fixture
def in_process(flavour, make_client):
    """A client of each flavour, in process."""
    send = make_client(flavour, "in process")

    def ask(case, **request):
        asked = Request(**request)
        return send(asked, asked.path(driver(flavour).PREFIX, case))

    return ask


def answer_with(monkeypatch, answer):
    """Let every desk answer so, awaited or not."""

    async def awaited(*args):
        return answer

    monkeypatch.setattr(FileRequest, "respond", lambda *args: answer)
    monkeypatch.setattr(FileRequest, "respond_async", awaited)


def test_location_is_the_answers_to_the_byte(in_process, monkeypatch):
    """No framework's own redirect is in between."""
    answer_with(monkeypatch, ViewResponse(303, (("Location", TRICKY),)))
    assert in_process("allow-200").one("Location") == TRICKY


def test_location_of_the_originals_class_is_to_the_byte(site_settings, trusted_keys):
    """Werkzeug encodes the brackets of a Location again, and then its signature is another's."""

    class Redirect(CloudFrontRedirect):
        def authorize(self):
            return 200

    url = f"{site_settings['CLOUDFRONT_DOMAIN']}/a[1].txt?b=[2]"
    redirect = Redirect(url, **site_settings["CLOUDFRONT_CONFIG"])
    app = flask.Flask("site")
    app.add_url_rule("/a", view_func=lambda: redirect.go())
    location = app.test_client().get("/a").headers["Location"]
    assert location.startswith(f"{url}&Expires=")
    assert trusted_keys.check(location).allowed


def test_every_header_of_the_answer_is_sent(in_process, monkeypatch):
    """Set-Cookie comes several times, and what comes once comes once."""
    headers = (
        ("Location", "https://media.example.com/"),
        ("Set-Cookie", "a=1; Path=/a/"),
        ("Set-Cookie", "b=2; Path=/b/; HttpOnly; SameSite=Lax"),
        ("Cache-Control", "no-store"),
        ("X-Site", "1"),
    )
    answer_with(monkeypatch, ViewResponse(303, headers))
    reply = in_process("allow-200")
    cookies = [sorted(value.split("; ")) for value in reply.all("Set-Cookie")]
    assert sorted(cookies) == [
        ["HttpOnly", "Path=/b/", "SameSite=Lax", "b=2"],
        ["Path=/a/", "a=1"],
    ]
    assert reply.one("Cache-Control") == "no-store"
    assert reply.one("X-Site") == "1"


def test_the_sites_headers_are_copied_never_written_to(site):
    """One viewer's Location is neither in the site's own dict nor in the next answer."""
    ours = VIEWS["cached"]["headers"]
    before = dict(ours)
    for viewer in ("ada", "ben"):
        request = Request(f"{viewer}/a.txt", view="cached", viewer=viewer)
        reply = site.judge("own-folder", request, Signed(f"/{viewer}/a.txt", headers=before))
        assert len(reply.all("Location")) == 1
    assert ours == before


def test_the_longest_url_is_no_matter(site, monkeypatch):
    """Django's own redirects end at a length that differs by release: here at the shortest."""
    monkeypatch.setattr("django.http.response.MAX_URL_REDIRECT_LENGTH", 2048, raising=False)
    name = "x" * 4000
    site.judge("allow-200", Request(name), Signed(f"/{name}"))


def test_the_rule_sees_the_name_that_is_signed(flavour, site_settings, make_client, monkeypatch):
    """Whatever the router decoded: `%2A` is `*` to the rule, and `%2A` again in the URL."""
    seen = []

    asked = ViewHandler.file_request

    def see(self, resource, query_string=""):
        text = query_string if isinstance(query_string, str) else query_string.decode()
        seen.append((resource, text))
        return asked(self, resource, query_string)

    monkeypatch.setattr(ViewHandler, "file_request", see)
    send = make_client(flavour, "in process")
    request = Request("%2A%3F%2F%2B+%25%20%C3%BC", query="a=%2B&b=%C3%BC")
    location = send(request, request.path(driver(flavour).PREFIX, "allow-200")).one("Location")
    assert seen == [("*?/++% ü", "a=%2B&b=%C3%BC")]
    assert "/%2A%3F/%2B%2B%25%20%C3%BC?Expires=" in location


def test_a_query_sent_raw_is_forwarded_byte_for_byte(flavour, site_settings):
    """
    Under WSGI it is text with a character a byte; under ASGI, Django and Falcon read it as UTF-8.

    What is not UTF-8 those two refuse by themselves, unless it is percent-encoded.
    """
    found = driver(flavour)
    path = f"{found.PREFIX}/forward/allow-200/a.txt"
    ask = ask_asgi if found.IS_ASGI else ask_wsgi
    location = ask(found.create_app(site_settings), path, b"v=\xc3\xbc")
    assert "/a.txt?v=%C3%BC&Expires=" in location


def ask_wsgi(app, path, query):
    headers = {"X-Viewer": "ada"}
    environ = testing.create_environ(path, headers=headers)
    environ["QUERY_STRING"] = query.decode("latin-1")
    answers = []
    list(app(environ, lambda status, headers, *_: answers.append(dict(headers))))
    return answers[0].get("Location") or answers[0]["location"]


def ask_asgi(app, path, query):
    scope = testing.create_scope(path, headers={"X-Viewer": "ada"})
    scope |= {"query_string": query, "server": ("testserver", 80), "client": ("127.0.0.1", 9)}
    sent = []

    async def ask():
        requests = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive():
            return next(requests, None) or await asyncio.Event().wait()  # never disconnects

        async def send(message):
            sent.append(message)

        await app(scope, receive, send)

    asyncio.run(ask())
    headers = {name.lower(): value for name, value in sent[0]["headers"]}
    return headers[b"location"].decode()


FALCONS = pytest.mark.parametrize("flavour", [f for f in FLAVOURS if f.startswith("falcon")])


class Falcon:
    """A Falcon application of either colour, with one resource and its own members."""

    def __init__(self, flavour, settings):
        self.is_async = flavour == "falcon_asgi"
        self.settings = settings
        self.base = AsyncSignedRedirectResource if self.is_async else SignedRedirectResource
        self.app_class = falcon.asgi.App if self.is_async else falcon.App

    def colour(self, function):
        """Make a function, or a coroutine function, of a plain one."""

        async def coloured(*args, **kwargs):
            return function(*args, **kwargs)

        return coloured if self.is_async else function

    def resource(self, **members):
        members = {"authorize": lambda self, req, resource: 200, **members}
        coloured = {name: self.colour(member) for name, member in members.items()}
        return type("Resource", (self.base,), coloured)

    def client(self, resource, middleware=(), **suffixes):
        app = self.app_class(middleware=list(middleware))
        made = resource.from_config(self.settings)
        app.add_route("/{resource:path}", made)
        for suffix in suffixes:
            app.add_route(f"/{suffix}/{{resource:path}}", made, suffix=suffix)
        return testing.TestClient(app)


@pytest.fixture
def falcon_site(flavour, site_settings):
    return Falcon(flavour, site_settings)


@FALCONS
def test_falcon_hooks_on_the_class_apply(falcon_site, trusted_keys, monkeypatch):
    """Before GET and before HEAD, and what a hook refuses is not signed."""
    calls = []
    signed = []
    count_signatures(monkeypatch, signed)

    def hook(req, resp, resource, params):
        calls.append((req.method, params["resource"]))
        if req.get_header("X-Blocked"):
            raise falcon.HTTPForbidden()

    resource = falcon.before(falcon_site.colour(hook))(falcon_site.resource())
    client = falcon_site.client(resource)
    for method in ("GET", "HEAD"):
        allowed = client.simulate_request(method, "/a.txt")
        assert allowed.status_code == 303
        assert trusted_keys.check(allowed.headers["location"]).allowed
        assert (method, "a.txt") in calls
        assert len(signed) == 1
        signed.clear()
        refused = client.simulate_request(method, "/a.txt", headers={"X-Blocked": "1"})
        assert refused.status_code == 403
        assert "location" not in refused.headers
        assert signed == []


@FALCONS
def test_falcon_hooks_after_apply(falcon_site):
    """They see the redirect, and may add to it."""

    def hook(req, resp, resource):
        resp.set_header("X-After", str(resp.status_code))

    resource = falcon.after(falcon_site.colour(hook))(falcon_site.resource())
    assert falcon_site.client(resource).simulate_get("/a.txt").headers["x-after"] == "303"


@FALCONS
def test_falcon_hooks_on_an_own_responder_apply_to_head(falcon_site):
    """A site that overrides on_get has not opened a way round it by HEAD."""

    def on_get(self, req, resp, resource):
        raise falcon.HTTPForbidden()

    client = falcon_site.client(falcon_site.resource(on_get=on_get))
    for method in ("GET", "HEAD"):
        assert client.simulate_request(method, "/a.txt").status_code == 403


@FALCONS
def test_falcon_middleware_applies(falcon_site):
    """It runs before the rule, and sees the answer."""
    calls = []

    class Middleware:
        def process_request(self, req, resp):
            calls.append("request")

        def process_resource(self, req, resp, resource, params):
            calls.append(params["resource"])

        def process_response(self, req, resp, resource, req_succeeded):
            resp.set_header("X-Middleware", resp.get_header("Location")[:4])

        async def process_request_async(self, req, resp):
            self.process_request(req, resp)

        async def process_resource_async(self, req, resp, resource, params):
            self.process_resource(req, resp, resource, params)

        async def process_response_async(self, req, resp, resource, req_succeeded):
            self.process_response(req, resp, resource, req_succeeded)

    client = falcon_site.client(falcon_site.resource(), middleware=[Middleware()])
    assert client.simulate_get("/a.txt").headers["x-middleware"] == "http"
    assert calls == ["request", "a.txt"]


@FALCONS
def test_falcon_suffixed_responders_stay(falcon_site):
    """The site's own `on_get_thumb` and `on_post` are not in the way, nor we in theirs."""

    def on_get_thumb(self, req, resp, resource):
        resp.text = f"thumb of {resource}"

    def on_post(self, req, resp, resource):
        resp.status = 201

    resource = falcon_site.resource(on_get_thumb=on_get_thumb, on_post=on_post)
    client = falcon_site.client(resource, thumb=True)
    assert client.simulate_get("/a.txt").status_code == 303
    assert client.simulate_post("/a.txt").status_code == 201
    assert client.simulate_get("/thumb/a.txt").text == "thumb of a.txt"
    assert client.simulate_head("/thumb/a.txt").status_code == 405


@FALCONS
def test_falcon_refuses_a_resource_of_the_other_colour(flavour, site_settings):
    """At add_route, not at the first request."""
    own = Falcon(flavour, site_settings)
    other = Falcon("falcon_wsgi" if own.is_async else "falcon_asgi", site_settings)
    resource = other.resource().from_config(site_settings)
    with pytest.raises(TypeError):
        own.app_class().add_route("/{resource:path}", resource)


@FALCONS
def test_falcon_options_are_given_or_stated(falcon_site):
    """To the class, or to the resource; the resource's win."""
    stated = falcon_site.resource()
    stated.code = 302
    app = falcon_site.app_class()
    app.add_route("/stated/{resource:path}", stated.from_config(falcon_site.settings))
    app.add_route("/given/{resource:path}", stated.from_config(falcon_site.settings, code=307))
    client = testing.TestClient(app)
    assert client.simulate_get("/stated/a.txt").status_code == 302
    assert client.simulate_get("/given/a.txt").status_code == 307


@FALCONS
def test_falcon_refuses_cookies_that_reach_no_distribution(falcon_site):
    """When the resource is made."""
    settings = falcon_site.settings | {"CLOUDFRONT_DOMAIN": "https://media.example.com"}
    resource = falcon_site.resource()
    options = {"delivery": "cookies", "cookie_domain": "example.org"}
    with pytest.raises(ConfigurationError, match="is no parent of"):
        resource.from_config(settings, **options)
    with pytest.raises(ConfigurationError, match="is no parent of"):
        resource(Distribution.from_config(settings), **options)
    assert resource.from_config(settings, **options | {"cookie_domain": "example.com"})


@FALCONS
def test_falcon_refuses_what_is_no_distribution(falcon_site):
    """When the resource is made, and none at all by a message of its own."""
    resource = falcon_site.resource()
    signer = Distribution.from_config(falcon_site.settings).signer
    for wrong in (signer, "https://media.example.com", falcon_site.settings):
        with pytest.raises(ConfigurationError, match=f"must not be a {type(wrong).__name__}"):
            resource(wrong)
    with pytest.raises(ConfigurationError, match=r"no distribution.*Distribution\.from_env\(\)"):
        resource()


@FALCONS
def test_falcon_refuses_an_unknown_option(falcon_site):
    """By its own name, with the nearest."""
    resource = falcon_site.resource()
    with pytest.raises(ConfigurationError, match="'delivry' is unknown; did you mean 'delivery'"):
        resource(Distribution.from_config(falcon_site.settings), delivry="json")
    with pytest.raises(ConfigurationError, match="'delivry' is unknown; did you mean 'delivery'"):
        resource.from_config(falcon_site.settings, delivry="json")


@FALCONS
def test_falcon_warns_of_a_misspelt_attribute(falcon_site):
    """When the resource is made."""
    resource = falcon_site.resource()
    resource.forward_querry = ("v",)
    with pytest.warns(
        CfsignWarning, match="forward_querry is not an option; did you mean forward_query"
    ):
        resource.from_config(falcon_site.settings)


@FALCONS
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_falcon_says_how_to_name_the_variable_of_the_route(falcon_site, method):
    """At the first request, which Falcon alone would fail with a TypeError about `on_get`."""
    app = falcon_site.app_class()
    app.add_route("/{filename:path}", falcon_site.resource().from_config(falcon_site.settings))
    errors = []

    def keep(req, resp, error, params):
        errors.append(str(error))

    app.add_error_handler(ConfigurationError, falcon_site.colour(keep))
    testing.TestClient(app).simulate_request(method, "/a.txt")
    (error,) = errors
    assert "no variable `resource` (its variables: filename)" in error


def errors_of_falcon():
    """List each class of error that Falcon has for one status and that needs no argument."""
    return [
        found
        for name, found in sorted(vars(falcon).items())
        if isinstance(found, type)
        and falcon.HTTPError in found.__bases__
        and name != "HTTPPayloadTooLarge"  # the old name of HTTPContentTooLarge
        and not any(
            parameter.default is parameter.empty
            for parameter in inspect.signature(found).parameters.values()
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        )
    ]


@FALCONS
@pytest.mark.parametrize("error", errors_of_falcon(), ids=lambda error: error.__name__)
def test_falcon_refuses_with_the_class_that_a_site_handles(falcon_site, error):
    """Falcon finds a site's own page by the class, and not by the status."""
    status = error().status_code

    def show(req, resp, error, params):
        resp.status = error.status
        resp.text = "the site's own page"

    app = falcon_site.app_class()
    app.add_error_handler(error, falcon_site.colour(show))
    resource = falcon_site.resource(authorize=lambda self, req, resource: status)
    app.add_route("/{resource:path}", resource.from_config(falcon_site.settings))
    answer = testing.TestClient(app).simulate_get("/a.txt")
    assert (answer.status_code, answer.text) == (status, "the site's own page")


def test_fifty_at_once_in_one_event_loop(site_settings, trusted_keys):
    """Where every request is in the same thread, and each waits in the middle."""
    app = driver("falcon_asgi").create_app(site_settings)

    async def play():
        async with testing.ASGIConductor(app) as conductor:
            asked = (
                conductor.simulate_get(
                    f"/content/own-folder/v{number}/a.txt", headers={"X-Viewer": f"v{number}"}
                )
                for number in range(50)
            )
            return await asyncio.gather(*asked)

    for number, result in enumerate(asyncio.run(play())):
        location = result.headers["location"]
        assert f"/v{number}/a.txt?" in location
        assert trusted_keys.check(location).allowed
