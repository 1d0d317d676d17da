"""The resources that authorize and redirect."""

from __future__ import annotations

import posixpath
from datetime import timedelta
from typing import Any

from falcon.asgi import Request

from cfsign import Allow, Distribution
from cfsign_falcon.asgi import SignedRedirectResource

from .login import Sessions


class Handout(SignedRedirectResource):
    """Redirect a student to the signed URL of a file, valid for a minute."""

    def __init__(self, distribution: Distribution, sessions: Sessions, **options: Any) -> None:
        super().__init__(distribution, **options)
        self._sessions = sessions

    async def authorize(self, req: Request, resource: str, **params: Any) -> int | Allow:
        """
        Allow the student's courses, and redirect anonymous users to the login page.

        The course is the first folder of the path. Everything below it is for the same students,
        so cookies for a folder never open a file that this method would refuse.
        """
        student = req.context.student
        if student is None:
            raise self._sessions.redirect_to_login(req)
        course, slash, _ = resource.partition("/")
        return 200 if slash and course in student.courses else 403


class Recording(Handout):
    """
    Set signed cookies for the folder of a recording, and redirect to its playlist.

    The player requests hundreds of segments by their plain URLs; the cookies open all of them.
    """

    delivery = "cookies"
    folder = staticmethod(posixpath.dirname)

    async def authorize(self, req: Request, resource: str, **params: Any) -> int | Allow:
        """
        Apply the same rule; the cookies are valid for a lecture with its breaks.

        A logout deletes them from the browser. A copy of them works until they expire.
        """
        status = await super().authorize(req, resource, **params)
        return Allow(expires_in=timedelta(hours=3)) if status == 200 else status
