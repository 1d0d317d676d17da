"""Functions that open folders for the user of a response, and close them again."""

from __future__ import annotations

from typing import TypeVar, Unpack

from django.http.response import HttpResponseBase

from cfsign import Conditions, ConfigurationError
from cfsign.config import hide_arguments
from cfsign.views import Headers, make_private
from cfsign_django import conf
from cfsign_django.responses import add_headers

AnyResponse = TypeVar("AnyResponse", bound=HttpResponseBase)


@hide_arguments
def grant_folder(
    response: AnyResponse,
    folder: str,
    *,
    distribution: str = "default",
    **conditions: Unpack[Conditions],
) -> AnyResponse:
    """
    Set the cookies that open everything below a folder, such as after a login.

    Check first that the user may have the whole folder. The settings `cookie_*` apply. A response
    can open several folders that are not nested, unless `cookie_path` is set. Its `Cache-Control`
    becomes `private` if a shared cache could store it.

    Args:
        response: A response of Django.
        folder: A plain path, such as "videos/42"; "/" opens the whole distribution.
        distribution: The alias of the distribution.
        conditions: When and for whom the cookies work; by default, for `cookie_expires_in`.

    Returns:
        *response*.

    Raises:
        ConfigurationError: *response* is something else, browsers would not send cookies with
            these settings to the distribution, or the folder's path is too long for a cookie.
        ResourceError: The folder cannot be signed.
        PolicyError: CloudFront does not accept a time or the address.
        SigningKeyError: The key cannot sign.
    """
    check_response(response)
    cookies = conf.site_config().folder_cookies(distribution)
    set_headers(response, cookies.grant_headers(folder, **conditions))
    return response


@hide_arguments
async def grant_folder_async(
    response: AnyResponse,
    folder: str,
    *,
    distribution: str = "default",
    **conditions: Unpack[Conditions],
) -> AnyResponse:
    """Async version of `grant_folder`."""
    check_response(response)
    cookies = conf.site_config().folder_cookies(distribution)
    set_headers(response, await cookies.grant_headers_async(folder, **conditions))
    return response


@hide_arguments
def revoke_folder(
    response: AnyResponse, folder: str, *, distribution: str = "default"
) -> AnyResponse:
    """
    Delete the cookies of a folder from the browser, such as after a logout.

    A copy of the cookies works until it expires: CloudFront cannot revoke a signature.

    Args:
        response: A response of Django.
        folder: A plain path, as for `grant_folder`. With `cookie_path = "/"`, any folder deletes
            the one set of cookies.
        distribution: The alias of the distribution.

    Returns:
        *response*.

    Raises:
        ConfigurationError: As for `grant_folder`.
        ResourceError: The folder cannot be signed.
    """
    check_response(response)
    set_headers(response, conf.site_config().folder_cookies(distribution).revoke_headers(folder))
    return response


@hide_arguments
def revoke_all(response: AnyResponse) -> AnyResponse:
    """
    Delete all cookies of the site from the browser, by `Clear-Site-Data`.

    That includes the site's own session and the cookies of every host below the same registered
    domain. Browsers obey it over https only. `revoke_folder` does neither.

    Args:
        response: A response of Django.

    Returns:
        *response*.
    """
    check_response(response)
    response.headers["Clear-Site-Data"] = '"cookies"'
    return response


def check_response(response: object) -> None:
    """Raise ConfigurationError unless *response* has headers that can be changed."""
    if not isinstance(response, HttpResponseBase):
        raise ConfigurationError(
            f"response must be a response of Django, got {type(response).__name__}",
            hint="pass the HttpResponse that the view returns",
        )


def set_headers(response: HttpResponseBase, headers: Headers) -> None:
    """Add *headers*, and make sure that no shared cache stores the response."""
    add_headers(response, headers)
    for name, value in make_private(response.headers.items()):
        response.headers[name] = value
