"""Create a key pair: the private key in a file, the public key in a key group."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from cfsign.errors import SigningKeyError
from cfsign.keys import generate_private_key_pem, load_private_key
from cfsign.limits import KEY_GROUP_ID
from cfsign.provisioning.actions import Actions
from cfsign.provisioning.aws import AWSError
from cfsign.provisioning.cloudfront import CloudFront, KeyGroup
from cfsign.provisioning.files import write_private_key
from cfsign.utils.secret import Secret


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """
    A key pair whose public key is in a key group.

    Attributes:
        key_pair_id: CloudFront's id of the public key.
        group: The key group.
    """

    key_pair_id: str
    group: KeyGroup


def create_key(
    cloudfront: CloudFront,
    actions: Actions,
    private_key: Path,
    key_group: str,
    *,
    algorithm: str = "P-256",
    existing: bool = False,
) -> CreatedKey:
    """
    Create a key pair, upload its public key and add it to a key group.

    Args:
        cloudfront: CloudFront.
        actions: Makes the changes.
        private_key: The new file for the private key; its stem is the name of the public key.
        key_group: The name or id of a key group. A new name creates a key group.
        algorithm: "P-256", which needs `cryptography`, or "RSA-2048".
        existing: Use the private key in the file, for example after an interrupted run.

    Raises:
        SigningKeyError: The file exists, or with *existing* does not, or cannot be written.
        AWSError: A call to CloudFront failed, the key group is full, or its id is unknown.
    """
    if private_key.exists() and not existing:
        raise SigningKeyError(
            f"{str(private_key)!r} already exists, and keys are not overwritten",
            hint="choose another name, or use that key with --existing",
            source=str(private_key),
        )
    group = cloudfront.find_key_group(key_group)
    if group is None and re.fullmatch(KEY_GROUP_ID, key_group):
        raise AWSError(
            f"this account has no key group with the id {key_group}, so nothing was changed",
            hint="check the id and --profile; to create a key group, use a name",
        )
    key_id = None
    if existing:
        public_key = load_private_key(private_key).public_key_pem()
        key_id = cloudfront.find_key_id(public_key)
    if group is not None and key_id not in group.key_ids:
        cloudfront.require_room(group)
    if not existing:
        public_key = create_private_key(actions, private_key, algorithm)
    key_id = key_id or cloudfront.upload_public_key(private_key.stem, public_key)
    if group is None:
        return CreatedKey(key_id, cloudfront.create_key_group(key_group, key_id))
    return CreatedKey(key_id, cloudfront.add_key(group, key_id))


def create_private_key(
    actions: Actions, path: Path, algorithm: str, model: Path | None = None
) -> str:
    """Write a new private key to *path* and return its public key as PEM."""
    pem = Secret(generate_private_key_pem(algorithm))
    actions.run(f"write {path} (a private key)", lambda: write_private_key(path, pem, model), None)
    return load_private_key(pem.reveal()).public_key_pem()
