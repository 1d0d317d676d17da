"""Properties of every explanation, and the mistakes without a row in mistakes.py."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cfsign import Explanation, Mistake, Reason, TrustedKeyGroup, explain
from cfsign.explanation.base64_variants import decode_variants
from cfsign.explanation.candidates.documents import list_others
from cfsign.explanation.context import read_context
from cfsign.explanation.verification import to_der
from cfsign.keys import load_public_key
from tests.explanation.makers import (
    CANNED,
    EXPIRES,
    NOW,
    Key,
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
def test_arguments_of_any_type_are_refused_with_a_cause(
    url: Any, keys: Any, more: tuple[Any, ...]
) -> None:
    cookies, at, ip_address, hosts, response = more
    explanation = explain(
        url, keys, cookies=cookies, at=at, ip_address=ip_address, hosts=hosts, response=response
    )
    assert not explanation
    assert explanation.causes
    assert str(explanation)
    json.dumps(explanation.to_dict())


@settings(max_examples=300)
@given(parameters=PARAMETERS, url=st.sampled_from([URL, "https://h", f"{URL}?b=1"]) | st.text())
def test_first_cause_has_the_reason_of_the_verdict(
    world: World, parameters: list[tuple[str, str]], url: str
) -> None:
    """For generated parameters and cookies, with and without keys."""
    signed = f"{url}?{'&'.join(f'{name}={value}' for name, value in parameters)}"
    header = "; ".join(f"CloudFront-{name}={value}" for name, value in parameters)
    for target, cookie in ((signed, None), (url, header)):
        for keys in (world.trusted, None):
            explanation = explain(target, keys, cookies=cookie, at=NOW)
            assert not explanation
            assert explanation.causes
            if explanation.reason is not None:
                assert explanation.causes[0].reason is explanation.reason
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
    key = (world.rsa, world.ec)[number]
    url = f"https://media.example.com/a{path}".replace("'", "%27")
    signed = canned(url, key.sign((CANNED % (url, EXPIRES)).encode()), key)
    requested = signed.replace("https", scheme, 1) + change
    explanation = explain(requested, world.trusted, at=at)
    assert explanation.allowed is world.trusted.check(requested, at=at).allowed
    assert bool(explanation.causes) is not explanation.allowed


@pytest.mark.parametrize(
    ("signed", "requested"),
    [
        ("My,%20File%20(1).pdf", "My%2C%20File%20%281%29.pdf"),
        ("R&D,%20user@host.img", "R%26D%2C%20user%40host.img"),
    ],
)
def test_url_of_a_distribution_that_was_encoded_again(
    world: World, signed: str, requested: str
) -> None:
    """As Python's `quote` does, and other clients that encode more than is needed."""
    url = f"https://media.example.com/{signed}"
    sent = canned(url, world.rsa.sign((CANNED % (url, EXPIRES)).encode()), world.rsa)
    explanation = explain(sent.replace(signed, requested), world.trusted, at=NOW)
    assert explanation.causes[0].mistake is Mistake.RE_ENCODED
    assert explanation.causes[0].certain


HOSTILE = [
    f"{URL}?{'&'.join(f'a{number}={number}' for number in range(1100))}"[:7_400],
    f"{URL}{'/a' * 3_500}",
    f"{URL}?{'%27' * 2_400}",
    f"{URL}?{'+%20' * 1_800}",
    f"{URL}?{'&' * 7_000}",
    f"{URL}{'%' * 7_000}",
]


