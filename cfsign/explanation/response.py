"""The error document that was answered to a request: whose it is, and what it says."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cfsign.explanation.transcript import read_transcript

_ELEMENT = r"<{0}>\s*([^<]{{0,200}}?)\s*</{0}>"
_CODE = re.compile(_ELEMENT.format("Code"))
_MESSAGE = re.compile(_ELEMENT.format("Message"))
# Only S3 sends these (AWS, "Amazon S3 REST API: error responses").
_OF_S3 = re.compile("<(?:RequestId|HostId)>")

# This message is S3's alone, and is seen copied without the rest of its document.
NOT_RESTRICTED = "Query-string authentication requires the Signature"

_MAX_LETTERS = 16_384


# CloudFront's page for what it refuses, but not for the signature: that is answered in XML.
# The last of these that it holds says most.
_PAGE = (
    "the request could not be satisfied",
    "request blocked",
    "configured to block access from your country",
)
_PAGE_STATUS = re.compile(r"<h1>\s*([0-9]{3}) ERROR", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """
    What was answered.

    Attributes:
        code: The code, such as "AccessDenied"; "" where it is no XML.
        message: The message, such as "Access denied".
        is_s3s: Whether S3 wrote it and CloudFront only passed it on.
        status: The status, such as 502; 0 where it is not known.
    """

    code: str
    message: str
    is_s3s: bool
    status: int = 0


def read_response(text: object) -> ErrorResponse | None:
    """Return the error document in *text*, or its status alone; None where it holds neither."""
    if not isinstance(text, str):
        return None
    status = read_transcript(text).status
    text = text[:_MAX_LETTERS]
    code, message = _CODE.search(text), _MESSAGE.search(text)
    if code is None:
        return _read_page(text, status)
    told = message[1] if message else ""
    is_s3s = _OF_S3.search(text) is not None or told.startswith(NOT_RESTRICTED)
    return ErrorResponse(code[1], told, is_s3s, status)


def _read_page(text: str, status: int) -> ErrorResponse | None:
    told = [phrase for phrase in _PAGE if phrase in text.lower()]
    if told:
        found = _PAGE_STATUS.search(text)
        status = status or (int(found[1]) if found else 403)
    is_error = status >= 400 and (status != 403 or bool(told))
    return ErrorResponse("", told[-1] if told else "", False, status) if is_error else None
