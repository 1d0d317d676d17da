"""
CloudFront's limits, reserved names and id patterns.

Both the signing side and the checking side import them from here. Each names its AWS page, all
under https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ and read in 2026.
"""

from __future__ import annotations

#: The longest URL, in bytes, the signature included ("Quotas", cloudfront-limits.html).
MAX_URL_BYTES = 8192

#: The longest request, in bytes: its URL and its headers, the cookies included ("Quotas").
MAX_REQUEST_BYTES = 32_768

#: The longest policy document, in bytes. A limit of this project: no longer one fits into a URL.
MAX_POLICY_BYTES = MAX_URL_BYTES

#: The last second that a policy may name, in epoch seconds: in April 2262. AWS gives it in
#: nanoseconds, 9223372036854775807 ("Create a signed URL using a canned policy").
LATEST_EXPIRY = 9_223_372_036

#: The last second of 32 bits, in January 2038. Until 2023 that page named it as the latest expiry.
LATEST_32_BIT_EXPIRY = 2_147_483_647

#: The query parameters that CloudFront reads itself and does not forward ("Use signed URLs"),
#: in the order in which they are usually written.
PARAMETERS = ("Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm")

#: The prefix of the cookies that hold these parameters ("Set signed cookies").
COOKIE_PREFIX = "CloudFront-"

#: The names of these cookies, in the order of `PARAMETERS`.
COOKIES = tuple(COOKIE_PREFIX + name for name in PARAMETERS)

#: The longest value of a cookie's attribute, such as `Path`, in bytes. Browsers ignore a longer one
#: (RFC 6265bis, section 5.6).
MAX_COOKIE_ATTRIBUTE_BYTES = 1024

#: The longest name and value of a cookie together, in bytes. Browsers drop a longer one (as above).
MAX_COOKIE_BYTES = 4096

#: CloudFront's id of a public key, such as K2JCJMDEHXQW5F. AWS documents no length.
KEY_PAIR_ID = r"[A-Za-z0-9]{1,128}"

#: The id of an AWS access key, which signs no URL: of a user (AKIA) or a session (ASIA).
#: AWS writes at least 16 characters in all, so a cut one is recognized too
#: ("Unique identifiers", IAM User Guide).
ACCESS_KEY_ID = r"A[KS]IA[A-Z0-9]{12,124}"

#: The id of a root account's CloudFront key pair, which no key group accepts.
LEGACY_KEY_PAIR_ID = r"APKA[A-Z0-9]{12,124}"

#: The id of a distribution, which is often pasted where a key pair id belongs.
DISTRIBUTION_ID = r"E[A-Z0-9]{12,13}"

#: The id of a key group: a UUID.
KEY_GROUP_ID = r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"

#: What programs write for a value that is missing, in lower case. No id or host is one of these.
MISSING_VALUES = ("undefined", "none", "null", "nil", "nan", "true", "false", "changeme")

#: A host of S3, with or without a bucket or an access point in front: `s3`, `s3.REGION`,
#: `s3-REGION`, `s3-website`, `s3-accesspoint`, `s3-accelerate`, `s3express-ZONE`, each also with
#: `.dualstack` or in a VPC ("Amazon S3 endpoints and quotas", AWS General Reference). The parts
#: after `s3` are few, so that matching takes linear time.
S3_HOST = (
    r"(?:.*\.)?s3(?:express)?(?:-[a-z0-9-]+)?(?:\.dualstack)?(?:\.[a-z0-9]+-[a-z0-9-]+)?(?:\.vpce)?"
    r"\.amazonaws\.(?:com|com\.cn|eu)"
)

#: A host of the AWS console and of its sign-in pages.
CONSOLE_HOST = r"(?:.*\.)?(?:console\.(?:aws\.amazon\.com|amazonaws\.cn)|signin\.aws\.amazon\.com)"


def is_s3_host(host: str) -> bool:
    """Return True if *host*, with or without a port, is an address of S3."""
    import re  # imported here, as below

    # A DNS name has at most 253 characters (RFC 1035, section 2.3.4).
    name = host[:300].partition(":")[0].lower().removesuffix(".")
    return re.fullmatch(S3_HOST, name) is not None


def is_loopback(host: str) -> bool:
    """
    Return True if *host* always names this machine.

    Args:
        host: A host name or an address, without a port; IPv6 with or without its brackets.

    `localhost` and every name below it (RFC 6761, section 6.3), 127.0.0.0/8 (RFC 1122) and ::1.
    """
    import ipaddress  # imported here, so that `import cfsign` stays fast

    name = host.lower().removeprefix("[").removesuffix("]")
    if f".{name.removesuffix('.')}".endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