@pytest.mark.parametrize("url", HOSTILE, ids=range(len(HOSTILE)))
def test_number_of_verifications_is_limited(
    world: World, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    from cfsign.keys.cryptography_backend import RSAPublicKey

    count = 0
    verify = RSAPublicKey.verify

    def count_verify(self: Any, *arguments: Any) -> bool:
        nonlocal count
        count += 1
        return verify(self, *arguments)

    monkeypatch.setattr(RSAPublicKey, "verify", count_verify)
    explain(canned(url, b"\1" * 256, world.rsa), world.trusted, at=NOW)
    assert 0 < count <= 210


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
def test_hostile_policy_is_malformed(world: World, policy: bytes) -> None:
    """Deep JSON, huge numbers, invalid UTF-8."""
    explanation = explain(custom(URL, policy, world.rsa), world.trusted, at=NOW)
    assert explanation.reason is Reason.MALFORMED_POLICY
    assert explanation.causes[0].reason is Reason.MALFORMED_POLICY


DEEP = '{"a":' * 900 + "[" + "1," * 1_000 + "1]" + "}" * 900


def test_deeply_nested_policy_is_not_indented(world: World) -> None:
    """Indentation would make megabytes of 8 KiB."""
    for policy in (DEEP, f'{{"Statement":{DEEP}}}'):
        context = read_context(URL, None, cookies(policy, world.rsa), NOW, None, (), None)
        size = sum(len(document.content) for document in list_others(context))
        assert 0 < size <= 12 * len(policy)


# Without a key


def test_without_keys_a_right_url_is_neither_allowed_nor_refused(world: World) -> None:
    """The explanation is false, so that `if explain(url):` does not serve a file."""
    explanation = explain(world.boto(URL), at=NOW)
    assert (explanation.verdict, explanation.allowed, bool(explanation)) == (None, None, False)
    assert [cause.mistake for cause in explanation.causes] == [Mistake.NO_PUBLIC_KEY]
    assert explanation.causes[0].certain  # it is a fact
    assert "guess" not in str(explanation)


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
def test_without_keys_other_mistakes_are_certain(
    world: World, change: tuple[str, str], at: int, mistake: Mistake
) -> None:
    explanation = explain(world.boto(URL).replace(*change), at=at)
    assert explanation.causes[0].mistake is mistake
    assert explanation.causes[0].certain
    assert explanation.allowed is False


def test_without_keys_a_key_group_id_is_recognized(world: World) -> None:
    """CloudFront refuses it with any keys."""
    uuid = "4ee2fa48-8a50-4c0f-9d5e-3f1e4a6b7c8d"
    explanation = explain(world.boto(URL).replace(world.rsa.key_pair_id, uuid), at=NOW)
    assert explanation.causes[0].mistake is Mistake.KEY_GROUP_ID


def test_unusable_keys_are_a_cause_and_not_shown(world: World) -> None:
    """Everything else is explained as without keys."""
    explanation = explain(world.boto(URL), {"K1": world.rsa.pem}, at=NOW)
    assert explanation.causes[0].mistake is Mistake.UNUSABLE_KEYS
    assert explanation.allowed is None
    assert world.rsa.pem.decode().split()[5] not in f"{explanation}"


# Mistakes without a row in mistakes.py


def test_64_bytes_with_an_rsa_key_are_ambiguous(world: World) -> None:
    """An RSA signature that was cut off, or raw ECDSA: neither is certain."""
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
def test_expired_policy_was_valid_only_for_its_address(
    world: World, address: str | None, ip_address: str | None, was_valid: bool
) -> None:
    limits = {} if address is None else {"ip_address": address}
    signed = custom(URL, world.boto_policy(URL, **limits), world.rsa)
    causes = explain(signed, world.trusted, at=EXPIRES, ip_address=ip_address).causes
    (expired,) = (cause for cause in causes if cause.mistake is Mistake.EXPIRED)
    assert ("was valid until then" in expired.message) is was_valid


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"cookies": 7}, "The cookies are not in a known form"),
        ({"at": "noon"}, "The time is not in a known form"),
    ],
)
def test_unusable_argument_is_named(world: World, more: dict[str, Any], message: str) -> None:
    first = explain(world.boto(URL), world.trusted, **{"at": NOW} | more).causes[0]
    assert (first.mistake, first.message) == (Mistake.UNUSABLE_ARGUMENT, message)


@pytest.mark.parametrize("url", ["", "nothing", "ftp://h/a", "https:///a", "https://h:x/"])
def test_text_that_is_not_a_url(url: str) -> None:
    assert explain(url).causes[0].mistake is Mistake.NOT_A_URL


def test_signature_that_is_not_base64(world: World) -> None:
    explanation = explain(canned(URL, "!!!!", world.rsa), world.trusted, at=NOW)
    assert explanation.causes[0].mistake is Mistake.NOT_BASE64


@pytest.mark.parametrize("digest", ["digest", "hexdigest"])
def test_policy_that_was_hashed_twice(world: World, digest: str) -> None:
    result = getattr(hashlib.sha1((CANNED % (URL, EXPIRES)).encode()), digest)()
    message = result if isinstance(result, bytes) else result.encode()
    explanation = explain(canned(URL, world.rsa.sign(message), world.rsa), world.trusted, at=NOW)
    assert explanation.causes[0].mistake is Mistake.HASHED_TWICE


def test_policy_for_an_address_needs_the_client_address(world: World) -> None:
    policy = world.boto_policy(URL, ip_address="192.0.2.1")
    explanation = explain(world.boto(URL, policy=policy), world.trusted, at=NOW)
    assert explanation.causes[0].mistake is Mistake.VIEWER_ADDRESS_UNKNOWN


def test_several_mistakes_are_all_reported(world: World) -> None:
    """Another key and SHA-256 without Hash-Algorithm are both proved; the policy expired too."""
    signed = canned(URL, world.other.sign((CANNED % (URL, EXPIRES)).encode(), "SHA256"), world.rsa)
    explanation = explain(signed, world.trusted, at=EXPIRES)
    assert [cause.mistake for cause in explanation.causes] == [
        Mistake.HASH_MARKER_MISSING,
        Mistake.WRONG_KEY,
        Mistake.EXPIRED,
    ]


def test_ignored_cookies_are_certain_if_they_would_be_accepted(world: World) -> None:
    signed = cookies(world.boto_policy(f"{URL}*"), world.rsa)
    first = explain(f"{URL}?Policy=mine", world.trusted, cookies=signed, at=NOW).causes[0]
    assert first.mistake is Mistake.COOKIES_IGNORED
    assert first.certain


