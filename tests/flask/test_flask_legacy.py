"""The class of flask-cloudfront (2012), with its settings and its way of working."""

import flask
import pytest

import cfsign_flask
from cfsign import ConfigurationError, DecisionError, ResourceError
from cfsign_flask import CloudFrontRedirect
from tests.conftest import KEY_PAIR_ID

DOMAIN = "http://d1097jtk.cloudfront.net"


class Redirect(CloudFrontRedirect):
    """Says no to "chemistry" and records what it was asked."""

    asked = ()

    def authorize(self, *args, **kwargs):
        type(self).asked = (args, kwargs)
        return 404 if kwargs.get("slug") == "chemistry" else 200


@pytest.fixture
def site(settings):
    app = flask.Flask("books")
    app.config.update(settings)
    return app


def ask(app, make, path="/books/history", **kwargs):
    """Ask *app* for *path*, answered by `make().go(**kwargs)` inside the view function."""
    app.add_url_rule("/books/<slug>", "books", lambda slug: make().go(slug=slug, **kwargs))
    return app.test_client().get(path)


def test_the_readme_of_2012(site, trusted_keys):
    """The issue's own example: the domain, the status, the headers and the config as they were."""

    def make():
        return Redirect(
            site.config["CLOUDFRONT_DOMAIN"],
            code=303,
            headers={},
            **site.config["CLOUDFRONT_CONFIG"],
        )

    response = ask(site, make)
    assert response.status_code == 303
    assert response.location.startswith(f"{DOMAIN}/books/history?Expires=")
    assert response.headers["Cache-Control"] == "no-store"
    assert trusted_keys.check(response.location).allowed
    assert Redirect.asked == ((), {"slug": "history"})
    assert site.test_client().get("/books/chemistry").status_code == 404


@pytest.mark.parametrize(("slug", "status", "signatures"), [("chemistry", 404, 0), ("art", 303, 1)])
def test_nothing_is_signed_before_authorize(site, recorder, slug, status, signatures):
    """The original signed in __init__; here a no leaves the key alone."""
    site.config["CLOUDFRONT_CONFIG"] = {"key_pair_id": KEY_PAIR_ID, "private_key": recorder}
    response = ask(
        site, lambda: Redirect(DOMAIN, **site.config["CLOUDFRONT_CONFIG"]), f"/books/{slug}"
    )
    assert response.status_code == status
    assert len(recorder.signed) == signatures


def test_everything_from_the_applications_settings(site, trusted_keys):
    """Without arguments the class reads CLOUDFRONT_DOMAIN and CLOUDFRONT_CONFIG, once made."""
    redirect = Redirect()
    response = ask(site, lambda: redirect)
    assert response.location.startswith(f"{DOMAIN}/books/history?Expires=")
    assert trusted_keys.check(response.location).allowed


def test_one_object_serves_request_after_request(site):
    """The location belongs to the request, not to the object."""
    redirect = Redirect()
    first = ask(site, lambda: redirect).location
    second = site.test_client().get("/books/hamlet").location
    assert first.startswith(f"{DOMAIN}/books/history?")
    assert second.startswith(f"{DOMAIN}/books/hamlet?")


def test_a_location_of_its_own(site, trusted_keys):
    """A location that names a file is the URL that is signed."""
    location = "https://media.example.com/files/history.pdf?x=1"
    response = ask(site, lambda: Redirect(location, **site.config["CLOUDFRONT_CONFIG"]))
    assert response.location.startswith(f"{location}&Expires=")
    assert trusted_keys.check(response.location).allowed


def test_good_codes(site, recorder):
    """They are for `go` alone, and never reach authorize; a status that is none signs nothing."""
    site.config["CLOUDFRONT_CONFIG"] = {"key_pair_id": KEY_PAIR_ID, "private_key": recorder}
    redirect = Redirect()
    assert ask(site, lambda: redirect, good_codes=[204]).status_code == 500
    assert Redirect.asked == ((), {"slug": "history"})
    assert recorder.signed == []


def test_good_codes_may_not_hold_a_refusal(site):
    """403 is never a yes."""
    site.config["TESTING"] = True
    with pytest.raises(ConfigurationError, match="200 to 299"):
        ask(site, Redirect, good_codes=[200, 403])


def test_code_and_headers(site):
    """Both are on the redirect."""
    response = ask(site, lambda: Redirect(code=302, headers={"X-Books": "1"}))
    assert (response.status_code, response.headers["X-Books"]) == (302, "1")
    with pytest.raises(ConfigurationError, match="302, 303 or 307"):
        Redirect(code=301)


