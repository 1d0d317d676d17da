"""A new key pair: its private half in a file, its public half in a key group."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cfsign.errors import SigningKeyError
from cfsign.keys import generate_private_key_pem, load_private_key
from cfsign.provisioning.actions import Actions
from cfsign.provisioning.aws import AWSError
from cfsign.provisioning.cloudfront import CloudFront, KeyGroup
from cfsign.provisioning.files import write_private_key

#: What every key group's id looks like.
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """
    A key pair that CloudFront knows.

    Attributes:
        key_pair_id: CloudFront's id of the public key.
        group: The key group that it is in.
    """

    key_pair_id: str
    group: KeyGroup


def create_key(
    cloudfront: CloudFront,
    actions: Actions,
    private_key: Path,
    key_group: str,
    *,
    algorithm: str = "RSA-2048",
    existing: bool = False,
) -> CreatedKey:
    """
    Make a key pair, upload its public half and put it into a key group.

    Args:
        cloudfront: CloudFront.
        actions: What changes something.
        private_key: The file to be, which must not be there yet; its stem names the public key.
        key_group: A key group's name or id; a name that is new makes a key group.
        algorithm: "RSA-2048" or "P-256".
        existing: Take the key that is in the file, as after a run that failed half-way.

    Raises:
        SigningKeyError: The file is there, or is not, or cannot be written.
        AWSError: CloudFront did not do it, the key group is full, or no group has that id.
    """
    if private_key.exists() and not existing:
        raise SigningKeyError(
            f"{str(private_key)!r} is there already, and no key is overwritten; choose another "
            "name, or take that key with --existing",
            source=str(private_key),
        )
    group = cloudfront.key_group(key_group)
    if group is None and _UUID.fullmatch(key_group):
        raise AWSError(
            f"there is no key group of the id {key_group} in this account; check it, and --profile;"
            " a name that is new makes a key group, an id does not; nothing was made"
        )
    if existing:
        public = load_private_key(private_key).public_key_pem()
        known = cloudfront.id_of(public)
        _require_room(cloudfront, group, known)
    else:
        _require_room(cloudfront, group, None)
        public, known = new_private_key(actions, private_key, algorithm), None
    key_id = known or cloudfront.upload(private_key.stem, public)
    if group is None:
        return CreatedKey(key_id, cloudfront.create_group(key_group, key_id))
    return CreatedKey(key_id, add_key(cloudfront, group, key_id))


def new_private_key(actions: Actions, path: Path, algorithm: str, model: Path | None = None) -> str:
    """Write a new private key and return its public half."""
    pem = generate_private_key_pem(algorithm)
    actions.do(f"write {path} (a private key)", lambda: write_private_key(path, pem, model), None)
    return load_private_key(pem).public_key_pem()


def add_key(cloudfront: CloudFront, group: KeyGroup, key_id: str) -> KeyGroup:
    """Put a public key into *group*, if it is not in it."""
    if key_id in group.key_ids:
        return group
    return cloudfront.set_keys(group, (*group.key_ids, key_id))


def _require_room(cloudfront: CloudFront, group: KeyGroup | None, key_id: str | None) -> None:
    if group is not None and key_id not in group.key_ids:
        cloudfront.require_room(group)
