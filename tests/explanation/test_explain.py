"""What holds of every explanation, whatever the request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfsign import Explanation, Mistake, Reason, explain
from cfsign.explanation.base64_variants import decode_variants
from cfsign.explanation.candidates.documents import list_others
from cfsign.explanation.context import read_context
from cfsign.explanation.verification import to_der
from cfsign.keys import load_public_key
from tests.explanation.makers import (
    CANNED,
    EXPIRES,
    NOW,
    World,
    canned,
    cookies,
    custom,
    to_cloudfront,
)

URL = "https://media.example.com/images/horizon.jpg"

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.datetimes()
    | st.ip_addresses(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm", "a", "amp;Policy"]
)
NUMBERS = st.integers().map(str) | st.just(str(EXPIRES)) | st.floats().map(str)
MEMBERS = [
    *("Statement", "Resource", "Condition", "DateLessThan", "DateGreaterThan", "IpAddress"),
    *("AWS:EpochTime", "AWS:SourceIp", "Version"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(MEMBERS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
POLICIES = JSON.map(lambda policy: to_cloudfront(json.dumps(policy).encode()))
VALUES = st.text() | NUMBERS | POLICIES | st.sampled_from(["KRSA1EXAMPLE", "SHA256", "YQ__"])
PARAMETERS = st.lists(st.tuples(NAMES, VALUES), max_size=6)


@settings(max_examples=150)
@given(url=ANYTHING, keys=ANYTHING, more=st.tuples(*[ANYTHING] * 5))
def test_anything_at_all_is_explained(url: Any, keys: Any, more: tuple[Any, ...]) -> None:
    """Whatever the arguments: a refusal with a cause, and no exception."""
    cookies, at, ip_address, hosts, response = more
    told = explain(
        url, keys, cookies=cookies, at=at, ip_address=ip_address, hosts=hosts, response=response
    )
    assert not told
    assert told.causes
    assert str(told)
    json.dumps(told.to_dict())


@settings(max_examples=300)
@given(parameters=PARAMETERS, url=st.sampled_from([URL, "https://h", f"{URL}?b=1"]) | st.text())
def test_any_request_is_explained(
    world: World, parameters: list[tuple[str, str]], url: str
) -> None:
    """With keys and without; and what is said of a refusal holds a cause of just that rule."""
    asked = f"{url}?{'&'.join(f'{name}={value}' for name, value in parameters)}"
    header = "; ".join(f"CloudFront-{name}={value}" for name, value in parameters)
    for target, cookie in ((asked, None), (url, header)):
        for keys in (world.trusted, None):
            told = explain(target, keys, cookies=cookie, at=NOW)
            assert not told
            assert told.causes
            if told.reason is not None:
                assert told.causes[0].reason is told.reason
        assert explain(target, world.trusted, cookies=cookie, at=NOW).verdict == (
            world.trusted.check(target, cookies=cookie, at=NOW)
        )


@settings(max_examples=200)
@given(
    number=st.integers(0, 1),
    path=st.text("aB1-._~%+'&=*", max_size=8).filter(lambda text: "%" not in text),
    at=st.sampled_from([NOW, EXPIRES - 1, EXPIRES, EXPIRES + 1]),
    change=st.sampled_from(["", "x", "&a=1", "%"]),
    scheme=st.sampled_from(["http", "https"]),
)
def test_allowed_exactly_when_check_allows(
    world: World, number: int, path: str, at: int, change: str, scheme: str
) -> None:
    """Over generated URLs: neither a false comfort nor a false alarm."""
    key = (world.rsa, world.ec)[number]
    url = f"https://media.example.com/a{path}".replace("'", "%27")
    signed = canned(url, key.sign((CANNED % (url, EXPIRES)).encode()), key)
    asked = signed.replace("https", scheme, 1) + change
    told = explain(asked, world.trusted, at=at)
    assert told.allowed is world.trusted.check(asked, at=at).allowed
    assert bool(told.causes) is not told.allowed


HOSTILE = [
    f"{URL}?{'&'.join(f'a{number}={number}' for number in range(1100))}"[:7_400],
    f"{URL}{'/a' * 3_500}",
    f"{URL}?{'%27' * 2_400}",
    f"{URL}?{'+%20' * 1_800}",
    f"{URL}?{'&' * 7_000}",
    f"{URL}{'%' * 7_000}",
]


@pytest.mark.parametrize("url", HOSTILE, ids=range(len(HOSTILE)))
def test_the_number_of_trials_is_bounded(
    world: World, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    """However many readings a URL has."""
    from cfsign.keys.cryptography_backend import RSAPublicKey

    tried = 0
    verify = RSAPublicKey.verify

    def counted(self: Any, *arguments: Any) -> bool:
        nonlocal tried
        tried += 1
        return verify(self, *arguments)

    monkeypatch.setattr(RSAPublicKey, "verify", counted)
    explain(canned(url, b"\1" * 256, world.rsa), world.trusted, at=NOW)
    assert 0 < tried <= 210


@pytest.mark.parametrize(
    "policy",
    [
        b"[" * 5_000,
        b'{"Statement":' * 400,
        b'{"Statement":[{"Resource":"' + b"*a" * 2_500 + b'","Condition":{}}]}',
        b'{"Statement":[{"Condition":{"DateLessThan":{"AWS:EpochTime":' + b"9" * 5_000 + b"}}}]}",
        b"\xff" * 5_000,
    ],
    ids=range(5),
)
def test_a_hostile_policy_is_explained(world: World, policy: bytes) -> None:
    """Deep JSON, huge numbers, no text at all."""
    told = explain(custom(URL, policy, world.rsa), world.trusted, at=NOW)
    assert told.reason is Reason.MALFORMED_POLICY
    assert told.causes[0].reason is Reason.MALFORMED_POLICY


DEEP = '{"a":' * 900 + "[" + "1," * 1_000 + "1]" + "}" * 900


def test_a_deep_policy_is_not_rewritten(world: World) -> None:
    """Indented, each of its leaves would take as many bytes as it is deep: megabytes of 8 KiB."""
    for policy in (DEEP, f'{{"Statement":{DEEP}}}'):
        case = read_context(URL, None, cookies(policy, world.rsa), NOW, None, (), None)
        written = sum(len(document.content) for document in list_others(case))
        assert 0 < written <= 12 * len(policy)


# Without a key


def test_without_keys_a_good_url_is_unknown(world: World) -> None:
    """It is neither a yes nor a no, and counts as no yes."""
    told = explain(world.boto(URL), at=NOW)
    assert (told.verdict, told.allowed, bool(told)) == (None, None, False)
    assert [cause.mistake for cause in told.causes] == [Mistake.NO_PUBLIC_KEY]
    assert not told.causes[0].certain


@pytest.mark.parametrize(
    ("change", "at", "mistake"),
    [
        (("", ""), EXPIRES, Mistake.EXPIRED),
        (("Key-Pair-Id", "Key"), NOW, Mistake.KEY_ID_MISSING),
        ((f"={EXPIRES}", f"={EXPIRES}000"), NOW, Mistake.MILLISECONDS),
        (("_&", "=&"), NOW, Mistake.STANDARD_BASE64),
        (("&", "&amp;"), NOW, Mistake.HTML_ESCAPED),
    ],
)
def test_without_keys_all_else_is_told(
    world: World, change: tuple[str, str], at: int, mistake: Mistake
) -> None:
    """And is certain."""
    told = explain(world.boto(URL).replace(*change), at=at)
    assert told.causes[0].mistake is mistake
    assert told.causes[0].certain
    assert told.allowed is False


def test_without_keys_a_uuid_is_told(world: World) -> None:
    """Since CloudFront refuses it whatever the keys."""
    uuid = "4ee2fa48-8a50-4c0f-9d5e-3f1e4a6b7c8d"
    told = explain(world.boto(URL).replace(world.rsa.key_pair_id, uuid), at=NOW)
    assert told.causes[0].mistake is Mistake.KEY_GROUP_ID


def test_keys_that_cannot_be_used_are_told(world: World) -> None:
    """The rest is explained as without keys, and no part of a key is shown."""
    told = explain(world.boto(URL), {"K1": world.rsa.pem}, at=NOW)
    assert told.causes[0].mistake is Mistake.UNUSABLE_KEYS
    assert told.allowed is None
    assert world.rsa.pem.decode().split()[5] not in f"{told}"


# What no row of the table makes


def test_64_bytes_under_an_rsa_key_may_be_either(world: World) -> None:
    """A cut RSA signature, or ECDSA's r and s: neither is certain."""
    signed = canned(URL, world.rsa.sign((CANNED % (URL, EXPIRES)).encode())[:64], world.rsa)
    causes = {cause.mistake: cause for cause in explain(signed, world.trusted, at=NOW).causes}
    assert not causes[Mistake.SIGNATURE_CUT].certain
    assert not causes[Mistake.KEY_KIND].certain


