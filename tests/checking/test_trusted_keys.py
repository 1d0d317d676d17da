"""What a trusted key group answers to a request."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import pytest
import time_machine

from cfsign.checking.key_group import TrustedKeyGroup
from cfsign.checking.verdict import Reason
from cfsign.errors import CfsignWarning, ConfigurationError, SigningKeyError

NOW = 1_767_200_000
EXPIRES = NOW + 60
URL = "https://d1.example.com/a/report.pdf?size=large"
VIEWER = "192.0.2.7"


def policy(
    resource: str | None = URL,
    expires_at: object = EXPIRES,
    starts_at: object = None,
    source: str | None = None,
) -> str:
    """Write a custom policy by hand."""
    conditions = [f'"DateLessThan":{{"AWS:EpochTime":{expires_at}}}']
    if starts_at is not None:
        conditions.append(f'"DateGreaterThan":{{"AWS:EpochTime":{starts_at}}}')
    if source is not None:
        conditions.append(f'"IpAddress":{{"AWS:SourceIp":"{source}"}}')
    named = "" if resource is None else f'"Resource":"{resource}",'
    return '{"Statement":[{' + named + '"Condition":{' + ",".join(conditions) + "}}]}"


class TestAllowed:
    """Requests that are let through."""

    @pytest.mark.parametrize("hash_algorithm", [None, "SHA1", "SHA256"])
    @pytest.mark.parametrize("peer_name", ["rsa_peer", "ec_peer"])
    def test_every_key_and_hash(
        self, request: Any, group: Any, peer_name: str, hash_algorithm: str | None
    ) -> None:
        """RSA and P-256, with SHA-1 by default or by name, and SHA-256 by name."""
        peer = request.getfixturevalue(peer_name)
        canned = peer.canned_url(URL, EXPIRES, hash_algorithm=hash_algorithm)
        custom = peer.custom_url(URL, policy(), hash_algorithm=hash_algorithm)
        assert group.check(canned, at=NOW)
        assert group.check(custom, at=NOW).reason is Reason.ALLOWED

    @pytest.mark.parametrize("date_less_than", [datetime.fromtimestamp(EXPIRES, UTC)])
    def test_what_botocore_signs(self, group: Any, rsa_peer: Any, date_less_than: datetime) -> None:
        """The URLs of AWS's own library, canned and custom."""
        signers = pytest.importorskip("botocore.signers")
        signer = signers.CloudFrontSigner(rsa_peer.key_pair_id, rsa_peer.sign)
        custom = signer.build_policy(URL, date_less_than, ip_address=VIEWER)
        assert group.check(signer.generate_presigned_url(URL, date_less_than), at=NOW)
        assert group.check(
            signer.generate_presigned_url(URL, policy=custom), at=NOW, ip_address=VIEWER
        )

    def test_cookies(self, group: Any, rsa_peer: Any) -> None:
        """Canned and custom cookies, in each form."""
        canned = {f"CloudFront-{k}": v for k, v in rsa_peer.canned(URL, EXPIRES).items()}
        custom = rsa_peer.custom_cookies(policy("https://*/a/*"))
        for cookies in (canned, custom):
            header = "; ".join(f"{name}={value}" for name, value in cookies.items())
            for form in (cookies, list(cookies.items()), header):
                assert group.check(URL, cookies=form, at=NOW)

    @pytest.mark.parametrize("resource", ["*", None, "https://*", "*://d1.example.com/a/*"])
    def test_wide_policies(self, group: Any, rsa_peer: Any, resource: str | None) -> None:
        """A policy for more URLs than one, up to all of them."""
        assert group.check(rsa_peer.custom_url(URL, policy(resource)), at=NOW)

    def test_white_space_in_a_policy(self, group: Any, rsa_peer: Any) -> None:
        """The signature is over the bytes as received, whatever their layout."""
        document = policy().replace('":', '" :\r\n\t').replace("}", " } ")
        assert group.check(rsa_peer.custom_url(URL, document), at=NOW)

    def test_order_of_the_parameters(self, group: Any, rsa_peer: Any) -> None:
        """CloudFront's parameters may stand anywhere among the site's own."""
        values = list(rsa_peer.canned("https://h/a?x=1&y=2", EXPIRES).items())
        first, second, third = (f"{name}={value}" for name, value in reversed(values))
        assert group.check(f"https://h/a?{first}&x=1&{second}&y=2&{third}", at=NOW)

    def test_percent_encoded_values(self, group: Any, rsa_peer: Any) -> None:
        """What a client has escaped on the way is the same credential."""
        url = rsa_peer.canned_url(URL, EXPIRES).replace("~", "%7E").replace("_", "%5f")
        assert "%5f" in url
        assert group.check(url.replace("Key-Pair-Id", "Key%2DPair%2DId"), at=NOW)

    def test_a_canned_policy_sent_as_a_custom_one(self, group: Any, rsa_peer: Any) -> None:
        """The two cannot be told apart: the bytes and the signature are the same."""
        document = policy().encode()
        assert rsa_peer.canned(URL, EXPIRES)["Signature"] == rsa_peer.values(document)["Signature"]
        assert group.check(rsa_peer.custom_url(URL, document), at=NOW)

    @pytest.mark.parametrize(
        ("signed", "viewed"),
        [
            ("https://h.example/a", "https://H.Example/a"),
            ("https://H.example/a", "https://H.example/a"),
            ("https://h/a", "https://h:443/a"),
            ("https://h:443/a", "https://h:443/a"),
            ("http://h/a", "http://h:80/a"),
            ("https://h:8443/a", "https://h:8443/a"),
            ("https://h", "https://h/"),
            ("https://h/", "https://h"),
            ("https://h", "https://H:443/"),
            ("https://h?a", "https://h/?a"),
            ("https://h/a?", "https://h/a?&"),
            ("https://h/*.zip", "https://h/*.zip"),
        ],
    )
    def test_spellings_of_one_canned_url(
        self, group: Any, rsa_peer: Any, signed: str, viewed: str
    ) -> None:
        """The host's case, a default port and the "/" of an empty path are no matter."""
        values = rsa_peer.canned(signed, EXPIRES)
        joint = "&" if "?" in viewed else "?"
        sent = viewed.removesuffix("&") + joint + "&".join(f"{k}={v}" for k, v in values.items())
        assert group.check(sent, at=NOW)


