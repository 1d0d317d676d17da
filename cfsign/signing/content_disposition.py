"""
The name under which a browser saves a download: `response-content-disposition` in the URL.

S3 sends its value as the `Content-Disposition` header (S3 API Reference, GetObject).
RFC 6266 for the header; RFC 8187 for names that are not ASCII.
"""

from __future__ import annotations

from cfsign.errors import ResourceError
from cfsign.signing.encoding import (
    Query,
    check_control_characters,
    encode_parameters,
    encode_query,
    parameter_names,
)

#: The query parameter of S3 that sets the `Content-Disposition` header of a response.
PARAMETER = "response-content-disposition"


def add_download_name(query: Query | None, download_name: str) -> str:
    """
    Return a query, encoded, with the parameter that sets the name of the download.

    Args:
        query: As for `encode_query`.
        download_name: As for `build_content_disposition`.

    Raises:
        ResourceError: The name cannot be used, or the query has the parameter already.
    """
    text = encode_query(query)
    if PARAMETER in parameter_names(text):
        raise ResourceError(
            f"the query already has {PARAMETER}",
            hint="remove it, or leave download_name out",
            found=PARAMETER,
        )
    parameter = encode_parameters([(PARAMETER, build_content_disposition(download_name))])
    return f"{text}&{parameter}" if text else parameter


def build_content_disposition(download_name: str) -> str:
    """
    Return the `Content-Disposition` header that saves a response under a name, in ASCII.

    Args:
        download_name: The name of the file, without folders.

    Raises:
        ResourceError: The name is empty, `.` or `..`, has a control character or a path separator,
            or is not Unicode text.
    """
    if not isinstance(download_name, str):
        raise ResourceError(f"download_name must be text (str), got {type(download_name).__name__}")
    if download_name in ("", ".", ".."):
        raise ResourceError(
            f"download_name must be a file name, got {download_name!r}",
            hint="leave it out to keep the name of the file",
        )
    check_control_characters(download_name, "download_name")
    separator = next((character for character in download_name if character in "/\\"), "")
    if separator:  # RFC 6266, section 4.3
        raise ResourceError(
            f"download_name has the path separator {separator} in it",
            hint="use the name of the file without its folder",
            found=separator,
            position=download_name.index(separator),
        )
    fallback = _to_ascii(download_name)
    if fallback == download_name:
        return f'attachment; filename="{fallback}"'
    from urllib.parse import quote  # imported where it is needed: it takes milliseconds

    try:
        encoded = quote(download_name, safe="")
    except UnicodeEncodeError:
        raise ResourceError(
            "download_name is not Unicode text", hint="decode it from UTF-8 first"
        ) from None
    # Clients that know `filename*` prefer it (RFC 6266, section 4.3).
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{encoded}"


def _to_ascii(name: str) -> str:
    """Return *name* for clients that do not know `filename*`: `_` for what they may misread."""
    if name.isascii():
        decomposed = name
    else:
        import unicodedata  # imported where it is needed

        characters = unicodedata.normalize("NFKD", name)
        decomposed = "".join(c for c in characters if not unicodedata.combining(c))
    # Some clients unescape `%`, and some misread an escaped quote (RFC 6266, appendix D).
    return "".join(c if " " <= c <= "~" and c not in '"%\\/' else "_" for c in decomposed)