@pytest.mark.parametrize("name", ["Policy", "Expires", "Signature", "Key-Pair-Id"])
def test_cookies_are_ignored_for_an_empty_parameter_too(world: World, name: str) -> None:
    signed = cookies(world.boto_policy(f"{URL}*"), world.rsa)
    first = explain(f"{URL}?{name}=", world.trusted, cookies=signed, at=NOW).causes[0]
    assert first.mistake is Mistake.COOKIES_IGNORED


def test_evidence_marks_the_first_difference(world: World) -> None:
    policy = world.boto_policy("https://media.example.com/video*/a.jpg")
    explanation = explain(world.boto(URL, policy=policy), world.trusted, at=NOW)
    assert explanation.causes[0].evidence.splitlines() == [
        "signed:    https://media.example.com/video*/a.jpg",
        "                                     ^",
        "requested: https://media.example.com/images/horizon.jpg",
        "                                     ^",
    ]


def test_control_characters_are_escaped(world: World) -> None:
    """A request could otherwise send commands to the terminal."""
    policy = json.dumps({"\x1b[2J": 1, "Statement": []})
    text = str(explain(custom(URL, policy, world.rsa), world.trusted, at=NOW))
    assert "\x1b" not in text
    assert "\\x1b[2J" in text


@pytest.mark.parametrize(
    ("resource", "url", "words"),
    [
        ("https://h.example/a\\?b=1", "https://h.example/a?b=1", "may have a backslash"),
        ("http*://h.example/a", "https://h.example/a", "http*"),
        ("https://h.example/a", "https://H.example/a", "Upper case"),
        ("https://h.example", "https://h.example/", "are the same"),
    ],
)
def test_assumptions_of_an_allowed_request(
    world: World, resource: str, url: str, words: str
) -> None:
    signed = custom(url, world.boto_policy(resource), world.rsa)
    explanation = explain(signed, world.trusted, at=NOW)
    assert explanation.allowed
    assert any(words in sentence for sentence in explanation.assumptions)


@pytest.mark.parametrize(
    ("source", "at", "suffix", "words"),
    [
        ("192.0.2.9/24", NOW, "", "bits set"),
        ("192.0.2.0/24", EXPIRES, "", "exact second"),
        ("192.0.2.0/24", NOW, "&Hash%2DAlgorithm=SHA1", "percent-decoded"),
        ("192.0.2.0/24", NOW, "&Hash-Algorithm=%53HA1", "%7E for ~"),
        ("192.0.2.7", NOW, "", "as with /32"),
        ("192.0.2.0/24", NOW, f"&Expires={EXPIRES}", "The policy counts"),
    ],
)
def test_assumptions_of_a_policy_for_an_address(
    world: World, source: str, at: int, suffix: str, words: str
) -> None:
    document = (CANNED % (URL, EXPIRES)).replace(
        "}}}]}", f'}},"IpAddress":{{"AWS:SourceIp":"{source}"}}}}}}]}}'
    )
    signed = custom(URL, document, world.rsa) + suffix
    explanation = explain(signed, world.trusted, at=at, ip_address="192.0.2.7")
    assert explanation.allowed is (at == NOW)
    (sentence,) = explanation.assumptions
    assert words in sentence


@pytest.mark.parametrize("resource", ["*", "*://media.example.com/*", "*example.com/*"])
def test_assumption_of_cookies_whose_resource_starts_with_a_star(
    world: World, resource: str
) -> None:
    """AWS's page on signed URLs allows it, its page on cookies does not."""
    document = CANNED % (resource, EXPIRES)
    explanation = explain(URL, world.trusted, cookies=cookies(document, world.rsa), at=NOW)
    assert explanation.allowed
    (sentence,) = explanation.assumptions
    assert "page on cookies" in sentence
    assert not explain(custom(URL, document, world.rsa), world.trusted, at=NOW).assumptions


def test_assumption_of_percent_encoded_cookies(world: World) -> None:
    signed = cookies(CANNED % (f"{URL}*", EXPIRES), world.rsa)
    assert not explain(URL, world.trusted, cookies=signed, at=NOW).assumptions
    encoded = {name: value.replace("-", "%2D") for name, value in signed.items()}
    encoded["CloudFront-Key-Pair-Id"] = world.rsa.key_pair_id.replace("K", "%4B")
    explanation = explain(URL, world.trusted, cookies=encoded, at=NOW)
    assert explanation.allowed
    (sentence,) = explanation.assumptions
    assert "CloudFront's cookies" in sentence


