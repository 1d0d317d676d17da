"""The Flask view, sync and async; the checking side checks its URLs."""

import concurrent.futures
import gc
import threading
from html.parser import HTMLParser
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import flask
import pytest
import time_machine
from werkzeug.exceptions import Gone

from cfsign import Allow, CfsignWarning, ConfigurationError, Deny
from cfsign_flask import CloudFront, SignedRedirectView, signed_redirect_blueprint
from cfsign_flask.extension import find_view_problems
from tests.conformance.signature import count_signatures

DOMAIN = "http://media.example.com"
NOW = 1_800_000_000

ROUTES = pytest.mark.parametrize("route", ["/content", "/async"])


@ROUTES
@pytest.mark.parametrize(
    "result", [200, 204, HTTPStatus.OK, HTTPStatus.NO_CONTENT, Allow()], ids=repr
)
def test_allowed_request_is_redirected_to_a_signed_url(client, rule, trusted_keys, route, result):
    """303, not cached, to the signed URL of the requested file."""
    rule.result = result
    response = client.get(f"{route}/reports/2026.pdf")
    assert response.status_code == 303
    assert response.headers["Cache-Control"] == "no-store"
    assert response.location.startswith(f"{DOMAIN}/reports/2026.pdf?Expires=")
    assert trusted_keys.check(response.location).allowed
    assert rule.calls == [("reports/2026.pdf", {})]


@pytest.mark.parametrize("route", ["/content", "/async", "/json", "/cookies"])
def test_allowed_request_is_signed_once(client, signed, route):
    """This shows that `signed` works; the tests of refusals rely on it."""
    assert client.get(f"{route}/b/a.txt").status_code in (200, 303)
    assert len(signed) == 1


@ROUTES
@pytest.mark.parametrize(
    "result",
    [400, 401, 402, 404, 410, 451, 500, 503, HTTPStatus.GONE, Deny(404), Gone()],
    ids=repr,
)
def test_refusal_has_its_status_and_signs_nothing(client, rule, signed, route, result):
    """It has no URL."""
    rule.result = result
    response = client.get(f"{route}/a.txt")
    status = getattr(result, "status", None) or getattr(result, "code", None) or result
    assert response.status_code == status
    assert "Location" not in response.headers
    assert b"Signature" not in response.data
    if not isinstance(result, Gone):  # the site's exception is passed on
        assert response.headers["Cache-Control"] == "no-store"
    assert signed == []


@ROUTES
def test_refusal_shows_the_error_page_with_the_headers_of_deny(client, rule, route):
    """Flask's error handling makes the page."""
    rule.result = Deny(403, {"X-Why": "not yours", "WWW-Authenticate": "Bearer"})
    response = client.get(f"{route}/a.txt")
    assert (response.status_code, response.text) == (403, "the site's own page")
    assert response.headers["X-Why"] == "not yours"
    assert response.headers["WWW-Authenticate"] == "Bearer"
    rule.result = 403
    assert "X-Why" not in client.get(f"{route}/a.txt").headers


@ROUTES
def test_cookie_of_deny_is_added_to_those_of_the_page(app, client, rule, route):
    """A response may set several cookies."""

    @app.errorhandler(401)
    def page(error):
        response = flask.make_response("log in", 401)
        response.set_cookie("language", "en")
        return response

    rule.result = Deny(401, {"Set-Cookie": "session=; Max-Age=0"})
    cookies = client.get(f"{route}/a.txt").headers.getlist("Set-Cookie")
    assert cookies == ["language=en; Path=/", "session=; Max-Age=0"]


@ROUTES
def test_error_page_with_another_status_has_the_headers_of_deny(app, client, rule, route):
    """A site may hide a refusal behind a 404, which must not be cached either."""
    app.register_error_handler(410, lambda error: ("no such file", 404))
    rule.result = Deny(410)
    response = client.get(f"{route}/a.txt")
    assert (response.status_code, response.headers["Cache-Control"]) == (404, "no-store")