class TestMissingOrUnknownKey:
    """The first checks: the key pair id."""

    @pytest.mark.parametrize(
        ("change", "reason", "code"),
        [
            (("&Key-Pair-Id=KRSA1EXAMPLE", ""), Reason.MISSING_KEY, "MissingKey"),
            (("KRSA1EXAMPLE", ""), Reason.MISSING_KEY, "MissingKey"),
            (("=KRSA1EXAMPLE", ""), Reason.MISSING_KEY, "MissingKey"),
            (("KRSA1EXAMPLE", "K-1"), Reason.MALFORMED_KEY_ID, "MissingKey"),
            (("KRSA1EXAMPLE", "K%0A"), Reason.MALFORMED_KEY_ID, "MissingKey"),
            (("KRSA1EXAMPLE", "KRSA1EXAMPLE+"), Reason.MALFORMED_KEY_ID, "MissingKey"),
            (("KRSA1EXAMPLE", "%c3%a9"), Reason.MALFORMED_KEY_ID, "MissingKey"),
            (("KRSA1EXAMPLE", "%D9%A1"), Reason.MALFORMED_KEY_ID, "MissingKey"),
            (("KRSA1EXAMPLE", "krsa1example"), Reason.UNKNOWN_KEY, "InvalidKey"),
            (("KRSA1EXAMPLE", "K1"), Reason.UNKNOWN_KEY, "InvalidKey"),
            (("KRSA1EXAMPLE", "KEC2EXAMPLE"), Reason.SIGNATURE_MISMATCH, "AccessDenied"),
        ],
    )
    def test_key_pair_ids(
        self, group: Any, rsa_peer: Any, change: tuple[str, str], reason: Reason, code: str
    ) -> None:
        """A missing, misshapen, unknown or other key pair id."""
        if "KEC2EXAMPLE" in change:
            pytest.importorskip("cryptography")
        url = rsa_peer.canned_url(URL, EXPIRES)
        assert change[0] in url
        verdict = group.check(url.replace(*change), at=NOW)
        assert (verdict.reason, verdict.code) == (reason, code)

    def test_an_unsigned_request(self, group: Any) -> None:
        """No credential at all is a missing key."""
        assert group.check(URL).reason is Reason.MISSING_KEY
        assert group.check(URL, cookies="a=b").reason is Reason.MISSING_KEY

    def test_cookies_are_ignored_beside_any_reserved_parameter(
        self, group: Any, rsa_peer: Any
    ) -> None:
        """One reserved parameter makes a signed URL, and a bad one at that."""
        cookies = rsa_peer.custom_cookies(policy("*"))
        assert group.check(URL, cookies=cookies, at=NOW)
        for name in ("Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"):
            verdict = group.check(f"{URL}&{name}=", cookies=cookies, at=NOW)
            assert verdict.reason is Reason.MISSING_KEY

    def test_bad_cookies_beside_a_signed_url(self, group: Any, rsa_peer: Any) -> None:
        """Cookies are not looked at when the URL is signed."""
        cookies = [("CloudFront-Policy", "x"), ("CloudFront-Policy", "y")]
        assert group.check(rsa_peer.canned_url(URL, EXPIRES), cookies=cookies, at=NOW)