@pytest.mark.parametrize(("letter", "escape"), [("~", "%7E"), ("_", "%5F")])
def test_assumption_of_percent_encoded_values(world: World, letter: str, escape: str) -> None:
    """Of CloudFront's parameters only: an escape in the site's own query is usual."""
    for number in range(100):
        url = f"{URL}?a=%7E{number}"
        signed = world.boto(url, key=world.ec)
        assert not explain(signed, world.trusted, at=NOW).assumptions
        start = signed.index("Signature=")
        if letter in signed[start:]:
            break
    encoded = signed[:start] + signed[start:].replace(letter, escape)
    explanation = explain(encoded, world.trusted, at=NOW)
    assert explanation.allowed
    (sentence,) = explanation.assumptions
    assert "%7E for ~" in sentence


@pytest.mark.parametrize("has_cookies", [True, False])
def test_expires_next_to_policy_is_judged_by_the_policy(world: World, has_cookies: bool) -> None:
    """As aws-cloudfront-sign and promaton send both; with different times it is refused."""
    document = CANNED % (f"{URL}*", EXPIRES)
    for expires, reason in ((EXPIRES, Reason.ALLOWED), (EXPIRES + 1, Reason.AMBIGUOUS_POLICY)):
        url, more = f"{custom(URL, document, world.rsa)}&Expires={expires}", {}
        if has_cookies:
            signed = cookies(document, world.rsa) | {"CloudFront-Expires": str(expires)}
            url, more = URL, {"cookies": signed}
        explanation = explain(url, world.trusted, at=NOW, **more)
        assert explanation.reason is reason
        assert len(explanation.assumptions) == 1
        assert [cause.mistake for cause in explanation.causes] == (
            [] if explanation else [Mistake.TWO_POLICIES]
        )


REFUSED = "<Error><Code>{}</Code><Message>Access denied</Message></Error>"
PAGE = "<H1>403 ERROR</H1><H2>The request could not be satisfied.</H2>"


@pytest.mark.parametrize(
    ("response", "host", "mistakes"),
    [
        ("AccessDenied", "media.example.com", "response-differs distribution-in-front name"),
        ("AccessDenied", "d1.cloudfront.net", "response-differs distribution-in-front"),
        ("MissingKey", "media.example.com", "distribution-in-front response-differs name"),
        ("InvalidKey", "media.example.com", "key-group-not-attached"),
        (PAGE, "media.example.com", "blocked name"),
        (PAGE, "d1.cloudfront.net", "blocked"),
        (f"{PAGE}Request blocked.", "media.example.com", "blocked"),
    ],
    ids=range(7),
)
def test_guesses_if_a_right_signature_is_refused(
    world: World, response: str, host: str, mistakes: str
) -> None:
    """AWS lists two distributions in a row, and a CNAME that is not on the distribution."""
    signed = world.boto(f"https://{host}/a.jpg")
    text = response if "<" in response else REFUSED.format(response)
    causes = explain(signed, world.trusted, at=NOW, response=text).causes
    expected = mistakes.replace("name", "name-not-attached").split()
    assert [cause.mistake.value for cause in causes] == expected
    names = [cause for cause in causes if cause.mistake is Mistake.NAME_NOT_ATTACHED]
    assert all(host in cause.message and not cause.certain for cause in names)


UNSAFE = [*'\t\n "<>\\^`{|}', "\N{LATIN SMALL LETTER E WITH ACUTE}"]


@pytest.mark.parametrize("part", ["path", "query"])
def test_what_browsers_send_for_a_character_is_what_node_sends(world: World, part: str) -> None:
    """Node's URL is that of WHATWG, as in browsers. Its `^` in a path depends on the version."""
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    urls = [f"{URL}{'/a' if part == 'path' else '?a'}{character}b" for character in UNSAFE]
    script = "console.log(JSON.stringify(JSON.parse(process.argv[1]).map(u => new URL(u).href)))"
    sent = subprocess.run(
        ["node", "-e", script, json.dumps(urls)], capture_output=True, text=True, check=True
    )
    for url, character, href in zip(urls, UNSAFE, json.loads(sent.stdout), strict=True):
        message = explain(url, world.trusted, at=NOW).causes[0].message
        escape = "".join(f"%{byte:02X}" for byte in character.encode())
        claims = {
            url: f"which browsers send unchanged and other clients as {escape}",
            url.replace(character, ""): "which browsers remove",
            url.replace(character, "/"): "which browsers send as /",
            url.replace(character, escape): f"which is sent as {escape}",
        }
        if (character, part) != ("^", "path"):
            assert claims[href] in message, (url, href)


@pytest.mark.parametrize(
    ("signed", "requested", "mistake"),
    [
        ("a\nb.jpg", "ab.jpg", None),
        ("?x={a|b}", "?x=%7Ba%7Cb%7D", Mistake.UNENCODED),
        ("a\\b\\c.jpg", "a/b/c.jpg", Mistake.PATH_REWRITTEN),
        ('a"b.jpg', "a%22b.jpg", Mistake.UNENCODED),
    ],
    ids=range(4),
)
def test_url_that_clients_change(
    world: World, signed: str, requested: str, mistake: Mistake | None
) -> None:
    """Signed by botocore as it is, and by hand as it is requested."""
    before, after = f"https://media.example.com/{signed}", f"https://media.example.com/{requested}"
    if mistake is not None:
        url = world.boto(before).replace(signed, requested)
        assert explain(url, world.trusted, at=NOW).causes[0].mistake is mistake
    unusable = world.boto(after).replace(requested, signed)
    explanation = explain(unusable, world.trusted, at=NOW)
    assert explanation.reason is Reason.UNUSABLE_REQUEST
    assert [cause.mistake for cause in explanation.causes] == [Mistake.UNENCODED_URL]


