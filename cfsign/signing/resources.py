"""
The resources of a distribution: URLs and patterns of URLs, built from plain paths.

Here *domain* is the scheme and host, without a trailing slash.
"""

from __future__ import annotations

from cfsign.errors import ResourceError
from cfsign.signing.content_disposition import add_download_name
from cfsign.signing.encoding import Query, encode_path, encode_query
from cfsign.signing.folder import encode_folder, is_inside
from cfsign.signing.pattern import is_match
from cfsign.signing.url import check_length, check_url


def build_url(domain: str, path: str, query: Query | None) -> str:
    """
    Return the unsigned URL of a path, percent-encoded.

    Raises:
        ResourceError: The path or the query cannot be signed.
    """
    text = encode_query(query)
    return check_url(f"{domain}{encode_path(path)}{'?' if text else ''}{text}")


def build_folder_pattern(domain: str, folder: str) -> str:
    """
    Return the pattern of all URLs below a folder.

    Raises:
        ResourceError: The folder is empty, absolute, or cannot be signed.
    """
    return f"{domain}{encode_folder(folder)}*"


def build_pattern(domain: str, folder: str | None, pattern: str | None) -> str:
    """
    Return the pattern of whole URLs for a folder, or for a pattern of plain paths.

    Raises:
        ResourceError: The folder or the pattern cannot be signed, or both or neither are given.
    """
    if folder is not None and pattern is not None:
        raise ResourceError("folder and pattern cannot be combined", hint="use one")
    if folder is not None:
        return build_folder_pattern(domain, folder)
    if pattern is not None:
        return domain + encode_path(pattern, kind="pattern")
    raise ResourceError(
        "a folder or a pattern is required",
        hint='set folder, such as "videos/42", or pattern, such as "videos/*.ts"',
    )


def build_url_and_pattern(
    domain: str,
    path: str,
    query: Query | None,
    download_name: str | None,
    folder: str | None,
    pattern: str | None,
) -> tuple[str, str | None]:
    """
    Return the URL of a path, and the pattern to sign instead of it or None.

    Raises:
        ResourceError: A part cannot be signed, or the signature would not open the URL.
    """
    if download_name is not None:
        query = add_download_name(query, download_name)
    url = build_url(domain, path, query)
    if folder is None and pattern is None:
        return url, None
    if download_name is not None:
        raise ResourceError(
            f"download_name and {'pattern' if folder is None else 'folder'} cannot be combined",
            hint="sign the file alone: the other signature allows any query, so anyone can "
            "change the name",
        )
    whole_pattern = build_pattern(domain, folder, pattern)
    if folder is not None and not is_inside(url, whole_pattern.removesuffix("*")):
        raise ResourceError(
            "the path is not inside the folder",
            hint="sign the file's own folder or one above it",
        )
    if folder is None and not is_match(whole_pattern, url):
        raise ResourceError(
            "the pattern does not match the path",
            hint="use folder= with the path's folder, or leave pattern out",
        )
    return url, whole_pattern


def check_own_url(domain: str, url: str) -> str:
    """
    Return *url* if it starts with the domain.

    Raises:
        ResourceError: It does not.
    """
    url = check_length(url)
    if url.startswith(f"{domain}/"):
        return url  # checked further when it is signed
    check_url(url)
    raise ResourceError(
        f"the URL is not one of {domain}",
        hint="use the Distribution of its host, or Signer.sign_url",
    )
