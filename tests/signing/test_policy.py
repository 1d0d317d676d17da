"""`Policy`: its exact bytes, canned and custom, and what it refuses."""

from __future__ import annotations

import copy
import dataclasses
import ipaddress
import json
import warnings
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfsign import CfsignWarning, Policy, PolicyError, ResourceError
from cfsign.errors import IPv6Error

URL = "https://media.example.com/report.pdf"


def document(*conditions: str, resource: str = URL) -> str:
    return f'{{"Statement":[{{"Resource":"{resource}","Condition":{{{",".join(conditions)}}}}}]}}'


LESS = '"DateLessThan":{"AWS:EpochTime":1767225600}'
GREATER = '"DateGreaterThan":{"AWS:EpochTime":1767220000}'
ADDRESS = '"IpAddress":{"AWS:SourceIp":"192.0.2.0/24"}'


@pytest.mark.parametrize(
    ("policy", "text", "canned"),
    [
        (Policy(URL, 1767225600), document(LESS), True),
        (Policy(URL, datetime(2026, 1, 1, tzinfo=UTC)), document(LESS), True),
        (
            Policy(URL, 1767225600, starts_at=1767220000),
            document(LESS, GREATER),
            False,
        ),
        (
            Policy(URL, 1767225600, ip_address="192.0.2.0/24"),
            document(LESS, ADDRESS),
            False,
        ),
        (
            Policy(URL, 1767225600, starts_at=1767220000, ip_address="192.0.2.0/24"),
            document(LESS, ADDRESS, GREATER),
            False,
        ),
        (
            Policy("https://media.example.com/*", 1767225600),
            document(LESS, resource="https://media.example.com/*"),
            False,
        ),
        (
            Policy(f"{URL}?a=1&b=/2", 1767225600),
            document(LESS, resource=f"{URL}?a=1&b=/2"),
            True,
        ),
    ],
)
def test_exact_bytes_of_a_policy(policy: Policy, text: str, canned: bool) -> None:
    """No white space, members in a fixed order, nothing escaped."""
    assert policy.to_json() == text
    assert policy.is_canned is canned
    assert Policy.from_json(text) == policy


