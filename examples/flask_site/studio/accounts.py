"""Who is who: logging in and out, and the commands that keep the clients."""

from __future__ import annotations

import secrets

import click
from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.security import check_password_hash, generate_password_hash
from werkzeug.wrappers import Response

from . import db

accounts = Blueprint("accounts", __name__, cli_group=None)

# Compared with where there is no such client, so that the answer takes as long.
_NOBODY = generate_password_hash(secrets.token_hex())


@accounts.get("/login")
def login() -> str:
    """Show the form."""
    return render_template("login.html")


@accounts.post("/login")
def log_in() -> Response | tuple[str, int]:
    """Check the password, and go on to what the client came for."""
    name = request.form.get("name", "")
    found = db.column("SELECT password FROM client WHERE name = ?", name)
    if not check_password_hash(found[0] if found else _NOBODY, request.form.get("password", "")):
        return render_template("login.html", failed=True), 403
    wanted = session.get("wanted", url_for("pages.home"))
    session.clear()
    session["client"] = name
    return redirect(wanted, 303)


@accounts.post("/logout")
def log_out() -> Response:
    """Forget the client."""
    session.clear()
    return redirect(url_for("accounts.login"), 303)


def to_login() -> Response:
    """
    Send a visitor to log in, and remember what they came for.

    In the session, where nobody else writes: a `?next=` that is taken from the query can lead to
    another site.
    """
    session["wanted"] = url_for(request.endpoint or "pages.home", **(request.view_args or {}))
    return redirect(url_for("accounts.login"), 303)


@accounts.cli.command()
@click.argument("name")
def add_client(name: str) -> None:
    """Add a client, or give one a new password."""
    password = secrets.token_urlsafe(12)
    with db.connection() as connection:
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
    """Tell the site of an album that was uploaded, and of whom it is for."""
    with db.connection() as connection:
        connection.execute("INSERT OR IGNORE INTO share VALUES (?, ?)", (album, client))
        rows = [(album, photo) for photo in photos]
        connection.executemany("INSERT OR IGNORE INTO photo VALUES (?, ?)", rows)
