"""The Flask view, sync and async, judged by the checking side and not by the look of a URL."""

import concurrent.futures
import gc
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import flask
import pytest
import time_machine
from werkzeug.exceptions import Gone

from cfsign import Allow, CfsignWarning, ConfigurationError, Deny
from cfsign_flask import CloudFront, SignedRedirectView, signed_redirect_blueprint

DOMAIN = "http://media.example.com"
NOW = 1_800_000_000

ROUTES = pytest.mark.parametrize("route", ["/content", "/async"])


@ROUTES
@pytest.mark.parametrize("yes", [200, 204, HTTPStatus.OK, HTTPStatus.NO_CONTENT, Allow()])
def test_a_yes_is_a_303_to_a_url_that_the_edge_lets_in(client, rule, trusted_keys, route, yes):
    """Each yes redirects, uncached, to a URL of the resource asked for."""
    rule.result = yes
    response = client.get(f"{route}/reports/2026.pdf")
    assert response.status_code == 303
    assert response.headers["Cache-Control"] == "no-store"
    assert response.location.startswith(f"{DOMAIN}/reports/2026.pdf?Expires=")
    assert trusted_keys.check(response.location).allowed
    assert rule.asked == [("reports/2026.pdf", {})]


@pytest.mark.parametrize("route", ["/content", "/async", "/json", "/cookies"])
def test_a_yes_asks_the_key_once(client, signed, route):
    """So that the tests of a no, which find that it was not asked, look where a yes is seen."""
    assert client.get(f"{route}/a.txt").status_code in (200, 303)
    assert len(signed) == 1


@ROUTES
@pytest.mark.parametrize(
    "no", [400, 401, 402, 404, 410, 451, 500, 503, HTTPStatus.GONE, Deny(404), Gone()]
)
def test_a_no_refuses_with_its_status_and_nothing_is_signed(client, rule, signed, route, no):
    """A refusal keeps its status and holds no URL, and the key is not asked."""
    rule.result = no
    response = client.get(f"{route}/a.txt")
    status = getattr(no, "status", None) or getattr(no, "code", None) or no
    assert response.status_code == status
    assert "Location" not in response.headers
    assert b"Signature" not in response.data
    if not isinstance(no, Gone):  # which is the site's own, and none of ours to add to
        assert response.headers["Cache-Control"] == "no-store"
    assert signed == []


@ROUTES
def test_a_refusal_shows_the_sites_own_page_with_the_headers_of_deny(client, rule, route):
    """Flask's error handling makes the page; Deny's headers are on it."""
    rule.result = Deny(403, {"X-Why": "not yours", "WWW-Authenticate": "Bearer"})
    response = client.get(f"{route}/a.txt")
    assert (response.status_code, response.text) == (403, "the site's own page")
    assert response.headers["X-Why"] == "not yours"
    assert response.headers["WWW-Authenticate"] == "Bearer"
    rule.result = 403
    assert "X-Why" not in client.get(f"{route}/a.txt").headers


@ROUTES
def test_a_cookie_of_deny_leaves_the_pages_own(app, client, rule, route):
    """A mapping holds one header of a name, and an answer may have several cookies."""

    @app.errorhandler(401)
    def page(error):
        response = flask.make_response("log in", 401)
        response.set_cookie("language", "en")
        return response

    rule.result = Deny(401, {"Set-Cookie": "session=; Max-Age=0"})
    cookies = client.get(f"{route}/a.txt").headers.getlist("Set-Cookie")
    assert cookies == ["language=en; Path=/", "session=; Max-Age=0"]


@ROUTES
def test_an_error_page_of_another_status_has_the_headers_of_deny(app, client, rule, route):
    """A site that hides what it refuses is not to have its 404 stored either."""
    app.register_error_handler(410, lambda error: ("no such file", 404))
    rule.result = Deny(410)
    response = client.get(f"{route}/a.txt")
    assert (response.status_code, response.headers["Cache-Control"]) == (404, "no-store")


@ROUTES
@pytest.mark.parametrize("status", [200, 303])
def test_an_answer_in_place_of_the_refusal_has_none_of_its_headers(
    app, client, rule, route, status
):
    """Such as that of a view that catches the refusal and shows a preview."""
    app.register_error_handler(410, lambda error: ("a preview", status))
    rule.result = Deny(410, {"X-Why": "not yours", "Set-Cookie": "a=b"})
    response = client.get(f"{route}/a.txt")
    assert response.status_code == status
    assert not {"X-Why", "Set-Cookie", "Cache-Control"} & set(response.headers.keys())


