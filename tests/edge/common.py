"""Policies, a clock and an origin that the tests of both edges share."""

from __future__ import annotations

from typing import Any

NOW = 1_767_200_000
EXPIRES = NOW + 60
HOST = "d1.example.com"
MISSING_KEY = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>MissingKey</Code>'
    b"<Message>Missing Key-Pair-Id query parameter or cookie value</Message></Error>"
)
EVERYTHING = '{"Statement":[{"Condition":{"DateLessThan":{"AWS:EpochTime":1767200060}}}]}'
PUBLIC = EVERYTHING.replace("[{", f'[{{"Resource":"http*://{HOST}/public/*",')
PINNED = EVERYTHING.replace("}}}", '},"IpAddress":{"AWS:SourceIp":"192.0.2.0/24"}}}')


def clock() -> float:
    return NOW


def join_cookies(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


class RecordingOrigin:
    """A WSGI application that records each environ that it receives."""

    def __init__(self) -> None:
        self.environs: list[Any] = []

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        self.environs.append(environ)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"the file"]
