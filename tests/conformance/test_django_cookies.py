"""Cookies in Django: each `Set-Cookie` is sent byte for byte."""

import copy
import pickle

import pytest

pytest.importorskip("django")

VALUES = (
    "CloudFront-Policy=abc~; Domain=example.com; Path=/a/; Secure; HttpOnly; SameSite=None; "
    "Partitioned; Max-Age=60",
    "CloudFront-Policy=def_; Domain=example.com; Path=/b/; Secure",
    "CloudFront-Expires=; Path=/a/; Max-Age=0; expires=Thu, 01 Jan 1970 00:00:00 GMT",
)


@pytest.fixture
def response(settings):
    from django.http import HttpResponse

    with settings():
        return HttpResponse()


def get_set_cookies(response):
    """Return the headers as Django's handlers send them."""
    return [cookie.output(header="").strip() for cookie in response.cookies.values()]


def test_cookies_of_several_folders_are_sent_unchanged(response):
    """Django keeps cookies by their names, and `Partitioned` is unknown to Python before 3.14."""
    from cfsign_django.responses import add_headers

    add_headers(response, [("Set-Cookie", value) for value in VALUES])
    assert get_set_cookies(response) == list(VALUES)
    cookie = response.cookies["CloudFront-Policy"]
    assert (cookie.value, cookie["path"], cookie["max-age"]) == ("abc~", "/a/", "60")
    assert cookie["secure"] is True


def test_cookie_of_the_same_folder_is_replaced(response):
    from cfsign_django.responses import add_headers

    add_headers(response, [("Set-Cookie", value) for value in VALUES])
    again = VALUES[0].replace("abc", "xyz")
    add_headers(response, [("Set-Cookie", again)])
    assert get_set_cookies(response) == [again, *VALUES[1:]]


def test_cookie_of_another_domain_is_kept(response):
    """Two distributions of a site may have their own `cookie_domain` and one `cookie_path`."""
    from cfsign_django.responses import add_headers

    values = [f"CloudFront-Policy=abc; Domain={name}.example.com; Path=/" for name in "abc"]
    add_headers(response, [("Set-Cookie", value) for value in values])
    assert get_set_cookies(response) == values
    again = values[2].replace("abc;", "xyz;")
    add_headers(response, [("Set-Cookie", again)])
    assert get_set_cookies(response) == [*values[:2], again]


@pytest.mark.parametrize("duplicate", [copy.copy, lambda c: pickle.loads(pickle.dumps(c))])
def test_cookie_survives_a_copy(response, duplicate):
    """Caches pickle responses."""
    from cfsign_django.responses import RawCookie

    assert duplicate(RawCookie(VALUES[0])).OutputString() == VALUES[0]