@ROUTES
@pytest.mark.parametrize("unclear", [None, True, False, "200", 199, 299, 301, 700, 200.0, [200]])
def test_what_is_not_understood_is_a_500_and_nothing_signed(client, rule, signed, route, unclear):
    """Whatever is neither a yes nor a no is an error of the site."""
    rule.result = unclear
    response = client.get(f"{route}/a.txt")
    assert response.status_code == 500
    assert "Location" not in response.headers
    assert signed == []


def test_a_coroutine_from_a_plain_function_is_refused(client, rule, signed):
    """A coroutine is true to Python, and no yes."""

    async def late():
        return 200

    rule.result = late
    assert client.get("/content/a.txt").status_code == 500
    assert signed == []


@ROUTES
def test_an_exception_of_authorize_is_a_500(client, rule, signed, route):
    """What the rule raises is never a yes."""
    rule.result = ZeroDivisionError()
    assert client.get(f"{route}/a.txt").status_code == 500
    assert signed == []


@ROUTES
def test_a_native_response_is_passed_on(client, rule, signed, route):
    """A login page goes out as it is."""
    rule.result = lambda: flask.redirect("/login")
    response = client.get(f"{route}/a.txt")
    assert (response.status_code, response.location) == (302, "/login")
    assert signed == []


@ROUTES
def test_allow_shortens_the_life_and_pins_the_address(client, rule, trusted_keys, route):
    """An Allow goes into the policy."""
    with time_machine.travel(NOW, tick=False):
        rule.result = Allow(expires_in=5, ip_address="192.0.2.7")
        location = client.get(f"{route}/a.txt").location
    assert trusted_keys.check(location, at=NOW + 4, ip_address="192.0.2.7").allowed
    assert not trusted_keys.check(location, at=NOW + 4, ip_address="192.0.2.8").allowed
    assert not trusted_keys.check(location, at=NOW + 5, ip_address="192.0.2.7").allowed


