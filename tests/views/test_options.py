"""The options of a view: their values, their names, and where they come from."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Hashable
from http import HTTPStatus
from typing import Any, ClassVar

import pytest

from cfsign import CfsignWarning, ConfigurationError
from cfsign.views import OptionAttributes, SiteConfig, ViewOptions

DOMAIN = "https://media.example.com"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delivery": "cookie"}, "delivery must be one of 'redirect', 'json', 'cookies'"),
        ({"delivery": None}, "delivery must be one of"),
        ({"code": 301}, "302, 303 or 307"),
        ({"code": 308}, "301 and 308"),
        ({"code": 200}, "302, 303 or 307"),
        ({"code": True}, "302, 303 or 307"),
        ({"code": "303"}, "302, 303 or 307"),
        ({"headers": {"location": "x"}}, "Location"),
        ({"headers": {"X": "a\r\nb"}}, "text on one line"),
        ({"headers": {"content-type": "text/html"}}, "Content-Type"),
        ({"headers": {"Content-Length": "5"}}, "Content-Length"),
        ({"headers": {"transfer-encoding": "chunked"}}, "transfer-encoding"),
        ({"headers": {"Connection": "close", "TE": "x"}}, "Connection, TE"),
        ({"headers": {"set-cookie": "a=b"}}, "set-cookie; set cookies with"),
        ({"headers": None}, "must map names to values, .*, got NoneType"),
        ({"headers": {"X-A": "b", "X B": "c"}}, "got the header 'X B'"),
        ({"forward_query": "response-content-disposition"}, "got text of 28 characters"),
        ({"forward_query": ("",)}, "tuple of names of query parameters, got ''"),
        ({"forward_query": (1,)}, "tuple of names of query parameters, got 1"),
        ({"forward_query": ("\ud800",)}, "tuple of names"),
        ({"forward_query": None}, "tuple of names of query parameters, got NoneType"),
        ({"forward_query": ("v", "Expires")}, "contains Expires, which CloudFront"),
        ({"forward_query": ["Signature", "Policy"]}, "contains Policy, Signature"),
        ({"allowed_statuses": (200, 302)}, "200 to 299, got 302"),
        ({"allowed_statuses": ()}, "200 to 299, got an empty list"),
        ({"allowed_statuses": 200}, "200 to 299, got 200"),
        ({"allowed_statuses": (True,)}, "200 to 299, got True"),
        ({"cookie_domain": "https://example.com"}, "host name"),
        ({"cookie_domain": "d111.cloudfront.net"}, "cloudfront.net"),
        ({"cookie_samesite": "laxer"}, "samesite"),
        ({"cache_redirect": "yes"}, "True or False"),
        ({"cache_redirect": 1}, "True or False"),
        ({"delivery": "cookies", "cache_redirect": True}, "cannot be combined with delivery="),
        (
            {"headers": {"cache-control": "private"}, "cache_redirect": True},
            "cannot be combined with Cache-Control headers",
        ),
    ],
    ids=repr,
)
def test_wrong_value_is_refused(options: dict[str, Any], message: str) -> None:
    """The constructor raises, and so does `replace`."""
    with pytest.raises(ConfigurationError, match=message):
        ViewOptions(**options)
    with pytest.raises(ConfigurationError, match=message):
        ViewOptions().replace(**options)


def test_values_are_normalized() -> None:
    """A status is a plain int, and the headers are a copy."""
    headers = {"X-A": "b"}
    options = ViewOptions(code=HTTPStatus.FOUND, headers=headers)
    headers["X-Late"] = "y"
    assert (options.code, type(options.code)) == (302, int)
    assert dict(options.headers) == {"X-A": "b"}


def test_arguments_override_attributes() -> None:
    """None, and an argument that is not an option, set nothing."""

    class View:
        code = 302
        delivery = "json"
        headers = None

    assert ViewOptions.from_view(View) == ViewOptions(code=302, delivery="json")
    assert ViewOptions.from_view(View, {"code": 307}) == ViewOptions(code=307, delivery="json")
    assert ViewOptions.from_view(View, {"code": None, "template_name": "a.html"}) == ViewOptions(
        delivery="json"
    )


def test_attributes_of_a_view_are_the_options() -> None:
    """`OptionAttributes` has the same names."""
    names = {name for name in vars(OptionAttributes) if not name.startswith("_")}
    assert names == {field.name for field in dataclasses.fields(ViewOptions)}


def test_unknown_names_are_refused() -> None:
    """All at once, with a similar name if there is one."""
    with pytest.raises(ConfigurationError) as caught:
        ViewOptions.check_names({"delivry": "json", "code": 302, "x": 1})
    assert [str(problem) for problem in caught.value.problems] == [
        "the option 'delivry' is unknown; did you mean 'delivery'?",
        "the option 'x' is unknown",
    ]


@pytest.mark.parametrize(
    ("name", "value", "option"),
    [
        ("forward_querry", ("v",), "forward_query"),
        ("foward_query", ["v"], "forward_query"),
        ("delivry", "json", "delivery"),
        ("header", {"X": "y"}, "headers"),
        ("allowed_status", (202,), "allowed_statuses"),
        ("cookies_domain", "example.com", "cookie_domain"),
        ("cookie_same_site", "Lax", "cookie_samesite"),
    ],
)
def test_misspelt_attribute_is_an_error(name: str, value: object, option: str) -> None:
    """On the view's class or a base class."""
    view = type("View", (type("Base", (), {name: value}),), {})
    message = f"View.{name} is not an option; did you mean {option}"
    with pytest.raises(ConfigurationError, match=message):
        ViewOptions.from_view(view)