@pytest.mark.parametrize(
    ("address", "ip_address", "was_valid"),
    [
        (None, "198.51.100.1", True),
        ("192.0.2.0/24", "192.0.2.7", True),
        ("192.0.2.0/24", "198.51.100.1", False),
        ("192.0.2.0/24", None, False),
    ],
)
def test_an_expired_policy_was_valid_for_its_own_viewers(
    world: World, address: str | None, ip_address: str | None, was_valid: bool
) -> None:
    """And never for others."""
    limits = {} if address is None else {"ip_address": address}
    signed = custom(URL, world.boto_policy(URL, **limits), world.rsa)
    told = explain(signed, world.trusted, at=EXPIRES, ip_address=ip_address)
    (expired,) = (cause for cause in told.causes if cause.mistake is Mistake.EXPIRED)
    assert ("was valid until then" in expired.message) is was_valid


@pytest.mark.parametrize(
    ("more", "mistake"),
    [
        ({"cookies": 7}, Mistake.UNUSABLE_ARGUMENT),
        ({"at": "noon"}, Mistake.UNUSABLE_ARGUMENT),
    ],
)
def test_unusable_arguments(world: World, more: dict[str, Any], mistake: Mistake) -> None:
    """Which one is said."""
    told = explain(world.boto(URL), world.trusted, **{"at": NOW} | more)
    assert told.causes[0].mistake is mistake


