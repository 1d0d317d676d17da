"""The names of cases (what is timed) and subjects (who does it). Results are found by both."""

from __future__ import annotations

from typing import Final

URL_RSA: Final = "URL, RSA-2048, SHA-1"
URL_RSA_SHA256: Final = "URL, RSA-2048, SHA-256"
URL_P256: Final = "URL, P-256, SHA-1"
URL_P256_SHA256: Final = "URL, P-256, SHA-256"
URL_PURE: Final = "URL, RSA-2048, SHA-1, pure Python"
COOKIES: Final = "Cookies for a folder, RSA-2048, SHA-1"
OUR_PART: Final = "URL without the signature"
MANY: Final = "Many URLs under one policy, RSA-2048"
STABLE: Final = "The same URL again, RSA-2048"
SINGLES: Final = (
    URL_RSA,
    URL_RSA_SHA256,
    URL_P256,
    URL_P256_SHA256,
    URL_PURE,
    COOKIES,
    OUR_PART,
    MANY,
    STABLE,
)

PLAYLIST: Final = "HLS playlist of 10,000 segments, RSA-2048"
HUNDRED: Final = "100 bare signatures"

BULK_RSA: Final = "sign_urls, RSA-2048"
BULK_P256: Final = "sign_urls, P-256"
BULK_PURE: Final = "sign_urls, RSA-2048, pure Python"
BULKS: Final = (BULK_RSA, BULK_P256, BULK_PURE)
ONE_WORKER: Final = "1 worker"
TWO_WORKERS: Final = "2 workers"

IMPORT: Final = "import"
BARE_INTERPRETER: Final = "bare interpreter"
BOTOCORE_SIGNERS: Final = "botocore.signers"
MEMORY: Final = "Peak memory"

RATE: Final = "Redirects per second"
CPU: Final = "CPU time per redirect"
VIEW: Final = "View in process, without the signature"
BARE: Final = "bare redirect"
SIGNED: Final = "signed"
SIGNED_RSA: Final = "signed, RSA-2048"
SIGNED_P256: Final = "signed, P-256"
STABLE_WARM: Final = "stable URL, warm"

GROW_URLS: Final = "URLs under one policy"
GROW_STUB: Final = "URLs without the signature"
GROW_ONE: Final = "URLs, P-256, 1 worker"
GROW_TWO: Final = "URLs, P-256, 2 workers"
GROW_SEGMENTS: Final = "Path segments in a policy"
GROW_KEYS: Final = "Keys in a ring"
GROWTHS: Final = (GROW_URLS, GROW_STUB, GROW_ONE, GROW_TWO, GROW_SEGMENTS, GROW_KEYS)

LIMIT: Final = "bare sign"
LIMIT_RANDOM: Final = "bare sign, random k"
LIMITS: Final = (LIMIT, LIMIT_RANDOM)
CFSIGN: Final = "cfsign"
CFSIGN_PATH: Final = "cfsign, from a path"
BOTOCORE: Final = "botocore"
STORAGES: Final = "django-storages"
COOKIE_SIGNER: Final = "cloudfront-signed-cookies"
AWS_SDK: Final = "@aws-sdk/cloudfront-signer"
AWS_SDK_OBJECT: Final = "@aws-sdk/cloudfront-signer, KeyObject"
AWS_SIGN: Final = "aws-cloudfront-sign"
KEY_FILE: Final = "key file read for each URL"