@pytest.mark.parametrize(
    ("address", "cidr"),
    [
        ("192.0.2.1", "192.0.2.1/32"),
        ("192.0.2.1/32", "192.0.2.1/32"),
        ("10.52.176.9/24", "10.52.176.9/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        (ipaddress.IPv4Address("192.0.2.1"), "192.0.2.1/32"),
        (ipaddress.IPv4Network("10.0.0.0/8"), "10.0.0.0/8"),
        (ipaddress.IPv4Interface("10.1.2.3/8"), "10.1.2.3/8"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("::FFFF:C000:207", "192.0.2.7/32"),
        ("0:0:0:0:0:ffff:192.0.2.7", "192.0.2.7/32"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::ffff:192.0.2.7/120", "192.0.2.7/24"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        (ipaddress.ip_address("::ffff:192.0.2.7"), "192.0.2.7/32"),
    ],
)
def test_address_is_converted_to_cidr_form(address: Any, cidr: str) -> None:
    """One address is a network of 32 bits; host bits may be set."""
    policy = Policy(URL, 1767225600, ip_address=address)
    assert policy.ip_address == cidr
    assert json.loads(policy.to_json())["Statement"][0]["Condition"]["IpAddress"] == {
        "AWS:SourceIp": cidr
    }


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("192.0.2.7:443", r"; write the address alone, without a port or brackets\Z"),
        ("[192.0.2.7]", "the address alone"),
        ("[::ffff:192.0.2.7]:443", "the address alone"),
        ("a:b:c", "write it as 192.0.2.1"),
        ("::ffff:192.0.2.300", "write it as 192.0.2.1"),
        ("999.1.2.3", r"network, got '999.1.2.3'; write it as 192.0.2.1"),
        ("10.0.0.0/33", r"number of bits, from 0 to 32"),
        ("10.0.0.0/-1", "an IPv4 address or network"),
        ("10.0.0.0/08", "mask as a number of bits"),
        ("10.0.0.0/255.0.0.0", "mask as a number of bits"),
        ("10.0.0.0/", "an IPv4 address or network"),
        ("10.0.0", "an IPv4 address or network"),
        ("010.0.0.1", "an IPv4 address or network"),
        ("1.2.3.4,5.6.7.8", "an IPv4 address or network"),
        ("1.2.3.4\n", "an IPv4 address or network"),
        (" 1.2.3.4", "an IPv4 address or network"),
        ("\u0661.2.3.4", "an IPv4 address or network"),
        ("", "an IPv4 address or network"),
        ("*", "an IPv4 address or network"),
        ('1.2.3.4","x":"', "an IPv4 address or network"),
        (16909060, "got int"),
        (b"1.2.3.4", "got bytes"),
    ],
)
def test_bad_address_is_refused_with_a_hint(address: Any, hint: str) -> None:
    with pytest.raises(PolicyError, match=hint) as caught:
        Policy(URL, 1767225600, ip_address=address)
    assert caught.value.field == "ip_address"


@pytest.mark.parametrize(
    "address",
    [
        "2001:db8::1",
        "2001:DB8::1",
        "2001:db8::/32",
        "::",
        "::192.0.2.7",
        "64:ff9b::192.0.2.7",
        "2002:c000:207::",
        "::ffff:192.0.2.0/95",
        "::/0",
        "fe80::1%eth0",
        "[2001:db8::1]",
        "[::1]:443",
        ipaddress.ip_address("2001:db8::1"),
        ipaddress.ip_network("2001:db8::/32"),
    ],
)
def test_address_of_a_client_on_ipv6_is_an_error_of_its_own(address: Any) -> None:
    """Such a client cannot be pinned, and the site made no mistake. So views answer 403."""
    with pytest.raises(IPv6Error, match="CloudFront does not match IPv6 addresses") as caught:
        Policy(URL, 1767225600, ip_address=address)
    assert caught.value.field == "ip_address"


@pytest.mark.parametrize("starts_at", [1767225600, 1767225601])
def test_start_after_the_end_is_refused(starts_at: int) -> None:
    with pytest.raises(PolicyError, match=r"starts_at must be before expires_at.*swapped\?") as e:
        Policy(URL, 1767225600, starts_at=starts_at)
    assert e.value.field == "starts_at"


def test_policy_reads_no_clock() -> None:
    """An expired policy can be built; only methods that take times refuse it."""
    assert Policy(URL, 1).to_json().endswith('{"AWS:EpochTime":1}}}]}')


def test_policy_is_an_immutable_value() -> None:
    policy = Policy(URL, 1767225600, starts_at=1, ip_address="192.0.2.1")
    assert policy == Policy(URL, 1767225600, starts_at=1, ip_address="192.0.2.1/32")
    assert policy != Policy(URL, 1767225600)
    assert len({policy, copy.deepcopy(policy), dataclasses.replace(policy)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        policy.resource = "https://media.example.com/*"  # type: ignore[misc]
    with pytest.raises(ResourceError):
        dataclasses.replace(policy, resource="relative")


@pytest.mark.parametrize("resource", ["*", "https://*", "*example.com/a", "https://h.example*"])
def test_wildcard_in_the_domain_warns(resource: str) -> None:
    """At the caller's line."""
    with pytest.warns(
        CfsignWarning, match="hosts of other owners.*write the whole domain"
    ) as caught:
        Policy(resource, 1767225600)
    assert caught[0].filename == __file__


def test_wildcard_in_the_path_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Policy("https://media.example.com/videos/*", 1767225600)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "not valid JSON"),
        ("{", "copy the whole document again"),
        ("null", "where an object"),
        ("[]", "where an object"),
        ("{}", "lacks 'Statement'"),
        ('{"Statement":[]}', "array of exactly one object"),
        ('{"Statement":{"Resource":"x"}}', "array of exactly one object"),
        ('{"Statement":[{},{}]}', "array of exactly one object"),
        ('{"Statement":["x"]}', "where an object"),
        (f'{{"Version":"x",{document(LESS)[1:]}', "unknown member 'Version'"),
        (document(LESS).replace('"Resource"', '"resource"'), "lacks 'Resource'"),
        (document(), "lacks 'DateLessThan'"),
        (document(GREATER), "lacks 'DateLessThan'"),
        (document(LESS, LESS), "given twice"),
        (document(LESS, '"StringLike":{}'), "unknown member 'StringLike'"),
        (document(LESS, '"IpAddress":{}'), "lacks 'AWS:SourceIp'"),
        (document(LESS, '"IpAddress":"1.2.3.4"'), "where an object"),
        (document(LESS, '"IpAddress":{"AWS:SourceIp":["1.2.3.4"]}'), "got list"),
        (document(LESS, '"IpAddress":{"AWS:SourceIp":"::1"}'), "does not match IPv6"),
        (document(LESS, GREATER.replace("1767220000", "1767225600")), "must be before"),
        (document(LESS.replace("1767225600", '"1767225600"')), "got str"),
        (document(LESS.replace("1767225600", "1767225600.0")), "got float"),
        (document(LESS.replace("1767225600", "1767225600000")), "divide by 1000"),
        (document(LESS.replace("1767225600", "NaN")), "not valid JSON"),
        (document(LESS.replace("1767225600", "true")), "got bool"),
        (document(LESS.replace("1767225600", "null")), "got NoneType"),
        (document(LESS.replace("1767225600", "9" * 5000)), "not valid JSON"),
        ("[" * 8000, "not valid JSON"),
        (document(LESS) + " " * 8192, "at most 8192 bytes"),
        (b"\xff" + document(LESS).encode(), "not valid JSON"),
        (None, "text, got NoneType"),
        ({"Statement": []}, "text, got dict"),
    ],
)
def test_from_json_refuses_an_invalid_policy(text: Any, hint: str) -> None:
    """Also text that two parsers could understand differently."""
    with pytest.raises(PolicyError, match=hint):
        Policy.from_json(text)


