"""The class of flask-cloudfront (2012), with its settings and its way of use."""

import flask
import pytest

import cfsign_flask
from cfsign import ConfigurationError, DecisionError, ResourceError
from cfsign_flask import CloudFrontRedirect
from tests.conftest import KEY_PAIR_ID

DOMAIN = "http://d1097jtk.cloudfront.net"


class Redirect(CloudFrontRedirect):
    """Refuses "chemistry", and records its arguments."""

    calls = ()

    def authorize(self, *args, **kwargs):
        type(self).calls = (args, kwargs)
        return 404 if kwargs.get("slug") == "chemistry" else 200


@pytest.fixture
def site(settings):
    app = flask.Flask("books")
    app.config.update(settings)
    return app


def request(app, make, path="/books/history", **kwargs):
    """Return the response for *path*, by `make().go(**kwargs)` in a view function."""
    app.add_url_rule("/books/<slug>", "books", lambda slug: make().go(slug=slug, **kwargs))
    return app.test_client().get(path)


def test_readme_of_2012(site, trusted_keys):
    """Its example works unchanged."""

    def make():
        return Redirect(
            site.config["CLOUDFRONT_DOMAIN"],
            code=303,
            headers={},
            **site.config["CLOUDFRONT_CONFIG"],
        )

    response = request(site, make)
    assert response.status_code == 303
    assert response.location.startswith(f"{DOMAIN}/books/history?Expires=")
    assert response.headers["Cache-Control"] == "no-store"
    assert trusted_keys.check(response.location).allowed
    assert Redirect.calls == ((), {"slug": "history"})
    assert site.test_client().get("/books/chemistry").status_code == 404


@pytest.mark.parametrize(("slug", "status", "signatures"), [("chemistry", 404, 0), ("art", 303, 1)])
def test_nothing_is_signed_before_authorize(site, recorder, slug, status, signatures):
    """The class of 2012 signed in `__init__`."""
    site.config["CLOUDFRONT_CONFIG"] = {"key_pair_id": KEY_PAIR_ID, "private_key": recorder}
    response = request(
        site, lambda: Redirect(DOMAIN, **site.config["CLOUDFRONT_CONFIG"]), f"/books/{slug}"
    )
    assert response.status_code == status
    assert len(recorder.signed) == signatures


def test_settings_of_the_application_are_the_default(site, trusted_keys):
    """`CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`."""
    redirect = Redirect()
    response = request(site, lambda: redirect)
    assert response.location.startswith(f"{DOMAIN}/books/history?Expires=")
    assert trusted_keys.check(response.location).allowed


def test_one_object_serves_several_requests(site):
    """Each with the path of the request."""
    redirect = Redirect()
    first = request(site, lambda: redirect).location
    second = site.test_client().get("/books/hamlet").location
    assert first.startswith(f"{DOMAIN}/books/history?")
    assert second.startswith(f"{DOMAIN}/books/hamlet?")


def test_location_with_a_path_is_signed(site, trusted_keys):
    """In place of the path of the request."""
    location = "https://media.example.com/files/history.pdf?x=1"
    response = request(site, lambda: Redirect(location, **site.config["CLOUDFRONT_CONFIG"]))
    assert response.location.startswith(f"{location}&Expires=")
    assert trusted_keys.check(response.location).allowed


def test_good_codes(site, recorder):
    """They replace the statuses that allow, and are not passed to `authorize`."""
    site.config["CLOUDFRONT_CONFIG"] = {"key_pair_id": KEY_PAIR_ID, "private_key": recorder}
    redirect = Redirect()
    assert request(site, lambda: redirect, good_codes=[204]).status_code == 500
    assert Redirect.calls == ((), {"slug": "history"})
    assert recorder.signed == []


def test_error_status_in_good_codes_is_refused(site):
    """403 can never allow."""
    site.config["TESTING"] = True
    with pytest.raises(ConfigurationError, match="200 to 299"):
        request(site, Redirect, good_codes=[200, 403])


def test_code_and_headers(site):
    """The redirect has both."""
    response = request(site, lambda: Redirect(code=302, headers={"X-Books": "1"}))
    assert (response.status_code, response.headers["X-Books"]) == (302, "1")
    with pytest.raises(ConfigurationError, match="302, 303 or 307"):
        Redirect(code=301)


def test_code_and_headers_of_the_settings(site):
    """Each argument overrides its setting."""
    site.config["CLOUDFRONT_CONFIG"] |= {"code": 307, "headers": {"X-Books": "all"}}
    redirects = [
        Redirect(),
        Redirect(code=303),
        Redirect(headers={"X-Own": "1"}),
        Redirect(headers={}),
        Redirect(DOMAIN),
    ]
    site.add_url_rule("/n/<int:n>/<slug>", "n", lambda n, slug: redirects[n].go(slug=slug))
    results = []
    for n in range(len(redirects)):
        response = site.test_client().get(f"/n/{n}/history")
        headers = {name: value for name, value in response.headers if name.startswith("X-")}
        results.append((response.status_code, headers))
    assert results == [
        (307, {"X-Books": "all"}),
        (303, {"X-Books": "all"}),
        (307, {"X-Own": "1"}),
        (307, {}),
        (307, {"X-Books": "all"}),
    ]


