"""The login, and the commands that add clients and albums."""

from __future__ import annotations

import secrets

import click
from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.wrappers import Response

from . import db
from .extensions import cloudfront

accounts = Blueprint("accounts", __name__, cli_group=None)

# Compared for unknown names, so that the response takes the same time.
_DUMMY_HASH = generate_password_hash(secrets.token_hex())


@accounts.get("/login")
def login() -> str:
    """Show the login form."""
    return render_template("login.html")


@accounts.post("/login")
def log_in() -> Response | tuple[str, int]:
    """Check the password and redirect to the requested page."""
    name = request.form.get("name", "")
    found = db.select_column("SELECT password FROM client WHERE name = ?", name)
    if not check_password_hash(
        found[0] if found else _DUMMY_HASH, request.form.get("password", "")
    ):
        return render_template("login.html", failed=True), 403
    path = session.get("requested_path", url_for("pages.home"))
    session.clear()
    session["client"] = name
    return redirect(path, 303)


@accounts.post("/logout")
def log_out() -> Response:
    """Log the client out, and delete the cookies of a slideshow from the browser."""
    session.clear()
    return cloudfront.revoke_folder(redirect(url_for("accounts.login"), 303), "/")


def redirect_to_login() -> Response:
    """
    Redirect to the login page, and remember the requested page in the session.

    A `?next=` in the query could be forged to redirect to another site.
    """
    session["requested_path"] = url_for(
        request.endpoint or "pages.home", **(request.view_args or {})
    )
    return redirect(url_for("accounts.login"), 303)


@accounts.cli.command()
@click.argument("name")
def add_client(name: str) -> None:
    """Add a client, or change the password of one."""
    password = secrets.token_urlsafe(12)
    with db.get_connection() as connection:
        connection.execute(
            "INSERT INTO client VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET password = excluded.password",
            (name, generate_password_hash(password)),
        )
    click.echo(f"{name}'s password: {password}")


@accounts.cli.command()
@click.argument("album")
@click.argument("photos", nargs=-1)
@click.option("--client", required=True, help="Who may see it.")
def add_album(album: str, photos: tuple[str, ...], client: str) -> None:
    """Add an album that was uploaded, and share it with a client."""
    with db.get_connection() as connection:
        connection.execute("INSERT OR IGNORE INTO share VALUES (?, ?)", (album, client))
        rows = [(album, photo) for photo in photos]
        connection.executemany("INSERT OR IGNORE INTO photo VALUES (?, ?)", rows)
