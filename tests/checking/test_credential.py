"""Read CloudFront's parameters and cookies, and strip them for the origin."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfsign.checking.credential import (
    Credential,
    decode_base64,
    parse_cookies,
    read_credential,
    strip_cookies,
    strip_query,
)

NOTHING = Credential(None, None, None, None, None, has_duplicates=False)
SIGNED = "Expires=1&Signature=s&Key-Pair-Id=K1"


def test_request_without_a_credential() -> None:
    assert read_credential(None) == NOTHING
    assert read_credential("size=large", [("session", "x")]) == NOTHING


def test_all_five_parameters_are_read() -> None:
    """In any order, and between the site's parameters."""
    query = "Hash-Algorithm=SHA256&a=b&Key-Pair-Id=K1&Policy=p&c&Signature=s&Expires=1"
    assert read_credential(query) == Credential("K1", "1", "p", "s", "SHA256", False)


def test_all_five_cookies_are_read() -> None:
    """Without their prefix they have the names of the parameters."""
    names = ("Key-Pair-Id", "Expires", "Policy", "Signature", "Hash-Algorithm")
    cookies = [(f"CloudFront-{name}", name.lower()) for name in names]
    assert read_credential(None, [*cookies, ("Expires", "other")]) == Credential(
        "key-pair-id", "expires", "policy", "signature", "hash-algorithm", False
    )


@pytest.mark.parametrize(
    "name", ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"]
)
@pytest.mark.parametrize("parameter", ["{}=x", "{}=", "{}"])
def test_any_reserved_parameter_hides_the_cookies(name: str, parameter: str) -> None:
    """Even an empty one."""
    credential = read_credential(parameter.format(name), [("CloudFront-Key-Pair-Id", "K1")])
    assert credential.key_pair_id != "K1"


@pytest.mark.parametrize("query", ["Key%2DPair%2DId=K1", "%4bey-Pair-I%64=K%31", "Key-Pair-Id=K1"])
def test_names_and_values_are_percent_decoded(query: str) -> None:
    """For reading and for stripping."""
    assert read_credential(query).key_pair_id == "K1"
    assert strip_query(query) is None


@pytest.mark.parametrize(
    "query", ["expires=1", "EXPIRES=1", "Expires%20=1", "+Expires=1", "Expire=1"]
)
def test_similar_names_are_parameters_of_the_site(query: str) -> None:
    """Reserved names are compared exactly."""
    assert read_credential(query) == NOTHING
    assert strip_query(query) == query


def test_values_are_decoded_once() -> None:
    """A plus is not a space, and an invalid escape stays."""
    credential = read_credential("Signature=a%7Eb%5F&Policy=a+b&Expires=%257E&Key-Pair-Id=%zz%")
    assert credential.signature == "a~b_"
    assert credential.policy == "a+b"
    assert credential.expires == "%7E"
    assert credential.key_pair_id == "%zz%"


@pytest.mark.parametrize(
    ("query", "cookies"),
    [
        ("Expires=1&Expires=1", []),
        ("Expires=1&Expires=2", []),
        ("Expires=1&a=b&%45xpires=1", []),
        ("Policy&Policy=x", []),
        (None, [("CloudFront-Policy", "x"), ("a", "b"), ("CloudFront-Policy", "x")]),
    ],
)
def test_reserved_name_twice_is_a_duplicate(
    query: str | None, cookies: list[tuple[str, str]]
) -> None:
    """With equal values too."""
    assert read_credential(query, cookies).has_duplicates


def test_other_names_may_repeat() -> None:
    """The site's parameters and cookies, and ignored cookies."""
    cookies = [("a", "1"), ("a", "1"), ("CloudFront-Policy", "x"), ("CloudFront-Policy", "y")]
    assert not read_credential("a=1&a=1&" + SIGNED, cookies).has_duplicates
    assert not read_credential(None, cookies[:3]).has_duplicates