@ROUTES
@pytest.mark.parametrize(
    ("asked", "signed"),
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
def test_a_name_is_encoded_once(client, trusted_keys, route, asked, signed):
    """Whatever the router decoded is encoded again, once, into one spelling."""
    location = client.get(f"{route}/{asked}").location
    assert location.startswith(f"{DOMAIN}/{signed}?Expires=")
    assert trusted_keys.check(location).allowed


@ROUTES
@pytest.mark.parametrize("asked", ["..%2Fa", "a/%2e%2e/b", "%00", "a//b", "a%0D%0Ab", "dir/"])
def test_a_name_that_no_file_has_is_a_404_before_anybody_is_asked(
    client, rule, signed, route, asked
):
    """The rule never sees a path that climbs."""
    assert client.get(f"{route}/{asked}").status_code == 404
    assert rule.asked == signed == []


def test_a_name_too_long_to_sign_is_a_404(client):
    """CloudFront would not take the URL."""
    assert client.get("/content/" + "x" * 8000).status_code == 404


def test_only_the_named_part_of_the_query_is_forwarded(client, trusted_keys):
    """Nothing else of the viewer's query reaches the signed URL, reserved names least of all."""
    smuggled = "Policy=p&Expires=9&Signature=s&Key-Pair-Id=k&Hash-Algorithm=SHA256&x=1"
    location = client.get(
        f"/content/a.txt?{smuggled}&response-content-disposition=attachment%3B%20filename%3D%22a%22"
    ).location
    query = parse_qs(urlsplit(location).query)
    assert query["response-content-disposition"] == ['attachment; filename="a"']
    assert "x" not in query
    assert query["Key-Pair-Id"] == ["ABCDEF"]
    assert trusted_keys.check(location).allowed


def test_methods(client):
    """HEAD is answered like GET, OPTIONS by Flask, the rest is 405 with Allow."""
    head = client.head("/content/a.txt")
    assert (head.status_code, head.data) == (303, b"")
    assert client.options("/content/a.txt").status_code == 200
    for method in ("POST", "PUT", "DELETE", "PATCH", "BREW"):
        response = client.open("/content/a.txt", method=method)
        assert response.status_code == 405
        assert {"GET", "HEAD"} <= set(response.headers["Allow"].split(", "))


def test_json_delivery(client, trusted_keys):
    """A script gets the URL and when it ends."""
    with time_machine.travel(NOW, tick=False):
        response = client.get("/json/a.txt")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json["expires_at"] == NOW + 60
    assert trusted_keys.check(response.json["url"], at=NOW + 59).allowed


def kept(set_cookie):
    """What a browser keeps: not those that only clear an earlier set's."""
    headers = [header for header in set_cookie if "Max-Age=0" not in header]
    return dict(header.split(";")[0].split("=", 1) for header in headers)


def test_cookie_delivery_opens_the_folder_and_only_it(client, trusted_keys):
    """The cookies open what lies beside the resource; the redirect goes to its plain URL."""
    response = client.get("/cookies/videos/42/index.m3u8")
    assert (response.status_code, response.location) == (303, f"{DOMAIN}/videos/42/index.m3u8")
    headers = response.headers.getlist("Set-Cookie")
    assert len(headers) == 5
    assert all("Path=/videos/42/" in header and "HttpOnly" in header for header in headers)
    cookies = kept(headers)
    assert len(cookies) == 3
    for path, allowed in [
        ("/videos/42/index.m3u8", True),
        ("/videos/42/720/1.ts?a=1", True),
        ("/videos/43/index.m3u8", False),
        ("/videos/42", False),
    ]:
        assert trusted_keys.check(DOMAIN + path, cookies=cookies).allowed is allowed


def test_cookie_delivery_at_the_top_opens_the_one_file(client, trusted_keys):
    """A file in no folder does not open the whole distribution."""
    headers = client.get("/cookies/a.txt").headers.getlist("Set-Cookie")
    cookies = kept(headers)
    assert trusted_keys.check(f"{DOMAIN}/a.txt", cookies=cookies).allowed
    assert not trusted_keys.check(f"{DOMAIN}/b.txt", cookies=cookies).allowed


def test_options_of_a_view(app, rule):
    """Status, headers and the statuses that allow, a class for itself."""
    blueprint = signed_redirect_blueprint(
        "own",
        __name__,
        rule,
        url_prefix="/own",
        code=307,
        headers={"Cache-Control": "private, max-age=5", "X-Site": "1"},
        allowed_statuses=(202,),
    )
    app.register_blueprint(blueprint)
    rule.result = 202
    response = app.test_client().get("/own/a.txt")
    assert response.status_code == 307
    assert response.headers["Cache-Control"] == "private, max-age=5"
    assert response.headers["X-Site"] == "1"
    rule.result = 200
    assert app.test_client().get("/own/a.txt").status_code == 500
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
def test_an_option_that_cannot_work_is_refused_when_the_view_is_made(options):
    """Before the first request, not at it."""
    with pytest.raises(ConfigurationError):
        signed_redirect_blueprint("bad", __name__, lambda resource: 200, **options)


UNREACHABLE = [
    ("https://d1.cloudfront.net", {"cookie_domain": "example.com"}, "a domain name of your own"),
    ("https://media.example.com", {"cookie_domain": "example.org"}, "no parent of media"),
    ("http://media.example.com", {"cookie_samesite": "None"}, "https distribution"),
]


@pytest.mark.parametrize(("domain", "options", "mend"), UNREACHABLE)
def test_cookies_that_reach_no_distribution_are_refused(settings, rule, domain, options, mend):
    """A blueprint's when it is registered; a view's, which knows no application, when asked."""
    app = flask.Flask("site")
    app.config.update(settings, CLOUDFRONT_DOMAIN=domain, TESTING=True)
    blueprint = signed_redirect_blueprint("c", __name__, rule, delivery="cookies", **options)
    app.register_blueprint(blueprint, name="before")
    CloudFront(app)
    with pytest.raises(ConfigurationError, match=mend):
        app.register_blueprint(blueprint)
    view = type("V", (SignedRedirectView,), {"delivery": "cookies", "authorize": rule, **options})
    app.add_url_rule("/v/<path:resource>", view_func=view.as_view("v"))
    for path in ("/v/a.txt", "/a.txt"):
        with pytest.raises(ConfigurationError, match=mend):
            app.test_client().get(path)
    assert rule.asked == []


class Stated(SignedRedirectView):
    code = 302

    def authorize(self, resource):
        return 200


class Own(Stated):
    def __init__(self, code):
        self.code = code


@pytest.mark.parametrize("view", [Stated, Own])
def test_options_of_as_view_and_of_the_instance_win(app, view):
    """As with Django's; each for itself, though the class is the same."""
    for code in (303, 307):
        name = f"{view.__name__}-{code}"
        app.add_url_rule(f"/{name}/<path:resource>", view_func=view.as_view(name, code=code))
    app.add_url_rule("/stated/<path:resource>", view_func=Stated.as_view("stated"))
    client = app.test_client()
    for _ in range(2):
        for path, code in ((f"{view.__name__}-303", 303), (f"{view.__name__}-307", 307)):
            assert client.get(f"/{path}/a.txt").status_code == code
        assert client.get("/stated/a.txt").status_code == 302


def test_options_of_as_view_are_checked_when_the_view_is_made():
    """A value that cannot work, and a name that there is not."""
    with pytest.raises(ConfigurationError, match="302, 303 or 307"):
        Stated.as_view("bad", code=301)
    with pytest.raises(ConfigurationError, match="forward_qeury"):
        Stated.as_view("bad", forward_qeury=("a",))


def test_a_view_made_at_every_request_is_not_kept(app):
    """Its class may ask for that; what is kept for it then goes with it."""

    class Fresh(Own):
        init_every_request = True

    app.add_url_rule("/fresh/<path:resource>", view_func=Fresh.as_view("fresh", 307))
    kept = app.extensions["cloudfront"]._handlers
    assert app.test_client().get("/fresh/a.txt").status_code == 307
    gc.collect()
    assert not [view for view in kept if isinstance(view, Fresh)]


def test_an_unknown_option_is_refused():
    """A slip of the pen is no silent default."""
    with pytest.raises(
        ConfigurationError, match="'forward_qeury' is unknown; did you mean 'forward_query'"
    ):
        signed_redirect_blueprint("bad", __name__, lambda resource: 200, forward_qeury=("a",))


def test_a_misspelt_attribute_warns(rule):
    """When the view is made."""
    view = type("V", (SignedRedirectView,), {"authorize": rule, "forward_querry": ("v",)})
    with pytest.warns(
        CfsignWarning, match="V.forward_querry is not an option; did you mean forward_query"
    ):
        view.as_view("v")


def test_a_route_whose_variable_has_another_name_says_so(app, rule):
    """At the first request, which Flask alone would fail with a TypeError about `get`."""
    app.config["PROPAGATE_EXCEPTIONS"] = True
    view = type("V", (SignedRedirectView,), {"authorize": rule})
    app.add_url_rule("/v/<path:filename>", view_func=view.as_view("v"))
    for method in ("GET", "HEAD"):
        with pytest.raises(ConfigurationError, match=r"`resource` .its variables: filename"):
            app.test_client().open("/v/a.txt", method=method)
    assert rule.asked == []


def test_a_public_redirect_warns():
    """A shared cache would hand one viewer's URL to all."""
    with pytest.warns(CfsignWarning, match="no-store"):
        signed_redirect_blueprint(
            "p", __name__, lambda resource: 200, headers={"Cache-Control": "public"}
        )


def test_authorize_must_be_overridden():
    """Said when the view is made."""
    with pytest.raises(NotImplementedError, match="override authorize"):
        SignedRedirectView.as_view("nobody")


def test_missing_settings_are_reported_at_start_up(settings):
    """All of them, once."""
    app = flask.Flask("site")
    with pytest.raises(ConfigurationError) as caught:
        CloudFront(app)
    assert len(caught.value.problems) >= 4
    app.config.update(settings)
    CloudFront(app)
    assert app.extensions["cloudfront"].distribution.domain == settings["CLOUDFRONT_DOMAIN"]


def test_a_view_without_the_extension_says_so(rule):
    """The mend is in the error."""
    app = flask.Flask("site")
    app.config["TESTING"] = True
    app.register_blueprint(signed_redirect_blueprint("c", __name__, rule, url_prefix="/c"))
    with pytest.raises(ConfigurationError, match=r"CloudFront\(app\)"):
        app.test_client().get("/c/a.txt")


def test_two_applications_keep_apart(settings, rule, other_pem, public_pem):
    """One extension object serves two applications with keys of their own."""
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


def test_the_template_global_signs(app, trusted_keys):
    """`cloudfront_url` is there for templates."""
    with app.test_request_context():
        url = flask.render_template_string("{{ cloudfront_url('a b.jpg', expires_in=9)|safe }}")
    assert url.startswith(f"{DOMAIN}/a%20b.jpg?Expires=")
    assert trusted_keys.check(url).allowed


def test_url_arguments_of_a_sub_mounted_blueprint(settings, rule):
    """The prefix's variables reach authorize; SCRIPT_NAME does not reach the resource."""
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
    assert rule.asked == [("a.txt", {"tenant": "acme"})]


def test_fifty_viewers_at_once_each_get_their_own(app, rule, trusted_keys):
    """No viewer sees another's URL."""

    def ask(number):
        response = app.test_client().get(f"/content/viewer-{number}.txt")
        return number, response.location

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, range(200)))
    for number, location in answers:
        assert urlsplit(location).path == f"/viewer-{number}.txt"
        assert trusted_keys.check(location).allowed