class TestForm:
    """A known key with a credential that has no one reading."""

    @pytest.mark.parametrize("again", ["Expires=1", "Signature=x", "Key-Pair-Id=K1", "%45xpires"])
    def test_duplicate_parameters(self, group: Any, rsa_peer: Any, again: str) -> None:
        """A reserved parameter twice is refused, on either side of the first."""
        url = rsa_peer.canned_url("https://h/a?b", EXPIRES)
        for twice in (f"{url}&{again}", url.replace("?b", f"?{again}&b")):
            verdict = group.check(twice, at=NOW)
            assert (verdict.reason, verdict.code) == (Reason.DUPLICATE_PARAMETER, "AccessDenied")

    def test_duplicate_cookies(self, group: Any, rsa_peer: Any) -> None:
        """A CloudFront cookie twice is refused, with one value too."""
        pairs = list(rsa_peer.custom_cookies(policy()).items())
        assert group.check(URL, cookies=pairs, at=NOW)
        for pair in pairs:
            verdict = group.check(URL, cookies=[*pairs, pair], at=NOW)
            assert verdict.reason is Reason.DUPLICATE_PARAMETER

    @pytest.mark.parametrize("extra", ["Expires", f"Expires={EXPIRES}"])
    def test_an_expiry_beside_a_policy(self, group: Any, rsa_peer: Any, extra: str) -> None:
        """Which of the two would count is anybody's guess."""
        verdict = group.check(rsa_peer.custom_url(URL, policy()) + "&" + extra, at=NOW)
        assert (verdict.reason, verdict.code) == (Reason.AMBIGUOUS_POLICY, "AccessDenied")

    @pytest.mark.parametrize(
        "marker", ["", "sha1", "sha256", "SHA-256", "SHA512", "SHA256 ", "MD5", "%53HA1%00"]
    )
    def test_hash_algorithms(self, group: Any, rsa_peer: Any, marker: str) -> None:
        """The two names are taken to the letter."""
        url = rsa_peer.canned_url(URL, EXPIRES) + "&Hash-Algorithm=" + marker.replace(" ", "%20")
        verdict = group.check(url, at=NOW)
        assert (verdict.reason, verdict.code) == (Reason.HASH_ALGORITHM, "AccessDenied")

    @pytest.mark.parametrize("signature", ["", "x", "YQ", "YQ==", "YQ_=", "a+/b", "YR__", "Y Q_"])
    def test_malformed_signatures(self, group: Any, rsa_peer: Any, signature: str) -> None:
        """A signature is CloudFront's base64 to the letter."""
        values = {**rsa_peer.canned(URL, EXPIRES), "Signature": signature.replace(" ", "%20")}
        url = URL + "&" + "&".join(f"{name}={value}" for name, value in values.items())
        verdict = group.check(url, at=NOW)
        assert (verdict.reason, verdict.code) == (Reason.MALFORMED_SIGNATURE, "MalformedSignature")

    def test_a_missing_signature(self, group: Any) -> None:
        """No signature is a malformed one."""
        verdict = group.check(f"{URL}&Key-Pair-Id=KRSA1EXAMPLE&Expires={EXPIRES}", at=NOW)
        assert verdict.reason is Reason.MALFORMED_SIGNATURE

    @pytest.mark.parametrize(
        "what",
        [
            "",
            "&Expires=",
            "&Expires=0",
            "&Expires=01767200060",
            "&Expires=1767200060000",
            "&Expires=2147483648",
            "&Expires=+1767200060",
            "&Expires=%D9%A1",
            "&Policy=",
            "&Policy=e30_",
            "&Policy=e30=",
            "&Policy=!",
        ],
    )
    def test_malformed_policies(self, group: Any, rsa_peer: Any, what: str) -> None:
        """Neither expiry nor policy, or one that cannot be read."""
        signature = rsa_peer.canned(URL, EXPIRES)["Signature"]
        url = f"{URL}&Key-Pair-Id=KRSA1EXAMPLE&Signature={signature}{what}"
        verdict = group.check(url, at=NOW)
        assert (verdict.reason, verdict.code) == (Reason.MALFORMED_POLICY, "MalformedPolicy")

    @pytest.mark.parametrize(
        "document",
        [
            policy(expires_at=f'"{EXPIRES}"'),
            policy(expires_at=EXPIRES * 1000),
            policy(expires_at=f"{EXPIRES}.0"),
            policy(source="2001:db8::1"),
            policy(r"https://d1.example.com/a\?b"),
            policy().replace("[", "").replace("]", ""),
            policy().replace("}]", "},{}]"),
            "\ufeff" + policy(),
            policy().ljust(8193),
        ],
        ids=lambda text: text[:70],
    )
    def test_a_good_signature_does_not_mend_a_policy(
        self, group: Any, rsa_peer: Any, document: str
    ) -> None:
        """A malformed policy is malformed though it is signed."""
        cookies = rsa_peer.custom_cookies(document)
        assert group.check(URL, cookies=cookies, at=NOW).reason is Reason.MALFORMED_POLICY


