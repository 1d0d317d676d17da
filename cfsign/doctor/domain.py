"""The domain: is it the distribution's, and whole?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from cfsign.doctor.finding import Finding

_SUCH_AS = "such as https://d111111abcdef8.cloudfront.net or the domain you gave it"

# AWS, "Amazon S3 endpoints and quotas": s3.REGION, s3-REGION, s3-website-REGION, s3-accelerate,
# s3.dualstack.REGION, each bare or behind a bucket's name.
_S3_HOST = re.compile(r"(?:.*\.)?s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?", re.IGNORECASE)
_CONSOLE_HOST = re.compile(
    r"(?:.*\.)?(?:console\.(?:aws\.amazon\.com|amazonaws\.cn)|signin\.aws\.amazon\.com)",
    re.IGNORECASE,
)
_OWN_MACHINE = ("localhost", "127.0.0.1", "[::1]")


def examine_domain(setting: str, domain: object) -> Iterator[Finding]:
    """Yield what is wrong with a *domain* that may look right."""
    if not isinstance(domain, str):
        return
    host = _host(domain)
    if domain.lower().startswith("s3://") or _S3_HOST.fullmatch(host):
        yield Finding(
            "error",
            setting,
            "this is the address of an S3 bucket, which takes no signature of CloudFront's",
            f"give the domain of the distribution in front of the bucket, {_SUCH_AS}",
        )
    elif _CONSOLE_HOST.fullmatch(host):
        yield Finding(
            "error",
            setting,
            "this is an address of the AWS console",
            'give what the console shows there as "Distribution domain name", '
            "with https:// before it",
        )
    elif domain.lower().startswith("arn:"):
        yield Finding(
            "error",
            setting,
            "this is an ARN, not a domain",
            f"give the distribution's domain, {_SUCH_AS}",
        )
    elif domain.startswith("http://") and host not in _OWN_MACHINE:
        yield Finding(
            "warning",
            setting,
            "plain http: who listens on the way gets the URL and the file",
            "write https://, and let the distribution redirect or refuse http",
        )


def _host(domain: str) -> str:
    try:
        return urlsplit(domain if "://" in domain else f"//{domain}").hostname or ""
    except ValueError:
        return ""
