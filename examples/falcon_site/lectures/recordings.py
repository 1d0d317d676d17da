"""The rule, which is the site's own, and the resources that deliver by it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from falcon.asgi import Request

from cfsign import Allow, Distribution
from cfsign_falcon.asgi import SignedRedirectResource

from .login import Sessions


class Handout(SignedRedirectResource):
    """Sends a student to a file of a course, by a signed URL that lasts a minute."""

    def __init__(self, distribution: Distribution, sessions: Sessions, **options: Any) -> None:
        super().__init__(distribution, **options)
        self._sessions = sessions

    async def authorize(self, req: Request, resource: str, **params: Any) -> int | Allow:
        """
        Allow a student the courses taken, and send a visitor to log in.

        The course is the first folder, and all that lies below it is for the same students; so
        the cookies that open a folder open nothing that this would refuse.
        """
        student = req.context.student
        if student is None:
            raise self._sessions.to_login(req)
        course, slash, _ = resource.partition("/")
        return 200 if slash and course in student.courses else 403


class Recording(Handout):
    """
    Opens a recording's folder by signed cookies, and sends the student to its playlist.

    A player asks for hundreds of segments by their plain names; no URL of theirs is signed.
    """

    delivery = "cookies"

    async def authorize(self, req: Request, resource: str, **params: Any) -> int | Allow:
        """Ask the same rule; the cookies last as long as a lecture with its breaks."""
        status = await super().authorize(req, resource, **params)
        return Allow(expires_in=timedelta(hours=3)) if status == 200 else status