def test_cookie_names_are_compared_exactly() -> None:
    """Letter case counts, and names are not percent-decoded."""
    cookies = [("cloudfront-key-pair-id", "K1"), ("CloudFront-Key%2DPair-Id", "K1")]
    assert read_credential(None, cookies) == NOTHING


def test_cookie_values_are_percent_decoded() -> None:
    """As in a URL."""
    assert read_credential(None, [("CloudFront-Signature", "a%7eb%5F+")]).signature == "a~b_+"


def test_repr_has_neither_signature_nor_policy() -> None:
    text = repr(read_credential("Policy=polly&Signature=siggy&Key-Pair-Id=K1"))
    assert "K1" in text
    assert "polly" not in text
    assert "siggy" not in text


@pytest.mark.parametrize(
    "cookies",
    [
        {"a": "1", "b": "2"},
        [("a", "1"), ("b", "2")],
        "a=1; b=2",
        "a=1;b=2",
        " a=1 ;\tb=2",
    ],
)
def test_every_form_of_cookies(cookies: Any) -> None:
    assert parse_cookies(cookies) == [("a", "1"), ("b", "2")]


def test_cookies_from_a_generator() -> None:
    assert parse_cookies(pair for pair in [("a", "1")]) == [("a", "1")]


def test_none_and_empty_collections_are_no_cookies() -> None:
    assert parse_cookies(None) == parse_cookies({}) == parse_cookies([]) == []


@pytest.mark.parametrize(
    "header",
    [
        "a=1, CloudFront-Policy=x, CloudFront-Signature=y,CloudFront-Key-Pair-Id=K, b=2, c",
        "a=1; CloudFront-Policy=x; CloudFront-Signature=y, CloudFront-Key-Pair-Id=K, b=2, c",
        "a=1,\tCloudFront-Policy=x, CloudFront-Signature=y; CloudFront-Key-Pair-Id=K; b=2, c",
    ],
)
def test_cookie_lines_that_a_server_joined_by_commas(header: str) -> None:
    """A comma before or after a CloudFront cookie separates; other commas are part of a value."""
    cookies = parse_cookies(header) or []
    assert cookies[0] == ("a", "1")
    assert cookies[1:4] == [
        ("CloudFront-Policy", "x"),
        ("CloudFront-Signature", "y"),
        ("CloudFront-Key-Pair-Id", "K"),
    ]
    assert cookies[4:] == [("b", "2, c")]
    assert strip_cookies(header) == "a=1; b=2, c"


def test_comma_separates_nothing_without_a_cloudfront_cookie() -> None:
    header = "a=1, b=2; c=CloudFront-Policy, d"
    assert parse_cookies(header) == [("a", "1, b=2"), ("c", "CloudFront-Policy, d")]
    assert strip_cookies(header) == header


def test_cookie_value_may_have_equals_signs_and_quotes() -> None:
    """Only the first = separates, and quotes are part of the value."""
    assert parse_cookies('a="b=c"; d') == [("a", '"b=c"'), ("d", "")]


def test_only_spaces_and_tabs_around_a_cookie_are_removed() -> None:
    """Other white space is part of the name."""
    header = "\xa0CloudFront-Policy=x"
    assert parse_cookies(header) == [("\xa0CloudFront-Policy", "x")]
    assert strip_cookies(header) == header


def test_cookie_with_a_surrogate() -> None:
    """A cookie of the site may have any characters."""
    assert parse_cookies("a=\udc80") == [("a", "\udc80")]


@pytest.mark.parametrize("cookies", ["a" * 32_768, [("a", "b" * 32_766)]])
def test_cookies_may_fill_a_whole_request(cookies: Any) -> None:
    """Requests have up to 32,768 bytes (AWS, "Quotas", 2026)."""
    assert parse_cookies(cookies) is not None


def fail_while_iterating() -> Iterator[tuple[str, str]]:
    yield ("a", "1")
    raise RuntimeError