def test_line_breaks_that_a_browser_removes(world: World) -> None:
    """As in a mail: the signature is right once they are gone, so they are the only mistake."""
    url = world.boto(URL)
    broken = "\n".join(url[at : at + 76] for at in range(0, len(url), 76))
    explanation = explain(broken, world.trusted, at=NOW)
    assert [cause.mistake for cause in explanation.causes] == [Mistake.UNENCODED_URL]
    assert str(explanation.causes[0]) == (
        "The URL contains a line break inside of Signature, which browsers remove; copy the URL "
        "again, in one piece and without other text."
    )


def test_backslash_that_a_browser_sends_as_a_slash(world: World) -> None:
    """The policy covers what is sent, so the backslash is the only mistake."""
    signed = custom(URL, world.boto_policy(URL), world.rsa).replace("/horizon", "\\horizon")
    explanation = explain(signed, world.trusted, at=NOW)
    assert [cause.mistake for cause in explanation.causes] == [Mistake.UNENCODED_URL]
    assert "a backslash, which browsers send as /" in explanation.causes[0].message


@pytest.mark.parametrize("requested", ["*", "horizon.jpg"])
def test_star_in_a_canned_policy_is_an_assumption(world: World, requested: str) -> None:
    """AWS's page of 2026 calls it a wildcard; but the policy is built from the requested URL."""
    signed = world.boto(URL.replace("horizon.jpg", "*"))
    explanation = explain(signed.replace("*", requested), world.trusted, at=NOW)
    assert explanation.allowed is (requested == "*")
    (sentence,) = explanation.assumptions
    assert "calls it a wildcard" in sentence


def test_documented_behavior_is_not_an_assumption(world: World) -> None:
    """SHA1 as Hash-Algorithm, a start "on or before", and Statement as an array."""
    assert not explain(world.boto(URL) + "&Hash-Algorithm=SHA1", world.trusted, at=NOW).assumptions
    start = datetime.fromtimestamp(NOW, UTC)
    signed = custom(URL, world.boto_policy(URL, date_greater_than=start), world.rsa)
    explanation = explain(signed, world.trusted, at=NOW)
    assert explanation.reason is Reason.NOT_YET_VALID
    assert not explanation.assumptions
    policy = json.loads(CANNED % (URL, EXPIRES))
    signed = custom(URL, json.dumps({"Statement": policy["Statement"][0]}), world.rsa)
    explanation = explain(signed, world.trusted, at=NOW)
    assert explanation.causes[0].mistake is Mistake.STATEMENT_OBJECT
    assert "as AWS's page and every AWS SDK do" in explanation.causes[0].hint
    assert not explanation.assumptions


def test_expiry_in_2050_is_allowed_with_an_assumption(world: World) -> None:
    """AWS's own live tests use it; until 2023 AWS documented 32 bits."""
    signed = world.boto(URL, 2_524_608_000)
    explanation = explain(signed, world.trusted, at=NOW)
    assert explanation.allowed
    (sentence,) = explanation.assumptions
    assert "32 bits" in sentence
    last, later = (
        canned(URL, world.rsa.sign((CANNED % (URL, at)).encode()), world.rsa, expires=at)
        for at in (9_223_372_036, 9_223_372_037)
    )
    assert explain(last, world.trusted, at=9_223_372_035).allowed
    (cause,) = explain(later, world.trusted, at=NOW).causes
    assert cause.reason is Reason.MALFORMED_POLICY
    assert "Expires is later than 2262" in cause.message
    assert not explain(world.boto(URL, 2_147_483_647), world.trusted, at=NOW).assumptions


@pytest.mark.parametrize("name", ["DateLessThan", "DateGreaterThan"])
def test_minus_zero_is_not_whole_epoch_seconds(world: World, name: str) -> None:
    times = {"DateLessThan": EXPIRES, "DateGreaterThan": 1, name: "-0"}
    condition = ",".join(f'"{key}":{{"AWS:EpochTime":{at}}}' for key, at in times.items())
    policy = f'{{"Statement":[{{"Resource":"{URL}","Condition":{{{condition}}}}}]}}'
    explanation = explain(custom(URL, policy, world.rsa), world.trusted, at=NOW)
    assert explanation.reason is Reason.MALFORMED_POLICY
    assert [cause.mistake for cause in explanation.causes] == [Mistake.NOT_EPOCH_SECONDS]
    assert f"{name} is -0" in explanation.causes[0].evidence


