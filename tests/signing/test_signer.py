"""`Signer`: its results, and that nothing is signed if the input is refused."""

from __future__ import annotations

import asyncio
import json
import re
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from cfsign import (
    CfsignWarning,
    Distribution,
    Policy,
    PolicyError,
    PrivateKey,
    ResourceError,
    SignedCookies,
    Signer,
    SigningKeyError,
    TrustedKeyGroup,
)

URL = "https://media.example.com/report.pdf"
FOLDER = "https://media.example.com/videos/42/*"
SIGNATURE = ("~-7d" * 85) + "zA__"  # what the recording key returns, in CloudFront's base64
TAIL = f"Signature={SIGNATURE}&Key-Pair-Id=K2JCJMDEHXQW5F"

Decode = Callable[[str], bytes]


def canned(url: str, expires: int) -> bytes:
    head, tail = '{"Statement":[{"Resource":"', '","Condition":{"DateLessThan":{"AWS:EpochTime":'
    return f"{head}{url}{tail}{expires}}}}}}}]}}".encode()


@pytest.mark.parametrize("url", [URL, f"{URL}?a=1&a=&b", "http://media.example.com/"])
def test_expiry_alone_makes_a_canned_url(
    recording_signer: Signer, recorder: Any, clock: Any, now: int, url: str
) -> None:
    """The parameters follow the URL's own query, in the documented order."""
    signed = recording_signer.sign_url(url, expires_in=60)
    joint = "&" if "?" in url else "?"
    assert signed == f"{url}{joint}Expires={now + 60}&{TAIL}"
    assert recorder.signed == [(canned(url, now + 60), "SHA1")]


@pytest.mark.parametrize(
    ("options", "condition"),
    [
        ({"starts_at": 1767225600}, '"DateGreaterThan":{"AWS:EpochTime":1767225600}'),
        (
            {"starts_at": datetime(2026, 1, 1, tzinfo=UTC)},
            '"DateGreaterThan":{"AWS:EpochTime":1767225600}',
        ),
        ({"ip_address": "192.0.2.1"}, '"IpAddress":{"AWS:SourceIp":"192.0.2.1/32"}'),
    ],
)
def test_other_conditions_make_a_custom_url(
    recording_signer: Signer,
    recorder: Any,
    clock: Any,
    now: int,
    decode_base64: Decode,
    options: dict[str, Any],
    condition: str,
) -> None:
    """The policy in the URL has the bytes that were signed."""
    signed = recording_signer.sign_url(URL, expires_in=60, **options)
    head, _, rest = signed.partition("?Policy=")
    policy, _, tail = rest.partition("&")
    assert (head, tail) == (URL, TAIL)
    assert [(decode_base64(policy), "SHA1")] == recorder.signed
    assert condition in decode_base64(policy).decode()


def test_pattern_is_the_resource_of_the_policy(
    recording_signer: Signer, recorder: Any, clock: Any
) -> None:
    """The URL is returned unchanged."""
    signed = recording_signer.sign_url(
        "https://media.example.com/videos/42/1.ts?q=1", expires_in=60, pattern=FOLDER
    )
    assert signed.startswith("https://media.example.com/videos/42/1.ts?q=1&Policy=")
    assert f'"Resource":"{FOLDER}"'.encode() in recorder.signed[0][0]


def test_only_sha256_is_named_in_the_url(recorder: Any, clock: Any, now: int) -> None:
    """SHA-1 is CloudFront's default."""
    signer = Signer("K2JCJMDEHXQW5F", recorder, hash_algorithm="SHA256")
    assert signer.hash_algorithm == "SHA256"
    signed = signer.sign_url(URL, expires_in=60)
    assert signed == f"{URL}?Expires={now + 60}&{TAIL}&Hash-Algorithm=SHA256"
    assert recorder.signed == [(canned(URL, now + 60), "SHA256")]
    cookies = signer.sign_cookies(FOLDER, expires_in=60)
    assert cookies["CloudFront-Hash-Algorithm"] == "SHA256"


