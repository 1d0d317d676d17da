"""Habits of the frameworks that would break a signed URL or open a way around `authorize`."""

import asyncio
import inspect

import falcon
import falcon.asgi
import flask
import pytest
from falcon import testing

from cfsign import ConfigurationError, Distribution
from cfsign.views import FileRequest, ViewHandler, ViewResponse
from cfsign_falcon import SignedRedirectResource
from cfsign_falcon.asgi import SignedRedirectResource as AsyncSignedRedirectResource
from cfsign_flask import CloudFrontRedirect
from tests.conformance.cases import ADAPTERS, VIEWS, Request
from tests.conformance.expectations import Signed
from tests.conformance.signature import count_signatures
from tests.conformance.site import driver

# Each of these characters is encoded again by some framework in a Location.
TRICKY = "https://media.example.com/a%2Ab[1]'(2)|^`{}\"<>\\~?x=%27%2f%zz+&y=;@!$*,#f"


@pytest.fixture
def in_process(adapter, make_client):
    """Return a function that sends a request to the adapter in process."""
    send = make_client(adapter, "in process")

    def request(case, **attributes):
        request = Request(**attributes)
        return send(request, request.path(driver(adapter).PREFIX, case))

    return request


def respond_with(monkeypatch, response):
    """Make every allowed request return *response*."""

    async def respond_async(*args, **options):
        return response

    monkeypatch.setattr(FileRequest, "respond", lambda *args, **options: response)
    monkeypatch.setattr(FileRequest, "respond_async", respond_async)


def test_location_is_sent_byte_for_byte(in_process, monkeypatch):
    """The framework's redirect helpers would encode it again."""
    respond_with(monkeypatch, ViewResponse(303, (("Location", TRICKY),)))
    assert in_process("allow-200").one("Location") == TRICKY


def test_location_of_the_2012_class_is_sent_byte_for_byte(site_settings, trusted_keys):
    """Werkzeug would encode the brackets, which breaks the signature."""

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


def test_every_header_of_the_response_is_sent(in_process, monkeypatch):
    """Set-Cookie occurs several times, every other header once."""
    headers = (
        ("Location", "https://media.example.com/"),
        ("Set-Cookie", "a=1; Path=/a/"),
        ("Set-Cookie", "b=2; Path=/b/; HttpOnly; SameSite=Lax"),
        ("Cache-Control", "no-store"),
        ("X-Site", "1"),
    )
    respond_with(monkeypatch, ViewResponse(303, headers))
    reply = in_process("allow-200")
    cookies = [sorted(value.split("; ")) for value in reply.all("Set-Cookie")]
    assert sorted(cookies) == [
        ["HttpOnly", "Path=/b/", "SameSite=Lax", "b=2"],
        ["Path=/a/", "a=1"],
    ]
    assert reply.one("Cache-Control") == "no-store"
    assert reply.one("X-Site") == "1"


def test_option_headers_are_not_modified(site):
    """Otherwise one user's Location would be sent to the next."""
    headers = VIEWS["cached"]["headers"]
    before = dict(headers)
    for user in ("ada", "ben"):
        request = Request(f"{user}/a.txt", view="cached", user=user)
        reply = site.check("own-folder", request, Signed(f"/{user}/a.txt", headers=before))
        assert len(reply.all("Location")) == 1
    assert headers == before


def test_long_url_is_redirected_to(site, monkeypatch):
    """Django's redirect classes limit the length; the lowest limit of any release is set here."""
    monkeypatch.setattr("django.http.response.MAX_URL_REDIRECT_LENGTH", 2048, raising=False)
    name = "x" * 4000
    site.check("allow-200", Request(name), Signed(f"/{name}"))


def test_authorize_sees_the_name_that_is_signed(adapter, site_settings, make_client, monkeypatch):
    """The router decodes `%2A` to `*`, and the signed URL has `%2A` again."""
    calls = []
    file_request = ViewHandler.file_request

    def record(self, resource, query_string=""):
        text = query_string if isinstance(query_string, str) else query_string.decode()
        calls.append((resource, text))
        return file_request(self, resource, query_string)

    monkeypatch.setattr(ViewHandler, "file_request", record)
    send = make_client(adapter, "in process")
    request = Request("%2A%3F%2F%2B+%25%20%C3%BC", query="a=%2B&b=%C3%BC")
    location = send(request, request.path(driver(adapter).PREFIX, "allow-200")).one("Location")
    assert calls == [("*?/++% ü", "a=%2B&b=%C3%BC")]
    assert "/%2A%3F/%2B%2B%25%20%C3%BC?Expires=" in location


def test_raw_query_is_forwarded_byte_for_byte(adapter, site_settings):
    """
    WSGI has text in which a character is a byte. Under ASGI, Django and Falcon decode UTF-8.

    Those two refuse bytes that are neither UTF-8 nor percent-encoded.
    """
    site = driver(adapter)
    path = f"{site.PREFIX}/forward/allow-200/a.txt"
    get_location = get_location_asgi if site.IS_ASGI else get_location_wsgi
    location = get_location(site.create_app(site_settings), path, b"v=\xc3\xbc")
    assert "/a.txt?v=%C3%BC&Expires=" in location


