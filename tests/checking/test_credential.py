"""Reading the viewer's credential, and taking it out for the origin."""

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


def test_a_request_without_a_credential() -> None:
    """Nothing sent is read as nothing."""
    assert read_credential(None) == NOTHING
    assert read_credential("size=large", [("session", "x")]) == NOTHING


def test_all_five_parameters_are_read() -> None:
    """Each parameter has its place, in any order and between the site's own."""
    query = "Hash-Algorithm=SHA256&a=b&Key-Pair-Id=K1&Policy=p&c&Signature=s&Expires=1"
    assert read_credential(query) == Credential("K1", "1", "p", "s", "SHA256", False)


def test_all_five_cookies_are_read() -> None:
    """Cookies have the same five names with a prefix."""
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
    """One reserved parameter, even an empty one, makes it a signed URL."""
    found = read_credential(parameter.format(name), [("CloudFront-Key-Pair-Id", "K1")])
    assert found.key_pair_id != "K1"


@pytest.mark.parametrize("query", ["Key%2DPair%2DId=K1", "%4bey-Pair-I%64=K%31", "Key-Pair-Id=K1"])
def test_names_and_values_are_percent_decoded(query: str) -> None:
    """A reserved name is one however it is spelled, for reading and for stripping alike."""
    assert read_credential(query).key_pair_id == "K1"
    assert strip_query(query) is None


@pytest.mark.parametrize(
    "query", ["expires=1", "EXPIRES=1", "Expires%20=1", "+Expires=1", "Expire=1"]
)
def test_other_names_are_the_sites_own(query: str) -> None:
    """Reserved names are compared to the letter."""
    assert read_credential(query) == NOTHING
    assert strip_query(query) == query


def test_values_are_decoded_once() -> None:
    """Escapes are undone once, a plus is not a space, and a broken escape stays."""
    found = read_credential("Signature=a%7Eb%5F&Policy=a+b&Expires=%257E&Key-Pair-Id=%zz%")
    assert found.signature == "a~b_"
    assert found.policy == "a+b"
    assert found.expires == "%7E"
    assert found.key_pair_id == "%zz%"


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
def test_duplicates_are_noticed(query: str | None, cookies: list[tuple[str, str]]) -> None:
    """A reserved name twice is a duplicate, with equal values too."""
    assert read_credential(query, cookies).has_duplicates


def test_duplicates_of_other_names_are_no_matter() -> None:
    """The site's own parameters and cookies, and ignored cookies, may repeat."""
    cookies = [("a", "1"), ("a", "1"), ("CloudFront-Policy", "x"), ("CloudFront-Policy", "y")]
    assert not read_credential("a=1&a=1&" + SIGNED, cookies).has_duplicates
    assert not read_credential(None, cookies[:3]).has_duplicates


def test_cookie_names_are_case_sensitive() -> None:
    """Another case is another cookie, and an escaped name too."""
    cookies = [("cloudfront-key-pair-id", "K1"), ("CloudFront-Key%2DPair-Id", "K1")]
    assert read_credential(None, cookies) == NOTHING


def test_cookie_values_are_percent_decoded() -> None:
    """Cookies follow the rules of the URL."""
    assert read_credential(None, [("CloudFront-Signature", "a%7eb%5F+")]).signature == "a~b_+"


def test_the_credential_does_not_print_its_secrets() -> None:
    """Neither a signature nor a policy is in the repr."""
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
    """A mapping, pairs and a header say the same."""
    assert parse_cookies(cookies) == [("a", "1"), ("b", "2")]


def test_pairs_from_a_generator() -> None:
    """Any iterable of pairs will do."""
    assert parse_cookies(pair for pair in [("a", "1")]) == [("a", "1")]


def test_no_cookies() -> None:
    """None is a request without cookies, and so is an empty collection."""
    assert parse_cookies(None) == parse_cookies({}) == parse_cookies([]) == []


def test_a_cookie_value_keeps_its_equals_signs_and_quotes() -> None:
    """Only the first "=" divides, and quotes are part of the value."""
    assert parse_cookies('a="b=c"; d') == [("a", '"b=c"'), ("d", "")]


def test_only_blanks_and_tabs_surround_a_cookie() -> None:
    """Other white space is part of the name, which is then another one."""
    header = "\xa0CloudFront-Policy=x"
    assert parse_cookies(header) == [("\xa0CloudFront-Policy", "x")]
    assert strip_cookies(header) == header


def test_cookies_of_any_letters() -> None:
    """The site's own cookies may hold anything, half a surrogate pair too."""
    assert parse_cookies("a=\udc80") == [("a", "\udc80")]


def broken() -> Iterator[tuple[str, str]]:
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
        broken(),
        itertools.repeat(("", "")),
        itertools.count(),
        "a" * 20_481,
        [("a", "b" * 20_480)],
        {"a": "\N{EURO SIGN}" * 7_000},
    ],
)
def test_unusable_cookies(cookies: Any) -> None:
    """Other types, endless or failing iterables and more than 20,480 bytes are no cookies."""
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
    """The site's own cookies keep their bytes and their order."""
    assert strip_cookies(header) == stripped


@given(st.text())
def test_stripping_is_total_and_done_once(text: str) -> None:
    """Any text can be stripped, and nothing is left for a second time."""
    assert strip_query(strip_query(text)) == strip_query(text)
    assert strip_cookies(strip_cookies(text)) == strip_cookies(text)


@given(st.binary(min_size=1))
def test_decoding_undoes_cloudfronts_encoding(content: bytes) -> None:
    """What is encoded with CloudFront's alphabet is decoded to the byte."""
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
