"""Check requests with a trusted key group."""

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
CLIENT = "192.0.2.7"


def policy(
    resource: str | None = URL,
    expires_at: object = EXPIRES,
    starts_at: object = None,
    source: str | None = None,
) -> str:
    """Build a custom policy by hand."""
    conditions = [f'"DateLessThan":{{"AWS:EpochTime":{expires_at}}}']
    if starts_at is not None:
        conditions.append(f'"DateGreaterThan":{{"AWS:EpochTime":{starts_at}}}')
    if source is not None:
        conditions.append(f'"IpAddress":{{"AWS:SourceIp":"{source}"}}')
    named = "" if resource is None else f'"Resource":"{resource}",'
    return '{"Statement":[{' + named + '"Condition":{' + ",".join(conditions) + "}}]}"


class TestAllowed:
    """Requests that are allowed."""

    @pytest.mark.parametrize("hash_algorithm", [None, "SHA1", "SHA256"])
    @pytest.mark.parametrize("peer_name", ["rsa_peer", "ec_peer"])
    def test_every_key_and_hash(
        self, request: Any, group: Any, peer_name: str, hash_algorithm: str | None
    ) -> None:
        """RSA and P-256, with SHA-1 by default or by name, and with SHA-256 by name."""
        peer = request.getfixturevalue(peer_name)
        canned = peer.canned_url(URL, EXPIRES, hash_algorithm=hash_algorithm)
        custom = peer.custom_url(URL, policy(), hash_algorithm=hash_algorithm)
        assert group.check(canned, at=NOW)
        assert group.check(custom, at=NOW).reason is Reason.ALLOWED

    @pytest.mark.parametrize("date_less_than", [datetime.fromtimestamp(EXPIRES, UTC)])
    def test_urls_signed_by_botocore(
        self, group: Any, rsa_peer: Any, date_less_than: datetime
    ) -> None:
        """Canned and custom."""
        signers = pytest.importorskip("botocore.signers")
        signer = signers.CloudFrontSigner(rsa_peer.key_pair_id, rsa_peer.sign)
        custom = signer.build_policy(URL, date_less_than, ip_address=CLIENT)
        assert group.check(signer.generate_presigned_url(URL, date_less_than), at=NOW)
        assert group.check(
            signer.generate_presigned_url(URL, policy=custom), at=NOW, ip_address=CLIENT
        )

    def test_cookies(self, group: Any, rsa_peer: Any) -> None:
        """Canned and custom, in each form."""
        canned = {f"CloudFront-{k}": v for k, v in rsa_peer.canned(URL, EXPIRES).items()}
        custom = rsa_peer.custom_cookies(policy("https://*/a/*"))
        for cookies in (canned, custom):
            header = "; ".join(f"{name}={value}" for name, value in cookies.items())
            for form in (cookies, list(cookies.items()), header):
                assert group.check(URL, cookies=form, at=NOW)

    @pytest.mark.parametrize("resource", ["*", None, "https://*", "*://d1.example.com/a/*"])
    def test_policies_for_several_urls(
        self, group: Any, rsa_peer: Any, resource: str | None
    ) -> None:
        assert group.check(rsa_peer.custom_url(URL, policy(resource)), at=NOW)

    def test_white_space_in_a_policy(self, group: Any, rsa_peer: Any) -> None:
        """The signature is for the bytes as they were sent."""
        document = policy().replace('":', '" :\r\n\t').replace("}", " } ")
        assert group.check(rsa_peer.custom_url(URL, document), at=NOW)

    def test_order_of_the_parameters(self, group: Any, rsa_peer: Any) -> None:
        """CloudFront's parameters may be anywhere between the site's."""
        values = list(rsa_peer.canned("https://h/a?x=1&y=2", EXPIRES).items())
        first, second, third = (f"{name}={value}" for name, value in reversed(values))
        assert group.check(f"https://h/a?{first}&x=1&{second}&y=2&{third}", at=NOW)

    def test_percent_encoded_values(self, group: Any, rsa_peer: Any) -> None:
        """A client may have encoded them."""
        url = rsa_peer.canned_url(URL, EXPIRES).replace("~", "%7E").replace("_", "%5f")
        assert "%5f" in url
        assert group.check(url.replace("Key-Pair-Id", "Key%2DPair%2DId"), at=NOW)

    def test_canned_policy_sent_as_a_custom_one(self, group: Any, rsa_peer: Any) -> None:
        """The bytes and the signature are the same."""
        document = policy().encode()
        assert rsa_peer.canned(URL, EXPIRES)["Signature"] == rsa_peer.values(document)["Signature"]
        assert group.check(rsa_peer.custom_url(URL, document), at=NOW)

    @pytest.mark.parametrize(
        ("signed", "requested"),
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
    def test_equivalent_spellings_of_a_canned_url(
        self, group: Any, rsa_peer: Any, signed: str, requested: str
    ) -> None:
        """Letter case of the host, a default port and the / of an empty path do not matter."""
        values = rsa_peer.canned(signed, EXPIRES)
        joint = "&" if "?" in requested else "?"
        sent = requested.removesuffix("&") + joint + "&".join(f"{k}={v}" for k, v in values.items())
        assert group.check(sent, at=NOW)


class TestMissingOrUnknownKey:
    """The key pair id, which is checked first."""

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
        """Missing, malformed, unknown, or of another key."""
        if "KEC2EXAMPLE" in change:
            pytest.importorskip("cryptography")
        url = rsa_peer.canned_url(URL, EXPIRES)
        assert change[0] in url
        verdict = group.check(url.replace(*change), at=NOW)
        assert (verdict.reason, verdict.code) == (reason, code)

    def test_unsigned_request_is_a_missing_key(self, group: Any) -> None:
        assert group.check(URL).reason is Reason.MISSING_KEY
        assert group.check(URL, cookies="a=b").reason is Reason.MISSING_KEY

    def test_any_reserved_parameter_hides_the_cookies(self, group: Any, rsa_peer: Any) -> None:
        cookies = rsa_peer.custom_cookies(policy("*"))
        assert group.check(URL, cookies=cookies, at=NOW)
        for name in ("Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"):
            verdict = group.check(f"{URL}&{name}=", cookies=cookies, at=NOW)
            assert verdict.reason is Reason.MISSING_KEY

    def test_cookies_are_ignored_with_a_signed_url(self, group: Any, rsa_peer: Any) -> None:
        """Even invalid ones."""
        cookies = [("CloudFront-Policy", "x"), ("CloudFront-Policy", "y")]
        assert group.check(rsa_peer.canned_url(URL, EXPIRES), cookies=cookies, at=NOW)


class TestForm:
    """Malformed or ambiguous credentials with a known key."""

    @pytest.mark.parametrize("again", ["Expires=1", "Signature=x", "Key-Pair-Id=K1", "%45xpires"])
    def test_duplicate_parameters(self, group: Any, rsa_peer: Any, again: str) -> None:
        """Before or after the first."""
        url = rsa_peer.canned_url("https://h/a?b", EXPIRES)
        for twice in (f"{url}&{again}", url.replace("?b", f"?{again}&b")):
            verdict = group.check(twice, at=NOW)
            assert (verdict.reason, verdict.code) == (Reason.DUPLICATE_PARAMETER, "AccessDenied")

    def test_duplicate_cookies(self, group: Any, rsa_peer: Any) -> None:
        """With the same value too."""
        pairs = list(rsa_peer.custom_cookies(policy()).items())
        assert group.check(URL, cookies=pairs, at=NOW)
        for pair in pairs:
            verdict = group.check(URL, cookies=[*pairs, pair], at=NOW)
            assert verdict.reason is Reason.DUPLICATE_PARAMETER

    @pytest.mark.parametrize(
        "expires", ["", "x", "0", f"0{EXPIRES}", f"{EXPIRES}.0", str(EXPIRES + 1), str(EXPIRES - 1)]
    )
    def test_expiry_that_differs_from_the_policy(
        self, group: Any, rsa_peer: Any, expires: str
    ) -> None:
        """AWS does not document which one counts."""
        url = f"{rsa_peer.custom_url(URL, policy())}&Expires={expires}"
        cookies = rsa_peer.custom_cookies(policy()) | {"CloudFront-Expires": expires}
        for verdict in (group.check(url, at=NOW), group.check(URL, cookies=cookies, at=NOW)):
            assert (verdict.reason, verdict.code) == (Reason.AMBIGUOUS_POLICY, "AccessDenied")

    def test_expiry_next_to_a_policy_of_the_same_time(self, group: Any, rsa_peer: Any) -> None:
        """Judged by the policy: aws-cloudfront-sign sends both."""
        document = policy(starts_at=NOW)
        signed = f"{rsa_peer.custom_url(URL, document)}&Expires={EXPIRES}"
        cookies = rsa_peer.custom_cookies(document) | {"CloudFront-Expires": str(EXPIRES)}
        for url, sent in ((signed, None), (URL, cookies)):
            for at, reason in (
                (NOW, Reason.NOT_YET_VALID),
                (NOW + 1, Reason.ALLOWED),
                (EXPIRES, Reason.EXPIRED),
            ):
                assert group.check(url, cookies=sent, at=at).reason is reason
            other = url.replace("report", "other")
            assert group.check(other, cookies=sent, at=NOW + 1).reason is Reason.RESOURCE_MISMATCH

    def test_expiry_does_not_repair_a_policy(self, group: Any, rsa_peer: Any) -> None:
        """A canned signature with a policy that cannot be read stays malformed."""
        url = f"{rsa_peer.canned_url(URL, EXPIRES)}&Policy="
        assert group.check(url, at=NOW).reason is Reason.MALFORMED_POLICY
        url = f"{rsa_peer.canned_url(URL, EXPIRES)}&Policy={rsa_peer.values(b'x')['Policy']}"
        assert group.check(url, at=NOW).reason is Reason.MALFORMED_POLICY

    @pytest.mark.parametrize(
        "marker", ["", "sha1", "sha256", "SHA-256", "SHA512", "SHA256 ", "MD5", "%53HA1%00"]
    )
    def test_unknown_hash_algorithms(self, group: Any, rsa_peer: Any, marker: str) -> None:
        """The two names are compared exactly."""
        url = rsa_peer.canned_url(URL, EXPIRES) + "&Hash-Algorithm=" + marker.replace(" ", "%20")
        verdict = group.check(url, at=NOW)
        assert (verdict.reason, verdict.code) == (Reason.HASH_ALGORITHM, "AccessDenied")

    @pytest.mark.parametrize("signature", ["", "x", "YQ", "YQ==", "YQ_=", "a+/b", "YR__", "Y Q_"])
    def test_malformed_signatures(self, group: Any, rsa_peer: Any, signature: str) -> None:
        values = {**rsa_peer.canned(URL, EXPIRES), "Signature": signature.replace(" ", "%20")}
        url = URL + "&" + "&".join(f"{name}={value}" for name, value in values.items())
        verdict = group.check(url, at=NOW)
        assert (verdict.reason, verdict.code) == (Reason.MALFORMED_SIGNATURE, "MalformedSignature")

    def test_missing_signature_is_malformed(self, group: Any) -> None:
        verdict = group.check(f"{URL}&Key-Pair-Id=KRSA1EXAMPLE&Expires={EXPIRES}", at=NOW)
        assert verdict.reason is Reason.MALFORMED_SIGNATURE

    @pytest.mark.parametrize(
        "policy_parameter",
        [
            "",
            "&Expires=",
            "&Expires=0",
            "&Expires=01767200060",
            "&Expires=1767200060000",
            "&Expires=9223372037",
            "&Expires=+1767200060",
            "&Expires=%D9%A1",
            "&Policy=",
            "&Policy=e30_",
            "&Policy=e30=",
            "&Policy=!",
        ],
    )
    def test_malformed_policies(self, group: Any, rsa_peer: Any, policy_parameter: str) -> None:
        """Neither expiry nor policy, or an invalid one."""
        signature = rsa_peer.canned(URL, EXPIRES)["Signature"]
        url = f"{URL}&Key-Pair-Id=KRSA1EXAMPLE&Signature={signature}{policy_parameter}"
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
    def test_malformed_policy_with_a_right_signature(
        self, group: Any, rsa_peer: Any, document: str
    ) -> None:
        cookies = rsa_peer.custom_cookies(document)
        assert group.check(URL, cookies=cookies, at=NOW).reason is Reason.MALFORMED_POLICY


class TestConditions:
    """Well-formed credentials whose signature or conditions do not match."""

    def test_signature_of_an_untrusted_key(self, group: Any, untrusted_peer: Any) -> None:
        """With a trusted id."""
        for url in (
            untrusted_peer.canned_url(URL, EXPIRES),
            untrusted_peer.custom_url(URL, policy()),
        ):
            verdict = group.check(url, at=NOW)
            assert (verdict.reason, verdict.code) == (Reason.SIGNATURE_MISMATCH, "AccessDenied")

    def test_other_hash_than_named(self, group: Any, rsa_peer: Any) -> None:
        """SHA-256 without Hash-Algorithm, and SHA-1 with Hash-Algorithm=SHA256."""
        unmarked = rsa_peer.canned_url(URL, EXPIRES, hash_algorithm="SHA256").replace(
            "&Hash-Algorithm=SHA256", ""
        )
        marked = rsa_peer.canned_url(URL, EXPIRES) + "&Hash-Algorithm=SHA256"
        for url in (unmarked, marked):
            assert group.check(url, at=NOW).reason is Reason.SIGNATURE_MISMATCH

    def test_policy_with_other_white_space_than_signed(self, group: Any, rsa_peer: Any) -> None:
        values = rsa_peer.values(policy().encode())
        other = rsa_peer.values(policy().replace("[", "[ ").encode())
        cookies = {
            "CloudFront-Policy": other["Policy"],
            "CloudFront-Signature": values["Signature"],
            "CloudFront-Key-Pair-Id": values["Key-Pair-Id"],
        }
        assert group.check(URL, cookies=cookies, at=NOW).reason is Reason.SIGNATURE_MISMATCH

    @pytest.mark.parametrize(
        "requested",
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
    def test_other_url(self, group: Any, rsa_peer: Any, requested: str) -> None:
        """Bytes are compared: SIGNATURE_MISMATCH for a canned policy, else RESOURCE_MISMATCH."""
        canned = {f"CloudFront-{k}": v for k, v in rsa_peer.canned(URL, EXPIRES).items()}
        custom = rsa_peer.custom_cookies(policy())
        assert group.check(requested, cookies=canned, at=NOW).reason is Reason.SIGNATURE_MISMATCH
        verdict = group.check(requested, cookies=custom, at=NOW)
        assert (verdict.reason, verdict.code) == (Reason.RESOURCE_MISMATCH, "AccessDenied")

    def test_star_in_a_canned_policy_is_not_a_wildcard(self, group: Any, rsa_peer: Any) -> None:
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
        """A policy is not valid in the exact second of its start or end."""
        url = rsa_peer.custom_url(URL, policy(starts_at=NOW + 10))
        verdict = group.check(url, at=at)
        assert verdict.reason is reason
        assert verdict.code == (None if verdict else "AccessDenied")

    def test_canned_expiry(self, group: Any, rsa_peer: Any) -> None:
        url = rsa_peer.canned_url(URL, EXPIRES)
        assert group.check(url, at=EXPIRES - 1)
        assert group.check(url, at=EXPIRES).reason is Reason.EXPIRED

    def test_time_is_now_by_default(self, group: Any, rsa_peer: Any) -> None:
        """The clock is read at each check."""
        url = rsa_peer.canned_url(URL, EXPIRES)
        with time_machine.travel(NOW, tick=False) as clock:
            assert time.time() == NOW
            assert group.check(url)
            clock.shift(60)
            assert group.check(url).reason is Reason.EXPIRED

    def test_aware_time(self, group: Any, rsa_peer: Any) -> None:
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
    def test_client_addresses(
        self, group: Any, rsa_peer: Any, ip_address: Any, allowed: bool
    ) -> None:
        """The client must have an IPv4 address in the policy's range."""
        url = rsa_peer.custom_url(URL, policy(source="192.0.2.99/24"))
        verdict = group.check(url, at=NOW, ip_address=ip_address)
        assert verdict.reason is (Reason.ALLOWED if allowed else Reason.VIEWER_ADDRESS)
        assert verdict.code == (None if allowed else "AccessDenied")

    @pytest.mark.parametrize("ip_address", [None, "", "2001:db8::1", "unix:"])
    def test_policy_without_an_address_allows_any_client(
        self, group: Any, rsa_peer: Any, ip_address: Any
    ) -> None:
        assert group.check(rsa_peer.canned_url(URL, EXPIRES), at=NOW, ip_address=ip_address)


class TestOrder:
    """Of several mistakes, the first in CloudFront's order is reported."""

    def test_each_fix_reveals_the_next_mistake(self, group: Any, rsa_peer: Any) -> None:
        bad = policy("https://other/*", EXPIRES, NOW + 10, "192.0.2.7/32")
        signed = rsa_peer.values(bad.encode())
        stages: list[tuple[dict[str, str], float, Reason]] = [
            ({}, EXPIRES, Reason.MISSING_KEY),
            ({"Key-Pair-Id": "K-1"}, EXPIRES, Reason.MALFORMED_KEY_ID),
            ({"Key-Pair-Id": "K1"}, EXPIRES, Reason.UNKNOWN_KEY),
            ({"Key-Pair-Id": "KRSA1EXAMPLE", "Expires": "x"}, EXPIRES, Reason.HASH_ALGORITHM),
            ({"Hash-Algorithm": "SHA1"}, EXPIRES, Reason.MALFORMED_SIGNATURE),
            ({"Signature": "YQ__"}, EXPIRES, Reason.MALFORMED_POLICY),
            ({"Policy": signed["Policy"]}, EXPIRES, Reason.AMBIGUOUS_POLICY),
            ({"Expires": str(EXPIRES)}, EXPIRES, Reason.SIGNATURE_MISMATCH),
            ({"Signature": signed["Signature"]}, EXPIRES, Reason.RESOURCE_MISMATCH),
        ]
        values = {"Policy": "x", "Signature": "x", "Hash-Algorithm": "x"}
        for fix, at, reason in stages:
            values |= fix
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
        assert group.check(url, at=NOW + 11, ip_address=CLIENT)


class Failing(tzinfo):
    """A time zone that raises."""

    def utcoffset(self, when: datetime | None) -> timedelta:
        """Fail."""
        raise RuntimeError


class TestUnusable:
    """Invalid requests."""

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
    def test_invalid_times(self, group: Any, rsa_peer: Any, at: Any) -> None:
        verdict = group.check(rsa_peer.canned_url(URL, EXPIRES), at=at)
        assert (verdict.reason, verdict.code) == (Reason.UNUSABLE_REQUEST, "AccessDenied")

    @pytest.mark.parametrize("at", [datetime.min, datetime.max])
    def test_first_and_last_datetime_raise_nothing(
        self, group: Any, rsa_peer: Any, at: datetime
    ) -> None:
        url = rsa_peer.custom_url(URL, policy(starts_at=NOW))
        assert not group.check(url, at=at.replace(tzinfo=UTC))

    @pytest.mark.parametrize("ip_address", [0, 1, True, b"\xc0\x00\x02\x07", 3.5, object(), [], ()])
    def test_invalid_addresses(self, group: Any, rsa_peer: Any, ip_address: Any) -> None:
        """Other types are refused even if the policy names no address."""
        for document in (policy(), policy(source="0.0.0.0/0")):
            url = rsa_peer.custom_url(URL, document)
            verdict = group.check(url, at=NOW, ip_address=ip_address)
            assert verdict.reason is Reason.UNUSABLE_REQUEST

    @pytest.mark.parametrize("cookies", [1, b"a=b", object(), [1], {"a": 1}, "a" * 32_769])
    def test_invalid_cookies(self, group: Any, rsa_peer: Any, cookies: Any) -> None:
        """Other types, and more than 32,768 bytes."""
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
    def test_invalid_urls(self, group: Any, rsa_peer: Any, url: Any) -> None:
        """Even with a policy for every URL."""
        cookies = rsa_peer.custom_cookies(policy("*"))
        verdict = group.check(url, cookies=cookies, at=NOW)
        assert (verdict.reason, verdict.code) == (Reason.UNUSABLE_REQUEST, "AccessDenied")

    def test_longest_url_has_8192_bytes(self, group: Any, rsa_peer: Any) -> None:
        cookies = rsa_peer.custom_cookies(policy("*"))
        url = "https://h/" + "a" * 8_182
        assert group.check(url, cookies=cookies, at=NOW)
        assert not group.check(url + "a", cookies=cookies, at=NOW)


class TestConstruction:
    """Keys are loaded and validated by the constructor."""

    def test_sources_of_a_key(self, rsa_peer: Any, tmp_path: Path) -> None:
        """A path, or PEM as text or bytes."""
        path = tmp_path / "key.pub"
        path.write_text(rsa_peer.public_pem)
        sources = (path, str(path), rsa_peer.public_pem, rsa_peer.public_pem.encode())
        for source in sources:
            group = TrustedKeyGroup({rsa_peer.key_pair_id: source})
            assert group.check(rsa_peer.canned_url(URL, EXPIRES), at=NOW)

    @pytest.mark.parametrize("keys", [{}, None, [], "pem", ["K1"], 1])
    def test_no_keys(self, keys: Any) -> None:
        """Such a group would refuse every request."""
        with pytest.raises(ConfigurationError, match="at least one key"):
            TrustedKeyGroup(keys)

    @pytest.mark.parametrize(
        ("key_pair_id", "words"),
        [
            ("", "is empty"),
            ("K-1", "letters and digits"),
            ("K 1", "letters and digits"),
            ("K1\n", "letters and digits"),
            ("K\xe9", "letters and digits"),
            ("\N{ARABIC-INDIC DIGIT ONE}", "letters and digits"),
            ("K" * 129, "letters and digits"),
            (None, "must be text, got NoneType"),
            (1, "must be text, got int"),
            ("b9b04c8b-5e1c-4e9e-9f8d-0123456789ab", "ID of a key group"),
            ("AKIAIOSFODNN7EXAMPLE", "an AWS access key id"),
            ("undefined", "'undefined': the value it was read from is missing"),
            ("None", "'None': the value it was read from is missing"),
            ("'K2JCJMDEHXQW5F'", "quotes or white space"),
        ],
    )
    def test_ids_that_no_public_key_has(self, rsa_peer: Any, key_pair_id: Any, words: str) -> None:
        """The same rule as for a `Signer`."""
        with pytest.raises(SigningKeyError, match=words):
            TrustedKeyGroup({key_pair_id: rsa_peer.public_pem})

    def test_key_instead_of_its_id_is_not_shown(self, rsa_peer: Any) -> None:
        with pytest.raises(SigningKeyError) as caught:
            TrustedKeyGroup({rsa_peer.public_pem: "K1"})
        assert rsa_peer.public_pem[40:60] not in str(caught.value)

    @pytest.mark.parametrize("source", ["no/such/file", "-----BEGIN", b"", None, 1])
    def test_error_of_a_key_names_its_id(self, source: Any) -> None:
        with pytest.raises(SigningKeyError, match="KBROKEN"):
            TrustedKeyGroup({"KBROKEN": source})

    def test_private_key_is_refused_and_not_shown(self, rsa_peer: Any) -> None:
        pem = rsa_peer.private_pem
        with pytest.raises(SigningKeyError, match="KPRIVATE") as caught:
            TrustedKeyGroup({"KPRIVATE": pem})
        assert pem[40:60] not in str(caught.value)

    def test_unsupported_key_size_is_a_warning(self, rsa_peer: Any, small_pem: str) -> None:
        """At the caller's line."""
        peer = type(rsa_peer)("KSMALL", small_pem, rsa_peer.openssl)
        with pytest.warns(CfsignWarning, match="KSMALL is RSA-1024") as caught:
            group = TrustedKeyGroup({"KSMALL": peer.public_pem})
        assert caught[0].filename == __file__
        assert group.check(peer.canned_url(URL, EXPIRES), at=NOW)

    def test_repr_has_ids_and_algorithms_but_no_keys(self, group: Any) -> None:
        pytest.importorskip("cryptography")
        assert repr(group) == "<TrustedKeyGroup KRSA1EXAMPLE RSA-2048, KEC2EXAMPLE P-256>"