def test_code_and_headers_in_the_config_arguments(site):
    """`**CLOUDFRONT_CONFIG` may have them. The default is 303."""
    config = site.config["CLOUDFRONT_CONFIG"]
    redirects = [
        Redirect(DOMAIN, **config | {"code": 302, "headers": {"X-Books": "1"}}),
        Redirect(DOMAIN, **config),
    ]
    site.add_url_rule("/n/<int:n>/<slug>", "n", lambda n, slug: redirects[n].go(slug=slug))
    first, second = (site.test_client().get(f"/n/{n}/history") for n in range(2))
    assert (first.status_code, first.headers["X-Books"]) == (302, "1")
    assert (second.status_code, second.headers.get("X-Books")) == (303, None)


def test_options_are_checked_once(site, monkeypatch):
    """Not for each request."""
    redirect = Redirect(code=302)
    assert request(site, lambda: redirect).status_code == 302

    def fail(self):
        raise AssertionError("checked again for a request")

    monkeypatch.setattr("cfsign.views.ViewOptions.__post_init__", fail)
    assert site.test_client().get("/books/hamlet").status_code == 302


def test_invalid_path_is_a_404_before_authorize(site):
    """`authorize` never sees `..`."""
    Redirect.calls = ()
    redirect = Redirect()
    site.add_url_rule("/f/<path:name>", "f", lambda name: redirect.go(name))
    assert site.test_client().get("/f/..%2Fsecret").status_code == 404
    assert Redirect.calls == ()


def test_mistakes_are_reported_by_the_constructor():
    """All at once."""
    with pytest.raises(ConfigurationError) as caught:
        Redirect(DOMAIN, priv_key_string="/no/such/key", key_pair_id="", expires="60", expire=1)
    assert len(caught.value.problems) == 4
    assert "'expires'" in str(caught.value)
    with pytest.raises(ResourceError, match="https"):
        Redirect("media.example.com", key_pair_id="K")


def test_authorize_must_be_overridden(site):
    """Nothing is allowed by default."""
    site.config["TESTING"] = True
    with pytest.raises(NotImplementedError, match="override authorize"):
        request(site, CloudFrontRedirect)


def test_name_in_the_readme_of_2012():
    """`CloudFilesRedirect` is the same class."""
    assert cfsign_flask.CloudFilesRedirect is CloudFrontRedirect


def test_slash_after_the_domain_is_ignored(site):
    """It is not a location with a path."""
    site.config["CLOUDFRONT_DOMAIN"] = f"{DOMAIN}/"
    redirects = [Redirect(), Redirect(f"{DOMAIN}/", **site.config["CLOUDFRONT_CONFIG"])]
    site.add_url_rule("/n/<int:n>/<slug>", "n", lambda n, slug: redirects[n].go(slug=slug))
    for n in range(2):
        location = site.test_client().get(f"/n/{n}/history").location
        assert location.startswith(f"{DOMAIN}/n/{n}/history?Expires=")


def test_path_in_the_domain_setting_is_refused(site):
    """Only the argument may be a location with a path."""
    site.config.update(CLOUDFRONT_DOMAIN=f"{DOMAIN}/base", TESTING=True)
    with pytest.raises(ConfigurationError, match=r"CLOUDFRONT_DOMAIN: .* path"):
        request(site, Redirect)


class AsyncRedirect(CloudFrontRedirect):
    async def authorize(self, slug):
        if slug == "broken":
            raise RuntimeError("raised by authorize")
        return 200


def test_async_authorize_in_a_plain_view_function(site):
    """Flask awaits it, and its exceptions are passed on."""
    site.config["TESTING"] = True
    redirect = AsyncRedirect()
    assert request(site, lambda: redirect).status_code == 303
    with pytest.raises(RuntimeError, match="raised by authorize"):
        site.test_client().get("/books/broken")


def test_async_authorize_in_an_async_view_function_is_an_error(site):
    """`go` cannot await it there."""
    site.config["TESTING"] = True
    redirect = AsyncRedirect()

    @site.get("/async/<slug>")
    async def book(slug):
        return redirect.go(slug=slug)

    with pytest.raises(DecisionError, match="use a plain view function"):
        site.test_client().get("/async/history")


def test_plain_authorize_in_an_async_view_function(site):
    """It works."""
    redirect = Redirect()

    @site.get("/async/<slug>")
    async def book(slug):
        return redirect.go(slug=slug)

    assert site.test_client().get("/async/history").status_code == 303


@pytest.mark.parametrize("name", ["distribution", "delivery", "code"])
def test_option_that_is_not_read_is_an_error(site, name):
    """Otherwise the URL would be signed for another distribution without a word."""
    view = type("View", (Redirect,), {name: {"code": 302}.get(name, "videos")})
    with pytest.raises(ConfigurationError, match=f"View does not read the attribute {name}"):
        view(**site.config["CLOUDFRONT_CONFIG"])
