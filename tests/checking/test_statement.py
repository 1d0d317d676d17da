"""Parse the policy document as the edge does."""

from __future__ import annotations

import base64
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfsign.checking.statement import (
    Statement,
    read_canned_policy,
    read_custom_policy,
    read_statement,
)
from cfsign.errors import PolicyError

LESS = '"DateLessThan":{"AWS:EpochTime":1767290400}'
SHORTEST = '{"Statement":[{"Condition":{' + LESS + "}}]}"


def with_condition(*members: str) -> str:
    return SHORTEST.replace(LESS, ",".join(members))


def with_resource(json_text: str) -> str:
    return SHORTEST.replace('{"Condition"', f'{{"Resource":{json_text},"Condition"')


def test_only_an_expiry_is_required() -> None:
    """A policy without Resource or other conditions is for every URL and address."""
    assert read_statement(SHORTEST.encode()) == Statement(None, 1767290400, None, None)


def test_members_in_any_order_with_white_space() -> None:
    document = b"""
        {"Statement" : [\r\n{ "Condition" : {
            "IpAddress" : {"AWS:SourceIp" : "192.0.2.0/24"} ,
            "DateGreaterThan" : {"AWS:EpochTime" : 1767200000},
            "DateLessThan" : {"AWS:EpochTime" : 1767290400}},
        \t"Resource" : "https://*/a?b" } ] } """
    assert read_statement(document) == Statement(
        "https://*/a?b", 1767290400, 1767200000, IPv4Network("192.0.2.0/24")
    )


def test_json_escapes_in_a_resource_are_decoded() -> None:
    document = with_resource(r'"https:\/\/h\u002fa\\?b"')
    assert read_statement(document.encode()).resource == r"https://h/a\?b"


