"""
The clients, in a JSON file that the site reads when it starts.

`python -m catalog.clients NAME DATASET ...` adds a client and prints its token.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Client:
    """A client: its name, and the datasets that it may have."""

    name: str
    datasets: list[str]


class Clients:
    """The clients by the hash of their token. A token is random, so a fast hash is enough."""

    def __init__(self, path: Path) -> None:
        """Read the JSON file; without one, there are no clients."""
        self._path = path
        text = path.read_text(encoding="utf-8") if path.exists() else "{}"
        self._clients = {key: Client(**values) for key, values in json.loads(text).items()}

    def find(self, token: str) -> Client | None:
        """Return the client with this token, or None."""
        return self._clients.get(_hash(token))

    def add(self, client: Client) -> str:
        """Add a client to the file and return its new token."""
        token = secrets.token_urlsafe(32)
        self._clients[_hash(token)] = client
        values = {key: asdict(each) for key, each in self._clients.items()}
        self._path.write_text(json.dumps(values, indent=2), encoding="utf-8")
        return token


def load_clients() -> Clients:
    """Load the clients from the file that CLIENTS_FILE names."""
    return Clients(Path(os.environ.get("CLIENTS_FILE", "clients.json")))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


if __name__ == "__main__":
    _, name, *datasets = sys.argv
    print(f"{name}'s token: {load_clients().add(Client(name, datasets))}")
