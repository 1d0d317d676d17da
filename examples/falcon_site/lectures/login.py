"""Who is who: a cookie that the site has signed, and the pages that set and clear it."""

from __future__ import annotations

import asyncio
from urllib.parse import quote, urlencode

import falcon
from falcon.asgi import Request, Response
from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer

from .pages import show_courses, show_login
from .students import Students, knows

_COOKIE = "student"
_LIFETIME = 12 * 60 * 60


class Sessions:
    """The middleware that knows each request's student by a signed cookie."""

    def __init__(self, secret_key: str, students: Students, *, secure: bool) -> None:
        if not secret_key:
            raise ValueError("SECRET_KEY is empty, and anybody could sign with that")
        # A salt keeps what is signed for one purpose from being taken for another.
        self._cookies = URLSafeTimedSerializer(secret_key, salt="student")
        self._wanted = URLSafeSerializer(secret_key, salt="wanted")
        self._secure = secure
        self.students = students

    async def process_request(self, req: Request, resp: Response) -> None:
        """Keep the student for the responders; None for a visitor."""
        try:
            name = self._cookies.loads(req.cookies.get(_COOKIE, ""), max_age=_LIFETIME)
        except BadData:
            name = None
        req.context.student = self.students.get(name)

    async def process_response(
        self, req: Request, resp: Response, resource: object, req_succeeded: bool
    ) -> None:
        """Let no cache keep a student's page; cfsign's own answers say so already."""
        if resp.get_header("Cache-Control") is None:
            resp.set_header("Cache-Control", "no-store")

    def open(self, resp: Response, name: str) -> None:
        """Log a student in."""
        value = self._cookies.dumps(name)
        resp.set_cookie(
            _COOKIE, value, max_age=_LIFETIME, path="/", secure=self._secure, same_site="Lax"
        )

    def close(self, resp: Response) -> None:
        """Log the student out: this browser forgets the cookie."""
        resp.unset_cookie(_COOKIE, path="/")

    def to_login(self, req: Request) -> falcon.HTTPSeeOther:
        """Return the redirect to the login, which is to be raised."""
        # Signed, so that nobody can make a link that leads on to another site.
        wanted = self._wanted.dumps(quote(req.path))
        return falcon.HTTPSeeOther("/login?" + urlencode({"next": wanted}))

    def wanted(self, req: Request) -> str:
        """Return the path that the visitor came for."""
        try:
            return str(self._wanted.loads(req.get_param("next", default="")))
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
        """Check the password, and go on to what the student came for."""
        form = await req.get_media()
        if not isinstance(form, dict):
            raise falcon.HTTPBadRequest
        name, password = str(form.get("name", "")), str(form.get("password", ""))
        # In a thread: a hash takes its time, and everybody else would wait for it.
        if not await asyncio.to_thread(knows, self._sessions.students, name, password):
            resp.status = falcon.HTTP_403
            show_login(resp, "There is no such student, or the password is another.")
            return
        self._sessions.open(resp, name)
        raise falcon.HTTPSeeOther(self._sessions.wanted(req))


class Logout:
    """What the button posts to."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def on_post(self, req: Request, resp: Response) -> None:
        """Forget the student."""
        self._sessions.close(resp)
        raise falcon.HTTPSeeOther("/login")


class Home:
    """A student's courses."""

    async def on_get(self, req: Request, resp: Response) -> None:
        """List the courses, or offer the login."""
        if req.context.student is None:
            raise falcon.HTTPSeeOther("/login")
        show_courses(resp, req.context.student.courses)