@ROUTES
@pytest.mark.parametrize("status", [200, 303])
def test_success_in_place_of_a_refusal_has_no_headers_of_deny(app, client, rule, route, status):
    """An error handler may show a preview or redirect."""
    app.register_error_handler(410, lambda error: ("a preview", status))
    rule.result = Deny(410, {"X-Why": "not yours", "Set-Cookie": "a=b"})
    response = client.get(f"{route}/a.txt")
    assert response.status_code == status
    assert not {"X-Why", "Set-Cookie", "Cache-Control"} & set(response.headers.keys())


@ROUTES
@pytest.mark.parametrize("result", [None, True, False, "200", 199, 299, 301, 700, 200.0, [200]])
def test_unknown_result_is_a_500_and_signs_nothing(client, rule, signed, route, result):
    """It is an error of the site."""
    rule.result = result
    response = client.get(f"{route}/a.txt")
    assert response.status_code == 500
    assert "Location" not in response.headers
    assert signed == []


def test_coroutine_from_a_plain_function_is_a_500(client, rule, signed):
    """A coroutine is true, but does not allow."""

    async def authorize():
        return 200

    rule.result = authorize
    assert client.get("/content/a.txt").status_code == 500
    assert signed == []


@ROUTES
def test_exception_of_authorize_is_a_500(client, rule, signed, route):
    """Nothing is signed."""
    rule.result = ZeroDivisionError()
    assert client.get(f"{route}/a.txt").status_code == 500
    assert signed == []


@ROUTES
def test_native_response_is_passed_on(client, rule, signed, route):
    """Such as a redirect to a login page."""
    rule.result = lambda: flask.redirect("/login")
    response = client.get(f"{route}/a.txt")
    assert (response.status_code, response.location) == (302, "/login")
    assert signed == []


@ROUTES
def test_conditions_of_allow_are_signed(client, rule, trusted_keys, route):
    """An expiry and an address."""
    with time_machine.travel(NOW, tick=False):
        rule.result = Allow(expires_in=5, ip_address="192.0.2.7")
        location = client.get(f"{route}/a.txt").location
    assert trusted_keys.check(location, at=NOW + 4, ip_address="192.0.2.7").allowed
    assert not trusted_keys.check(location, at=NOW + 4, ip_address="192.0.2.8").allowed
    assert not trusted_keys.check(location, at=NOW + 5, ip_address="192.0.2.7").allowed


@ROUTES
@pytest.mark.parametrize(
    ("requested", "signed"),
    [
        ("a%20b.txt", "a%20b.txt"),
        ("%C3%BC.txt", "%C3%BC.txt"),
        ("a+b.txt", "a%2Bb.txt"),
        ("%2A.txt", "%2A.txt"),
        ("100%25.txt", "100%25.txt"),
        ("what%3F.txt", "what%3F.txt"),
        ("a%2Fb.txt", "a/b.txt"),
        ("x" * 1000, "x" * 1000),
    ],
)
def test_name_is_encoded_once(client, trusted_keys, route, requested, signed):
    """The router decodes it, and the signed URL encodes it again."""
    location = client.get(f"{route}/{requested}").location
    assert location.startswith(f"{DOMAIN}/{signed}?Expires=")
    assert trusted_keys.check(location).allowed


@ROUTES
@pytest.mark.parametrize("name", ["..%2Fa", "a/%2e%2e/b", "%00", "a//b", "a%0D%0Ab"])
def test_invalid_name_is_a_404_before_authorize(client, rule, signed, route, name):
    """`authorize` never sees `..`."""
    assert client.get(f"{route}/{name}").status_code == 404
    assert rule.calls == signed == []


def test_name_that_is_too_long_is_a_404(client):
    """CloudFront would refuse the URL."""
    assert client.get("/content/" + "x" * 8000).status_code == 404