@pytest.mark.parametrize("hash_algorithm", ["sha1", "SHA512", "", 1, ["SHA1"]])
def test_other_hash_algorithm_is_refused(recorder: Any, hash_algorithm: Any) -> None:
    with pytest.raises(PolicyError, match='hash_algorithm must be "SHA1" or "SHA256"'):
        Signer("K2JCJMDEHXQW5F", recorder, hash_algorithm=hash_algorithm)


@pytest.mark.parametrize("key_pair_id", ["K2JCJMDEHXQW5F", "APKAIATESTEXAMPLE", "ABCDEF", "1"])
def test_good_key_pair_id(recorder: Any, key_pair_id: str) -> None:
    """Ids of keys in key groups, and of the older account keys."""
    assert Signer(key_pair_id, recorder).key_pair_id == key_pair_id


@pytest.mark.parametrize(
    ("key_pair_id", "hint"),
    [
        ("", "is empty; use the ID of the public key"),
        (
            "1b2c3d4e-1111-2222-3333-444455556666",
            "is the ID of a key group .a UUID.; use the ID",
        ),
        ("1B2C3D4E-1111-2222-3333-44445555666A", "a UUID"),
        ("K2JCJM DEHXQW5F", "must consist of ASCII letters and digits"),
        ("K2JCJMDEHXQW5F\n", r"quotes or white space around it, got 'K2JCJMDEHXQW5F\\n'; use K2JC"),
        ("\ufeffK2JCJMDEHXQW5F\r", "quotes or white space around it, got .*; use K2JCJMDEHXQW5F"),
        ('"K2JCJMDEHXQW5F"', "quotes or white space around it, got .*; use K2JCJMDEHXQW5F"),
        ("'hunter2battery'", "must consist of ASCII letters and digits"),
        ("undefined", "is 'undefined': the value it was read from is missing; set that value"),
        ("None", "is 'None': the value it was read from is missing"),
        ("null", "is 'null': the value it was read from is missing"),
        ("NULL", "is 'NULL': the value it was read from is missing"),
        ("nil", "is 'nil': the value it was read from is missing"),
        ("NaN", "is 'NaN': the value it was read from is missing"),
        ("False", "is 'False': the value it was read from is missing"),
        ("K2JCJM&Expires=1", "must consist of ASCII letters and digits"),
        ("KÄ", "must consist of ASCII letters and digits"),
        ("٣", "must consist of ASCII letters and digits"),
        ("K" * 129, "must consist of ASCII letters and digits"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIA... is an AWS access key id, not a key pair id; use"),
        ("ASIAIOSFODNN7EXAMPLE", "ASIA... is an AWS access key id, not a key pair id; use"),
        ("AKIAIOSFODNN7EXAMPL", "AKIA... is an AWS access key id, not a key pair id; use"),
        (None, "must be text, got NoneType"),
        (b"K2JCJMDEHXQW5F", "must be text, got bytes"),
    ],
)
def test_bad_key_pair_id_is_refused(recorder: Any, key_pair_id: Any, hint: str) -> None:
    with pytest.raises(SigningKeyError, match=hint):
        Signer(key_pair_id, recorder)


@pytest.mark.parametrize("key_pair_id", ["AKIA", "AKIAIOSFODNN7", "E2QWRUHAPOMQZL", "ABCDEF"])
def test_id_that_only_resembles_another_kind_is_accepted(recorder: Any, key_pair_id: str) -> None:
    assert Signer(key_pair_id, recorder).key_pair_id == key_pair_id


def test_key_in_place_of_the_id_is_not_shown(pem: str, key: PrivateKey) -> None:
    """The error must not carry it into a log."""
    with pytest.raises(SigningKeyError) as caught:
        Signer(pem, key)
    assert pem.split("\n")[5] not in str(caught.value)


@pytest.mark.parametrize("form", ["text", "bytes", "path", "path as text", "key"])
def test_signer_accepts_a_key_in_any_form(
    pem: str, key: PrivateKey, tmp_path: Path, signer: Signer, form: str
) -> None:
    path = tmp_path / "key.pem"
    path.write_text(pem)
    given: Any = {
        "text": pem,
        "bytes": pem.encode(),
        "path": path,
        "path as text": str(path),
        "key": key,
    }[form]
    policy = Policy(URL, 1767225600)
    ours = Signer("K2JCJMDEHXQW5F", given).sign_policy(policy)
    assert dict(ours.params) == dict(signer.sign_policy(policy).params)


@pytest.mark.parametrize("private_key", [None, 7, object(), {"priv_key_string": "x"}])
def test_signer_refuses_other_objects_as_a_key(private_key: Any) -> None:
    with pytest.raises(
        SigningKeyError, match=r"cannot be made from .* methods sign and public_key_pem"
    ):
        Signer("K2JCJMDEHXQW5F", private_key)


@pytest.mark.parametrize("policy", [None, URL, '{"Statement":[]}', {"Statement": []}])
def test_sign_policy_refuses_other_objects(
    recording_signer: Signer, recorder: Any, policy: Any
) -> None:
    with pytest.raises(PolicyError, match="sign_policy takes a Policy, got "):
        recording_signer.sign_policy(policy)
    assert recorder.signed == []


def test_enumeration_member_is_used_by_its_value(recorder: Any) -> None:
    """Not by its name, `Ours.KEY`."""

    class Ours(str, Enum):  # noqa: UP042  a StrEnum would print as its value
        KEY = "K2JCJMDEHXQW5F"
        HASH = "SHA256"

    signer = Signer(Ours.KEY, recorder, hash_algorithm=Ours.HASH)
    signed = signer.sign_url(URL, expires_at=1999999999)
    assert signed.endswith("&Key-Pair-Id=K2JCJMDEHXQW5F&Hash-Algorithm=SHA256")
    assert (type(signer.key_pair_id), type(signer.hash_algorithm)) == (str, str)


@pytest.mark.parametrize("name", ["key_pair_id", "hash_algorithm"])
def test_signer_is_immutable(recording_signer: Signer, name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(recording_signer, name, "K1")


def test_one_signature_works_for_every_url_that_the_policy_matches(
    recording_signer: Signer, recorder: Any
) -> None:
    """`url` and `urls` add the same parameters, in order, lazily."""
    signed = recording_signer.sign_policy(Policy(FOLDER, 1767225600))
    files = [f"https://media.example.com/videos/42/{n}.ts" for n in range(3)]
    query = "&".join(f"{name}={value}" for name, value in signed.params.items())
    assert list(signed.params) == ["Policy", "Signature", "Key-Pair-Id"]
    assert [signed.url(file) for file in files] == [f"{file}?{query}" for file in files]
    assert list(signed.urls(iter(files))) == [f"{file}?{query}" for file in files]
    assert signed.url(f"{files[0]}?a=b") == f"{files[0]}?a=b&{query}"
    assert len(recorder.signed) == 1
    lazy = signed.urls([files[0], "https://other.example.com/a"])
    assert next(lazy).startswith(files[0])
    with pytest.raises(ResourceError, match="does not match the URL"):
        next(lazy)


@pytest.mark.parametrize(
    ("resource", "url"),
    [
        (URL, "https://media.example.com/other.pdf"),
        (URL, f"{URL}?x=1"),
        (URL, "http://media.example.com/report.pdf"),
        (FOLDER, "https://media.example.com/videos/43/1.ts"),
        (FOLDER, "https://evil.example.com/videos/42/1.ts"),
    ],
)
def test_signed_policy_refuses_a_url_that_does_not_match(
    recording_signer: Signer, recorder: Any, clock: Any, resource: str, url: str
) -> None:
    """CloudFront would deny it; sign_url signs nothing."""
    signed = recording_signer.sign_policy(Policy(resource, 1767225600))
    message = f"resource {re.escape(resource)} does not match the URL; use a pattern"
    with pytest.raises(ResourceError, match=message):
        signed.url(url)
    recorder.signed.clear()
    with pytest.raises(ResourceError, match="does not match the URL"):
        recording_signer.sign_url(url, expires_in=60, pattern=resource)
    assert recorder.signed == []


@pytest.mark.parametrize(
    "url",
    [
        FOLDER,
        "https://media.example.com/videos/42/*.ts",
        "https://media.example.com/videos/42/a b",
        "https://media.example.com/videos/42/a\n",
        "https://media.example.com/videos/42/../43/a",
        "https://media.example.com/videos/42/%2e%2e/43/a",
        "https://media.example.com/videos/42/a?Expires=1",
        "https://media.example.com/videos/42/a#b",
    ],
)
def test_signed_policy_refuses_a_bad_url(recording_signer: Signer, url: str) -> None:
    with pytest.raises(ResourceError):
        recording_signer.sign_policy(Policy(FOLDER, 1767225600)).url(url)


def test_signed_url_longer_than_cloudfront_accepts_is_refused(
    recording_signer: Signer, clock: Any
) -> None:
    """The signature counts."""
    base = f"{URL}?x="
    with pytest.raises(ResourceError, match="including the signature; shorten"):
        recording_signer.sign_url(base + "y" * (8192 - len(base)), expires_in=60)
    overhead = len(recording_signer.sign_url(base + "y", expires_in=60)) - len(base) - 1
    longest = base + "y" * (8192 - len(base) - overhead)
    assert len(recording_signer.sign_url(longest, expires_in=60)) == 8192


def test_params_are_immutable(recording_signer: Signer) -> None:
    params: Any = recording_signer.sign_policy(Policy(URL, 1767225600)).params
    assert dict(params) == {
        "Expires": "1767225600",
        "Signature": SIGNATURE,
        "Key-Pair-Id": "K2JCJMDEHXQW5F",
    }
    with pytest.raises(TypeError):
        params["Expires"] = "1999999999"


def test_sign_urls_is_lazy_and_counts_the_expiry_from_the_call(
    recording_signer: Signer, recorder: Any, clock: Any, now: int
) -> None:
    files = [f"https://media.example.com/{n}" for n in range(3)]
    signed = recording_signer.sign_urls(iter(files), expires_in=60)
    assert recorder.signed == []
    clock.shift(10)
    assert list(signed) == [f"{file}?Expires={now + 60}&{TAIL}" for file in files]
    assert [message for message, _ in recorder.signed] == [canned(f, now + 60) for f in files]


def test_sign_urls_with_a_pattern_signs_once(
    recording_signer: Signer, recorder: Any, clock: Any
) -> None:
    """Each URL is checked."""
    files = [f"https://media.example.com/videos/42/{n}" for n in range(3)]
    signed = list(recording_signer.sign_urls(files, expires_in=60, pattern=FOLDER))
    assert len(recorder.signed) == 1
    assert [url.partition("?")[0] for url in signed] == files
    with pytest.raises(ResourceError, match="does not match"):
        list(recording_signer.sign_urls([URL], expires_in=60, pattern=FOLDER))


def test_sign_urls_refuses_a_bad_url_after_those_before_it(
    recording_signer: Signer, clock: Any
) -> None:
    signed = recording_signer.sign_urls([URL, FOLDER], expires_in=60)
    assert next(signed).startswith(URL)
    with pytest.raises(ResourceError, match="%2A"):
        next(signed)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"expires_in": 60, "expires_at": 1999999999},
        {"expires_at": datetime(2030, 1, 1)},
        {"expires_in": 60, "starts_at": datetime(2026, 1, 1)},
        {"expires_in": 60, "starts_at": 1999999999},
        {"expires_in": 60, "ip_address": "::1"},
    ],
)
@pytest.mark.parametrize("resource", [None, FOLDER])
def test_sign_urls_checks_the_conditions_at_the_call(
    recording_signer: Signer, clock: Any, resource: str | None, options: dict[str, Any]
) -> None:
    with pytest.raises(PolicyError):
        recording_signer.sign_urls([], pattern=resource, **options)


