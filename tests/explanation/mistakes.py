"""
Every mistake that `explain` recognizes, made as a user makes it.

Each is one row of the table in docs/403.md, and one test.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.cookiejar
import json
import re
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from typing import Any

from cfsign import Mistake
from tests.explanation.makers import (
    CANNED,
    EXPIRES,
    NOW,
    Arguments,
    Key,
    World,
    add_parameters,
    canned,
    cookies,
    custom,
    to_cloudfront,
)

URL = "https://d111111abcdef8.cloudfront.net/images/horizon.jpg"
QUERY = f"{URL}?size=large&license=yes"
CNAME = "https://media.example.com/images/horizon.jpg"

Maker = Callable[[World], Arguments]


@dataclass(frozen=True)
class Row:
    """One mistake: its title, the tool that makes it, and the first cause of the explanation."""

    title: str
    by: str
    mistake: Mistake
    make: Maker


ROWS: list[Row] = []


def row(title: str, by: str, mistake: Mistake) -> Callable[[Maker], Maker]:
    def add(make: Maker) -> Maker:
        ROWS.append(Row(title, by, mistake, make))
        return make

    return add


def add(title: str, by: str, mistake: Mistake, make: Callable[[World], str], **more: Any) -> None:
    ROWS.append(Row(title, by, mistake, lambda world: Arguments(make(world), more)))


def sign_by_hand(
    document: str | bytes, key: str = "rsa", hash_name: str = "SHA1", url: str = URL, *more: str
) -> Callable[[World], str]:
    """Sign *document* by hand, and send it as the canned policy of *url*."""

    def make(world: World) -> str:
        signer: Key = getattr(world, key)
        message = document if isinstance(document, bytes) else document.encode()
        return canned(url, signer.dgst(message, hash_name), signer, *more)

    return make


def policy(condition: Any, resource: Any = URL) -> str:
    statement = {"Resource": resource, "Condition": condition}
    return json.dumps({"Statement": [statement]}, separators=(",", ":"))


UNTIL = {"DateLessThan": {"AWS:EpochTime": EXPIRES}}
DOCUMENT = CANNED % (URL, EXPIRES)
FOLDER = policy(UNTIL, URL.replace("horizon.jpg", "*"))
HAND, BOTO, IN_TRANSIT = "by hand", "botocore", "in transit"


# Times


def _sign_with_start(world: World, starts_at: int) -> str:
    start = datetime.fromtimestamp(starts_at, UTC)
    return world.boto(URL, policy=world.boto_policy(URL, date_greater_than=start))


add(
    "Expires in milliseconds",
    HAND,
    Mistake.MILLISECONDS,
    lambda w: canned(
        URL, w.rsa.sign((CANNED % (URL, EXPIRES * 1000)).encode()), w.rsa, expires=EXPIRES * 1000
    ),
)
add(
    "A custom policy's time in milliseconds",
    HAND,
    Mistake.MILLISECONDS,
    lambda w: custom(URL, policy({"DateLessThan": {"AWS:EpochTime": EXPIRES * 1000}}), w.rsa),
)
add(
    "A time in quotes",
    HAND,
    Mistake.QUOTED_NUMBER,
    lambda w: custom(URL, policy({"DateLessThan": {"AWS:EpochTime": str(EXPIRES)}}), w.rsa),
)
add(
    "A time with a fraction",
    HAND,
    Mistake.NOT_EPOCH_SECONDS,
    lambda w: canned(
        URL, w.rsa.sign((CANNED % (URL, f"{EXPIRES}.25")).encode()), w.rsa, expires=f"{EXPIRES}.25"
    ),
)
add(
    "A duration instead of a timestamp",
    BOTO,
    Mistake.DURATION_FOR_TIMESTAMP,
    lambda w: w.boto(URL, 60),
    at=NOW,
)
add(
    "Seconds instead of milliseconds",
    BOTO,
    Mistake.SECONDS_FOR_MILLISECONDS,
    lambda w: w.boto(URL, EXPIRES // 1000),
)
add("Expired", BOTO, Mistake.EXPIRED, lambda w: w.boto(URL), at=EXPIRES + 90)
add("Not valid yet", BOTO, Mistake.NOT_YET_VALID, lambda w: _sign_with_start(w, NOW + 1800))
add(
    "The signer's clock is half a minute fast",
    BOTO,
    Mistake.CLOCK,
    lambda w: _sign_with_start(w, NOW + 30),
)
add(
    "An end before the start",
    HAND,
    Mistake.NEVER_VALID,
    lambda w: custom(
        URL,
        policy(
            {
                "DateLessThan": {"AWS:EpochTime": NOW + 60},
                "DateGreaterThan": {"AWS:EpochTime": NOW + 600},
            }
        ),
        w.rsa,
    ),
)

for value, by in ((None, "JSON.stringify(NaN)"), ("undefined", "a template"), ("NaN", HAND)):
    for name, kind in (("DateLessThan", "time"), ("DateGreaterThan", "start")):
        add(
            f"{'null' if value is None else value} as the {kind}",
            by,
            Mistake.VALUE_UNSET,
            lambda w, value=value, name=name: custom(
                URL, policy(UNTIL | {name: {"AWS:EpochTime": value}}), w.rsa
            ),
        )
add(
    "null as a condition",
    HAND,
    Mistake.VALUE_UNSET,
    lambda w: custom(URL, policy(UNTIL | {"DateGreaterThan": None}), w.rsa),
)
add(
    "null as the address",
    HAND,
    Mistake.VALUE_UNSET,
    lambda w: custom(URL, policy(UNTIL | {"IpAddress": {"AWS:SourceIp": None}}), w.rsa),
)
add(
    "null as the Resource",
    HAND,
    Mistake.VALUE_UNSET,
    lambda w: custom(URL, policy(UNTIL, None), w.rsa),
)
add(
    "undefined as Expires",
    HAND,
    Mistake.VALUE_UNSET,
    lambda w: canned(URL, w.rsa.sign(DOCUMENT.encode()), w.rsa, expires="undefined"),
)
add(
    "A date as the time",
    HAND,
    Mistake.NOT_EPOCH_SECONDS,
    lambda w: custom(
        URL, policy({"DateLessThan": {"AWS:EpochTime": "2026-01-01T01:00:00Z"}}), w.rsa
    ),
)

# The URL that was signed


def _sign_other_encoding(world: World, signed: str, requested: str, is_custom: bool) -> str:
    """Sign one URL with botocore, and request the other with that signature."""
    made = world.boto(signed, policy=world.boto_policy(signed)) if is_custom else world.boto(signed)
    parameters = made[made.index("Policy=" if is_custom else "Expires=") :]
    return add_parameters(requested, parameters)


add(
    "Signed for http, requested over https",
    BOTO,
    Mistake.SCHEME,
    lambda w: w.boto(URL.replace("https", "http")).replace("http", "https", 1),
)
add(
    "Signed for the distribution, requested from its CNAME",
    BOTO,
    Mistake.HOST,
    lambda w: w.boto(URL).replace("d111111abcdef8.cloudfront.net", "media.example.com"),
    hosts=["d111111abcdef8.cloudfront.net"],
)
add(
    "Signed for www., requested without it",
    BOTO,
    Mistake.HOST,
    lambda w: w.boto(CNAME.replace("media", "www.media")).replace("www.", ""),
)
add(
    "Signed for localhost, requested from 127.0.0.1",
    BOTO,
    Mistake.HOST,
    lambda w: w.boto("http://localhost:8000/a.jpg").replace("localhost", "127.0.0.1"),
)
add(
    "A custom policy for another host",
    BOTO,
    Mistake.RESOURCE,
    lambda w: w.boto(CNAME, policy=w.boto_policy(URL)),
)
add(
    "Signed for the S3 bucket",
    BOTO,
    Mistake.ORIGIN_URL,
    lambda w: w.boto(
        CNAME.replace("media.example.com", "media.example.com.s3.amazonaws.com")
    ).replace(".s3.amazonaws.com", ""),
)
add(
    "A custom policy for the S3 bucket",
    BOTO,
    Mistake.ORIGIN_URL,
    lambda w: w.boto(URL, policy=w.boto_policy(BUCKET)),
)
add(
    "Signed with the default port",
    BOTO,
    Mistake.PORT,
    lambda w: w.boto(CNAME.replace(".com", ".com:443")).replace(":443", ""),
)
add(
    "Only the path signed",
    BOTO,
    Mistake.RELATIVE_URL,
    lambda w: CNAME.removesuffix("/images/horizon.jpg") + w.boto("/images/horizon.jpg"),
)
add(
    "Signed without its query",
    BOTO,
    Mistake.WITHOUT_QUERY,
    lambda w: w.boto(URL).replace("?", "?size=large&", 1),
)
add(
    "A parameter added after signing",
    BOTO,
    Mistake.PARAMETER_ADDED,
    lambda w: w.boto(QUERY) + "&utm_source=mail",
)
add(
    "A parameter removed after signing (custom policy)",
    BOTO,
    Mistake.PARAMETER_DROPPED,
    lambda w: w.boto(QUERY, policy=w.boto_policy(QUERY)).replace("&license=yes", ""),
)
add(
    "Parameters in another order",
    BOTO,
    Mistake.PARAMETERS_REORDERED,
    lambda w: w.boto(QUERY).replace("size=large&license=yes", "license=yes&size=large"),
)
add(
    "A ? without a query signed",
    BOTO,
    Mistake.QUERY_REWRITTEN,
    lambda w: w.boto(f"{URL}?").replace("?&", "?"),
)
add(
    "A blank parameter rewritten",
    BOTO,
    Mistake.QUERY_REWRITTEN,
    lambda w: w.boto(f"{URL}?k&size=1").replace("?k&", "?k=&"),
)
for was, becomes, title, mistake in (
    ("+", "%20", "+ sent as %20", Mistake.PLUS_OR_SPACE),
    ("%20", "+", "%20 sent as +", Mistake.PLUS_OR_SPACE),
    ("'", "%27", "An apostrophe, which browsers encode in a query", Mistake.APOSTROPHE),
    ("~", "%7E", "A tilde encoded", Mistake.TILDE),
    ("%7E", "~", "A tilde decoded", Mistake.TILDE),
    ("%c3%bc", "%C3%BC", "Escapes changed to upper case", Mistake.HEX_CASE),
    ("%C3%BC", "%c3%bc", "Escapes changed to lower case", Mistake.HEX_CASE),
    ("(1)", "%281%29", "Parentheses encoded", Mistake.RE_ENCODED),
    ("a=b", "a%3Db", "An equals sign encoded in a path", Mistake.RE_ENCODED),
    ("%20", "%2520", "Encoded twice", Mistake.ENCODED_TWICE),
):
    base = f"{CNAME}?name={was}" if was in ("+", "'") else f"https://media.example.com/{was}.jpg"
    add(
        title,
        BOTO,
        mistake,
        lambda w, base=base, was=was, becomes=becomes: (
            w.boto(base).replace(was, becomes, 1)
            if was not in ("+", "'")
            else w.boto(base).replace(f"name={was}", f"name={becomes}")
        ),
    )
DISPOSITION = f"{CNAME}?response-content-disposition=attachment%3B%20filename%3D%22a%20b.pdf%22"
for signed, becomes, title, mistake in (
    ("/x?d=f%3Db%20c", "/x?d=f=b%20c", "An equals sign decoded in a query", Mistake.RE_ENCODED),
    ("/x?d=f=b c", "/x?d=f%3Db+c", "= and a space encoded as a form", Mistake.UNENCODED),
    ("/x?n=it's%20(1)", "/x?n=it%27s+(1)", "An apostrophe and a space", Mistake.RE_ENCODED),
    ("/a%2Cb:c@d.jpg", "/a,b%3Ac%40d.jpg", "Three characters changed", Mistake.RE_ENCODED),
    ("/a%20b(1).jpg", "/a+b%281%29.jpg", "A space and parentheses", Mistake.RE_ENCODED),
    ("/u%CC%88.jpg", "/%C3%BC.jpg", "An umlaut decomposed, as macOS does", Mistake.RE_ENCODED),
    ("/a%2Db%5Fc.jpg", "/a-b_c.jpg", "Letters that need no escape", Mistake.RE_ENCODED),
    ("/x?n=a%26b", "/x?n=a&b", "An & of a value decoded", Mistake.RE_ENCODED),
    ("/a%2Fb(1).jpg", "/a/b%281%29.jpg", "A slash encoded in a path", Mistake.RE_ENCODED),
):
    for is_custom in (False, True):
        if is_custom and mistake is Mistake.UNENCODED:
            continue
        add(
            f"{title}{' (custom policy)' if is_custom else ''}",
            BOTO,
            mistake,
            lambda w, signed=signed, becomes=becomes, is_custom=is_custom: _sign_other_encoding(
                w,
                f"https://media.example.com{signed}",
                f"https://media.example.com{becomes}",
                is_custom,
            ),
        )
add(
    "A file name in quotes, put between encoded text",
    "AWS's JavaScript signer up to 3.1046",
    Mistake.UNENCODED,
    lambda w: canned(
        DISPOSITION,
        w.rsa.sign(
            (CANNED % (DISPOSITION.replace("%22a%20b.pdf%22", '\\"a b.pdf\\"'), EXPIRES)).encode()
        ),
        w.rsa,
    ),
)
add(
    "Capitals in the signed host",
    BOTO,
    Mistake.HOST,
    lambda w: w.boto(CNAME.replace("media.example", "Media.Example")).replace(
        "Media.Example", "media.example"
    ),
)
add(
    "Another expiry signed than the one sent",
    BOTO,
    Mistake.OTHER_DOCUMENT,
    lambda w: w.boto(URL, EXPIRES - 60).replace(str(EXPIRES - 60), str(EXPIRES)),
)
add(
    "A space in the URL",
    BOTO,
    Mistake.UNENCODED_URL,
    lambda w: w.boto("https://media.example.com/a b.jpg"),
)
add(
    "A space signed, %20 requested",
    BOTO,
    Mistake.UNENCODED,
    lambda w: w.boto("https://media.example.com/a b.jpg").replace(" ", "%20"),
)
add(
    "An umlaut signed, %C3%BC requested",
    BOTO,
    Mistake.UNENCODED,
    lambda w: w.boto("https://media.example.com/ü.jpg").replace("ü", "%C3%BC"),
)
add(
    "A custom policy with an umlaut",
    BOTO,
    Mistake.UNENCODED,
    lambda w: custom(
        "https://media.example.com/%C3%BC.jpg", w.boto_policy("https://media.example.com/ü*"), w.rsa
    ),
)
add(
    "A slash at the end of the signed path",
    BOTO,
    Mistake.TRAILING_SLASH,
    lambda w: w.boto(f"{URL}/").replace("/?", "?"),
)
add(
    "The default root object signed, / requested",
    BOTO,
    Mistake.PATH_REWRITTEN,
    lambda w: w.boto("https://media.example.com/index.html").replace("index.html", ""),
)
add(
    "A custom policy for another folder",
    BOTO,
    Mistake.RESOURCE,
    lambda w: w.boto(URL, policy=w.boto_policy(URL.replace("images", "videos"))),
)
add(
    "A backslash signed, / requested",
    BOTO,
    Mistake.PATH_REWRITTEN,
    lambda w: w.boto(URL.replace("/horizon", "\\horizon")).replace("\\", "/"),
)
add("A fragment", BOTO, Mistake.FRAGMENT, lambda w: w.boto(f"{URL}#top"))
add(
    "A fragment in the Resource",
    BOTO,
    Mistake.FRAGMENT,
    lambda w: w.boto(URL, policy=w.boto_policy(f"{URL}#t=1")),
)

# The policy

add(
    "& written \\u0026, as Go's JSON does",
    HAND,
    Mistake.JSON_ESCAPED,
    sign_by_hand(CANNED % (QUERY.replace("&", "\\u0026"), EXPIRES), url=QUERY),
)
add(
    "/ written \\/, as PHP's JSON does",
    HAND,
    Mistake.JSON_ESCAPED,
    sign_by_hand(CANNED % (URL.replace("/", "\\/"), EXPIRES)),
)
add(
    "White space in the canned policy",
    "json.dumps",
    Mistake.POLICY_WHITE_SPACE,
    sign_by_hand(json.dumps(json.loads(DOCUMENT))),
)
add(
    "A canned policy that is indented",
    "json.dumps",
    Mistake.POLICY_WHITE_SPACE,
    sign_by_hand(json.dumps(json.loads(DOCUMENT), indent=2)),
)
add(
    "A line break after the canned policy",
    "echo | openssl",
    Mistake.POLICY_WHITE_SPACE,
    sign_by_hand(f"{DOCUMENT}\n"),
)
add(
    "Members in another order in the canned policy",
    "json.dumps",
    Mistake.POLICY_ORDER,
    sign_by_hand(json.dumps(json.loads(DOCUMENT), separators=(",", ":"), sort_keys=True)),
)
add(
    "A * in a canned policy",
    BOTO,
    Mistake.WILDCARD_IN_CANNED,
    lambda w: w.boto(URL.replace("horizon.jpg", "*")).replace("*", "horizon.jpg"),
)
add(
    "Statement as an object",
    HAND,
    Mistake.STATEMENT_OBJECT,
    lambda w: custom(URL, json.dumps({"Statement": {"Resource": URL, "Condition": UNTIL}}), w.rsa),
)
add(
    "Two statements",
    HAND,
    Mistake.STATEMENT_COUNT,
    lambda w: custom(
        URL, json.dumps({"Statement": [{"Resource": URL, "Condition": UNTIL}] * 2}), w.rsa
    ),
)
add(
    "No DateLessThan",
    HAND,
    Mistake.NO_DATE_LESS_THAN,
    lambda w: custom(URL, policy({"IpAddress": {"AWS:SourceIp": "192.0.2.1/32"}}), w.rsa),
)
add(
    "A member of IAM policies",
    HAND,
    Mistake.MEMBER_UNKNOWN,
    lambda w: custom(
        URL,
        json.dumps({"Version": "2012-10-17", "Statement": [{"Resource": URL, "Condition": UNTIL}]}),
        w.rsa,
    ),
)
add(
    "A misspelled member",
    HAND,
    Mistake.MEMBER_UNKNOWN,
    lambda w: custom(URL, policy({"DateLessthan": {"AWS:EpochTime": EXPIRES}}), w.rsa),
)
add(
    "A member twice",
    HAND,
    Mistake.MEMBER_TWICE,
    lambda w: custom(URL, policy(UNTIL).replace('"Resource"', '"Resource":"x","Resource"'), w.rsa),
)
add(
    "\\? in a Resource",
    HAND,
    Mistake.NOT_JSON,
    lambda w: custom(URL, policy(UNTIL, "https://*/X").replace("X", "*\\?*"), w.rsa),
)
add(
    "A policy in single quotes",
    "str(dict)",
    Mistake.NOT_JSON,
    lambda w: custom(URL, str(json.loads(policy(UNTIL))), w.rsa),
)
add(
    "A byte-order mark",
    IN_TRANSIT,
    Mistake.NOT_JSON,
    lambda w: custom(URL, b"\xef\xbb\xbf" + policy(UNTIL).encode(), w.rsa),
)
add(
    "Expires and Policy with different times",
    HAND,
    Mistake.TWO_POLICIES,
    lambda w: custom(URL, policy(UNTIL), w.rsa, f"Expires={EXPIRES + 60}"),
)
add(
    "Neither Expires nor Policy",
    HAND,
    Mistake.POLICY_MISSING,
    lambda w: w.boto(URL).replace(f"Expires={EXPIRES}&", ""),
)
add(
    "White space of the policy changed after signing",
    HAND,
    Mistake.POLICY_REWRITTEN,
    lambda w: add_parameters(
        URL,
        f"Policy={to_cloudfront(json.dumps(json.loads(policy(UNTIL))).encode())}",
        f"Signature={to_cloudfront(w.rsa.sign(policy(UNTIL).encode()))}",
        f"Key-Pair-Id={w.rsa.key_pair_id}",
    ),
)

for encode, title in (
    (base64.b64encode, "The canned policy's base64 signed"),
    (lambda text: to_cloudfront(text).encode(), "The canned policy's CloudFront base64 signed"),
    (base64.encodebytes, "The canned policy's base64 in lines signed"),
    (lambda text: json.dumps(text.decode()).encode(), "The canned policy as a JSON string"),
    (lambda text: urllib.parse.quote(text).encode(), "The canned policy percent-encoded"),
    (lambda text: URL.encode(), "Only the URL signed, not a policy"),
):
    add(title, HAND, Mistake.POLICY_REWRITTEN, sign_by_hand(encode(DOCUMENT.encode())))

OTHER_POLICIES = {
    "A bucket policy": {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AllowCloudFront",
                "Effect": "Allow",
                "Principal": {"Service": "cloudfront.amazonaws.com"},
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::media/*",
                "Condition": {"StringEquals": {"AWS:SourceArn": "arn:aws:cloudfront::1:E1"}},
            }
        ],
    },
    "A policy of IAM": {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
    },
    "A POST policy of S3": {
        "expiration": "2026-12-01T12:00:00.000Z",
        "conditions": [{"bucket": "media"}, ["starts-with", "$key", ""]],
    },
}
for title, document in OTHER_POLICIES.items():
    text = json.dumps(document)
    add(title, HAND, Mistake.OTHER_POLICY, lambda w, text=text: custom(URL, text, w.rsa))

    @row(f"{title} in cookies", HAND, Mistake.OTHER_POLICY)
    def _send_other_policy(world: World, text: str = text) -> Arguments:
        return Arguments(URL, {"cookies": cookies(text, world.rsa)})


# The signature


def _encode_signature(encode: Callable[[bytes], str], key: str = "rsa") -> Callable[[World], str]:
    def make(world: World) -> str:
        signer: Key = getattr(world, key)
        return canned(URL, encode(signer.sign(DOCUMENT.encode())), signer)

    return make


add(
    "Standard base64",
    "base64 -w 0",
    Mistake.STANDARD_BASE64,
    _encode_signature(lambda content: base64.b64encode(content).decode()),
)
add(
    "Standard base64, percent-encoded",
    "urlencode",
    Mistake.STANDARD_BASE64,
    _encode_signature(lambda content: urllib.parse.quote(base64.b64encode(content), safe="")),
)
add(
    "URL-safe base64",
    "urlsafe_b64encode",
    Mistake.URL_SAFE_BASE64,
    _encode_signature(
        lambda content: base64.urlsafe_b64encode(content).decode().rstrip("="), "rsa"
    ),
)
add(
    "Lost padding",
    HAND,
    Mistake.LOST_PADDING,
    _encode_signature(lambda content: to_cloudfront(content).rstrip("_")),
)
add(
    "A signature percent-encoded twice",
    HAND,
    Mistake.PERCENT_ENCODED,
    _encode_signature(
        lambda content: to_cloudfront(content).replace("_", "%255F").replace("~", "%257E")
    ),
)
add(
    "Line breaks in the base64",
    "openssl base64",
    Mistake.LINE_BREAKS,
    _encode_signature(
        lambda content: "%0A".join(to_cloudfront(content)[at : at + 64] for at in range(0, 344, 64))
    ),
)
add(
    "The signature cut off",
    "a column of 255 characters",
    Mistake.SIGNATURE_CUT,
    _encode_signature(lambda content: to_cloudfront(content)[:252]),
)
add(
    "The URL cut off",
    "a column of 255 characters",
    Mistake.KEY_ID_MISSING,
    lambda w: w.boto(URL)[:255],
)
MADE_BYTES = hashlib.shake_256(b"signature").digest(512)
for length, title in (
    (20, "An HMAC-SHA1"),
    (32, "An HMAC-SHA256"),
    (128, "A signature by an RSA-1024 key"),
    (384, "A signature by an RSA-3072 key"),
    (512, "A signature by an RSA-4096 key"),
):
    content = MADE_BYTES[:length]
    add(
        title,
        HAND,
        Mistake.SIGNATURE_LENGTH,
        lambda w, content=content: canned(URL, content, w.rsa),
    )

    @row(f"{title} in cookies", HAND, Mistake.SIGNATURE_LENGTH)
    def _send_other_length(world: World, content: bytes = content) -> Arguments:
        sent = cookies(FOLDER, world.rsa) | {"CloudFront-Signature": to_cloudfront(content)}
        return Arguments(URL, {"cookies": sent})


add(
    "An HMAC-SHA256 with the id of a P-256 key",
    HAND,
    Mistake.SIGNATURE_LENGTH,
    lambda w: canned(URL, hmac.digest(b"key", DOCUMENT.encode(), "sha256"), w.ec),
)


def _sign_with_p384() -> bytes:
    """Return a signature of the usual length; some are shorter or longer, as r and s are."""
    key = Key.make("", "EC", "ec_paramgen_curve:P-384")
    signatures = (key.dgst(DOCUMENT.encode(), "sha1") for _ in iter(int, 1))
    return next(signature for signature in signatures if len(signature) == 103)


add(
    "ECDSA by a P-384 key",
    "openssl dgst",
    Mistake.SIGNATURE_LENGTH,
    lambda w: canned(URL, _sign_with_p384(), w.ec),
)
add(
    "A signature in hexadecimal digits",
    "hexdigest",
    Mistake.HEXADECIMAL,
    _encode_signature(lambda content: content.hex()),
)
add(
    "A signature encoded as base64 twice",
    HAND,
    Mistake.BASE64_TWICE,
    _encode_signature(lambda content: to_cloudfront(base64.b64encode(content))),
)
add(
    "A policy encoded as base64 twice",
    HAND,
    Mistake.BASE64_TWICE,
    lambda w: re.sub(
        "(?<=Policy=)[^&]*",
        lambda match: to_cloudfront(match[0].encode()),
        custom(URL, policy(UNTIL), w.rsa),
    ),
)
add("No signature", HAND, Mistake.SIGNATURE_MISSING, lambda w: canned(URL, "", w.rsa))
add(
    "SHA-256 without Hash-Algorithm",
    "openssl dgst -sha256",
    Mistake.HASH_MARKER_MISSING,
    sign_by_hand(DOCUMENT, hash_name="SHA256"),
)
add(
    "ECDSA and SHA-256 without Hash-Algorithm",
    "openssl dgst -sha256",
    Mistake.HASH_MARKER_MISSING,
    sign_by_hand(DOCUMENT, "ec", "SHA256"),
)
add(
    "SHA-1 with Hash-Algorithm=SHA256",
    "openssl dgst -sha1",
    Mistake.HASH_MARKER_WRONG,
    sign_by_hand(DOCUMENT, "rsa", "SHA1", URL, "Hash-Algorithm=SHA256"),
)
add(
    "Hash-Algorithm misspelled",
    HAND,
    Mistake.HASH_ALGORITHM,
    sign_by_hand(DOCUMENT, "rsa", "SHA256", URL, "Hash-Algorithm=sha-256"),
)
add(
    "SHA-512",
    "openssl dgst -sha512",
    Mistake.OTHER_SCHEME,
    sign_by_hand(DOCUMENT, hash_name="SHA512"),
)
add(
    "RSA-PSS",
    "WebCrypto's RSA-PSS",
    Mistake.OTHER_SCHEME,
    lambda w: canned(URL, w.rsa.sign_pss(DOCUMENT.encode()), w.rsa),
)
add(
    "ECDSA in raw form",
    "WebCrypto's ECDSA",
    Mistake.RAW_ECDSA,
    lambda w: canned(URL, w.ec.sign_raw(DOCUMENT.encode()), w.ec),
)
add(
    "An ECDSA signature with the id of an RSA key",
    HAND,
    Mistake.KEY_KIND,
    lambda w: canned(
        URL,
        Key("", Key.make("", "EC", "ec_paramgen_curve:P-256").pem).sign(DOCUMENT.encode()),
        w.rsa,
    ),
)

# Keys

add(
    "The id of another key in the group",
    BOTO,
    Mistake.WRONG_KEY,
    lambda w: w.boto(URL).replace(w.rsa.key_pair_id, w.other.key_pair_id),
)
add(
    "An untrusted key with a trusted id",
    BOTO,
    Mistake.NO_KEY_VERIFIES,
    lambda w: w.boto(URL, key=w.untrusted),
)
add(
    "An unknown key pair id",
    BOTO,
    Mistake.UNKNOWN_KEY,
    lambda w: w.boto(URL, key=Key("KUNKNOWN", w.untrusted.pem)),
)
for key_pair_id, title, mistake in (
    ("4ee2fa48-8a50-4c0f-9d5e-3f1e4a6b7c8d", "The id of the key group", Mistake.KEY_GROUP_ID),
    ("AKIAIOSFODNN7EXAMPLE", "The id of an IAM access key", Mistake.ACCESS_KEY_ID),
    ("undefined", "A variable that is not set", Mistake.KEY_ID_UNSET),
    ("-----BEGIN%20PUBLIC%20KEY-----", "A key instead of its id", Mistake.KEY_ID_MALFORMED),
):
    add(
        title,
        BOTO,
        mistake,
        lambda w, key_pair_id=key_pair_id: w.boto(URL, key=Key(key_pair_id, w.rsa.pem)),
    )
add(
    "No key pair id",
    BOTO,
    Mistake.KEY_ID_MISSING,
    lambda w: w.boto(URL).replace(f"&Key-Pair-Id={w.rsa.key_pair_id}", ""),
)

# The client's address


def _sign_for_address(world: World, address: str) -> str:
    return world.boto(URL, policy=world.boto_policy(URL, ip_address=address))


add(
    "A policy for another address",
    BOTO,
    Mistake.VIEWER_ADDRESS,
    lambda w: _sign_for_address(w, "192.0.2.1"),
    ip_address="198.51.100.7",
)
add(
    "A client that uses IPv6",
    BOTO,
    Mistake.IPV6,
    lambda w: _sign_for_address(w, "192.0.2.1"),
    ip_address="2001:db8::1",
)
add(
    "A policy for a proxy's address",
    BOTO,
    Mistake.PROXY_ADDRESS,
    lambda w: _sign_for_address(w, "10.0.0.1"),
    ip_address="8.8.8.8",
)
add(
    "A policy for an IPv6 address",
    BOTO,
    Mistake.IPV6,
    lambda w: _sign_for_address(w, "2001:db8::/64"),
)
add(
    "Several addresses",
    HAND,
    Mistake.VIEWER_ADDRESS,
    lambda w: custom(URL, policy(UNTIL | {"IpAddress": {"AWS:SourceIp": ["192.0.2.1"]}}), w.rsa),
)

# The request

add(
    "Cut by the shell at the first &",
    IN_TRANSIT,
    Mistake.CUT_AT_AMPERSAND,
    lambda w: w.boto(URL).partition("&")[0],
)
add(
    "A custom policy cut by the shell at the first &",
    IN_TRANSIT,
    Mistake.CUT_AT_AMPERSAND,
    lambda w: w.boto(URL, policy=w.boto_policy(URL)).partition("&")[0],
)
SEGMENT = "https://media.example.com/videos/1/segment-00001.ts"
add("A segment of a signed playlist", "a player", Mistake.SEGMENT_NOT_SIGNED, lambda w: SEGMENT)
add("Not signed", IN_TRANSIT, Mistake.NOT_SIGNED, lambda w: URL)
V4 = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=60&X-Amz-Signature=0123456789abcdef01234567"
V2 = "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=MDEyMzQ1Njc4OWFiY2RlZjAxMg%3D%3D&Expires=1"
add("A presigned URL of S3", "S3", Mistake.S3_PRESIGNED, lambda w: f"{URL}?{V4}")
add(
    "A presigned URL of S3 (Signature Version 2)",
    "S3",
    Mistake.S3_PRESIGNED,
    lambda w: f"{URL}?{V2}",
)
BUCKET = "https://media.s3.eu-west-1.amazonaws.com/images/horizon.jpg"
add("The bucket's own address", BOTO, Mistake.S3_HOST, lambda w: w.boto(BUCKET))
add(
    "A presigned URL at the bucket's own address",
    "S3",
    Mistake.S3_HOST,
    lambda w: f"{BUCKET}?{V4}",
)
add(
    "A URL copied from HTML source",
    IN_TRANSIT,
    Mistake.HTML_ESCAPED,
    lambda w: w.boto(URL).replace("&", "&amp;"),
)
add(
    "A URL copied from JSON source",
    IN_TRANSIT,
    Mistake.JSON_SOURCE,
    lambda w: w.boto(QUERY).replace("&", r"\u0026"),
)
add(
    "A URL with a shell's backslashes",
    IN_TRANSIT,
    Mistake.SHELL_ESCAPED,
    lambda w: re.sub("([?&=])", r"\\\1", w.boto(URL)),
)
add(
    "A URL copied from the source of an e-mail",
    IN_TRANSIT,
    Mistake.QUOTED_PRINTABLE,
    lambda w: w.boto(QUERY).replace("=", "=3D"),
)
add(
    "A URL whose query is encoded as one value",
    IN_TRANSIT,
    Mistake.QUERY_ENCODED,
    lambda w: w.boto(QUERY).replace("=", "%3D").replace("&", "%26"),
)
add(
    "A space inside of the signature",
    IN_TRANSIT,
    Mistake.UNENCODED_URL,
    lambda w: w.boto(URL).replace("Signature=", "Signature= "),
)
add(
    "A full stop after the URL",
    IN_TRANSIT,
    Mistake.KEY_ID_MALFORMED,
    lambda w: f"{w.boto(URL)}.",
)
add(
    "A second ? in the URL",
    "a signer that always writes ?",
    Mistake.SECOND_QUESTION_MARK,
    lambda w: w.boto(QUERY).replace("&Expires", "?Expires"),
)
add(
    "A parameter name in lower case",
    IN_TRANSIT,
    Mistake.PARAMETER_NAME,
    lambda w: w.boto(URL).replace("Key-Pair-Id", "key-pair-id"),
)
add("Signed twice", BOTO, Mistake.PARAMETER_TWICE, lambda w: w.boto(w.boto(URL)))
add("A URL that is too long", BOTO, Mistake.TOO_LONG, lambda w: w.boto(f"{URL}?a={'a' * 8192}"))

# Cookies


@row(
    "Cookies and a reserved parameter in the URL",
    "the site's own Expires",
    Mistake.COOKIES_IGNORED,
)
def _send_both(world: World) -> Arguments:
    return Arguments(f"{URL}?Expires=never", {"cookies": cookies(FOLDER, world.rsa)})


@row("Cookies for another path or domain", "http.cookiejar", Mistake.COOKIES_NOT_SENT)
def _send_cookies_of_other_path(world: World) -> Arguments:
    header = _cookie_header(world, path="/videos", url=CNAME)
    return Arguments(CNAME, {"cookies": header})


@row("Cookies whose policy is for another path", "http.cookiejar", Mistake.RESOURCE)
def _send_policy_for_other_path(world: World) -> Arguments:
    url = CNAME.replace("images", "videos")
    return Arguments(url, {"cookies": _cookie_header(world, path="/", url=url)})


def _cookie_header(world: World, path: str, url: str) -> str:
    """Return the header that a browser sends with *url* after the site has set its cookies."""
    jar = http.cookiejar.CookieJar()
    response = Message()
    signed = cookies(policy(UNTIL, CNAME.replace("horizon.jpg", "*")), world.rsa)
    for name, value in signed.items():
        response.add_header("Set-Cookie", f"{name}={value}; Path={path}; Secure")
    response.add_header("Set-Cookie", "session=1; Path=/")
    carrier: Any = type("Response", (), {"info": lambda self: response})()
    site = CNAME.replace("images", "videos") if path == "/videos" else CNAME
    jar.extract_cookies(carrier, urllib.request.Request(site))
    request = urllib.request.Request(url)
    jar.add_cookie_header(request)
    return request.get_header("Cookie") or ""


for name in ("CloudFront-Signature", "CloudFront-Policy", "CloudFront-Key-Pair-Id"):

    @row(f"{name} missing", "a size limit", Mistake.COOKIE_MISSING)
    def _send_without_one(world: World, name: str = name) -> Arguments:
        kept = {key: value for key, value in cookies(FOLDER, world.rsa).items() if key != name}
        return Arguments(URL, {"cookies": kept})


@row("Cookies at the bucket's own address", HAND, Mistake.S3_HOST)
def _send_to_bucket(world: World) -> Arguments:
    return Arguments(BUCKET, {"cookies": cookies(policy(UNTIL, f"{BUCKET}*"), world.rsa)})


@row("Cookies whose policy is for the bucket", HAND, Mistake.ORIGIN_URL)
def _send_policy_for_bucket(world: World) -> Arguments:
    return Arguments(URL, {"cookies": cookies(policy(UNTIL, f"{BUCKET}*"), world.rsa)})


@row("Two sets of cookies", "two paths", Mistake.COOKIE_TWICE)
def _send_two_sets(world: World) -> Arguments:
    other = cookies(FOLDER.replace("images", "videos"), world.rsa)
    return Arguments(URL, {"cookies": [*cookies(FOLDER, world.rsa).items(), *other.items()]})


@row("A cookie name in lower case", HAND, Mistake.COOKIE_NAME)
def _send_lower_case(world: World) -> Arguments:
    return Arguments(
        URL, {"cookies": {k.lower(): v for k, v in cookies(FOLDER, world.rsa).items()}}
    )


for rename, title in (
    (lambda name: name.removeprefix("CloudFront-"), "Cookies named like the URL's parameters"),
    (lambda name: name.replace("-", "_"), "Cookie names with underscores"),
):

    @row(title, HAND, Mistake.COOKIE_NAME)
    def _send_renamed(world: World, rename: Callable[[str], str] = rename) -> Arguments:
        sent = {rename(name): value for name, value in cookies(FOLDER, world.rsa).items()}
        return Arguments(URL, {"cookies": sent})


for wrap, title, mistake in (
    (lambda value: f'"{value}"', "Cookies in quotes", Mistake.COOKIE_QUOTED),
    (
        lambda value: urllib.parse.quote(f"s:{value}.c2lnbmF0dXJl", safe=""),
        "Signed cookies of Express",
        Mistake.COOKIE_WRAPPED,
    ),
):

    @row(title, HAND, mistake)
    def _send_wrapped(world: World, wrap: Callable[[str], str] = wrap) -> Arguments:
        sent = cookies(FOLDER, world.rsa).items()
        return Arguments(URL, {"cookies": "; ".join(f"{name}={wrap(v)}" for name, v in sent)})


# The response

S3 = (
    '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access Denied'
    "</Message><RequestId>4VRS3</RequestId><HostId>eHBsZQ==</HostId></Error>"
)
UNRESTRICTED = (
    "<Error><Code>AccessDenied</Code><Message>Query-string authentication requires the Signature, "
    "Expires and AWSAccessKeyId parameters</Message><RequestId>4VRS3</RequestId></Error>"
)
INVALID_KEY = "<Error><Code>InvalidKey</Code><Message>Unknown Key</Message></Error>"
DENIED = "<Error><Code>AccessDenied</Code><Message>Access denied</Message></Error>"
add("A 403 from S3", BOTO, Mistake.S3_RESPONSE, lambda w: w.boto(URL), response=S3)
add(
    "A cache behavior that is not restricted",
    BOTO,
    Mistake.NOT_RESTRICTED,
    lambda w: w.boto(URL),
    response=UNRESTRICTED,
)
add(
    "S3's answer to a signed URL of the bucket itself",
    BOTO,
    Mistake.S3_HOST,
    lambda w: w.boto(BUCKET),
    response=UNRESTRICTED,
)
add(
    "A key group that is not attached",
    BOTO,
    Mistake.KEY_GROUP_NOT_ATTACHED,
    lambda w: w.boto(URL),
    response=INVALID_KEY,
)
add(
    "Refused, although the request looks right",
    BOTO,
    Mistake.RESPONSE_DIFFERS,
    lambda w: w.boto(URL),
    response=DENIED,
)

BLOCKED = """\
<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN" "http://www.w3.org/TR/html4/loose.dtd">
<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY>
<H1>403 ERROR</H1>
<H2>The request could not be satisfied.</H2>
Request blocked.
We can't connect to the server for this app or website at this time.
"""
ABROAD = BLOCKED.replace(
    "Request blocked.",
    "The Amazon CloudFront distribution is configured to block access from your country.",
)
BAD_GATEWAY = f"""\
> GET /images/horizon.jpg HTTP/2
> Host: d111111abcdef8.cloudfront.net
>
< HTTP/2 502
<
{BLOCKED.replace("403", "502").replace("Request blocked", "No connection to the origin")}
"""
MISSING_KEY = (
    "<Error><Code>MissingKey</Code><Message>Missing Key-Pair-Id query parameter or cookie value"
    "</Message></Error>"
)
ONE_MECHANISM = (
    "<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed; only the "
    "X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header "
    "should be specified</Message><ArgumentName>Authorization</ArgumentName></Error>"
)


def _answer_s3(code: str, message: str) -> str:
    return (
        f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>4VRS3</RequestId>"
        "<HostId>eHBsZQ==</HostId></Error>"
    )


NO_MATCH = _answer_s3(
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided.",
)
add(
    "Only one auth mechanism allowed",
    BOTO,
    Mistake.NOT_RESTRICTED,
    lambda w: w.boto(URL),
    response=ONE_MECHANISM,
)


@row("Only one auth mechanism allowed, with cookies", HAND, Mistake.S3_SIGNATURE)
def _send_authorization(world: World) -> Arguments:
    sent = cookies(FOLDER, world.rsa)
    return Arguments(URL, {"cookies": sent, "response": ONE_MECHANISM})


add(
    "A Host header forwarded to the bucket",
    BOTO,
    Mistake.S3_SIGNATURE,
    lambda w: w.boto(URL),
    response=NO_MATCH,
)
add(
    "A presigned URL of S3 requested from CloudFront",
    "S3",
    Mistake.S3_PRESIGNED,
    lambda w: f"{URL}?{V4}",
    response=NO_MATCH,
)
for code, message, title, mistake in (
    (
        "AuthorizationQueryParametersError",
        "X-Amz-Algorithm only supports AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256",
        "Parameters of a presigned URL that S3 cannot read",
        Mistake.S3_SIGNATURE,
    ),
    (
        "PermanentRedirect",
        "The bucket you are attempting to access must be addressed using the specified endpoint.",
        "A bucket in another region",
        Mistake.S3_REGION,
    ),
    (
        "InvalidRequest",
        "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS "
        "Signature Version 4.",
        "An object that KMS encrypts",
        Mistake.S3_ENCRYPTION,
    ),
    (
        "InvalidRequest",
        "Request specific response headers cannot be used for anonymous GET requests.",
        "A download name, and an origin without origin access control",
        Mistake.S3_RESPONSE,
    ),
    (
        "NoSuchKey",
        "The specified key does not exist.",
        "An object that does not exist",
        Mistake.S3_RESPONSE,
    ),
):
    add(
        title,
        BOTO,
        mistake,
        lambda w: w.boto(URL),
        response=_answer_s3(code, message),
    )
add(
    "A host that is not a name of the distribution",
    BOTO,
    Mistake.NAME_NOT_ATTACHED,
    lambda w: w.boto(CNAME),
    response=BLOCKED.replace("Request blocked", "Bad request"),
)
add(
    "A method that the distribution does not allow",
    BOTO,
    Mistake.BLOCKED,
    lambda w: w.boto(URL),
    response=BLOCKED.replace(
        "Request blocked",
        "This distribution is not configured to allow the HTTP request method that was used for "
        "this request",
    ),
)
add(
    "Two distributions in a row",
    BOTO,
    Mistake.DISTRIBUTION_IN_FRONT,
    lambda w: w.boto(URL),
    response=MISSING_KEY,
)
add("Blocked by WAF", BOTO, Mistake.BLOCKED, lambda w: w.boto(URL), response=BLOCKED)
add("Blocked by country", BOTO, Mistake.BLOCKED, lambda w: w.boto(URL), response=ABROAD)
add(
    "An origin that cannot be reached",
    BOTO,
    Mistake.OTHER_STATUS,
    lambda w: w.boto(URL),
    response=BAD_GATEWAY,
)