def test_only_listed_parameters_are_forwarded(client, trusted_keys):
    """CloudFront's own parameters of the request are dropped."""
    injected = "Policy=p&Expires=9&Signature=s&Key-Pair-Id=k&Hash-Algorithm=SHA256&x=1"
    location = client.get(
        f"/content/a.txt?{injected}&response-content-disposition=attachment%3B%20filename%3D%22a%22"
    ).location
    query = parse_qs(urlsplit(location).query)
    assert query["response-content-disposition"] == ['attachment; filename="a"']
    assert "x" not in query
    assert query["Key-Pair-Id"] == ["ABCDEF"]
    assert trusted_keys.check(location).allowed


def test_methods(client):
    """HEAD is answered as GET, OPTIONS by Flask, and every other method with 405 and Allow."""
    head = client.head("/content/a.txt")
    assert (head.status_code, head.data) == (303, b"")
    assert client.options("/content/a.txt").status_code == 200
    for method in ("POST", "PUT", "DELETE", "PATCH", "BREW"):
        response = client.open("/content/a.txt", method=method)
        assert response.status_code == 405
        assert {"GET", "HEAD"} <= set(response.headers["Allow"].split(", "))


def test_json_delivery(client, trusted_keys):
    """The document has the URL and its expiry."""
    with time_machine.travel(NOW, tick=False):
        response = client.get("/json/a.txt")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json["expires_at"] == NOW + 60
    assert trusted_keys.check(response.json["url"], at=NOW + 59).allowed


def get_cookies(set_cookie):
    """Return the cookies that a browser keeps."""
    headers = [header for header in set_cookie if "Max-Age=0" not in header]
    return dict(header.split(";")[0].split("=", 1) for header in headers)


def test_cookie_delivery_opens_only_the_folder(client, trusted_keys):
    """The redirect leads to the unsigned URL."""
    response = client.get("/cookies/videos/42/index.m3u8")
    assert (response.status_code, response.location) == (303, f"{DOMAIN}/videos/42/index.m3u8")
    headers = response.headers.getlist("Set-Cookie")
    assert len(headers) == 5
    assert all("Path=/videos/42/" in header and "HttpOnly" in header for header in headers)
    cookies = get_cookies(headers)
    assert len(cookies) == 3
    for path, allowed in [
        ("/videos/42/index.m3u8", True),
        ("/videos/42/720/1.ts?a=1", True),
        ("/videos/43/index.m3u8", False),
        ("/videos/42", False),
    ]:
        assert trusted_keys.check(DOMAIN + path, cookies=cookies).allowed is allowed


def test_file_outside_the_folder_is_a_404_before_authorize(client, rule, signed):
    """At the top there is no folder, and `posixpath.dirname` returns ""."""
    assert client.get("/cookies/a.txt").status_code == 404
    assert (rule.calls, signed) == ([], [])


def test_options_of_a_blueprint(app, rule):
    """Other views of the application do not have them."""
    blueprint = signed_redirect_blueprint(
        "other",
        __name__,
        rule,
        url_prefix="/other",
        code=307,
        headers={"Cache-Control": "private, max-age=5", "X-Site": "1"},
        allowed_statuses=(202,),
    )
    app.register_blueprint(blueprint)
    rule.result = 202
    response = app.test_client().get("/other/a.txt")
    assert response.status_code == 307
    assert response.headers["Cache-Control"] == "private, max-age=5"
    assert response.headers["X-Site"] == "1"
    rule.result = 200
    assert app.test_client().get("/other/a.txt").status_code == 500
    assert app.test_client().get("/content/a.txt").status_code == 303