def test_code_and_headers_of_the_applications_settings(site):
    """As `SignedRedirectView` takes them; an explicit argument wins, each for itself."""
    site.config["CLOUDFRONT_CONFIG"] |= {"code": 307, "headers": {"X-Books": "all"}}
    redirects = [
        Redirect(),
        Redirect(code=303),
        Redirect(headers={"X-Own": "1"}),
        Redirect(headers={}),
        Redirect(DOMAIN),
    ]
    site.add_url_rule("/n/<int:n>/<slug>", "n", lambda n, slug: redirects[n].go(slug=slug))
    found = []
    for n in range(len(redirects)):
        response = site.test_client().get(f"/n/{n}/history")
        headers = {name: value for name, value in response.headers if name.startswith("X-")}
        found.append((response.status_code, headers))
    assert found == [
        (307, {"X-Books": "all"}),
        (303, {"X-Books": "all"}),
        (307, {"X-Own": "1"}),
        (307, {}),
        (307, {"X-Books": "all"}),
    ]


def test_code_and_headers_among_the_arguments(site):
    """`**CLOUDFRONT_CONFIG` holds them as the settings do; without them it is a 303."""
    config = site.config["CLOUDFRONT_CONFIG"]
    redirects = [
        Redirect(DOMAIN, **config | {"code": 302, "headers": {"X-Books": "1"}}),
        Redirect(DOMAIN, **config),
    ]
    site.add_url_rule("/n/<int:n>/<slug>", "n", lambda n, slug: redirects[n].go(slug=slug))
    first, second = (site.test_client().get(f"/n/{n}/history") for n in range(2))
    assert (first.status_code, first.headers["X-Books"]) == (302, "1")
    assert (second.status_code, second.headers.get("X-Books")) == (303, None)


def test_go_makes_nothing_anew(site, monkeypatch):
    """How it delivers is settled once, by whatever is asked first."""
    redirect = Redirect(code=302)
    assert ask(site, lambda: redirect).status_code == 302

    def made(self):
        raise AssertionError("made again at a request")

    monkeypatch.setattr("cfsign.views.ViewOptions.__post_init__", made)
    assert site.test_client().get("/books/hamlet").status_code == 302


def test_a_path_that_climbs_is_a_404(site):
    """The request's own path is checked before anybody is asked."""
    Redirect.asked = ()
    redirect = Redirect()
    site.add_url_rule("/f/<path:name>", "f", lambda name: redirect.go(name))
    assert site.test_client().get("/f/..%2Fsecret").status_code == 404
    assert Redirect.asked == ()


def test_mistakes_are_reported_where_the_object_is_made():
    """All at once, before any request."""
    with pytest.raises(ConfigurationError) as caught:
        Redirect(DOMAIN, priv_key_string="/no/such/key", key_pair_id="", expires="60", expire=1)
    assert len(caught.value.problems) == 4
    assert "'expires'" in str(caught.value)
    with pytest.raises(ResourceError, match="https"):
        Redirect("media.example.com", key_pair_id="K")


def test_authorize_must_be_overridden(site):
    """Nobody is let in by default."""
    site.config["TESTING"] = True
    with pytest.raises(NotImplementedError, match="override authorize"):
        ask(site, CloudFrontRedirect)


def test_the_name_in_the_originals_readme():
    """`CloudFilesRedirect` is the same class."""
    assert cfsign_flask.CloudFilesRedirect is CloudFrontRedirect


def test_a_slash_behind_the_domain_changes_nothing(site):
    """The path that was asked for is signed, never one fixed URL for all."""
    site.config["CLOUDFRONT_DOMAIN"] = f"{DOMAIN}/"
    redirects = [Redirect(), Redirect(f"{DOMAIN}/", **site.config["CLOUDFRONT_CONFIG"])]
    site.add_url_rule("/n/<int:n>/<slug>", "n", lambda n, slug: redirects[n].go(slug=slug))
    for n in range(2):
        location = site.test_client().get(f"/n/{n}/history").location
        assert location.startswith(f"{DOMAIN}/n/{n}/history?Expires=")


def test_a_path_in_the_domain_setting_is_refused(site):
    """A setting is no location: it names no file."""
    site.config.update(CLOUDFRONT_DOMAIN=f"{DOMAIN}/base", TESTING=True)
    with pytest.raises(ConfigurationError, match="no path"):
        ask(site, Redirect)


class AsyncRedirect(CloudFrontRedirect):
    async def authorize(self, slug):
        if slug == "broken":
            raise RuntimeError("the site's own")
        return 200


def test_an_async_authorize_in_a_plain_view_function(site):
    """Flask awaits it; an error of its own stays one."""
    site.config["TESTING"] = True
    redirect = AsyncRedirect()
    assert ask(site, lambda: redirect).status_code == 303
    with pytest.raises(RuntimeError, match="the site's own"):
        site.test_client().get("/books/broken")


def test_an_async_authorize_in_an_async_view_function_names_the_mend(site):
    """Nothing can await it there, since `go` is no coroutine."""
    site.config["TESTING"] = True
    redirect = AsyncRedirect()

    @site.get("/async/<slug>")
    async def book(slug):
        return redirect.go(slug=slug)

    with pytest.raises(DecisionError, match="use a plain view function"):
        site.test_client().get("/async/history")


def test_a_plain_authorize_in_an_async_view_function(site):
    """There is nothing to await."""
    redirect = Redirect()

    @site.get("/async/<slug>")
    async def book(slug):
        return redirect.go(slug=slug)

    assert site.test_client().get("/async/history").status_code == 303
