"""The README, the example and the tests of flask-cloudfront (2012), retold with another import."""

from __future__ import annotations

import flask
import pytest

from cfsign import CfsignWarning
from cfsign.testing import Edge, GeneratedKeyPair
from cfsign_flask import CloudFilesRedirect, CloudFrontRedirect
from cfsign_flask.legacy import CloudFrontRedirect as LegacyRedirect

DOMAIN = "http://dc1097jtk.cloudfront.net"


@pytest.fixture
def edge(pem, public_pem):
    """A local edge whose origin answers with the path that it was asked for."""

    def origin(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ["PATH_INFO"].encode("latin-1")]

    with Edge(origin, GeneratedKeyPair("ABCDEF", pem, public_pem), domain=DOMAIN) as edge:
        yield edge


@pytest.fixture
def app(tmp_path, pem):
    """A Flask application with the settings of the README."""
    key_file = tmp_path / "pk-ABCDEF.pem"
    key_file.write_text(pem)
    key_file.chmod(0o600)
    app = flask.Flask("site")
    app.config["CLOUDFRONT_CONFIG"] = {
        "priv_key_string": str(key_file),
        "key_pair_id": "ABCDEF",
        "expires": 60,
    }
    app.config["CLOUDFRONT_DOMAIN"] = DOMAIN
    return app


@pytest.mark.parametrize("is_allowed", [True, False])
def test_a1_readme(app, edge, is_allowed):
    """A redirect to the signed root."""

    class MyRedirect(CloudFilesRedirect):
        def authorize(self, *args):
            return 200 if is_allowed else 404

    @app.route("/")
    def home():
        my_redirect = MyRedirect(
            app.config["CLOUDFRONT_DOMAIN"],
            code=303,
            headers={},
            **app.config["CLOUDFRONT_CONFIG"],
        )
        return my_redirect.go()

    response = app.test_client().get("/")
    assert response.status_code == (303 if is_allowed else 404)
    if is_allowed:
        assert response.location.startswith(f"{DOMAIN}/?Expires=")
        served = edge.client.get(response.location)
        assert (served.status_code, served.text) == (200, "/")


@pytest.mark.parametrize(
    ("session", "path", "status"),
    [
        ("ada", "/content/some-book-slug/page/1/", 303),
        ("ben", "/content/some-book-slug/page/1/", 403),
        ("", "/content/some-book-slug/page/1/", 401),
        ("ada", "/content/some-book-slug/%2E%2E/", 404),
    ],
)
def test_a2_example(app, edge, session, path, status):
    """The whole path is signed, with its `/` at the end."""
    permitted = {"ada": "some-book-slug"}

    class Redirect(CloudFrontRedirect):
        def authorize(self, slug):
            session = flask.request.cookies.get("sessionid", "")
            if not session:
                return 401
            return 200 if permitted.get(session) == slug else 403

    @app.route("/content/<path:resource>/", methods=["GET"])
    def content(resource):
        slug, _ = resource.split("/", 1)
        headers = {"Cache-Control": "public", "Content-Type": "application/json"}
        redirect = Redirect(headers=headers, **app.config["CLOUDFRONT_CONFIG"])
        return redirect.go(slug=slug)

    client = app.test_client()
    if session:
        client.set_cookie("sessionid", session)
    with (
        pytest.warns(CfsignWarning, match="the Content-Type in headers is ignored"),
        pytest.warns(CfsignWarning, match="lets a shared cache send"),
    ):
        response = client.get(path)
    assert response.status_code == status
    if status == 303:
        assert response.headers["Cache-Control"] == "public"
        assert response.headers["Content-Type"] != "application/json"
        served = edge.client.get(response.location)
        assert (served.status_code, served.text) == (200, path)


class GoodRedirect(CloudFrontRedirect):
    def authorize(self):
        return 200


class BadRedirect(CloudFrontRedirect):
    abort_on_refusal = False

    def authorize(self):
        return 500


def test_a3_no_location(app):
    """`CloudFrontRedirect(None)` raises KeyError if there is no CLOUDFRONT_DOMAIN."""
    del app.config["CLOUDFRONT_DOMAIN"]
    config = app.config["CLOUDFRONT_CONFIG"]
    with app.test_request_context("/"):
        for location in (None, "", "/", "/x"):
            for arguments in ({}, config):
                with pytest.raises(KeyError) as caught:
                    CloudFrontRedirect(location, **arguments)
                assert "CLOUDFRONT_DOMAIN: missing; set it to" in str(caught.value)
                assert "\\n" not in str(caught.value)  # KeyError would show a repr
    redirect = CloudFrontRedirect()  # outside an application context `go` raises
    with app.test_request_context("/"), pytest.raises(KeyError):
        redirect.go()


def test_a3_wrong_setting_is_not_a_key_error(app):
    """Only a missing domain is."""
    app.config["CLOUDFRONT_CONFIG"]["expires"] = -1
    with app.test_request_context("/"), pytest.raises(ValueError, match="expires") as caught:
        CloudFrontRedirect()
    assert not isinstance(caught.value, KeyError)