def test_other_attributes_are_not_refused() -> None:
    """An attribute is misspelt only if its value fits the option."""

    class View:
        deliver = True
        delivers = staticmethod(len)
        header = "Welcome"
        header_ = None
        codes = (302, 303)
        coder = "utf-8"
        methods = ("GET",)
        decorators: ClassVar[list[Any]] = []
        http_method_names = ("get", "head")
        template_name = "a.html"
        provide_automatic_options = None
        init_every_request = False
        permission_required = "a.b"
        login_url = "/login"
        _delivry = "json"

        def deliverer(self) -> None: ...

        @property
        def forward_querys(self) -> tuple[str, ...]:
            return ("v",)

    assert ViewOptions.from_view(View) == ViewOptions()


def test_options_are_compared_but_not_hashed() -> None:
    """They hold a mapping."""
    assert not isinstance(ViewOptions(), Hashable)
    assert ViewOptions(code=302) == ViewOptions(code=302) != ViewOptions()


def test_public_cache_control_warns() -> None:
    """A shared cache would send one user's URL to the next."""
    with pytest.warns(CfsignWarning, match="use private or no-store") as caught:
        options = ViewOptions(headers={"Cache-Control": "public, max-age=60"})
    assert dict(options.headers) == {"Cache-Control": "public, max-age=60"}
    assert caught[0].filename == __file__  # not the generated __init__


def load(pem: str, **config: Any) -> ViewOptions:
    """Return the options of a site with the key *pem* and these settings."""
    settings = {"private_key": pem, "key_pair_id": "K", **config}
    site = SiteConfig.from_config({"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_CONFIG": settings})
    return site.options


def test_public_cache_control_of_settings_warns_once(pem: str) -> None:
    """Copies of the options do not warn again."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load(pem, headers={"Cache-Control": "max-age=60"}).replace(code=302)
    assert [warning.category for warning in caught] == [CfsignWarning]


def test_settings_are_options(pem: str) -> None:
    """`replace` changes a copy."""
    options = load(
        pem,
        code=307,
        headers={"X": "y"},
        allowed_statuses=[200],
        cache_redirect=True,
        expiry_step=300,
    )
    assert (options.code, dict(options.headers)) == (307, {"X": "y"})
    assert (options.allowed_statuses, options.delivery) == ((200,), "redirect")
    assert options.cache_redirect is True
    other = options.replace(delivery="json")
    assert (other.delivery, other.code, options.delivery) == ("json", 307, "redirect")
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.code = 302  # type: ignore[misc]


def test_missing_settings_are_the_defaults(pem: str) -> None:
    """Caching is off by default."""
    assert load(pem) == ViewOptions()


def test_wrong_setting_is_refused(pem: str) -> None:
    """The error names the setting."""
    with pytest.raises(ConfigurationError, match=r"\['cache_redirect'\]: .*True or False"):
        load(pem, cache_redirect="no")