@pytest.mark.parametrize("url", ["", "nothing", "ftp://h/a", "https:///a", "https://h:x/"])
def test_no_url(url: str) -> None:
    """Said to be none."""
    assert explain(url).causes[0].mistake is Mistake.NOT_A_URL


def test_a_signature_of_nothing(world: World) -> None:
    """It is no base64 at all."""
    told = explain(canned(URL, "!!!!", world.rsa), world.trusted, at=NOW)
    assert told.causes[0].mistake is Mistake.NOT_BASE64


@pytest.mark.parametrize("digest", ["digest", "hexdigest"])
def test_hashed_twice(world: World, digest: str) -> None:
    """The hash was signed as if it were the policy."""
    import hashlib

    made = getattr(hashlib.sha1((CANNED % (URL, EXPIRES)).encode()), digest)()
    message = made if isinstance(made, bytes) else made.encode()
    told = explain(canned(URL, world.rsa.sign(message), world.rsa), world.trusted, at=NOW)
    assert told.causes[0].mistake is Mistake.HASHED_TWICE


def test_the_viewers_address_is_asked_for(world: World) -> None:
    """Where the policy names one and nobody said whose the request is."""
    policy = world.boto_policy(URL, ip_address="192.0.2.1")
    told = explain(world.boto(URL, policy=policy), world.trusted, at=NOW)
    assert told.causes[0].mistake is Mistake.VIEWER_ADDRESS_UNKNOWN


def test_several_mistakes_are_all_named(world: World) -> None:
    """Another key, and SHA-256 without its marker, proved at once; and it has expired, too."""
    signed = canned(URL, world.other.sign((CANNED % (URL, EXPIRES)).encode(), "SHA256"), world.rsa)
    told = explain(signed, world.trusted, at=EXPIRES)
    assert [cause.mistake for cause in told.causes] == [
        Mistake.HASH_MARKER_MISSING,
        Mistake.WRONG_KEY,
        Mistake.EXPIRED,
    ]


def test_cookies_that_would_have_done(world: World) -> None:
    """A reserved parameter hides them; that they are right is proved."""
    policy = world.boto_policy(f"{URL}*")
    told = explain(f"{URL}?Policy=mine", world.trusted, cookies=cookies(policy, world.rsa), at=NOW)
    assert told.causes[0].mistake is Mistake.COOKIES_IGNORED
    assert told.causes[0].certain


def test_the_first_difference_is_marked(world: World) -> None:
    """The Resource is shown beside the URL, a caret under each where they part."""
    policy = world.boto_policy("https://media.example.com/video*/a.jpg")
    told = explain(world.boto(URL, policy=policy), world.trusted, at=NOW)
    assert told.causes[0].evidence.splitlines() == [
        "signed:    https://media.example.com/video*/a.jpg",
        "                                     ^",
        "requested: https://media.example.com/images/horizon.jpg",
        "                                     ^",
    ]


def test_control_characters_are_not_printed(world: World) -> None:
    """A request is written by anybody; a terminal obeys what it is shown."""
    policy = json.dumps({"\x1b[2J": 1, "Statement": []})
    told = explain(custom(URL, policy, world.rsa), world.trusted, at=NOW)
    assert "\x1b" not in str(told)
    assert "\\x1b[2J" in str(told)


@pytest.mark.parametrize(
    ("resource", "url", "note"),
    [
        ("https://h.example/a?b=1", "https://h.example/a?b=1", "without a backslash"),
        ("http*://h.example/a", "https://h.example/a", r"http\*"),
        ("https://h.example/a", "https://H.example/a", "Upper case"),
        ("https://h.example", "https://h.example/", "are the same"),
    ],
)
def test_what_is_undocumented_is_said(world: World, resource: str, url: str, note: str) -> None:
    """Where a yes rests on it too; and not said where nothing does."""
    import re

    told = explain(custom(url, world.boto_policy(resource), world.rsa), world.trusted, at=NOW)
    assert told.allowed
    assert any(re.search(note, sentence) for sentence in told.assumptions)
    assert not explain(world.boto(URL), world.trusted, at=NOW).assumptions