def test_a3_unauthorized(app):
    """`go` returns a response with the status, if the class says so."""
    with app.test_request_context("/"):
        redirect = BadRedirect("/", code=303, headers=None, **app.config["CLOUDFRONT_CONFIG"])
        response = redirect.go()
    assert (response.status_code, response.data) == (500, b"")
    assert response.headers["Cache-Control"] == "no-store"
    assert "Location" not in response.headers


def test_a3_refusal_before_authorize_is_a_response_too(app):
    """For a path that is not valid."""
    with app.test_request_context("/..%2Fa"):
        response = BadRedirect(**app.config["CLOUDFRONT_CONFIG"]).go()
    assert response.status_code == 404


def test_a3_refusal_aborts_by_default(app):
    """So the site's error page appears."""
    app.register_error_handler(500, lambda error: ("the site's own page", 500))
    refusing = type("Refusing", (BadRedirect,), {"abort_on_refusal": True})
    app.add_url_rule("/", "home", lambda: refusing("/").go())
    response = app.test_client().get("/")
    assert (response.status_code, response.text) == (500, "the site's own page")


@pytest.mark.parametrize(
    ("location", "signed"),
    [("/", "/"), ("/x", "/x"), ("/x/y.pdf?v=1", "/x/y.pdf?v=1"), ("/x/", "/x/")],
)
def test_a3_authorized(app, edge, location, signed):
    """The location is relative to CLOUDFRONT_DOMAIN."""
    with app.test_request_context("/another/path"):
        redirect = GoodRedirect(location, code=303, headers=None, **app.config["CLOUDFRONT_CONFIG"])
        response = redirect.go()
    assert response.status_code == 303
    separator = "&" if "?" in signed else "?"
    assert response.location.startswith(f"{DOMAIN}{signed}{separator}Expires=")
    assert edge.client.get(response.location).status_code == 200


@pytest.mark.parametrize("result", ["200", True, None, "", 200.0])
def test_a3_value_that_is_not_a_status_is_refused(app, result):
    """Also with `abort_on_refusal = False`: it is a mistake of the site."""
    redirect = type("R", (BadRedirect,), {"authorize": lambda self: result})
    app.add_url_rule("/", "home", lambda: redirect("/").go())
    response = app.test_client().get("/")
    assert response.status_code == 500
    assert "Location" not in response.headers


@pytest.mark.parametrize(
    ("path", "signed"),
    [
        ("/books/7", "/books/7"),
        ("/books/007", None),
        ("/books/%D9%A7", None),
        ("/books/0", "/books/0"),
        ("/books/00", None),
        ("/price/1.5", "/price/1.5"),
        ("/price/1.50", None),
        ("/id/7b3f1a52-0c4e-4d1f-9a55-0b7c1f6a2e10", "/id/7b3f1a52-0c4e-4d1f-9a55-0b7c1f6a2e10"),
        ("/id/7B3F1A52-0C4E-4D1F-9A55-0B7C1F6A2E10", None),
        ("/open/7", None),
        ("/open/7/", "/open/7/"),
        ("/de/name/%C3%BC%20%25+b", "/de/name/%C3%BC%20%25%2Bb"),
        ("/name/a:b@c", "/name/a:b@c"),
        ("/named/a", "/named/a"),
        ("/path/a%2Fb", "/path/a/b"),
        ("/first/", "/first/"),
        ("/plain.txt", "/plain.txt"),
    ],
)
@pytest.mark.parametrize("mount", ["", "/mounted"])
def test_a4_variables_determine_the_path_that_is_signed(app, edge, path, signed, mount):
    """`/books/007` asks about 7, but would sign another object."""
    calls = []

    class Redirect(CloudFrontRedirect):
        def authorize(self, **variables):
            calls.append(variables)
            return 200

    def view(**variables):
        return Redirect().go(**variables)

    @app.url_value_preprocessor
    def pop_language(endpoint, values):
        values.pop("language", None)

    for rule, options in {
        "/books/<int:n>": {},
        "/price/<float:n>": {},
        "/id/<uuid:n>": {},
        "/open/<int:n>/": {"strict_slashes": False},
        "/<language>/name/<n>": {},
        "/name/<n>": {},
        "/named/<n>": {},  # a second rule of the endpoint
        "/path/<path:n>": {},
        "/first/": {"defaults": {"n": 1}},
        "/first/<int:n>": {},
        "/plain.txt": {},
    }.items():
        app.add_url_rule(rule, "view", view, **options)
    response = app.test_client().get(path, environ_overrides={"SCRIPT_NAME": mount})
    assert response.status_code == (404 if signed is None else 303)
    assert len(calls) == (0 if signed is None else 1)
    if signed is not None:
        assert response.location.startswith(f"{DOMAIN}{signed}?Expires=")
        assert edge.client.get(response.location).status_code == 200


def test_a4_whole_location_is_signed_for_every_spelling(app):
    """The path is not the one that is signed."""
    redirect = type("R", (CloudFrontRedirect,), {"authorize": lambda self, n: 200})("/x")
    app.add_url_rule("/books/<int:n>", "book", lambda n: redirect.go(n))
    assert app.test_client().get("/books/007").location.startswith(f"{DOMAIN}/x?Expires=")


def test_names_of_2012():
    """Both are the same class."""
    assert LegacyRedirect is CloudFrontRedirect is CloudFilesRedirect