class TestConditions:
    """A well-formed credential for something else."""

    def test_anothers_signature(self, group: Any, stranger: Any) -> None:
        """A key that is not trusted, under an id that is."""
        for url in (stranger.canned_url(URL, EXPIRES), stranger.custom_url(URL, policy())):
            verdict = group.check(url, at=NOW)
            assert (verdict.reason, verdict.code) == (Reason.SIGNATURE_MISMATCH, "AccessDenied")

    def test_another_hash_than_the_marker_says(self, group: Any, rsa_peer: Any) -> None:
        """SHA-256 without its marker, and SHA-1 with it."""
        unmarked = rsa_peer.canned_url(URL, EXPIRES, hash_algorithm="SHA256").replace(
            "&Hash-Algorithm=SHA256", ""
        )
        marked = rsa_peer.canned_url(URL, EXPIRES) + "&Hash-Algorithm=SHA256"
        for url in (unmarked, marked):
            assert group.check(url, at=NOW).reason is Reason.SIGNATURE_MISMATCH

    def test_a_policy_that_was_changed(self, group: Any, rsa_peer: Any) -> None:
        """Another layout of the same policy is other bytes."""
        values = rsa_peer.values(policy().encode())
        other = rsa_peer.values(policy().replace("[", "[ ").encode())
        cookies = {
            "CloudFront-Policy": other["Policy"],
            "CloudFront-Signature": values["Signature"],
            "CloudFront-Key-Pair-Id": values["Key-Pair-Id"],
        }
        assert group.check(URL, cookies=cookies, at=NOW).reason is Reason.SIGNATURE_MISMATCH

    @pytest.mark.parametrize(
        "viewed",
        [
            "http://d1.example.com/a/report.pdf?size=large",
            "https://d2.example.com/a/report.pdf?size=large",
            "https://d1.example.com./a/report.pdf?size=large",
            "https://d1.example.com:8443/a/report.pdf?size=large",
            "https://d1.example.com/a/Report.pdf?size=large",
            "https://d1.example.com//a/report.pdf?size=large",
            "https://d1.example.com/a/./report.pdf?size=large",
            "https://d1.example.com/a/%72eport.pdf?size=large",
            "https://d1.example.com/a/report.pdf",
            "https://d1.example.com/a/report.pdf?",
            "https://d1.example.com/a/report.pdf?size=large&",
            "https://d1.example.com/a/report.pdf?size=large&x=1",
            "https://d1.example.com/a/report.pdf?&size=large",
        ],
    )
    def test_another_url(self, group: Any, rsa_peer: Any, viewed: str) -> None:
        """Bytes are compared: a canned policy is then another one, a custom one a mismatch."""
        canned = {f"CloudFront-{k}": v for k, v in rsa_peer.canned(URL, EXPIRES).items()}
        custom = rsa_peer.custom_cookies(policy())
        assert group.check(viewed, cookies=canned, at=NOW).reason is Reason.SIGNATURE_MISMATCH
        verdict = group.check(viewed, cookies=custom, at=NOW)
        assert (verdict.reason, verdict.code) == (Reason.RESOURCE_MISMATCH, "AccessDenied")

    def test_a_canned_policy_knows_no_wildcards(self, group: Any, rsa_peer: Any) -> None:
        """A star in a canned URL is a star."""
        url = rsa_peer.canned_url("https://h/*", EXPIRES)
        assert group.check(url, at=NOW)
        assert group.check(url.replace("*", "a"), at=NOW).reason is Reason.SIGNATURE_MISMATCH

    @pytest.mark.parametrize(
        ("at", "reason"),
        [
            (NOW + 9, Reason.NOT_YET_VALID),
            (NOW + 10, Reason.NOT_YET_VALID),
            (NOW + 10.001, Reason.ALLOWED),
            (NOW + 59.999, Reason.ALLOWED),
            (NOW + 60, Reason.EXPIRED),
            (NOW + 61, Reason.EXPIRED),
            (10**400, Reason.EXPIRED),
        ],
    )
    def test_times(self, group: Any, rsa_peer: Any, at: float, reason: Reason) -> None:
        """A policy holds between its two times, and at neither."""
        url = rsa_peer.custom_url(URL, policy(starts_at=NOW + 10))
        verdict = group.check(url, at=at)
        assert verdict.reason is reason
        assert verdict.code == (None if verdict else "AccessDenied")

    def test_a_canned_expiry(self, group: Any, rsa_peer: Any) -> None:
        """A canned policy ends too."""
        url = rsa_peer.canned_url(URL, EXPIRES)
        assert group.check(url, at=EXPIRES - 1)
        assert group.check(url, at=EXPIRES).reason is Reason.EXPIRED

    def test_the_time_is_now_by_default(self, group: Any, rsa_peer: Any) -> None:
        """Without a time the clock is read at each check."""
        url = rsa_peer.canned_url(URL, EXPIRES)
        with time_machine.travel(NOW, tick=False) as clock:
            assert time.time() == NOW
            assert group.check(url)
            clock.shift(60)
            assert group.check(url).reason is Reason.EXPIRED

    def test_an_aware_time(self, group: Any, rsa_peer: Any) -> None:
        """An aware time counts in its own zone."""
        url = rsa_peer.canned_url(URL, EXPIRES)
        zone = timezone(timedelta(hours=-7))
        assert group.check(url, at=datetime.fromtimestamp(NOW, zone))
        late = group.check(url, at=datetime.fromtimestamp(EXPIRES, zone))
        assert late.reason is Reason.EXPIRED

    @pytest.mark.parametrize(
        ("ip_address", "allowed"),
        [
            ("192.0.2.7", True),
            ("192.0.2.255", True),
            (IPv4Address("192.0.2.0"), True),
            ("::ffff:192.0.2.7", True),
            (IPv6Address("::ffff:192.0.2.7"), True),
            ("192.0.3.7", False),
            ("::ffff:192.0.3.7", False),
            ("2001:db8::1", False),
            ("::192.0.2.7", False),
            (IPv6Address("::1"), False),
            (None, False),
            ("", False),
            ("192.0.2.7:80", False),
            ("192.0.2.7, 192.0.2.8", False),
            ("192.0.2.07", False),
            (" 192.0.2.7", False),
            ("localhost", False),
            ("\udc80", False),
        ],
    )
    def test_viewer_addresses(
        self, group: Any, rsa_peer: Any, ip_address: Any, allowed: bool
    ) -> None:
        """An address that a policy names must be the viewer's, in IPv4."""
        url = rsa_peer.custom_url(URL, policy(source="192.0.2.99/24"))
        verdict = group.check(url, at=NOW, ip_address=ip_address)
        assert verdict.reason is (Reason.ALLOWED if allowed else Reason.VIEWER_ADDRESS)
        assert verdict.code == (None if allowed else "AccessDenied")

    @pytest.mark.parametrize("ip_address", [None, "", "2001:db8::1", "unix:"])
    def test_an_address_that_nobody_asks_for(
        self, group: Any, rsa_peer: Any, ip_address: Any
    ) -> None:
        """Without a condition, any viewer will do, and an unknown one too."""
        assert group.check(rsa_peer.canned_url(URL, EXPIRES), at=NOW, ip_address=ip_address)