def test_cookies_have_the_names_of_cloudfront(
    recording_signer: Signer, recorder: Any, clock: Any, now: int, decode_base64: Decode
) -> None:
    """Canned for a URL, custom for a pattern."""
    cookies = recording_signer.sign_cookies(URL, expires_in=60)
    assert isinstance(cookies, SignedCookies)
    assert dict(cookies) == {
        "CloudFront-Expires": str(now + 60),
        "CloudFront-Signature": SIGNATURE,
        "CloudFront-Key-Pair-Id": "K2JCJMDEHXQW5F",
    }
    cookies = recording_signer.sign_cookies(FOLDER, expires_in=60, ip_address="192.0.2.0/24")
    assert list(cookies) == [
        "CloudFront-Policy",
        "CloudFront-Signature",
        "CloudFront-Key-Pair-Id",
    ]
    assert decode_base64(cookies["CloudFront-Policy"]) == recorder.signed[-1][0]
    condition = json.loads(recorder.signed[-1][0])["Statement"][0]["Condition"]
    assert condition["IpAddress"] == {"AWS:SourceIp": "192.0.2.0/24"}


SIGN: dict[str, Callable[[Signer, dict[str, Any]], object]] = {
    "sign_url": lambda signer, options: signer.sign_url(URL, **options),
    "sign_urls": lambda signer, options: list(signer.sign_urls([URL], **options)),
    "sign_urls resource": lambda signer, options: list(
        signer.sign_urls([URL], pattern="https://media.example.com/*", **options)
    ),
    "sign_cookies": lambda signer, options: signer.sign_cookies(FOLDER, **options),
    "Distribution.sign_path": lambda signer, options: Distribution(
        "https://media.example.com", signer
    ).sign_path("a", **options),
    "Distribution.sign_cookies": lambda signer, options: Distribution(
        "https://media.example.com", signer
    ).sign_cookies(pattern="a/*", **options),
}


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"expires_at": datetime(2030, 1, 1)}, "naive datetime.*aware one"),
        ({"expires_at": 1767225600}, "in the past; use a later timestamp, in UTC"),
        ({"expires_at": 1767225600 - 3600}, "3600 s in the past; use a later timestamp"),
        ({"expires_at": datetime(2025, 1, 1, tzinfo=UTC)}, "use a later timestamp"),
        ({"expires_at": 1999999999000}, "divide by 1000"),
        ({"expires_at": 0}, r"and 0 is in the past \(before 2001\); did you mean expires_in"),
        ({"expires_at": 1999999999.5}, "whole epoch seconds"),
        ({"expires_at": "2030-01-01"}, "aware datetime or whole epoch seconds"),
        ({"expires_in": 0}, "a positive number of seconds"),
        ({"expires_in": -60}, "a positive number of seconds"),
        ({"expires_in": timedelta(seconds=-1)}, "a positive number of seconds"),
        ({"expires_in": 1767225600000}, "a timestamp belongs into expires_at"),
        ({"expires_in": 60.0}, "a timedelta or whole seconds"),
        ({"expires_in": True}, "a timedelta or whole seconds"),
        ({"expires_in": 60, "expires_at": 1999999999}, "cannot be combined; use one"),
        ({"expires_in": 60, "starts_at": datetime(2026, 1, 1)}, "naive datetime"),
        ({"expires_in": 60, "starts_at": 1767225660}, "starts_at must be before expires_at"),
        ({"expires_in": 60, "starts_at": 1999999999}, "are the two swapped"),
        ({"expires_in": 60, "starts_at": 1767225600000}, "divide by 1000"),
        ({"expires_in": 60, "ip_address": "2001:db8::1"}, "CloudFront does not match IPv6"),
        ({"expires_in": 60, "ip_address": "999.1.2.3"}, "an IPv4 address or network"),
        ({"expires_in": 60, "ip_address": "10.0.0.0/33"}, "or network"),
        ({"expires_in": 60, "ip_address": '1.2.3.4"},"x":{"y":"'}, "an IPv4 address or network"),
    ],
)
@pytest.mark.parametrize("method", SIGN)
def test_bad_time_or_address_is_refused_by_every_method(
    recording_signer: Signer,
    recorder: Any,
    clock: Any,
    method: str,
    options: dict[str, Any],
    hint: str,
) -> None:
    """The key is not asked."""
    with pytest.raises(PolicyError, match=hint):
        SIGN[method](recording_signer, options)
    assert recorder.signed == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("expire_in", "did you mean 'expires_in'"),
        ("start_at", "did you mean 'starts_at'"),
        ("ip", "the conditions are expires_at, expires_in, ip_address, starts_at"),
    ],
)
@pytest.mark.parametrize("method", SIGN)
def test_unknown_condition_is_a_type_error(
    recording_signer: Signer, recorder: Any, clock: Any, method: str, name: str, hint: str
) -> None:
    """As for any function, with the nearest name; nothing is signed without the condition."""
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{name}'; {hint}"):
        SIGN[method](recording_signer, {"expires_in": 60, name: None})
    assert recorder.signed == []


