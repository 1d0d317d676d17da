"""The names of what is measured, and of who is: tables, plots and pages find figures by them."""

from __future__ import annotations

from typing import Final

#: What each case times; a figure is a case's and a subject's.
URL_RSA: Final = "URL, RSA-2048, SHA-1"
URL_RSA_SHA256: Final = "URL, RSA-2048, SHA-256"
URL_P256: Final = "URL, P-256, SHA-1"
URL_P256_SHA256: Final = "URL, P-256, SHA-256"
URL_PURE: Final = "URL, RSA-2048, SHA-1, pure Python"
COOKIES: Final = "Cookies for a folder, RSA-2048, SHA-1"
OUR_PART: Final = "URL, the signature taking no time"
MANY: Final = "One policy over many URLs, RSA-2048"
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

BULK_RSA: Final = "sign_urls, RSA-2048"
BULK_P256: Final = "sign_urls, P-256"
BULK_PURE: Final = "sign_urls, RSA-2048, pure Python"
BULKS: Final = (BULK_RSA, BULK_P256, BULK_PURE)
ONE_WORKER: Final = "1 worker"
TWO_WORKERS: Final = "2 workers"

IMPORT: Final = "import"
BARE_INTERPRETER: Final = "a bare interpreter"
MEMORY: Final = "Peak memory"

RATE: Final = "Redirects a second"
CPU: Final = "CPU time of a redirect"
VIEW: Final = "A view, in process, the signature taking no time"
BARE: Final = "bare redirect"
SIGNED: Final = "signed"
SIGNED_RSA: Final = "signed, RSA-2048"
SIGNED_P256: Final = "signed, P-256"
STABLE_WARM: Final = "stable URL, warm"

GROW_URLS: Final = "URLs through one signature"
GROW_STUB: Final = "URLs, the signature taking no time"
GROW_ONE: Final = "URLs, P-256, 1 worker"
GROW_TWO: Final = "URLs, P-256, 2 workers"
GROW_SECTIONS: Final = "A policy's path sections"
GROW_KEYS: Final = "Keys in a ring"
GROWTHS: Final = (GROW_URLS, GROW_STUB, GROW_ONE, GROW_TWO, GROW_SECTIONS, GROW_KEYS)

#: Who is measured.
LIMIT: Final = "bare sign"
LIMIT_RANDOM: Final = "bare sign, k at random"
LIMITS: Final = (LIMIT, LIMIT_RANDOM)
CFSIGN: Final = "cfsign"
CFSIGN_PATH: Final = "cfsign, from a path"
BOTOCORE: Final = "botocore"
STORAGES: Final = "django-storages"
COOKIE_SIGNER: Final = "cloudfront-signed-cookies"
AWS_SDK: Final = "@aws-sdk/cloudfront-signer"
AWS_SDK_OBJECT: Final = "@aws-sdk/cloudfront-signer, KeyObject"
AWS_SIGN: Final = "aws-cloudfront-sign"
KEY_FILE: Final = "key file read each time"