@pytest.mark.parametrize(
    "options",
    [
        {"code": 301},
        {"code": 308},
        {"delivery": "proxy"},
        {"forward_query": "disposition"},
        {"forward_query": ("Expires",)},
        {"headers": {"Location": "/"}},
        {"headers": {"X": "a\r\nSet-Cookie: b"}},
        {"allowed_statuses": (200, 403)},
        {"cookie_domain": "d1.cloudfront.net"},
        {"cookie_samesite": "no"},
    ],
)
def test_wrong_option_is_refused_when_the_view_is_made(options):
    """Not at the first request."""
    with pytest.raises(ConfigurationError):
        signed_redirect_blueprint("bad", __name__, lambda resource: 200, **options)


UNREACHABLE = [
    (
        "https://d1.cloudfront.net",
        {"cookie_domain": "example.com"},
        "give the distribution a domain name",
    ),
    ("https://media.example.com", {"cookie_domain": "example.org"}, "not a parent of media"),
    ("http://media.example.com", {"cookie_samesite": "None"}, "over http"),
]


@pytest.mark.parametrize(("domain", "options", "message"), UNREACHABLE)
def test_cookies_that_cannot_reach_the_distribution_are_refused(
    settings, rule, domain, options, message
):
    """At start-up: when the later of the extension and the URL rule is registered."""

    def make_app():
        app = flask.Flask("site")
        app.config.update(settings, CLOUDFRONT_DOMAIN=domain)
        return app

    options = {"delivery": "cookies", "folder": "v", **options}
    blueprint = signed_redirect_blueprint("c", __name__, rule, **options)
    view = type("V", (SignedRedirectView,), {"authorize": rule})
    function = view.as_view("v", **options)
    for register in (
        lambda app: app.register_blueprint(blueprint),
        lambda app: app.add_url_rule("/v/<path:resource>", view_func=function),
        lambda app: app.add_url_rule("/v/<path:resource>", "v", function, methods=["GET"]),
    ):
        app = make_app()
        CloudFront(app)
        with pytest.raises(ConfigurationError, match=message) as caught:
            register(app)
        assert caught.value.problems[0].setting in ("V", "BlueprintView")
        assert not [each for each in app.url_map.iter_rules() if "resource" in each.arguments]
        app = make_app()
        register(app)
        with pytest.raises(ConfigurationError, match=message):
            CloudFront(app)
        assert "cloudfront" not in app.extensions


def test_views_are_checked_against_the_settings_of_the_last_init_app(settings, rule):
    """And once: `init_app` may be called again."""
    app = flask.Flask("site")
    app.config.update(settings, CLOUDFRONT_DOMAIN="https://media.example.com")
    cloudfront = CloudFront(app)
    add_url_rule = app.add_url_rule
    app.config["CLOUDFRONT_DOMAIN"] = "https://media.example.org"
    cloudfront.init_app(app)
    assert app.add_url_rule is add_url_rule
    blueprint = signed_redirect_blueprint(
        "c", __name__, rule, delivery="cookies", cookie_domain="example.org"
    )
    app.register_blueprint(blueprint)


@pytest.mark.parametrize("arguments", [{}, {"code": 307}])
def test_each_request_has_its_own_view(app, arguments):
    """A site may keep the user in `self`: a shared view gave one user's URL to another."""
    clients = 4
    barrier = threading.Barrier(clients, timeout=60)

    class Private(SignedRedirectView):
        def authorize(self, resource):
            self.user = flask.request.headers["X-User"]
            barrier.wait()  # all requests have set their user
            return 200 if resource == f"{self.user}.txt" else 403

    app.add_url_rule("/private/<path:resource>", view_func=Private.as_view("private", **arguments))

    def request(user):
        return app.test_client().get(f"/private/{user}.txt", headers={"X-User": user})

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        responses = list(pool.map(request, ["ada", "ben", "cleo", "dora"]))
    code = arguments.get("code", 303)
    assert [response.status_code for response in responses] == [code] * clients


