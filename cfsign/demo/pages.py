"""The HTML pages of the site; they are the same for every framework."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cfsign import Deny, Distribution, TrustedKeyGroup
from cfsign.demo.breakdown import break_down_cookies, break_down_url
from cfsign.demo.files import ALBUM, FILES, PICTURE, PLAN
from cfsign.demo.tampering import TAMPERINGS
from cfsign.demo.users import USERS, authorize, can_read, get_folder
from cfsign.views import ViewHandler, ViewOptions, ViewResponse

_FOLDER = Path(__file__).parent

#: The folder of the style sheet, the script and the logo.
STATIC = _FOLDER / "static"


@dataclass(frozen=True, slots=True)
class Page:
    """
    A page, from which each framework builds its own response.

    Attributes:
        html: The HTML.
        status: The HTTP status.
        set_cookies: The values of the `Set-Cookie` headers.
    """

    html: str
    status: int = 200
    set_cookies: tuple[str, ...] = ()

    @property
    def headers(self) -> dict[str, str]:
        """The other headers. No cache may store a page, because it may have a signed URL."""
        return {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}


class Pages:
    """
    All pages of the site.

    Args:
        distribution: The distribution that signs.
        trusted_keys: The keys that the edge trusts. They are only for the page that shows the
            edge's response to changed URLs; a real site does not need them.
        site: The URL of the site, without a slash at the end.
    """

    def __init__(
        self, distribution: Distribution, trusted_keys: TrustedKeyGroup, site: str
    ) -> None:
        self._distribution = distribution
        self._link = ViewHandler(distribution, ViewOptions(delivery="json"))
        self._folder = ViewHandler(distribution, ViewOptions(delivery="cookies", folder=get_folder))
        self._trusted_keys = trusted_keys
        self._templates = Environment(
            loader=FileSystemLoader(_FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
        )
        self._templates.globals.update(
            users=USERS,
            files=FILES,
            album=ALBUM,
            readers=lambda resource: [name for name in USERS if can_read(name, resource)],
            site=site,
            edge=distribution.domain,
        )

    def home(self, user: str | None) -> Page:
        """Return the home page: the login, and the list of files."""
        return Page(self._render("home.html", user))

    def file(self, user: str | None, resource: str, address: str | None) -> Page | Deny:
        """Return the page of a file with its signed URL, for users who may read the file."""
        response = self._respond(self._link, user, resource, address)
        if isinstance(response, Deny):
            return response
        file = next((file for file in FILES if file.name == resource), None)
        if file is None:
            return Deny(404)
        url = json.loads(response.body)["url"]
        other = self._distribution.unsigned_url((PLAN if file == PICTURE else PICTURE).name)
        tamperings = []
        for tampering in TAMPERINGS:
            changed = tampering.apply(url, other)
            verdict = self._trusted_keys.check(changed, ip_address=address)
            tamperings.append((tampering, changed, verdict))
        html = self._render(
            "file.html",
            user,
            file=file,
            url=url,
            breakdown=break_down_url(url),
            tamperings=tamperings,
        )
        return Page(html)

    def album_page(self, user: str | None, address: str | None) -> Page | Deny:
        """Return the page of the album, with cookies that open its pictures."""
        url = self._distribution.unsigned_url
        pictures = [file for file in FILES if file.folder == ALBUM]
        response = self._respond(self._folder, user, pictures[0].name, address)
        if isinstance(response, Deny):
            return response
        cookies = tuple(value for name, value in response.headers if name == "Set-Cookie")
        html = self._render(
            "album.html",
            user,
            pictures=[(file, url(file.name)) for file in pictures],
            outside=[(file, url(file.name)) for file in (PLAN, PICTURE)],
            breakdown=break_down_cookies(cookies),
        )
        return Page(html, set_cookies=cookies)

    def refusal(self, user: str | None, status: int) -> Page:
        """Return the page of a refusal, by one of the views or by the framework."""
        return Page(self._render("refusal.html", user, status=HTTPStatus(status)), status)

    def _respond(
        self, handler: ViewHandler, user: str | None, resource: str, address: str | None
    ) -> ViewResponse | Deny:
        # The same calls as in an adapter, so that a page is allowed exactly as its file is.
        response: ViewResponse | Deny = handler.handle(
            None, resource, handler.validate(resource), partial(authorize, user, resource, address)
        )
        return response

    def _render(self, template: str, user: str | None, **context: Any) -> str:
        return self._templates.get_template(template).render(user=user, **context)