@pytest.mark.parametrize(("signed", "is_named"), [("Media.Example.com", True), ("", False)])
def test_host_that_clients_do_not_send(world: World, signed: str, is_named: bool) -> None:
    """It is allowed as given. Clients send another URL, which CloudFront refuses."""
    given = URL.replace("media.example.com", "Media.Example.com")
    url = world.boto(URL.replace("media.example.com", signed or "media.example.com"))
    if not signed:
        url = url.replace(URL, given)
    explanation = explain(url, world.trusted, at=NOW)
    assert explanation.allowed
    assert any("they send media.example.com" in one for one in explanation.assumptions) is is_named


def test_usual_request_has_no_assumptions(world: World) -> None:
    """Neither has a custom policy for a URL with a query: its unescaped ? is documented."""
    url = f"{URL}?size=large"
    for signed in (world.boto(url), custom(url, world.boto_policy(url), world.rsa)):
        explanation = explain(signed, world.trusted, at=NOW)
        assert explanation.allowed
        assert not explanation.assumptions


def test_der_of_a_raw_signature_is_right(world: World) -> None:
    """With leading zeros, and with the first bit set."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    for r, s in ((1, 2**255), (2**248 - 1, 2**256 - 1), (0, 128)):
        assert to_der(r.to_bytes(32, "big") + s.to_bytes(32, "big")) == encode_dss_signature(r, s)


@pytest.mark.parametrize("hash_name", ["SHA512", "SHA384", "SHA224", "MD5"])
def test_each_backend_finds_another_hash(world: World, backend: str, hash_name: str) -> None:
    """And finds nothing if CloudFront supports the signature, or if it is for another text."""
    key = load_public_key(world.rsa.public_pem, backend=backend)
    signature = world.rsa.sign(b"text", hash_name)
    assert key.find_other_scheme(b"text", signature) == f"PKCS#1 v1.5 with {hash_name}"
    assert key.find_other_scheme(b"other", signature) is None
    assert key.find_other_scheme(b"text", world.rsa.sign(b"text")) is None


def test_only_cryptography_recognizes_pss(world: World, backend: str) -> None:
    key = load_public_key(world.rsa.public_pem, backend=backend)
    found = key.find_other_scheme(b"text", world.rsa.sign_pss(b"text"))
    assert found == {"rsa": None, "cryptography": "PSS with SHA256"}[backend]


def test_ecdsa_with_another_hash(world: World) -> None:
    """As `openssl dgst -sha384` signs."""
    signed = canned(URL, world.ec.sign((CANNED % (URL, EXPIRES)).encode(), "SHA384"), world.ec)
    cause = explain(signed, world.trusted, at=NOW).causes[0]
    assert cause.mistake is Mistake.OTHER_SCHEME
    assert "ECDSA with SHA384" in cause.message


def test_cloudfront_base64_has_one_decoding_and_other_text_none() -> None:
    assert [one.mistake for one in decode_variants("YWI_")] == [None]
    assert decode_variants("") == decode_variants("a") == decode_variants("é") == []


def test_repr_of_the_context_shows_no_key(world: World) -> None:
    context = read_context(world.boto(URL), world.trusted, None, NOW, None, (), None)
    assert "PublicKey" not in repr(context)


def test_documented_example_is_the_real_output(world: World) -> None:
    """The example of docs/checking.md."""
    page = Path(__file__).parents[2] / "docs" / "checking.md"
    signed = world.boto("https://media.example.com/a%20b.jpg?size=large").replace("%20", "+")
    lines = str(explain(signed, world.trusted, at=NOW)).splitlines()
    assert "\n".join([lines[0], "", *lines[1:]]) in page.read_text("utf-8")


def test_explanations_of_the_same_request_are_equal() -> None:
    one, other = explain(URL, at=NOW), explain(URL, at=NOW)
    assert isinstance(one, Explanation)
    assert one == other


def test_url_is_kept_but_not_in_the_repr(world: World) -> None:
    url = world.boto(URL)
    explanation = explain(url, world.trusted, at=NOW)
    assert explanation.url == url
    assert URL not in repr(explanation)
    assert explain(7).url == ""  # type: ignore[arg-type]


LOCAL = ["127.0.0.1", "localhost", "[::1]"]


@pytest.mark.parametrize("port", ["", ":8000"])
@pytest.mark.parametrize("requested", LOCAL)
@pytest.mark.parametrize("signed", LOCAL)
def test_other_names_of_this_machine_are_tried(
    world: World, signed: str, requested: str, port: str
) -> None:
    url = world.boto(f"http://{signed}{port}/a.jpg")
    explanation = explain(url.replace(signed, requested), world.trusted, at=NOW)
    if signed == requested:
        assert explanation
    else:
        assert explanation.causes[0].mistake is Mistake.HOST
        assert explanation.causes[0].certain


def test_guess_for_a_canned_policy_asks_for_other_hosts(world: World) -> None:
    """A canned policy does not contain its URL; a custom one contains its Resource."""
    untrusted = Key.make(world.ec.key_pair_id, "EC", "ec_paramgen_curve:P-256")
    canned_url = world.boto(URL, key=untrusted)
    (guess,) = explain(canned_url, world.trusted, at=NOW).causes
    assert not guess.certain
    assert "A canned policy does not contain the signed URL" in guess.hint
    assert "hosts= in Python, --host on the command line" in guess.hint
    custom_url = world.boto(URL, key=untrusted, policy=world.boto_policy(URL))
    (guess,) = explain(custom_url, world.trusted, at=NOW).causes
    assert "canned" not in guess.hint
    assert "host" not in guess.hint


@pytest.mark.parametrize("backend", ["cryptography", "rsa"])
@pytest.mark.parametrize("is_custom", [True, False])
def test_rsa_signature_shows_its_key(world: World, backend: str, is_custom: bool) -> None:
    """Also if it is not known what was signed; so the key and the hash are certain."""
    pems = {"KOTHER": world.other.public_pem, world.rsa.key_pair_id: world.rsa.public_pem}
    trusted = TrustedKeyGroup(pems)
    trusted._keys = {name: load_public_key(pem, backend=backend) for name, pem in pems.items()}
    unknown = "https://unknown.example.com/a.jpg"
    if is_custom:
        signed = world.boto(URL, policy=world.boto_policy(unknown))
        signed = re.sub(
            "Policy=[^&]*", "Policy=" + to_cloudfront(world.boto_policy(URL).encode()), signed
        )
    else:
        signed = world.boto(unknown).replace(unknown, URL)
    (cause,) = explain(signed, trusted, at=NOW).causes
    assert (cause.mistake, cause.certain) == (Mistake.OTHER_DOCUMENT, True)
    assert world.rsa.key_pair_id in cause.message
    wrong_id = signed.replace(world.rsa.key_pair_id, "KOTHER")
    assert [cause.mistake for cause in explain(wrong_id, trusted, at=NOW).causes] == [
        Mistake.WRONG_KEY,
        Mistake.OTHER_DOCUMENT,
    ]
    untrusted = world.boto(URL, key=world.untrusted)
    (cause,) = explain(untrusted, trusted, at=NOW).causes
    assert (cause.mistake, cause.certain) == (Mistake.NO_KEY_VERIFIES, True)
    assert "for any URL or policy" in cause.message


def test_expired_policy_is_reported_with_its_age(world: World) -> None:
    explanation = explain(world.boto(URL), world.trusted, at=EXPIRES + 90)
    assert explanation.causes[0].message == (
        "The policy expired 1 minute 30 seconds ago and was valid until then"
    )


@pytest.mark.parametrize("keys", [True, False])
@pytest.mark.parametrize("has_cookies", [True, False])
def test_fragment_is_ignored(world: World, keys: bool, has_cookies: bool) -> None:
    """Clients do not send it. The judged URL is without it, and a note says so."""
    signed = URL if has_cookies else world.boto(URL)
    sent = cookies(world.boto_policy(URL), world.rsa) if has_cookies else None
    trusted = world.trusted if keys else None
    explanation = explain(f"{signed}#t=1", trusted, cookies=sent, at=NOW)
    assert explanation.url == signed
    assert explanation.allowed is (True if keys else None)
    assert explanation.verdict == explain(signed, trusted, cookies=sent, at=NOW).verdict
    assert "#t=1" in explanation.causes[-1].evidence
    assert explanation.causes[-1].mistake is Mistake.FRAGMENT
    expired = explain(f"{signed}#t=1", trusted, cookies=sent, at=EXPIRES)
    assert [cause.mistake for cause in expired.causes] == [Mistake.EXPIRED, Mistake.FRAGMENT]


def test_django_signed_cookies(world: World) -> None:
    """`set_signed_cookie` adds a time and a signature to the value."""
    signing = pytest.importorskip("django.core.signing")
    signer = signing.TimestampSigner(key="secret", fallback_keys=[], salt="cookie")
    sent = {
        name: signer.sign(value)
        for name, value in cookies(world.boto_policy(URL), world.rsa).items()
    }
    first = explain(URL, world.trusted, cookies=sent, at=NOW).causes[0]
    assert first.mistake is Mistake.COOKIE_WRAPPED
    assert "Django" in first.message


def test_text_that_is_no_url_has_no_assumption() -> None:
    assert explain("foo").assumptions == ()


@pytest.mark.parametrize(
    ("code", "status", "mistake"),
    [
        ("InvalidArgument", 400, Mistake.S3_RESPONSE),
        ("NoSuchKey", 404, Mistake.S3_RESPONSE),
        ("PermanentRedirect", 301, Mistake.S3_REGION),
        ("KMS.DisabledException", 400, Mistake.S3_ENCRYPTION),
        ("SlowDown", 503, Mistake.OTHER_STATUS),
    ],
)
def test_code_of_s3_says_more_than_its_status(
    world: World, code: str, status: int, mistake: Mistake
) -> None:
    """Also without S3's RequestId."""
    body = f"<Error><Code>{code}</Code><Message>m</Message></Error>"
    transcript = f"> GET /a HTTP/2\n> Host: h.example\n< HTTP/2 {status}\n<\n{body}"
    explanation = explain(world.boto(URL), world.trusted, at=NOW, response=transcript)
    assert explanation.causes[0].mistake is mistake
    assert str(status) in explanation.headline