@pytest.mark.parametrize("arguments", [{}, {"code": 307}])
def test_options_are_checked_once_and_not_for_each_request(app, monkeypatch, arguments):
    """The handler is cached by the view's class."""
    view = Found.as_view("found", **arguments)
    app.add_url_rule("/found/<path:resource>", view_func=view)

    def fail(self):
        raise AssertionError("checked again for a request")

    monkeypatch.setattr("cfsign.views.ViewOptions.__post_init__", fail)
    for _ in range(2):
        response = app.test_client().get("/found/a.txt")
        assert response.status_code == arguments.get("code", 302)


class Found(SignedRedirectView):
    code = 302

    def authorize(self, resource):
        return 200


class OwnInit(Found):
    def __init__(self, code):
        self.code = code


@pytest.mark.parametrize("view", [Found, OwnInit])
def test_arguments_of_as_view_override_attributes(app, view):
    """Each view of the class has its own. A class may set them in its own `__init__`."""
    for code in (303, 307):
        name = f"{view.__name__}-{code}"
        app.add_url_rule(f"/{name}/<path:resource>", view_func=view.as_view(name, code=code))
    app.add_url_rule("/found/<path:resource>", view_func=Found.as_view("found"))
    client = app.test_client()
    for _ in range(2):
        for path, code in ((f"{view.__name__}-303", 303), (f"{view.__name__}-307", 307)):
            assert client.get(f"/{path}/a.txt").status_code == code
        assert client.get("/found/a.txt").status_code == 302


def test_arguments_of_as_view_are_checked():
    """Their values and their names."""
    with pytest.raises(ConfigurationError, match="302, 303 or 307"):
        Found.as_view("bad", code=301)
    with pytest.raises(ConfigurationError, match="forward_qeury"):
        Found.as_view("bad", forward_qeury=("a",))


def test_view_made_for_each_request_is_freed(app):
    """No cache keeps it."""

    class Fresh(OwnInit):
        pass

    app.add_url_rule("/fresh/<path:resource>", view_func=Fresh.as_view("fresh", 307))
    assert app.test_client().get("/fresh/a.txt").status_code == 307
    gc.collect()
    assert not [each for each in gc.get_objects() if type(each) is Fresh]


def test_distribution_for_may_be_set_on_the_object_of_a_request(settings):
    """The view is checked before, as a class that has none: it must not decide for the object."""
    app = flask.Flask("tenants")
    entry = dict(settings["CLOUDFRONT_CONFIG"])
    app.config["CLOUDFRONT_DISTRIBUTIONS"] = {
        alias: {"domain": f"https://{alias}.example.com", **entry}
        for alias in ("default", "videos")
    }
    CloudFront(app)

    class View(SignedRedirectView):
        def __init__(self):
            self.distribution_for = lambda request: request.args.get("tenant")

        def authorize(self, resource):
            return 200

    app.add_url_rule("/<path:resource>", view_func=View.as_view("tenants"))
    get = app.test_client().get
    for alias in ("videos", "default", "videos"):
        assert get(f"/a?tenant={alias}").location.startswith(f"https://{alias}.example.com/a?")
    assert get("/a").status_code == 404


def test_unknown_option_is_refused():
    """The error suggests the nearest name."""
    with pytest.raises(
        ConfigurationError, match="'forward_qeury' is unknown; did you mean 'forward_query'"
    ):
        signed_redirect_blueprint("bad", __name__, lambda resource: 200, forward_qeury=("a",))


def test_misspelt_attribute_is_an_error(rule):
    """`as_view` raises."""
    view = type("V", (SignedRedirectView,), {"authorize": rule, "forward_querry": ("v",)})
    with pytest.raises(
        ConfigurationError, match=r"V\.forward_querry is not an option; did you mean forward_query"
    ):
        view.as_view("v")


