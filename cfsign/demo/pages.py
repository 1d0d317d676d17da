"""The pages around the private files, the same whichever framework sends them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cfsign import Deny, Distribution, TrustedKeyGroup
from cfsign.demo.anatomy import dissect_cookies, dissect_url
from cfsign.demo.files import ALBUM, FILES, PICTURE, PLAN
from cfsign.demo.readers import VIEWERS, may_read, permission
from cfsign.demo.tampering import TAMPERINGS
from cfsign.views import ViewHandler, ViewOptions, ViewResponse

_HERE = Path(__file__).parent

#: The folder of the pages' style, script and mark.
STATIC = _HERE / "static"


@dataclass(frozen=True, slots=True)
class Page:
    """
    A page, for a framework to make its own response of.

    Attributes:
        html: What is on it.
        status: The HTTP status.
        set_cookies: The values of the `Set-Cookie` headers that come with it.
    """

    html: str
    status: int = 200
    set_cookies: tuple[str, ...] = ()

    @property
    def headers(self) -> dict[str, str]:
        """The other headers. No cache may keep a page: it has a signed URL, or a viewer's name."""
        return {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}


class Pages:
    """
    Everything there is to show.

    Args:
        distribution: The distribution, to sign with.
        trusted_keys: What the edge trusts, for the page that tells what it would answer. To sign,
            a site needs none of it.
        site: The site's address, without a slash at its end.
    """

    def __init__(
        self, distribution: Distribution, trusted_keys: TrustedKeyGroup, site: str
    ) -> None:
        self._distribution = distribution
        self._link = ViewHandler(distribution, ViewOptions(delivery="json"))
        self._folder = ViewHandler(distribution, ViewOptions(delivery="cookies"))
        self._check = trusted_keys.check
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
        )
        self._templates.globals.update(
            viewers=VIEWERS,
            files=FILES,
            album=ALBUM,
            readers=_readers,
            site=site,
            edge=distribution.domain,
        )

    def home(self, viewer: str | None) -> Page:
        """Show the viewers to log in as, and the files."""
        return Page(self._render("home.html", viewer))

    def file(self, viewer: str | None, resource: str, address: str | None) -> Page | Deny:
        """Show a file, and the signed URL that opens it taken apart; or refuse, as /link does."""
        answer = self._ask(self._link, viewer, resource, address)
        if isinstance(answer, Deny):
            return answer
        file = next((file for file in FILES if file.name == resource), None)
        if file is None:
            return Deny(404)
        url = json.loads(answer.body)["url"]
        other = self._distribution.unsigned_url((PLAN if file == PICTURE else PICTURE).name)
        html = self._render(
            "file.html",
            viewer,
            file=file,
            url=url,
            anatomy=dissect_url(url),
            tamperings=[
                (each, changed, self._check(changed, ip_address=address))
                for each in TAMPERINGS
                for changed in [each.apply(url, other)]
            ],
        )
        return Page(html)

    def show_album(self, viewer: str | None, address: str | None) -> Page | Deny:
        """Show the album's pictures by their plain URLs, which the page's cookies open."""
        url = self._distribution.unsigned_url
        pictures = [file for file in FILES if file.folder == ALBUM]
        answer = self._ask(self._folder, viewer, pictures[0].name, address)
        if isinstance(answer, Deny):
            return answer
        cookies = tuple(value for name, value in answer.headers if name == "Set-Cookie")
        html = self._render(
            "album.html",
            viewer,
            pictures=[(file, url(file.name)) for file in pictures],
            outside=[(file, url(file.name)) for file in (PLAN, PICTURE)],
            anatomy=dissect_cookies(cookies),
        )
        return Page(html, set_cookies=cookies)

    def refused(self, viewer: str | None, status: int) -> Page:
        """Show the site's own page for a refusal, whoever refused: a view or the framework."""
        html = self._render("refused.html", viewer, status=HTTPStatus(status))
        return Page(html, status)

    def _ask(
        self, handler: ViewHandler, viewer: str | None, resource: str, address: str | None
    ) -> ViewResponse | Deny:
        # As an adapter does: a page has what its viewer would get, and is refused as they would be.
        result = permission(viewer, resource, address)
        request = handler.file_request(resource)
        return request if isinstance(request, Deny) else request.respond(result)

    def _render(self, template: str, viewer: str | None, **context: Any) -> str:
        return self._templates.get_template(template).render(viewer=viewer, **context)


def _readers(resource: str) -> list[str]:
    return [name for name in VIEWERS if may_read(name, resource)]
