"""The application: `uvicorn --factory lectures.app:create_app`."""

from __future__ import annotations

from os import environ
from pathlib import Path

from falcon.asgi import App, Request, Response

from cfsign import Distribution
from cfsign_falcon import FolderCookies

from .login import Home, Login, Logout, Sessions
from .pages import show_error
from .recordings import Handout, Recording
from .students import load_students


def create_app() -> App[Request, Response]:
    """Create the site from the environment; raise if a variable is missing or wrong."""
    students = load_students(Path(environ.get("STUDENTS_FILE", "students.json")))
    sessions = Sessions(environ["SECRET_KEY"], students, secure=environ.get("LOCAL_HTTP") != "1")
    distribution = Distribution.from_env()
    cookie_domain = environ.get("COOKIE_DOMAIN") or None

    app = App(middleware=[sessions])
    app.set_error_serializer(show_error)
    app.add_route("/", Home())
    app.add_route("/login", Login(sessions))
    # One set of cookies for the site, which a logout deletes.
    cookies = FolderCookies(distribution, domain=cookie_domain, path="/")
    app.add_route("/logout", Logout(sessions, cookies))
    handout = Handout(distribution, sessions)
    recording = Recording(distribution, sessions, cookie_domain=cookie_domain, cookie_path="/")
    app.add_route("/handouts/{resource:path}", handout)
    app.add_route("/recordings/{resource:path}", recording)
    return app
