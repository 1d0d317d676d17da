"""
Folders: plain paths whose signature opens everything below them.

Folders are compared by their names, and case counts. No text in a folder is a wildcard: `*` and
`?` are encoded, so a name that a user chose opens that folder only.
"""

from __future__ import annotations

from cfsign.errors import ResourceError
from cfsign.signing.encoding import encode_path


def encode_folder(folder: str) -> str:
    """
    Return the encoded path of a folder, with a `/` at its start and its end.

    Args:
        folder: Folder names separated by `/`, not encoded, such as "videos/42". One `/` at the end
            is ignored. "/" is the whole distribution.

    Raises:
        ResourceError: The folder is empty, absolute, a whole URL, has an empty name, `.` or `..`, a
            control character, or is not Unicode text.
    """
    encoded = encode_path(folder, kind="folder")
    if not folder:
        # `posixpath.dirname("a.pdf")` is empty, and must not open every file.
        raise ResourceError(
            "the folder is empty", hint='name the folder; "/" opens the whole distribution'
        )
    if folder.startswith("/") and folder != "/":
        raise ResourceError("the folder is absolute", hint="remove the `/` at its start")
    return encoded.removesuffix("/") + "/"


def is_inside(url: str, folder_url: str) -> bool:
    """
    Return True if *url* lies below a folder. The folder itself, without its `/`, does not.

    Args:
        url: An encoded URL, or an encoded path.
        folder_url: The same for the folder, with a `/` at its end.

    `encode_path` writes different names differently, so the encoded texts can be compared.
    """
    return url.startswith(folder_url)