def test_route_without_resource_is_an_error(app, rule, caplog):
    """It is logged at start-up. Flask would raise a TypeError, which does not name the fix."""
    app.config["PROPAGATE_EXCEPTIONS"] = True
    view = type("V", (SignedRedirectView,), {"authorize": rule})
    app.add_url_rule("/v/<path:filename>", view_func=view.as_view("v"))
    (line,) = caplog.messages
    assert "V: the route has no variable `resource` (its variables: filename)" in line
    for method in ("GET", "HEAD"):
        with pytest.raises(ConfigurationError, match=r"`resource` .its variables: filename"):
            app.test_client().open("/v/a.txt", method=method)
    assert rule.calls == []


def test_each_route_without_resource_is_found(settings, rule):
    """Before and after the extension; not if the file is chosen in another way."""
    view = type("V", (SignedRedirectView,), {"authorize": rule})
    own_get = type("OwnGet", (view,), {"get": lambda self, n: "page"})

    def make_app(extension_first):
        app = flask.Flask("site")
        app.config.update(settings)
        if extension_first:
            CloudFront(app)
        app.add_url_rule("/right/<path:resource>", view_func=view.as_view("right"))
        app.add_url_rule("/fixed", view_func=view.as_view("fixed"), defaults={"resource": "a"})
        app.add_url_rule("/own/<int:n>", view_func=own_get.as_view("own"))
        app.add_url_rule("/wrong/<path:name>", view_func=view.as_view("wrong"))
        if not extension_first:
            CloudFront(app)
        return app

    for app in map(make_app, (True, False)):
        (problem,) = find_view_problems(app, app.extensions["cloudfront"])
        assert problem.setting == "V"
        assert "(its variables: name)" in problem.message
        app.url_value_preprocessor(lambda endpoint, values: None)
        assert find_view_problems(app, app.extensions["cloudfront"]) == []


def test_routes_without_resource_are_logged_once(settings, rule, caplog):
    app = flask.Flask("site")
    app.config.update(settings)
    view = type("V", (SignedRedirectView,), {"authorize": rule})
    app.add_url_rule("/early/<path:early>", view_func=view.as_view("early"))
    CloudFront(app)
    app.add_url_rule("/late/<path:late>", view_func=view.as_view("late"))
    assert [line.partition("variables: ")[2].partition(")")[0] for line in caplog.messages] == [
        "early",
        "late",
    ]


def test_public_cache_control_warns():
    """A shared cache would send one user's URL to all."""
    with pytest.warns(CfsignWarning, match="no-store"):
        signed_redirect_blueprint(
            "p", __name__, lambda resource: 200, headers={"Cache-Control": "public"}
        )


def test_authorize_must_be_overridden():
    """`as_view` raises."""
    with pytest.raises(NotImplementedError, match="override authorize"):
        SignedRedirectView.as_view("nobody")


def test_missing_settings_are_reported_at_start_up(settings):
    """All at once."""
    app = flask.Flask("site")
    with pytest.raises(ConfigurationError) as caught:
        CloudFront(app)
    assert len(caught.value.problems) >= 4
    app.config.update(settings)
    CloudFront(app)
    assert app.extensions["cloudfront"].distribution.domain == settings["CLOUDFRONT_DOMAIN"]


def test_view_without_the_extension_is_an_error(rule):
    """It names the fix."""
    app = flask.Flask("site")
    app.config["TESTING"] = True
    app.register_blueprint(signed_redirect_blueprint("c", __name__, rule, url_prefix="/c"))
    with pytest.raises(ConfigurationError, match=r"CloudFront\(app\)"):
        app.test_client().get("/c/a.txt")


def test_two_applications_are_separate(settings, rule, other_pem, public_pem):
    """One extension object serves two applications, each with its own key."""
    cloudfront = CloudFront()
    blueprint = signed_redirect_blueprint("c", __name__, rule, url_prefix="/c")
    locations = []
    for domain, key in (("https://one.example", settings), ("https://two.example", None)):
        app = flask.Flask(domain)
        config = dict(settings["CLOUDFRONT_CONFIG"])
        if key is None:
            config["priv_key_string"] = other_pem
        app.config.update(CLOUDFRONT_DOMAIN=domain, CLOUDFRONT_CONFIG=config)
        cloudfront.init_app(app)
        app.register_blueprint(blueprint)
        locations.append(app.test_client().get("/c/a.txt").location)
        with app.app_context():
            assert cloudfront.distribution.domain == domain
    assert locations[0].startswith("https://one.example/")
    assert locations[1].startswith("https://two.example/")


