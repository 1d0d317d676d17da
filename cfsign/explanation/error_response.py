"""An error response: whether CloudFront or S3 sent it, its code and its message."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cfsign.errors import CfsignError
from cfsign.explanation.display import to_printable
from cfsign.explanation.readers import find_candidates, read_text
from cfsign.explanation.readers.exchange import MAX_BODY

_ELEMENT = "<{0}>([^<]{{0,400}})</{0}>"
_CODE = re.compile(_ELEMENT.format("Code"))
_MESSAGE = re.compile(_ELEMENT.format("Message"))
# Only S3 sends these (AWS, "Amazon S3 REST API: error responses").
_S3_ELEMENTS = re.compile("<(?:RequestId|HostId)>")

# Only S3 sends this message; people often quote it without the rest of the document.
NOT_RESTRICTED = "Query-string authentication requires the Signature"

# The same, if two signatures reach it: CloudFront's parameters, and its own for the origin.
ONE_MECHANISM = "Only one auth mechanism allowed"
# CloudFront's codes are five others.
_S3_CODES = re.compile(
    "InvalidArgument|InvalidRequest|SignatureDoesNotMatch|Authorization(?:Header|Query).*|NoSuch(?:Key|Bucket|Version)|"
    "RequestTimeTooSkewed|(?:Expired|Invalid)Token|InvalidAccessKeyId|(?:Permanent|Temporary)Redirect|"
    "MethodNotAllowed|AllAccessDisabled|IllegalLocationConstraintException|KMS\\..*"
)

# Phrases on CloudFront's HTML page for other refusals; those for a signature are in XML.
# The last one that matches says most.
_PAGE_PHRASES = (
    "the request could not be satisfied",
    "bad request",
    "request blocked",
    "not configured to allow the http request method",
    "configured to block access from your country",
)
_PAGE_STATUS = re.compile(r"<h1>\s*([0-9]{3}) ERROR", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """
    An error response.

    Attributes:
        code: The code, such as "AccessDenied"; "" if the response is not XML.
        message: The message, such as "Access denied".
        is_from_s3: True if S3 sent it and CloudFront only passed it on.
        status: The HTTP status, such as 502; 0 if it is not known.
    """

    code: str
    message: str
    is_from_s3: bool
    status: int = 0

    def quote(self) -> str:
        """Return the code and the message, for the evidence of a cause."""
        return f"the response: {to_printable(self.code, 40)}, {to_printable(self.message, 120)}"


def read_response(text: object) -> ErrorResponse | None:
    """Return the error document in *text*, or only its status; None if it has neither."""
    if not isinstance(text, str):
        return None
    status, body = _find_response(text)
    text = body[:MAX_BODY]
    code, element = _CODE.search(text), _MESSAGE.search(text)
    if code is None:
        return _read_page(text, status)
    message = element[1].strip() if element else ""
    name = code[1].strip()
    is_from_s3 = (
        _S3_ELEMENTS.search(text) is not None
        or _S3_CODES.fullmatch(name) is not None
        or message.startswith(NOT_RESTRICTED)
    )
    return ErrorResponse(name, message, is_from_s3, status)


def _find_response(text: str) -> tuple[int, str]:
    """Return the status and the body; if the text has no known form, 0 and all of the text."""
    try:
        exchange = find_candidates(read_text(text).exchanges)[-1]
    except CfsignError:
        return 0, text
    return exchange.status, exchange.body


def _read_page(text: str, status: int) -> ErrorResponse | None:
    phrases = [phrase for phrase in _PAGE_PHRASES if phrase in text.lower()]
    if phrases:
        heading = _PAGE_STATUS.search(text)
        status = status or (int(heading[1]) if heading else 403)
    is_error = status >= 400 and (status != 403 or bool(phrases))
    return ErrorResponse("", phrases[-1] if phrases else "", False, status) if is_error else None
