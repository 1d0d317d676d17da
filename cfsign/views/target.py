"""The choice of what is signed for an allowed request: its URL, or a folder that the site named."""

from __future__ import annotations

from collections.abc import Callable

from cfsign.errors import ConfigurationError, DecisionError, ResourceError
from cfsign.signing.distribution import Distribution
from cfsign.signing.encoding import replace_parameters
from cfsign.signing.folder import is_inside
from cfsign.signing.url import check_url
from cfsign.utils.description import describe_name
from cfsign.views.decision import Allow, check_combination

#: The option `folder`: a plain path, or a function that returns one for the file's path.
FolderOption = str | Callable[[str], str]


def find_folder(distribution: Distribution, folder: FolderOption, resource: str) -> str:
    """
    Return the pattern of the folder that the option names for a file.

    Args:
        distribution: The distribution that serves the file.
        folder: The option of the view.
        resource: The plain path of the file, which was checked before.

    Raises:
        ResourceError: The file lies in no folder, or not in this one.
        ConfigurationError: The option's function returned something else than a folder.
    """
    name = folder(resource) if callable(folder) else folder
    if name == "":  # as `posixpath.dirname` returns for a file that is in no folder
        raise ResourceError("the file lies in no folder")
    try:
        pattern = distribution.folder_pattern(name)
    except ResourceError as error:
        message, hint = error.message, error.hint
    else:
        if not is_inside(distribution.unsigned_url(resource), pattern.removesuffix("*")):
            raise ResourceError("the file does not lie in the folder of the view")
        return pattern
    raise ConfigurationError(message, hint=hint, setting="folder")


def choose_target(
    distribution: Distribution, url: str, pattern: str | None, allow: Allow, needs_folder: bool
) -> tuple[str, str]:
    """
    Return the URL of the file, and the resource to sign: the URL, or the pattern of a folder.

    Args:
        distribution: The distribution that serves the file.
        url: The URL of the file with the forwarded parameters, not signed.
        pattern: The pattern of the folder that the view's option names, or None.
        allow: The decision. Its folder replaces that of the option.
        needs_folder: True if the delivery can only open folders.

    Raises:
        DecisionError: The file is not inside the folder, a folder is required, or the decision sets
            parameters, which the signature of a folder does not cover.
        ResourceError: The URL is too long.
    """
    if allow.folder is not None:
        pattern = distribution.folder_pattern(allow.folder)
        if not is_inside(url, pattern.removesuffix("*")):
            raise DecisionError(
                f"the file is not inside the folder of Allow, {describe_name(allow.folder)}",
                hint="return the file's own folder or one above it",
            )
    if pattern is not None:
        check_combination(allow)
        return url, pattern
    if needs_folder:
        raise DecisionError(
            'delivery = "cookies" needs a folder to open',
            hint="set the option folder, such as posixpath.dirname, or return "
            'Allow(folder="videos/42")',
        )
    if allow.query is not None or allow.download_name is not None:
        parameters = allow.parameters
        path, _, query = url.partition("?")
        url = check_url(f"{path}?{replace_parameters(query, parameters)}")
    return url, url
