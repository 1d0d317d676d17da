"""The URLs of a page: one signature for a folder, and links to the site's own views."""

import pytest

from cfsign import CfsignError, ConfigurationError, Distribution, PolicyError, ResourceError
from cfsign.views import PageUrls
from cfsign.views.distributions import Distributions


def test_a_folder_is_signed_once(distribution, trusted_keys):
    """All URLs of a page open, and another folder stays closed."""
    page_urls = PageUrls()
    names = [f"albums/7/thumb {i}.jpg" for i in range(200)]
    urls = [page_urls.sign_path(distribution, name, folder="albums/7") for name in names]
    assert len(set(urls)) == 200
    assert len({url.partition("?")[2] for url in urls}) == 1
    assert all(trusted_keys.check(url).allowed for url in urls)
    query = urls[0].partition("?")[2]
    assert not trusted_keys.check(f"{distribution.domain}/albums/8/a.jpg?{query}").allowed


def test_each_page_has_its_own_signatures(recording_distribution: Distribution, recorder):
    for signatures in (1, 2):
        page_urls = PageUrls()
        for name in ("a", "b"):
            page_urls.sign_path(recording_distribution, f"x/{name}", folder="x")
        assert len(recorder.signed) == signatures


def test_other_conditions_or_distributions_have_another_signature(distribution, signer):
    page_urls = PageUrls()
    other = Distribution("https://other.example.com", signer)
    urls = [
        page_urls.sign_path(distribution, "x/a", folder="x"),
        page_urls.sign_path(distribution, "x/a", folder="x", expires_in=3600),
        page_urls.sign_path(distribution, "x/a", folder="x", ip_address="192.0.2.7"),
        page_urls.sign_path(distribution, "x/a", folder="/"),
        page_urls.sign_path(other, "x/a", folder="x"),
    ]
    assert len({url.partition("?")[2] for url in urls}) == len(urls)
    assert urls[-1].startswith("https://other.example.com/x/a?")


def test_file_alone_is_signed_alone(distribution, trusted_keys):
    url = PageUrls().sign_path(distribution, "a.pdf", download_name="b.pdf", expires_in=9)
    assert "response-content-disposition=" in url
    assert trusted_keys.check(url).allowed


@pytest.mark.parametrize(
    ("path", "arguments", "error"),
    [
        ("y/a", {"folder": "x"}, ResourceError),
        ("x/../y", {"folder": "x"}, ResourceError),
        ("x/a", {"folder": ""}, ResourceError),
        ("x/a", {"folder": ["x"]}, ResourceError),
        ("x/a", {"folder": "x", "download_name": "b"}, ResourceError),
        ("x/a", {"folder": "x", "pattern": "x/*"}, ResourceError),
        ("x/a", {"folder": "x", "expires_in": []}, PolicyError),
        ("x/a", {"folder": "x", "expires_in": -1}, PolicyError),
    ],
)
def test_wrong_arguments_are_refused(distribution, path, arguments, error):
    page_urls = PageUrls()
    page_urls.sign_path(distribution, "x/a", folder="x")
    with pytest.raises(error) as caught:
        page_urls.sign_path(distribution, path, **arguments)
    assert isinstance(caught.value, CfsignError)


def test_repr_shows_no_signature(distribution):
    page_urls = PageUrls()
    page_urls.sign_path(distribution, "x/a", folder="x")
    assert repr(page_urls) == "<PageUrls, 1 folders>"


def test_view_url_is_built_by_the_framework():
    calls = []

    def build(view, **variables):
        calls.append((view, variables))
        return "/content/a.txt"

    url = PageUrls().build(Distributions({}), build, "a.txt", "content", {"lang": "de"})
    assert url == "/content/a.txt"
    assert calls == [("content", {"resource": "a.txt", "lang": "de"})]


@pytest.mark.parametrize(
    "name",
    [
        "distribution",
        "query",
        "download_name",
        "folder",
        "pattern",
        "expires_in",
        "expires_at",
        "starts_at",
        "ip_address",
    ],
)
def test_view_url_takes_nothing_that_only_the_view_can_decide(name):
    """In Flask, `expires_in` would else end up in the query string."""
    with pytest.raises(ConfigurationError, match=f"{name} cannot be combined with view"):
        PageUrls().build(Distributions({}), lambda *_, **__: "", "a.txt", "content", {name: "x"})
