"""The HTML pages of the site, and its error page."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from urllib.parse import quote

import falcon
from falcon.asgi import Request, Response

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
  :root {{ color-scheme: light dark }}
  body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: min(42rem, 92vw); margin: 2rem auto }}
  label {{ display: block; margin-bottom: .5rem }}
</style>
<title>{title}</title>
<h1>{title}</h1>
{content}
</html>
"""

_LOGIN = """\
<p>{message}</p>
<form method="post">
  <label>Name <input name="name" autocomplete="username" required></label>
  <label>Password
    <input name="password" type="password" autocomplete="current-password" required></label>
  <button>Log in</button>
</form>
"""

_COURSE = """\
<li>{name}: <a href="/recordings/{path}/01/index.m3u8">first lecture</a>,
  <a href="/handouts/{path}/handout.txt">handout</a></li>
"""

_LOGOUT = '<form method="post" action="/logout"><button>Log out</button></form>\n'

_ERRORS = {
    403: "You do not take this course. Ask the school's office to add you.",
    404: "There is nothing here.",
}


def show_login(resp: Response, message: str = "") -> None:
    """Write the login form to the response."""
    _show(resp, "Log in", _LOGIN.format(message=escape(message)))


def show_courses(resp: Response, courses: Iterable[str]) -> None:
    """Write the links of each course to the response."""
    items = (_COURSE.format(name=escape(name), path=quote(name)) for name in courses)
    _show(resp, "Your courses", f"<ul>{''.join(items)}</ul>\n{_LOGOUT}")


def show_error(req: Request, resp: Response, error: falcon.HTTPError) -> None:
    """Write the error page to the response; cfsign's refusals use it, too."""
    message = _ERRORS.get(error.status_code, "Please try again, or write to the school's office.")
    _show(resp, error.title, f"<p>{escape(message)}</p>")


def _show(resp: Response, title: str, content: str) -> None:
    resp.content_type = falcon.MEDIA_HTML
    resp.text = _PAGE.format(title=escape(title), content=content)
