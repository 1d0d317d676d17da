"""
Comparison with peers, over generated URLs, times and addresses.

botocore builds the same URL, the `openssl` command verifies every signature, and the checking side,
which shares no code with the signing side, allows every URL and cookie.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from cfsign import (
    Distribution,
    Policy,
    PrivateKey,
    Reason,
    ResourceError,
    Signer,
    TrustedKeyGroup,
    explain,
)
from cfsign.signing.url import check_url

NOW = 1767225600
LATEST_EXPIRY = 9223372036
RESERVED = {"Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"}

# RFC 3986's letters less `*`, which is refused, and less `'` in a query, which browsers encode.
UNRESERVED = "ABCXYZabcxyz0189-._~"
HEX = "0123456789abcdefABCDEF"
ESCAPES = st.tuples(st.sampled_from(HEX), st.sampled_from(HEX)).map(lambda two: "%" + "".join(two))
PATH_LETTERS = st.sampled_from(UNRESERVED + "!$&'()+,;=:@[]") | ESCAPES
QUERY_LETTERS = st.sampled_from(UNRESERVED + "!$()+,;:@/[]") | ESCAPES

LABELS = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
HOSTS = st.just("d111111abcdef8.cloudfront.net") | st.lists(LABELS, min_size=2, max_size=4).map(
    ".".join
)
PORTS = st.sampled_from(["", "", "", ":8443", ":8080"])
SEGMENTS = st.lists(PATH_LETTERS, max_size=8).map("".join)
PATHS = st.lists(
    SEGMENTS.filter(lambda segment: unquote(segment) not in (".", "..")), min_size=1, max_size=4
).map(lambda segments: "/" + "/".join(segments))
TEXTS = st.lists(QUERY_LETTERS, max_size=6).map("".join)
PARAMETERS = st.tuples(TEXTS, st.none() | TEXTS | st.just("a=b")).map(
    lambda pair: pair[0] if pair[1] is None else f"{pair[0]}={pair[1]}"
)
QUERIES = (
    st.lists(PARAMETERS | st.sampled_from(["size=large", "k", "z=", "a=1"]), max_size=4)
    .map("&".join)
    .map(lambda query: f"?{query}" if query else "")
)
URLS = st.tuples(st.sampled_from(["https://", "http://"]), HOSTS, PORTS, PATHS, QUERIES).map(
    "".join
)

# The generated addresses can be private.
pytestmark = pytest.mark.filterwarnings("ignore:ip_address is")

ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
EXPIRIES = st.datetimes(datetime(2026, 1, 2, 0, 1), datetime(2262, 4, 10), timezones=ZONES)
NETWORKS = st.tuples(st.ip_addresses(v=4), st.integers(0, 32)).map(
    lambda pair: f"{pair[0]}/{pair[1]}"
)
ADDRESSES = st.ip_addresses(v=4).map(str) | NETWORKS


class Restriction(NamedTuple):
    """The conditions that make a policy custom: an address, a start, or both."""

    ip_address: str | None
    starts_at: datetime | None


STARTS = st.datetimes(datetime(1971, 1, 2), datetime(2025, 12, 30), timezones=ZONES)
RESTRICTIONS = st.builds(Restriction, st.none() | ADDRESSES, st.none() | STARTS)


def client_in(address: str | None) -> str | None:
    return address and str(IPv4Network(address, strict=False)[-1])


@pytest.fixture(scope="session")
def boto(pem: str) -> Any:
    """botocore's signer with the same key, which signs with cryptography."""
    signers = pytest.importorskip("botocore.signers")
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    hashes = pytest.importorskip("cryptography.hazmat.primitives.hashes")
    padding = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.padding")
    private = serialization.load_pem_private_key(pem.encode(), None)
    return signers.CloudFrontSigner(
        "K2JCJMDEHXQW5F",
        lambda message: private.sign(message, padding.PKCS1v15(), hashes.SHA1()),
    )


@settings(max_examples=300)
@given(url=URLS)
def test_generated_urls_may_be_signed(url: str) -> None:
    """`check_url` refuses only those with a reserved parameter."""
    query = url.partition("?")[2]
    names = {unquote(parameter.partition("=")[0]) for parameter in query.split("&")}
    if names & RESERVED:
        with pytest.raises(ResourceError, match="for its own"):
            check_url(url)
    else:
        assert check_url(url) == url


@settings(max_examples=150)
@given(url=URLS, expires_at=EXPIRIES)
def test_canned_url_equals_that_of_botocore(
    boto: Any, signer: Signer, url: str, expires_at: datetime
) -> None:
    """The policy's JSON and the whole signed URL."""
    assert Policy(url, expires_at).to_json() == boto.build_policy(url, expires_at)
    with time_machine.travel(NOW, tick=False):
        ours = signer.sign_url(url, expires_at=expires_at)
    assert ours == boto.generate_presigned_url(url, date_less_than=expires_at)