@pytest.mark.parametrize(
    "condition", ['"IpAddress":{"AWS:SourceIp":null}', '"DateGreaterThan":{"AWS:EpochTime":null}']
)
def test_from_json_refuses_an_empty_condition(condition: str) -> None:
    """Without the condition the policy would allow more."""
    with pytest.raises(PolicyError):
        Policy.from_json(document(LESS, condition))


@pytest.mark.parametrize("operator", ["DateLessThan", "DateGreaterThan"])
def test_c9_from_json_refuses_minus_zero_as_a_time(operator: str) -> None:
    conditions = [LESS, GREATER]
    conditions[operator == "DateGreaterThan"] = f'"{operator}":{{"AWS:EpochTime":-0}}'
    with pytest.raises(PolicyError, match="got float"):
        Policy.from_json(document(*conditions))


@pytest.mark.parametrize(
    "resource", ["relative", "https://h.example/a b", "https://h.example/a\\nb"]
)
def test_from_json_checks_the_resource(resource: str) -> None:
    with pytest.raises(ResourceError):
        Policy.from_json(document(LESS, resource=resource))


def test_from_json_ignores_white_space_and_order() -> None:
    parsed = json.loads(document(GREATER, ADDRESS, LESS))
    policy = Policy.from_json(json.dumps(parsed, indent=4).encode())
    assert policy.to_json() == document(LESS, ADDRESS, GREATER)


RESOURCES = st.sampled_from([URL, f"{URL}?a=b&c", "https://h.example/*", "http*://h.example/a?*"])
SECONDS = st.integers(1, 9223372036)
NETWORKS = st.tuples(st.ip_addresses(v=4), st.integers(0, 32)).map(
    lambda pair: f"{pair[0]}/{pair[1]}"
)


@given(
    RESOURCES,
    st.lists(SECONDS, min_size=2, max_size=2, unique=True).map(sorted),
    st.booleans(),
    st.none() | st.ip_addresses(v=4) | NETWORKS,
)
def test_policy_from_its_json_is_equal(
    resource: str, times: list[int], starts: bool, address: Any
) -> None:
    start, end = times
    policy = Policy(resource, end, starts_at=start if starts else None, ip_address=address)
    text = policy.to_json()
    assert Policy.from_json(text) == policy
    assert Policy.from_json(text.encode()).to_json() == text
    assert json.dumps(json.loads(text), separators=(",", ":")) == text