def test_der_is_written_as_openssl_reads_it(world: World) -> None:
    """r and s with leading zeros and with a first bit set."""
    for r, s in ((1, 2**255), (2**248 - 1, 2**256 - 1), (0, 128)):
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        assert to_der(r.to_bytes(32, "big") + s.to_bytes(32, "big")) == encode_dss_signature(r, s)


@pytest.mark.parametrize("hash_name", ["SHA512", "SHA384", "SHA224", "MD5"])
def test_each_backend_names_another_hash(world: World, backend: str, hash_name: str) -> None:
    """And names none where CloudFront takes the signature, or where it is over something else."""
    key = load_public_key(world.rsa.public_pem, backend=backend)
    signature = world.rsa.sign(b"text", hash_name)
    assert key.find_other_scheme(b"text", signature) == f"PKCS#1 v1.5 with {hash_name}"
    assert key.find_other_scheme(b"other", signature) is None
    assert key.find_other_scheme(b"text", world.rsa.sign(b"text")) is None


def test_the_rsa_package_cannot_tell_pss(world: World, backend: str) -> None:
    """It says nothing, and so nothing wrong."""
    key = load_public_key(world.rsa.public_pem, backend=backend)
    told = key.find_other_scheme(b"text", world.rsa.sign_pss(b"text"))
    assert told == {"rsa": None, "cryptography": "PSS with SHA256"}[backend]


def test_ecdsa_with_another_hash(world: World) -> None:
    """As `openssl dgst -sha384` makes it."""
    signed = canned(URL, world.ec.sign((CANNED % (URL, EXPIRES)).encode(), "SHA384"), world.ec)
    cause = explain(signed, world.trusted, at=NOW).causes[0]
    assert cause.mistake is Mistake.OTHER_SCHEME
    assert "ECDSA with SHA384" in cause.message


def test_cloudfronts_base64_has_one_reading() -> None:
    """And a text that nobody can read has none."""
    assert [one.mistake for one in decode_variants("YWI_")] == [None]
    assert decode_variants("") == decode_variants("a") == decode_variants("é") == []


def test_a_case_shows_no_key(world: World) -> None:
    """Nor does its repr, should it ever be logged."""
    case = read_context(world.boto(URL), world.trusted, None, NOW, None, (), None)
    assert "PublicKey" not in repr(case)


def test_documented_example_is_the_real_output(world: World) -> None:
    """The example of docs/checking.md."""
    page = Path(__file__).parents[2] / "docs" / "checking.md"
    signed = world.boto("https://media.example.com/a%20b.jpg?size=large").replace("%20", "+")
    lines = str(explain(signed, world.trusted, at=NOW)).splitlines()
    assert "\n".join([lines[0], "", *lines[1:]]) in page.read_text("utf-8")


def test_an_explanation_is_a_value() -> None:
    """Two of the same are equal."""
    one, other = explain(URL, at=NOW), explain(URL, at=NOW)
    assert isinstance(one, Explanation)
    assert one == other


LOCAL = ["127.0.0.1", "localhost", "[::1]"]


@pytest.mark.parametrize("port", ["", ":8000"])
@pytest.mark.parametrize("requested", LOCAL)
@pytest.mark.parametrize("signed", LOCAL)
def test_the_names_of_this_machine_are_tried_for_each_other(
    world: World, signed: str, requested: str, port: str
) -> None:
    """With their port, and over either scheme."""
    url = world.boto(f"http://{signed}{port}/a.jpg")
    told = explain(url.replace(signed, requested), world.trusted, at=NOW)
    if signed == requested:
        assert told
    else:
        assert told.causes[0].mistake is Mistake.HOST
        assert told.causes[0].certain


def test_a_guess_names_hosts_for_every_surface(world: World) -> None:
    """And says why it must guess: a canned policy does not carry its URL."""
    canned_url = world.boto(URL, key=world.stranger)
    (guess,) = explain(canned_url, world.trusted, at=NOW).causes
    assert "a canned policy does not contain the signed URL" in guess.hint
    assert "hosts= in Python, --host on the command line" in guess.hint
    custom_url = world.boto(URL, key=world.stranger, policy=world.boto_policy(URL))
    (guess,) = explain(custom_url, world.trusted, at=NOW).causes
    assert "canned" not in guess.hint
    assert "host" not in guess.hint


def test_an_expiry_says_how_long_ago(world: World) -> None:
    """And whether it ever was valid."""
    told = explain(world.boto(URL), world.trusted, at=EXPIRES + 90)
    assert told.causes[0].message == (
        "The policy expired 1 minute 30 seconds ago and was valid until then"
    )