@settings(max_examples=150)
@given(url=URLS, expires_at=EXPIRIES, restriction=RESTRICTIONS)
def test_custom_url_equals_that_of_botocore(
    boto: Any, signer: Signer, url: str, expires_at: datetime, restriction: Restriction
) -> None:
    """Without an address and a start, ours is canned and means the same."""
    theirs = boto.build_policy(url, expires_at, restriction.starts_at, restriction.ip_address)
    assert Policy(url, expires_at, **restriction._asdict()).to_json() == theirs
    if restriction == (None, None):
        return
    with time_machine.travel(NOW, tick=False):
        ours = signer.sign_url(url, expires_at=expires_at, **restriction._asdict())
    assert ours == boto.generate_presigned_url(url, policy=theirs)


@settings(max_examples=50)
@given(url=URLS, expires_at=EXPIRIES)
def test_wildcard_url_equals_that_of_botocore(
    boto: Any, signer: Signer, url: str, expires_at: datetime
) -> None:
    """Users of botocore build the policy for `pattern=` by hand."""
    resource = re.sub(r"[^/]*$", "*", url.partition("?")[0])
    with time_machine.travel(NOW, tick=False):
        ours = signer.sign_url(url, expires_at=expires_at, pattern=resource)
    theirs = boto.build_policy(resource, expires_at)
    assert ours == boto.generate_presigned_url(url, policy=theirs)


Verify = Callable[[Mapping[str, str], bytes], bool]


@pytest.fixture(scope="session")
def verify_with_openssl(
    openssl: Callable[..., bytes],
    public_pem: str,
    decode_base64: Callable[[str], bytes],
    tmp_path_factory: pytest.TempPathFactory,
) -> Verify:
    """Verify the signature in the parameters with the `openssl` command."""
    folder: Path = tmp_path_factory.mktemp("openssl")
    (folder / "public.pem").write_text(public_pem)

    def verify(params: Mapping[str, str], message: bytes) -> bool:
        (folder / "signature").write_bytes(decode_base64(params["Signature"]))
        option = "-sha256" if params.get("Hash-Algorithm") == "SHA256" else "-sha1"
        arguments = ("-verify", folder / "public.pem", "-signature", folder / "signature")
        return b"Verified OK" in openssl("dgst", option, *arguments, given=message, check=False)

    return verify


def parse_parameters(signed: str, url: str) -> dict[str, str]:
    """Return the parameters after *url* in *signed*, parsed without the library."""
    joint = "&" if "?" in url else "?"
    assert signed.startswith(url + joint)
    pairs = [part.split("=", 1) for part in signed[len(url) + 1 :].split("&")]
    assert {name for name, _ in pairs} <= RESERVED
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def build_message(
    params: Mapping[str, str], resource: str, decode_base64: Callable[[str], bytes]
) -> bytes:
    """Return the message that an edge verifies: the policy in the URL, or the canned one."""
    if "Policy" in params:
        assert "Expires" not in params
        return decode_base64(params["Policy"])
    condition = f'{{"DateLessThan":{{"AWS:EpochTime":{params["Expires"]}}}}}'
    return f'{{"Statement":[{{"Resource":"{resource}","Condition":{condition}}}]}}'.encode()


@settings(max_examples=25)
@given(
    url=URLS,
    expires_at=EXPIRIES,
    restriction=RESTRICTIONS,
    hash_algorithm=st.sampled_from(["SHA1", "SHA256"]),
    wildcard=st.booleans(),
)
def test_every_url_and_cookie_is_verified_by_openssl(
    key: PrivateKey,
    trusted_keys: TrustedKeyGroup,
    verify_with_openssl: Verify,
    decode_base64: Callable[[str], bytes],
    url: str,
    expires_at: datetime,
    restriction: Restriction,
    hash_algorithm: str,
    wildcard: bool,
) -> None:
    """Canned and custom, with and without a wildcard, SHA-1 and SHA-256."""
    signer = Signer("K2JCJMDEHXQW5F", key, hash_algorithm=hash_algorithm)
    resource = re.sub(r"[^/]*$", "*", url.partition("?")[0]) if wildcard else url
    client: dict[str, Any] = {"at": NOW, "ip_address": client_in(restriction.ip_address)}
    with time_machine.travel(NOW, tick=False):
        signed = signer.sign_url(
            url, expires_at=expires_at, pattern=resource, **restriction._asdict()
        )
        cookies = signer.sign_cookies(resource, expires_at=expires_at, **restriction._asdict())
    params = parse_parameters(signed, url)
    assert {f"CloudFront-{name}": value for name, value in params.items()} == dict(cookies)
    message = build_message(params, resource, decode_base64)
    assert verify_with_openssl(params, message)
    assert not verify_with_openssl(params, message + b" ")
    assert trusted_keys.check(signed, **client)
    assert trusted_keys.check(url, cookies=dict(cookies), **client)
    assert not trusted_keys.check(signed, at=int(expires_at.timestamp()))