@pytest.mark.parametrize(
    "cookies",
    [
        1,
        True,
        object(),
        b"a=1",
        [("a", 1)],
        [("a",)],
        [("a", "1", "2")],
        ["ab"],
        [["a", "1"]],
        {"a": None},
        {1: "a"},
        fail_while_iterating(),
        itertools.repeat(("", "")),
        itertools.count(),
        "a" * 32_769,
        [("a", "b" * 32_768)],
        {"a": "\N{EURO SIGN}" * 10_923},
    ],
)
def test_invalid_cookies(cookies: Any) -> None:
    """Other types, endless or failing iterables, and more than 32,768 bytes."""
    assert parse_cookies(cookies) is None


@pytest.mark.parametrize(
    ("query", "rest"),
    [
        (None, None),
        ("", ""),
        ("a", "a"),
        ("a=1", "a=1"),
        (SIGNED, None),
        (f"&{SIGNED}", ""),
        (f"{SIGNED}&", ""),
        (f"b=%7e&a=1&{SIGNED}", "b=%7e&a=1"),
        (f"{SIGNED}&a=1", "a=1"),
        ("a=1&Policy=x&b=2&Signature=s&&c&Hash-Algorithm=SHA256", "a=1&b=2&&c"),
        ("Expires=1&Expires=2&a", "a"),
        ("a+b=c%20d&Key-Pair-Id=K&a+b", "a+b=c%20d&a+b"),
        ("a?b=c?&Expires=1", "a?b=c?"),
    ],
)
def test_strip_query(query: str | None, rest: str | None) -> None:
    """The site's parameters, also empty ones, keep their bytes and their order."""
    assert strip_query(query) == rest


@pytest.mark.parametrize(
    ("header", "stripped"),
    [
        ("", ""),
        ("a=1;  b=2 ;", "a=1;  b=2 ;"),
        ("CloudFront-Policy=x", ""),
        ("CloudFront-Policy=x; a=1", "a=1"),
        ("a=1; CloudFront-Policy=x", "a=1"),
        ('a="1"; CloudFront-Policy=x;CloudFront-Signature=y; b=2', 'a="1"; b=2'),
        ("CloudFront-Key-Pair-Id=x; CloudFront-Expires=1; CloudFront-Hash-Algorithm=SHA1", ""),
        ("cloudfront-policy=x; CloudFront-Other=y", "cloudfront-policy=x; CloudFront-Other=y"),
        ("CloudFront-Policy", ""),
    ],
)
def test_strip_cookies(header: str, stripped: str) -> None:
    """The site's cookies keep their bytes and their order."""
    assert strip_cookies(header) == stripped


@given(st.text())
def test_stripping_any_text_twice_changes_nothing_more(text: str) -> None:
    assert strip_query(strip_query(text)) == strip_query(text)
    assert strip_cookies(strip_cookies(text)) == strip_cookies(text)


@given(st.binary(min_size=1))
def test_decode_base64_is_the_inverse_of_encoding(content: bytes) -> None:
    text = base64.b64encode(content).translate(bytes.maketrans(b"+=/", b"-_~")).decode()
    assert decode_base64(text) == content


@pytest.mark.parametrize(
    "text",
    [
        "",
        "YQ",
        "YQ_",
        "YQ___",
        "YQ==",
        "YQ_=",
        "_",
        "____",
        "Y___",
        "YQ__YQ__",
        "Y_Q_",
        "YW_i",
        "YQ__ ",
        " YQ__",
        "YQ__\n",
        "YW\nJj",
        "YW+j",
        "YW/j",
        "YW j",
        "YWJ\N{LATIN SMALL LETTER E WITH ACUTE}",
        "YWJ\uff21",
        "YWJ\udc80",
        "YR__",
        "YWL_",
    ],
)
def test_other_spellings_are_not_decoded(text: str) -> None:
    """Wrong padding, alphabet, white space or unused bits: one text for each content."""
    assert decode_base64(text) is None