def get_location_wsgi(app, path, query):
    headers = {"X-User": "ada"}
    environ = testing.create_environ(path, headers=headers)
    environ["QUERY_STRING"] = query.decode("latin-1")
    responses = []
    list(app(environ, lambda status, headers, *_: responses.append(dict(headers))))
    return responses[0].get("Location") or responses[0]["location"]


def get_location_asgi(app, path, query):
    scope = testing.create_scope(path, headers={"X-User": "ada"})
    scope |= {"query_string": query, "server": ("testserver", 80), "client": ("127.0.0.1", 9)}
    scope["headers"] = [tuple(pair) for pair in scope["headers"]]  # FastAPI reads them twice
    sent = []

    async def call():
        requests = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive():
            return next(requests, None) or await asyncio.Event().wait()  # never disconnects

        async def send(message):
            sent.append(message)

        await app(scope, receive, send)

    asyncio.run(call())
    headers = {name.lower(): value for name, value in sent[0]["headers"]}
    return headers[b"location"].decode()


FALCONS = pytest.mark.parametrize("adapter", [f for f in ADAPTERS if f.startswith("falcon")])


class Falcon:
    """A Falcon application, WSGI or ASGI, with one resource."""

    def __init__(self, adapter, settings):
        self.is_async = adapter == "falcon_asgi"
        self.settings = settings
        self.base = AsyncSignedRedirectResource if self.is_async else SignedRedirectResource
        self.app_class = falcon.asgi.App if self.is_async else falcon.App

    def adapt(self, function):
        """Return *function*, or for ASGI a coroutine function that calls it."""

        async def call(*args, **kwargs):
            return function(*args, **kwargs)

        return call if self.is_async else function

    def resource(self, **members):
        members = {"authorize": lambda self, req, resource: 200, **members}
        adapted = {name: self.adapt(member) for name, member in members.items()}
        return type("Resource", (self.base,), adapted)

    def client(self, resource, middleware=(), **suffixes):
        app = self.app_class(middleware=list(middleware))
        instance = resource.from_config(self.settings)
        app.add_route("/{resource:path}", instance)
        for suffix in suffixes:
            app.add_route(f"/{suffix}/{{resource:path}}", instance, suffix=suffix)
        return testing.TestClient(app)


@pytest.fixture
def falcon_site(adapter, site_settings):
    return Falcon(adapter, site_settings)


@FALCONS
def test_falcon_hooks_on_the_class_apply(falcon_site, trusted_keys, monkeypatch):
    """They run for GET and HEAD, and nothing is signed if a hook refuses."""
    calls = []
    signed = []
    count_signatures(monkeypatch, signed)

    def hook(req, resp, resource, params):
        calls.append((req.method, params["resource"]))
        if req.get_header("X-Blocked"):
            raise falcon.HTTPForbidden()

    resource = falcon.before(falcon_site.adapt(hook))(falcon_site.resource())
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
    """They see the redirect, and may add headers."""

    def hook(req, resp, resource):
        resp.set_header("X-After", str(resp.status_code))

    resource = falcon.after(falcon_site.adapt(hook))(falcon_site.resource())
    assert falcon_site.client(resource).simulate_get("/a.txt").headers["x-after"] == "303"


@FALCONS
def test_falcon_overridden_on_get_applies_to_head(falcon_site):
    """Otherwise HEAD would be a way around it."""

    def on_get(self, req, resp, resource):
        raise falcon.HTTPForbidden()

    client = falcon_site.client(falcon_site.resource(on_get=on_get))
    for method in ("GET", "HEAD"):
        assert client.simulate_request(method, "/a.txt").status_code == 403


@FALCONS
def test_falcon_middleware_applies(falcon_site):
    """It runs before `authorize`, and sees the response."""
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
def test_falcon_suffixed_responders_work(falcon_site):
    """The site may add responders such as `on_get_thumb` and `on_post`."""

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
def test_falcon_refuses_a_resource_of_the_other_interface(adapter, site_settings):
    """`add_route` raises, not the first request."""
    site = Falcon(adapter, site_settings)
    other = Falcon("falcon_wsgi" if site.is_async else "falcon_asgi", site_settings)
    resource = other.resource().from_config(site_settings)
    with pytest.raises(TypeError):
        site.app_class().add_route("/{resource:path}", resource)


def test_falcon_authorize_and_resource_must_both_be_async_or_not():
    """The error says which of them is async, and what to change."""

    def authorize(self, req, resource):
        return 200

    async def authorize_async(self, req, resource):
        return 200

    plain = type("Plain", (AsyncSignedRedirectResource,), {"authorize": authorize})
    asynchronous = type("Async", (SignedRedirectResource,), {"authorize": authorize_async})
    with pytest.raises(TypeError, match=r"Plain\.authorize is not async.*make authorize async"):
        plain(None)
    with pytest.raises(TypeError, match=r"Async\.authorize is async.*cfsign_falcon\.asgi\."):
        asynchronous(None)