@pytest.mark.parametrize("has_cookies", [True, False])
def test_backslash_before_the_query_is_to_be_removed(world: World, has_cookies: bool) -> None:
    document = world.boto_policy(f"{URL}X").replace("X", "\\?*")
    if has_cookies:
        first = explain(URL, world.trusted, cookies=cookies(document, world.rsa), at=NOW).causes[0]
    else:
        first = explain(custom(URL, document, world.rsa), world.trusted, at=NOW).causes[0]
    assert str(first) == (
        r"The policy contains \?, which JSON does not allow; write ? without a backslash."
    )


def test_members_of_other_policies_in_a_right_policy(world: World) -> None:
    """It is not taken for a policy of IAM."""
    document = world.boto_policy(URL).replace('"Resource"', '"Effect":"Allow","Resource"')
    first = explain(custom(URL, document, world.rsa), world.trusted, at=NOW).causes[0]
    assert first.mistake is Mistake.MEMBER_UNKNOWN


def test_cookies_of_the_site_named_like_parameters(world: World) -> None:
    """Next to CloudFront's cookies they are not a mistake."""
    signed = cookies(world.boto_policy(URL), world.rsa)
    sent = {"policy": "1", "signature": "2"} | signed
    assert explain(URL, world.trusted, cookies=sent, at=NOW).allowed
    (cause,) = explain(URL, world.trusted, cookies=sent, at=EXPIRES).causes
    assert cause.mistake is Mistake.EXPIRED