class TestOrder:
    """Of several faults, the one that CloudFront comes to first."""

    def test_one_mend_at_a_time(self, group: Any, stranger: Any, rsa_peer: Any) -> None:
        """Each mend uncovers the next fault."""
        bad = policy("https://other/*", EXPIRES, NOW + 10, "192.0.2.7/32")
        signed = rsa_peer.values(bad.encode())
        stages: list[tuple[dict[str, str], float, Reason]] = [
            ({}, EXPIRES, Reason.MISSING_KEY),
            ({"Key-Pair-Id": "K-1"}, EXPIRES, Reason.MALFORMED_KEY_ID),
            ({"Key-Pair-Id": "K1"}, EXPIRES, Reason.UNKNOWN_KEY),
            ({"Key-Pair-Id": "KRSA1EXAMPLE", "Expires": "x"}, EXPIRES, Reason.AMBIGUOUS_POLICY),
            ({"Expires": ""}, EXPIRES, Reason.HASH_ALGORITHM),
            ({"Hash-Algorithm": "SHA1"}, EXPIRES, Reason.MALFORMED_SIGNATURE),
            ({"Signature": "YQ__"}, EXPIRES, Reason.MALFORMED_POLICY),
            ({"Policy": signed["Policy"]}, EXPIRES, Reason.SIGNATURE_MISMATCH),
            ({"Signature": signed["Signature"]}, EXPIRES, Reason.RESOURCE_MISMATCH),
        ]
        values = {"Policy": "x", "Signature": "x", "Hash-Algorithm": "x"}
        for mend, at, reason in stages:
            values |= mend
            sent = {f"CloudFront-{name}": value for name, value in values.items() if value}
            assert group.check(URL, cookies=sent, at=at).reason is reason

    def test_conditions_in_order(self, group: Any, rsa_peer: Any) -> None:
        """The resource, then the times, then the address."""
        document = policy(URL, EXPIRES, NOW + 10, "192.0.2.7/32")
        url = rsa_peer.custom_url(URL, document)
        assert group.check(url + "&x", at=EXPIRES).reason is Reason.RESOURCE_MISMATCH
        assert group.check(url, at=EXPIRES).reason is Reason.EXPIRED
        assert group.check(url, at=NOW).reason is Reason.NOT_YET_VALID
        assert group.check(url, at=NOW + 11).reason is Reason.VIEWER_ADDRESS
        assert group.check(url, at=NOW + 11, ip_address=VIEWER)


