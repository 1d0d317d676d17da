"""The site's own records: its clients, their albums, and the photos in them."""

from __future__ import annotations

import sqlite3

from flask import Flask, current_app, g

_SCHEMA = """
CREATE TABLE IF NOT EXISTS client (name TEXT PRIMARY KEY, password TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS share (
    album TEXT, client TEXT REFERENCES client, PRIMARY KEY (album, client)
);
CREATE TABLE IF NOT EXISTS photo (album TEXT, name TEXT, PRIMARY KEY (album, name));
"""


def init_app(app: Flask) -> None:
    """Make the tables that are not there, and close what a request has opened."""
    app.teardown_appcontext(_close)
    with app.app_context():
        connection().executescript(_SCHEMA)


def connection() -> sqlite3.Connection:
    """Return the request's connection."""
    if "connection" not in g:
        g.connection = sqlite3.connect(current_app.config["DATABASE"])
        g.connection.execute("PRAGMA foreign_keys = ON")
    opened: sqlite3.Connection = g.connection
    return opened


def column(statement: str, *values: str) -> list[str]:
    """Return the first column of what a SELECT finds."""
    return [row[0] for row in connection().execute(statement, values)]


def _close(_: BaseException | None) -> None:
    if "connection" in g:
        g.pop("connection").close()