@settings(max_examples=150)
@given(url=URLS, expires_at=EXPIRIES, restriction=RESTRICTIONS, wildcard=st.booleans())
def test_every_url_and_cookie_is_allowed(
    signer: Signer,
    trusted_keys: TrustedKeyGroup,
    url: str,
    expires_at: datetime,
    restriction: Restriction,
    wildcard: bool,
) -> None:
    """Many more of them, on the checking side alone."""
    resource = re.sub(r"[^/]*$", "*", url.partition("?")[0]) if wildcard else url
    policy = Policy(resource, expires_at, **restriction._asdict())
    signed = signer.sign_policy(policy)
    client: dict[str, Any] = {"at": NOW, "ip_address": client_in(restriction.ip_address)}
    assert trusted_keys.check(signed.url(url), **client)
    assert trusted_keys.check(url, cookies=dict(signed.cookies()), **client)
    assert not trusted_keys.check(url, **client)


@settings(max_examples=200)
@given(
    url=URLS,
    expires_at=EXPIRIES,
    ip_address=st.none() | ADDRESSES,
    where=st.floats(0, 1, exclude_max=True),
    letter=st.sampled_from(UNRESERVED + "%&=?/*+"),
)
def test_url_with_one_character_changed_is_denied(
    signer: Signer,
    trusted_keys: TrustedKeyGroup,
    url: str,
    expires_at: datetime,
    ip_address: str | None,
    where: float,
    letter: str,
) -> None:
    """Except the case of a letter in the host, which does not matter."""
    signed = signer.sign_policy(Policy(url, expires_at, ip_address=ip_address)).url(url)
    client: dict[str, Any] = {"at": NOW, "ip_address": client_in(ip_address)}
    assert trusted_keys.check(signed, **client)
    index = int(where * len(signed))
    changed = signed[:index] + letter + signed[index + 1 :]
    host_end = signed.index("/", signed.index("//") + 2)
    if changed[:host_end].lower() + changed[host_end:] != signed:
        assert not trusted_keys.check(changed, **client)


@pytest.mark.parametrize("expires_at", [datetime(2050, 1, 1, tzinfo=UTC), LATEST_EXPIRY])
@pytest.mark.parametrize("starts_at", [None, NOW - 60])
def test_expiry_after_2038_signs_and_checks(
    signer: Signer, trusted_keys: TrustedKeyGroup, expires_at: int | datetime, starts_at: int | None
) -> None:
    """With a canned and with a custom policy, in URLs and in cookies."""
    url = "https://h.example/a"
    conditions: Any = {"expires_at": expires_at, "starts_at": starts_at}
    last = expires_at if isinstance(expires_at, int) else int(expires_at.timestamp())
    signed, cookies = signer.sign_url(url, **conditions), signer.sign_cookies(url, **conditions)
    for at, reason in ((NOW, Reason.ALLOWED), (last - 1, Reason.ALLOWED), (last, Reason.EXPIRED)):
        assert trusted_keys.check(signed, at=at).reason is reason
        assert trusted_keys.check(url, cookies=cookies, at=at).reason is reason
        assert explain(signed, trusted_keys, at=at).reason is reason


def test_every_character_of_a_signature_counts(
    signer: Signer, trusted_keys: TrustedKeyGroup
) -> None:
    """Also the last one before the padding, whose lowest bits decode to nothing."""
    signed = signer.sign_policy(Policy("https://h.example/a", LATEST_EXPIRY)).url(
        "https://h.example/a"
    )
    start = signed.index("Signature=") + len("Signature=")
    end = signed.index("&Key-Pair-Id")
    alphabet = UNRESERVED.replace(".", "") + "BDEFGHIJKLMNOPQRSTUVWdefghijklmnopqrstuvw234567"
    last = signed[start:end].rstrip("_")
    for letter in set(alphabet) - {last[-1]}:
        changed = f"{signed[:start]}{last[:-1]}{letter}__{signed[end:]}"
        assert len(changed) == len(signed)
        assert not trusted_keys.check(changed, at=NOW)


@settings(max_examples=100)
@given(
    path=st.lists(
        st.text(
            st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1
        ).filter(lambda name: name not in (".", "..")),
        min_size=1,
        max_size=3,
    ).map("/".join)
)
def test_any_file_name_is_allowed(signer: Signer, trusted_keys: TrustedKeyGroup, path: str) -> None:
    """By its signed URL and by its folder's cookies."""
    distribution = Distribution("https://media.example.com", signer)
    assert trusted_keys.check(distribution.sign_path(path))
    folder = "".join(f"{name}/" for name in path.split("/")[:-1]).replace("*", "x")
    cookies = distribution.sign_cookies(pattern=f"{folder}*")
    url = distribution.unsigned_url(f"{folder}{path.split('/')[-1]}")
    assert trusted_keys.check(url, cookies=dict(cookies))