@settings(max_examples=200)
@given(
    fragment=st.text("#t=1aB&?%/ ", max_size=6),
    at=st.sampled_from([NOW, EXPIRES]),
    has_cookies=st.booleans(),
)
def test_url_without_its_fragment_is_judged_as_check_does(
    world: World, fragment: str, at: int, has_cookies: bool
) -> None:
    sent = cookies(world.boto_policy(URL), world.rsa) if has_cookies else None
    signed = URL if has_cookies else world.boto(URL)
    explanation = explain(f"{signed}#{fragment}", world.trusted, cookies=sent, at=at)
    assert explanation.url == signed
    assert explanation.verdict == world.trusted.check(explanation.url, cookies=sent, at=at)


SEGMENT = "https://media.example.com/videos/1/a.ts?size=large"


def test_segment_copied_from_html_source_has_no_other_cause(world: World) -> None:
    """Its parameters cannot be read, so it looks as if it were not signed."""
    explanation = explain(world.boto(SEGMENT).replace("&", "&amp;"), world.trusted, at=NOW)
    assert [cause.mistake for cause in explanation.causes] == [Mistake.HTML_ESCAPED]


@pytest.mark.parametrize(("url", "is_hinted"), [(SEGMENT, True), (SEGMENT[:-11], False)])
def test_segment_that_a_shell_may_have_cut(world: World, url: str, is_hinted: bool) -> None:
    (cause,) = explain(url, world.trusted, at=NOW).causes
    assert cause.mistake is Mistake.SEGMENT_NOT_SIGNED
    assert ("put the URL in quotes" in cause.hint) is is_hinted


@pytest.mark.parametrize("ending", [".", ",", ")", "%22", "'", ")."])
def test_punctuation_after_the_url(world: World, ending: str) -> None:
    cause = explain(world.boto(URL) + ending, world.trusted, at=NOW).causes[0]
    assert cause.hint == "copy the URL without the character after it"


@pytest.mark.parametrize(
    "ending", ["'>", '"', "|a video", " has expired", "\N{RIGHT DOUBLE QUOTATION MARK}"]
)
def test_text_after_the_url(world: World, ending: str) -> None:
    cause = explain(world.boto(URL) + ending, world.trusted, at=NOW).causes[0]
    assert "inside of Key-Pair-Id" in cause.message
    assert cause.hint == "copy the URL again, in one piece and without other text"


def test_policy_sent_as_json(world: World) -> None:
    """It is not base64; copying it again does not help."""
    url = custom(URL, world.boto_policy(URL), world.rsa)
    policy = world.boto_policy(URL)
    url = re.sub("Policy=[^&]*", lambda match: f"Policy={policy}", url)
    assert "copy" not in explain(url, world.trusted, at=NOW).causes[0].hint


def test_signature_that_begins_like_quoted_printable(world: World) -> None:
    """3D is also base64."""
    url = world.boto(URL).replace("Signature=", "Signature=3D")
    mistakes = {cause.mistake for cause in explain(url, world.trusted, at=NOW).causes}
    assert Mistake.QUOTED_PRINTABLE not in mistakes
