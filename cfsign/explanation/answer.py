"""The error document that was answered to a request: whose it is, and what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ELEMENT = r"<{0}>\s*([^<]{{0,200}}?)\s*</{0}>"
_CODE = re.compile(_ELEMENT.format("Code"))
_MESSAGE = re.compile(_ELEMENT.format("Message"))
# Only S3 sends these (AWS, "Amazon S3 REST API: error responses").
_OF_S3 = re.compile("<(?:RequestId|HostId)>")

# This message is S3's alone, and is seen copied without the rest of its document.
NOT_RESTRICTED = "Query-string authentication requires the Signature"

_MAX_LETTERS = 16_384


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What was answered.

    Attributes:
        code: The code, such as "AccessDenied".
        message: The message, such as "Access denied".
        is_s3s: Whether S3 wrote it and CloudFront only passed it on.
    """

    code: str
    message: str
    is_s3s: bool


def read_answer(text: object) -> Answer | None:
    """Return the error document in *text*, or None where it holds none."""
    if not isinstance(text, str):
        return None
    text = text[:_MAX_LETTERS]
    code, message = _CODE.search(text), _MESSAGE.search(text)
    if code is None:
        return None
    told = message[1] if message else ""
    is_s3s = _OF_S3.search(text) is not None or told.startswith(NOT_RESTRICTED)
    return Answer(code[1], told, is_s3s)
