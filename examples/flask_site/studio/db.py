"""The database: clients, albums and photos."""

from __future__ import annotations

import os
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
    """Create the tables if they are missing, and close connections after each request."""
    # For its owner alone, because it holds hashes of passwords; SQLite would let others read it.
    os.close(os.open(app.config["DATABASE"], os.O_RDWR | os.O_CREAT, 0o600))
    app.teardown_appcontext(_close)
    with app.app_context():
        get_connection().executescript(_SCHEMA)


def get_connection() -> sqlite3.Connection:
    """Return the connection of the current request."""
    if "connection" not in g:
        g.connection = sqlite3.connect(current_app.config["DATABASE"])
        g.connection.execute("PRAGMA foreign_keys = ON")
    connection: sqlite3.Connection = g.connection
    return connection


def select_column(statement: str, *values: str) -> list[str]:
    """Return the first column of the rows that a SELECT returns."""
    return [row[0] for row in get_connection().execute(statement, values)]


def _close(_: BaseException | None) -> None:
    if "connection" in g:
        g.pop("connection").close()