@FALCONS
def test_falcon_arguments_override_attributes(falcon_site):
    """Options may be attributes of the class or arguments of the resource."""
    resource = falcon_site.resource()
    resource.code = 302
    app = falcon_site.app_class()
    app.add_route("/attribute/{resource:path}", resource.from_config(falcon_site.settings))
    app.add_route("/argument/{resource:path}", resource.from_config(falcon_site.settings, code=307))
    client = testing.TestClient(app)
    assert client.simulate_get("/attribute/a.txt").status_code == 302
    assert client.simulate_get("/argument/a.txt").status_code == 307


@FALCONS
def test_falcon_refuses_cookies_that_cannot_reach_the_distribution(falcon_site):
    """The constructor raises, not the first request."""
    settings = falcon_site.settings | {"CLOUDFRONT_DOMAIN": "https://media.example.com"}
    resource = falcon_site.resource()
    options = {"delivery": "cookies", "cookie_domain": "example.org"}
    with pytest.raises(ConfigurationError, match="is not a parent of"):
        resource.from_config(settings, **options)
    with pytest.raises(ConfigurationError, match="is not a parent of"):
        resource(Distribution.from_config(settings), **options)
    assert resource.from_config(settings, **options | {"cookie_domain": "example.com"})


@FALCONS
def test_falcon_refuses_a_missing_or_wrong_distribution(falcon_site):
    """The constructor raises, not the first request."""
    resource = falcon_site.resource()
    signer = Distribution.from_config(falcon_site.settings).signer
    for wrong in (signer, "https://media.example.com", falcon_site.settings):
        with pytest.raises(ConfigurationError, match=f"must not be a {type(wrong).__name__}"):
            resource(wrong)
    with pytest.raises(ConfigurationError, match=r"no distribution.*Distribution\.from_env\(\)"):
        resource()


@FALCONS
def test_falcon_refuses_an_unknown_option(falcon_site):
    """The error suggests the nearest name."""
    resource = falcon_site.resource()
    with pytest.raises(ConfigurationError, match="'delivry' is unknown; did you mean 'delivery'"):
        resource(Distribution.from_config(falcon_site.settings), delivry="json")
    with pytest.raises(ConfigurationError, match="'delivry' is unknown; did you mean 'delivery'"):
        resource.from_config(falcon_site.settings, delivry="json")


@FALCONS
def test_falcon_refuses_a_misspelt_attribute(falcon_site):
    """The constructor raises."""
    resource = falcon_site.resource()
    resource.forward_querry = ("v",)
    with pytest.raises(
        ConfigurationError, match="forward_querry is not an option; did you mean forward_query"
    ):
        resource.from_config(falcon_site.settings)


@FALCONS
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_falcon_route_without_resource_is_an_error(falcon_site, method):
    """Falcon would raise a TypeError about `on_get`, which does not name the fix."""
    app = falcon_site.app_class()
    app.add_route("/{filename:path}", falcon_site.resource().from_config(falcon_site.settings))
    errors = []

    def record(req, resp, error, params):
        errors.append(str(error))

    app.add_error_handler(ConfigurationError, falcon_site.adapt(record))
    testing.TestClient(app).simulate_request(method, "/a.txt")
    (error,) = errors
    assert "no variable `resource` (its variables: filename)" in error


def errors_of_falcon():
    """Return Falcon's error classes for one status that need no argument."""
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
def test_falcon_refuses_with_the_error_class_of_the_status(falcon_site, error):
    """Falcon finds the site's error handler by the class."""
    status = error().status_code

    def show(req, resp, error, params):
        resp.status = error.status
        resp.text = "the site's own page"

    app = falcon_site.app_class()
    app.add_error_handler(error, falcon_site.adapt(show))
    resource = falcon_site.resource(authorize=lambda self, req, resource: status)
    app.add_route("/{resource:path}", resource.from_config(falcon_site.settings))
    response = testing.TestClient(app).simulate_get("/a.txt")
    assert (response.status_code, response.text) == (status, "the site's own page")


def test_fifty_at_once_in_one_event_loop(site_settings, trusted_keys):
    """All requests share one thread, and each is suspended in `authorize`."""
    app = driver("falcon_asgi").create_app(site_settings)

    async def send_all():
        async with testing.ASGIConductor(app) as conductor:
            requests = (
                conductor.simulate_get(
                    f"/content/own-folder/v{number}/a.txt", headers={"X-User": f"v{number}"}
                )
                for number in range(50)
            )
            return await asyncio.gather(*requests)

    for number, result in enumerate(asyncio.run(send_all())):
        location = result.headers["location"]
        assert f"/v{number}/a.txt?" in location
        assert trusted_keys.check(location).allowed