@pytest.mark.parametrize(
    ("source", "network"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("192.0.2.7/32", "192.0.2.7/32"),
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_source_addresses(source: str, network: str) -> None:
    """One IPv4 address or range, also with host bits."""
    document = with_condition(LESS, f'"IpAddress":{{"AWS:SourceIp":"{source}"}}')
    assert read_statement(document.encode()).network == IPv4Network(network)


@pytest.mark.parametrize(
    "source",
    [
        "2001:db8::1",
        "192.0.2.7/33",
        "192.0.2.7/",
        "192.0.2.7/08",
        "192.0.2.7/255.255.255.0",
        "192.0.2.7/0.0.0.255",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.07",
        "192.0.2.7,192.0.2.8",
        "*",
        "",
        " 192.0.2.7",
        "192.0.2.7\\n",
        "\\u0661.0.2.7",
    ],
)
def test_invalid_source_addresses(source: str) -> None:
    document = with_condition(LESS, f'"IpAddress":{{"AWS:SourceIp":"{source}"}}')
    with pytest.raises(PolicyError) as caught:
        read_statement(document.encode())
    assert caught.value.field == "AWS:SourceIp"


@pytest.mark.parametrize(
    "number",
    [
        "-1",
        "01",
        "1.0",
        "1767290400.0",
        "1e9",
        "NaN",
        "Infinity",
        "-Infinity",
        "true",
        "false",
        "null",
        '"1767290400"',
        "[1767290400]",
        "{}",
        "1767290400000",
        "9223372037",
        "9" * 5000,
        "-0",  # JSON allows it; `type(-0)` is int in Python, and 0 would be a time
        "+1",
        "0x1",
        "1_0",
        "\N{ARABIC-INDIC DIGIT ONE}",
        "",
    ],
    ids=lambda text: text[:16],
)
@pytest.mark.parametrize("name", ["DateLessThan", "DateGreaterThan"])
def test_times_must_be_plain_integers_up_to_the_latest_expiry(name: str, number: str) -> None:
    other = LESS if name == "DateGreaterThan" else '"DateGreaterThan":{"AWS:EpochTime":1}'
    document = with_condition(other, f'"{name}":{{"AWS:EpochTime":{number}}}')
    with pytest.raises(PolicyError):
        read_statement(document.encode())


def test_latest_expiry_is_accepted() -> None:
    document = with_condition('"DateLessThan":{"AWS:EpochTime":9223372036}')
    assert read_statement(document.encode()).expires_at == 9223372036


@pytest.mark.parametrize(
    "document",
    [
        "",
        " ",
        "null",
        "1",
        "[]",
        '"Statement"',
        "{}",
        '{"Statement":[]}',
        '{"Statement":{}}',
        '{"Statement":[null]}',
        '{"Statement":[[]]}',
        '{"Statement":[{}]}',
        SHORTEST.replace("[", "").replace("]", ""),
        SHORTEST.replace("}}]", "}},{}]"),
        SHORTEST.replace("[{", "[{},{"),
        SHORTEST + ",",
        SHORTEST + SHORTEST,
        SHORTEST + "\x00",
        SHORTEST[:-1],
        SHORTEST.replace("]}", "],}"),
        SHORTEST.replace('{"S', '{"Version":"2012-10-17","S'),
        SHORTEST.replace('{"C', '{"Effect":"Allow","C'),
        SHORTEST.replace("Statement", "statement"),
        SHORTEST.replace("Condition", "condition"),
        SHORTEST.replace('"', "'"),
        SHORTEST.replace('{"S', '{"Statement":[],"S'),
        SHORTEST.replace("1767290400", "1767290400 /* soon */"),
        with_resource("null"),
        with_resource("1"),
        with_resource('["https://h/"]'),
        with_resource(r'"https://h/a\?b"'),
        with_resource(r'"\x41"'),
        with_resource('"a\tb"'),
        with_resource(r'"\ud800"'),
        with_resource('"https://h/a","Resource":"https://h/a"'),
        with_condition(),
        with_condition('"DateGreaterThan":{"AWS:EpochTime":1}'),
        with_condition(LESS, LESS),
        with_condition(LESS, '"DateEquals":{"AWS:EpochTime":1}'),
        with_condition('"DateLessThan":{"AWS:EpochTime":1,"AWS:EpochTime":2}'),
        with_condition('"DateLessThan":{"AWS:EpochTime":1,"x":2}'),
        with_condition('"DateLessThan":{"AWS:CurrentTime":1}'),
        with_condition('"DateLessThan":1'),
        with_condition(LESS, '"IpAddress":{}'),
        with_condition(LESS, '"IpAddress":"192.0.2.7"'),
        with_condition(LESS, '"IpAddress":null'),
        with_condition(LESS, '"IpAddress":{"AWS:SourceIp":["192.0.2.7"]}'),
        with_condition(LESS, '"DateGreaterThan":null'),
        "[" * 8000,
        '{"Statement":' * 600,
        SHORTEST + " " * 8192,
    ],
    ids=lambda text: text[:60],
)
def test_malformed_policies(document: str) -> None:
    """Other shapes; unknown, repeated or missing members; invalid JSON."""
    with pytest.raises(PolicyError):
        read_statement(document.encode())


@pytest.mark.parametrize(
    "document",
    [
        b"\xef\xbb\xbf" + SHORTEST.encode(),
        SHORTEST.encode("utf-16"),
        SHORTEST.encode("utf-16-le"),
        SHORTEST.encode("utf-32"),
        with_resource('"\xff"').encode("latin-1"),
        with_resource('"\udc80"').encode("utf-8", "surrogatepass"),
    ],
)
def test_policy_must_be_utf_8_without_a_byte_order_mark(document: bytes) -> None:
    with pytest.raises(PolicyError):
        read_statement(document)


def test_longest_policy_has_8192_bytes() -> None:
    assert read_statement(SHORTEST.ljust(8192).encode()).expires_at == 1767290400


@given(st.binary() | st.text().map(str.encode) | st.text(alphabet='{}[]":,\\ 0e-').map(str.encode))
def test_random_bytes_raise_policy_error(document: bytes) -> None:
    with pytest.raises(PolicyError):
        read_statement(document)


def test_document_of_a_custom_policy_is_unchanged() -> None:
    """These bytes were signed."""
    document = SHORTEST.encode() + b" \r\n"
    text = base64.b64encode(document).translate(bytes.maketrans(b"+=/", b"-_~")).decode()
    received = read_custom_policy(text)
    assert received.documents == (document,)
    assert received.statement == Statement(None, 1767290400)


@pytest.mark.parametrize("text", ["", "e30", "e30=", "!", "e30_"])
def test_custom_policy_must_be_base64_of_a_policy(text: str) -> None:
    """The last one decodes to an empty object."""
    with pytest.raises(PolicyError):
        read_custom_policy(text)


def test_canned_policy_has_a_document_for_each_url() -> None:
    """The template is exactly that of AWS."""
    received = read_canned_policy("1767290400", ["https://h/a?b=c&d", "https://h/"])
    assert received.documents == (
        b'{"Statement":[{"Resource":"https://h/a?b=c&d",'
        b'"Condition":{"DateLessThan":{"AWS:EpochTime":1767290400}}}]}',
        b'{"Statement":[{"Resource":"https://h/",'
        b'"Condition":{"DateLessThan":{"AWS:EpochTime":1767290400}}}]}',
    )
    assert received.statement == Statement(None, 1767290400)


@pytest.mark.parametrize(
    "expires",
    [
        *("", "0", "01", "+1", "-1", " 1", "1 ", "1\n", "1.0", "1e9", "1_0", "0x1", "x"),
        *("9223372037", "1767290400000", "9" * 5000, "\N{ARABIC-INDIC DIGIT ONE}"),
    ],
)
def test_invalid_expiries(expires: str) -> None:
    """An expiry is digits without a leading zero, at most 9223372036."""
    with pytest.raises(PolicyError):
        read_canned_policy(expires, ["https://h/"])