class Failing(tzinfo):
    """A time zone that does not work."""

    def utcoffset(self, when: datetime | None) -> timedelta:
        """Fail."""
        raise RuntimeError


class TestUnusable:
    """Requests that are none."""

    @pytest.mark.parametrize(
        "at",
        [
            float("nan"),
            float("inf"),
            float("-inf"),
            True,
            False,
            "1767200000",
            b"1",
            datetime(2026, 1, 1),
            datetime(2026, 1, 1, tzinfo=Failing()),
            timedelta(1),
            object(),
            [],
        ],
    )
    def test_times_that_are_none(self, group: Any, rsa_peer: Any, at: Any) -> None:
        """Not a number, a naive time, another type: refused, whatever was signed."""
        verdict = group.check(rsa_peer.canned_url(URL, EXPIRES), at=at)
        assert (verdict.reason, verdict.code) == (Reason.UNUSABLE_REQUEST, "AccessDenied")

    @pytest.mark.parametrize("at", [datetime.min, datetime.max])
    def test_the_ends_of_time(self, group: Any, rsa_peer: Any, at: datetime) -> None:
        """The first and the last time raise nothing."""
        url = rsa_peer.custom_url(URL, policy(starts_at=NOW))
        assert not group.check(url, at=at.replace(tzinfo=UTC))

    @pytest.mark.parametrize("ip_address", [0, 1, True, b"\xc0\x00\x02\x07", 3.5, object(), [], ()])
    def test_addresses_that_are_none(self, group: Any, rsa_peer: Any, ip_address: Any) -> None:
        """Another type is refused, whether a policy asks for an address or not."""
        for document in (policy(), policy(source="0.0.0.0/0")):
            url = rsa_peer.custom_url(URL, document)
            verdict = group.check(url, at=NOW, ip_address=ip_address)
            assert verdict.reason is Reason.UNUSABLE_REQUEST

    @pytest.mark.parametrize("cookies", [1, b"a=b", object(), [1], {"a": 1}, "a" * 20_481])
    def test_cookies_that_are_none(self, group: Any, rsa_peer: Any, cookies: Any) -> None:
        """Other types and more than 20,480 bytes are refused."""
        verdict = group.check(rsa_peer.canned_url(URL, EXPIRES), cookies=cookies, at=NOW)
        assert verdict.reason is Reason.UNUSABLE_REQUEST

    @pytest.mark.parametrize(
        "url",
        [
            None,
            1,
            b"https://h/",
            object(),
            "",
            "/a",
            "ftp://h/",
            "HTTPS://h/a",
            "https://u@h/a",
            "https://h/a#b",
            "https://h/\xe9",
            "https://h/\udc80",
            *(f"https://h/a{letter}" for letter in '\x00\n\x7f "\\<>^`{|}'),
            "https://h/" + "a" * 8_183,
        ],
    )
    def test_urls_that_are_none(self, group: Any, rsa_peer: Any, url: Any) -> None:
        """What cannot be on the wire is refused, even by a policy for everything."""
        cookies = rsa_peer.custom_cookies(policy("*"))
        verdict = group.check(url, cookies=cookies, at=NOW)
        assert (verdict.reason, verdict.code) == (Reason.UNUSABLE_REQUEST, "AccessDenied")

    def test_the_longest_url(self, group: Any, rsa_peer: Any) -> None:
        """A URL of 8,192 bytes is still one."""
        cookies = rsa_peer.custom_cookies(policy("*"))
        url = "https://h/" + "a" * 8_182
        assert group.check(url, cookies=cookies, at=NOW)
        assert not group.check(url + "a", cookies=cookies, at=NOW)


