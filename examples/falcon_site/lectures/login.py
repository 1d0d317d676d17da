"""The login: a signed cookie, and the pages that set and clear it."""

from __future__ import annotations

import asyncio
from urllib.parse import quote, urlencode

import falcon
from falcon.asgi import Request, Response
from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer

from cfsign_falcon import FolderCookies

from .pages import show_courses, show_login
from .students import Students, is_password

_COOKIE = "student"
_MAX_AGE = 12 * 60 * 60  # seconds


class Sessions:
    """The middleware that identifies the student by a signed cookie."""

    def __init__(self, secret_key: str, students: Students, *, secure: bool) -> None:
        if not secret_key:
            raise ValueError("SECRET_KEY is empty: set it to a random value")
        # The salt prevents that a value signed for one purpose is accepted for another.
        self._cookies = URLSafeTimedSerializer(secret_key, salt="student")
        self._paths = URLSafeSerializer(secret_key, salt="path")
        self._secure = secure
        self.students = students

    async def process_request(self, req: Request, resp: Response) -> None:
        """Store the student in the request's context, or None."""
        try:
            name = self._cookies.loads(req.cookies.get(_COOKIE, ""), max_age=_MAX_AGE)
        except BadData:
            name = None
        req.context.student = self.students.get(name)

    async def process_response(
        self, req: Request, resp: Response, resource: object, req_succeeded: bool
    ) -> None:
        """Forbid caching of the site's pages; cfsign's responses forbid it already."""
        if resp.get_header("Cache-Control") is None:
            resp.set_header("Cache-Control", "no-store")

    def log_in(self, resp: Response, name: str) -> None:
        """Set the cookie of a student."""
        value = self._cookies.dumps(name)
        resp.set_cookie(
            _COOKIE, value, max_age=_MAX_AGE, path="/", secure=self._secure, same_site="Lax"
        )

    def log_out(self, resp: Response) -> None:
        """Delete the cookie in this browser."""
        resp.unset_cookie(_COOKIE, path="/")

    def redirect_to_login(self, req: Request) -> falcon.HTTPSeeOther:
        """Return the redirect to the login page; the caller raises it."""
        # Signed, so that a forged link cannot redirect to another site after the login.
        path = self._paths.dumps(quote(req.path))
        return falcon.HTTPSeeOther("/login?" + urlencode({"next": path}))

    def read_requested_path(self, req: Request) -> str:
        """Return the path that was requested before the login, or "/"."""
        try:
            return str(self._paths.loads(req.get_param("next", default="")))
        except BadData:
            return "/"


class Login:
    """The login page."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def on_get(self, req: Request, resp: Response) -> None:
        """Show the form."""
        show_login(resp)

    async def on_post(self, req: Request, resp: Response) -> None:
        """Check the password and redirect to the requested page."""
        form = await req.get_media()
        if not isinstance(form, dict):
            raise falcon.HTTPBadRequest
        name, password = str(form.get("name", "")), str(form.get("password", ""))
        # In a thread: hashing takes long and would block the event loop.
        if not await asyncio.to_thread(is_password, self._sessions.students, name, password):
            resp.status = falcon.HTTP_403
            show_login(resp, "The name or the password is wrong.")
            return
        self._sessions.log_in(resp, name)
        raise falcon.HTTPSeeOther(self._sessions.read_requested_path(req))


class Logout:
    """The target of the logout button."""

    def __init__(self, sessions: Sessions, cookies: FolderCookies) -> None:
        self._sessions = sessions
        self._cookies = cookies

    async def on_post(self, req: Request, resp: Response) -> None:
        """Log the student out, and delete the cookies of a recording from the browser."""
        self._sessions.log_out(resp)
        for name, value in self._cookies.revoke_headers("/"):
            resp.append_header(name, value)
        raise falcon.HTTPSeeOther("/login")


class Home:
    """The page with a student's courses."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """Show the courses, or redirect to the login page."""
        if req.context.student is None:
            raise falcon.HTTPSeeOther("/login")
        show_courses(resp, req.context.student.courses)