def test_expired_policy_is_signed_and_denied(
    signer: Signer, trusted_keys: TrustedKeyGroup, clock: Any, now: int
) -> None:
    """`sign_policy` reads no clock: the SDKs' own vectors expired long ago."""
    url = signer.sign_policy(Policy(URL, now - 1)).url(URL)
    assert trusted_keys.check(url, at=now - 2).allowed
    assert not trusted_keys.check(url).allowed


@pytest.mark.parametrize("method", [name for name in SIGN if "Distribution" not in name])
def test_expiry_is_required(
    recording_signer: Signer, recorder: Any, clock: Any, method: str
) -> None:
    with pytest.raises(PolicyError, match="an expiry is required; set expires_in"):
        SIGN[method](recording_signer, {})
    assert recorder.signed == []


def test_pattern_for_every_host_warns(recording_signer: Signer, clock: Any) -> None:
    with pytest.warns(CfsignWarning, match="hosts of other owners"):
        signed = recording_signer.sign_url(URL, expires_in=60, pattern="*")
    assert signed.startswith(f"{URL}?Policy=")


def test_signature_works_within_its_conditions_only(
    signer: Signer, trusted_keys: TrustedKeyGroup, now: int
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        policy = Policy(URL, now + 60, starts_at=now, ip_address="192.0.2.0/24")
        url = signer.sign_policy(policy).url(URL)
    seen = [
        trusted_keys.check(url, at=now + second, ip_address="192.0.2.7").allowed
        for second in (0, 1, 59, 60)
    ]
    assert seen == [False, True, True, False]
    assert not trusted_keys.check(url, at=now + 1, ip_address="192.0.3.7")


BUCKET = "https://media.s3.eu-west-1.amazonaws.com/a.jpg"


@pytest.mark.parametrize(
    "sign",
    [
        lambda signer: signer.sign_url(BUCKET, expires_in=60),
        lambda signer: signer.sign_url(BUCKET, pattern=f"{BUCKET}*", expires_in=60),
        lambda signer: list(signer.sign_urls([BUCKET], expires_in=60)),
        lambda signer: signer.sign_cookies(BUCKET.replace("a.jpg", "*"), expires_in=60),
        lambda signer: asyncio.run(signer.sign_url_async(BUCKET, expires_in=60)),
    ],
    ids=["url", "pattern", "urls", "cookies", "async"],
)
def test_url_of_s3_is_signed_with_a_warning(
    signer: Signer, sign: Callable[[Signer], object]
) -> None:
    with pytest.warns(CfsignWarning, match="address of S3, which does not check"):
        assert sign(signer)


@pytest.mark.parametrize(
    "sign",
    [
        lambda signer: signer.sign_url(BUCKET, expires_in=60),
        lambda signer: signer.sign_url(BUCKET, expires_in=60, ip_address="192.0.2.1"),
        lambda signer: list(signer.sign_urls([BUCKET], expires_in=60)),
        lambda signer: signer.sign_cookies(BUCKET, expires_in=60),
    ],
    ids=["plain", "custom", "many", "cookies"],
)
def test_warning_about_s3_names_the_line_that_signs(
    signer: Signer, sign: Callable[[Signer], object]
) -> None:
    with pytest.warns(CfsignWarning, match="address of S3") as warned:
        sign(signer)
    assert warned[0].filename == __file__