class TestConstruction:
    """Keys are loaded, and refused, when the group is made."""

    def test_every_source(self, rsa_peer: Any, tmp_path: Path) -> None:
        """A key is a path, or PEM as text or bytes."""
        path = tmp_path / "key.pub"
        path.write_text(rsa_peer.public_pem)
        sources = (path, str(path), rsa_peer.public_pem, rsa_peer.public_pem.encode())
        for source in sources:
            group = TrustedKeyGroup({rsa_peer.key_pair_id: source})
            assert group.check(rsa_peer.canned_url(URL, EXPIRES), at=NOW)

    @pytest.mark.parametrize("keys", [{}, None, [], "pem", ["K1"], 1])
    def test_no_keys(self, keys: Any) -> None:
        """A group without a key would refuse all and never say why."""
        with pytest.raises(ConfigurationError, match="at least one key"):
            TrustedKeyGroup(keys)

    @pytest.mark.parametrize(
        "key_pair_id", ["", "K-1", "K 1", "K1\n", "K\xe9", "\N{ARABIC-INDIC DIGIT ONE}", None, 1]
    )
    def test_misshapen_ids(self, rsa_peer: Any, key_pair_id: Any) -> None:
        """A key pair id is ASCII letters and digits."""
        with pytest.raises(SigningKeyError, match="letters and digits"):
            TrustedKeyGroup({key_pair_id: rsa_peer.public_pem})

    def test_the_id_of_the_group(self, rsa_peer: Any) -> None:
        """A UUID is the key group's own id: the error says so."""
        with pytest.raises(SigningKeyError, match="id of a key group"):
            TrustedKeyGroup({"b9b04c8b-5e1c-4e9e-9f8d-0123456789ab": rsa_peer.public_pem})

    def test_a_key_in_place_of_its_id(self, rsa_peer: Any) -> None:
        """A key that was pasted as the id is not shown in the error."""
        with pytest.raises(SigningKeyError) as caught:
            TrustedKeyGroup({rsa_peer.public_pem: "K1"})
        assert rsa_peer.public_pem[40:60] not in str(caught.value)

    @pytest.mark.parametrize("source", ["no/such/file", "-----BEGIN", b"", None, 1])
    def test_unusable_keys(self, source: Any) -> None:
        """The error names the key pair id."""
        with pytest.raises(SigningKeyError, match="KBROKEN"):
            TrustedKeyGroup({"KBROKEN": source})

    def test_a_private_key(self, rsa_peer: Any) -> None:
        """A private key has no place here, and is not shown."""
        pem = rsa_peer.private_pem
        with pytest.raises(SigningKeyError, match="KPRIVATE") as caught:
            TrustedKeyGroup({"KPRIVATE": pem})
        assert pem[40:60] not in str(caught.value)

    def test_a_size_that_cloudfront_does_not_take(self, rsa_peer: Any, small_pem: str) -> None:
        """A key of another size is used, with a warning at the caller's line."""
        peer = type(rsa_peer)("KSMALL", small_pem, rsa_peer.openssl)
        with pytest.warns(CfsignWarning, match="KSMALL is RSA-1024") as caught:
            group = TrustedKeyGroup({"KSMALL": peer.public_pem})
        assert caught[0].filename == __file__
        assert group.check(peer.canned_url(URL, EXPIRES), at=NOW)

    def test_repr(self, group: Any) -> None:
        """Ids and kinds, and no key."""
        pytest.importorskip("cryptography")
        assert repr(group) == "<TrustedKeyGroup KRSA1EXAMPLE RSA-2048, KEC2EXAMPLE P-256>"