def test_template_global_signs(app, trusted_keys):
    """Templates can call `cloudfront_url`."""
    with app.test_request_context():
        url = flask.render_template_string("{{ cloudfront_url('a b.jpg', expires_in=9)|safe }}")
    assert url.startswith(f"{DOMAIN}/a%20b.jpg?Expires=")
    assert trusted_keys.check(url).allowed


def test_thumbnails_of_a_page_share_one_signature(app, trusted_keys, monkeypatch):
    """With `folder`; the next request gets another signature."""
    template = (
        "{% for i in range(200) %}"
        "{{ cloudfront_url('albums/7/%d.jpg' % i, folder='albums/7')|safe }}\n{% endfor %}"
    )
    signed = []
    count_signatures(monkeypatch, signed)
    for now in (1_800_000_000, 1_800_000_009):
        with time_machine.travel(now, tick=False), app.test_request_context():
            urls = flask.render_template_string(template).split()
            assert len(set(urls)) == 200
            assert all(trusted_keys.check(url, at=now).allowed for url in urls)
    assert len(signed) == 2


def test_template_global_links_to_a_view(app):
    """Such a link is not signed, so it works as long as the page is open."""
    template = "{{ cloudfront_url('b/a b.txt', view='files') }}"
    app.add_url_rule("/files/<path:resource>", "files", lambda resource: resource)
    with app.test_request_context():
        assert flask.render_template_string(template) == "/files/b/a%20b.txt"
    assert app.test_client().get("/files/b/a%20b.txt").text == "b/a b.txt"


@pytest.mark.parametrize("quote", ["'", '"'])
def test_template_global_is_escaped_in_an_attribute(app, trusted_keys, quote):
    """`'` and `&` are not encoded in a path, so the template must escape them."""
    template = f"<a href={quote}{{{{ cloudfront_url(name, expires_in=9) }}}}{quote}>"
    with app.test_request_context():
        page = flask.render_template_string(template, name="R&D, it's (1)&copy=2.jpg")
    href = read_href(page)
    assert href.startswith(f"{DOMAIN}/R&D,%20it's%20(1)&copy=2.jpg?Expires=")
    assert trusted_keys.check(href).allowed


def read_href(page):
    """Return the address of the link in *page*, as a browser reads it."""
    hrefs = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: hrefs.append(dict(attributes)["href"])
    parser.feed(page)
    (href,) = hrefs
    return href


def test_variables_of_a_blueprint_prefix_reach_authorize(settings, rule):
    """SCRIPT_NAME is not part of the resource."""
    app = flask.Flask("site")
    app.config.update(settings)
    CloudFront(app)
    app.register_blueprint(
        signed_redirect_blueprint("t", __name__, rule, url_prefix="/<tenant>/files")
    )
    response = app.test_client().get(
        "/acme/files/a.txt", environ_overrides={"SCRIPT_NAME": "/mounted"}
    )
    assert response.location.startswith(f"{settings['CLOUDFRONT_DOMAIN']}/a.txt?")
    assert rule.calls == [("a.txt", {"tenant": "acme"})]


def test_fifty_requests_at_once_each_get_their_own_url(app, rule, trusted_keys):
    """Concurrent requests are not mixed up."""

    def request(number):
        response = app.test_client().get(f"/content/{number}.txt")
        return number, response.location

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        results = list(pool.map(request, range(200)))
    for number, location in results:
        assert urlsplit(location).path == f"/{number}.txt"
        assert trusted_keys.check(location).allowed
