"""CloudFront's public keys and key groups, as far as making and rotating keys needs them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cfsign.provisioning.actions import Actions
from cfsign.provisioning.aws import AWSError, call

#: How many public keys a key group takes, if the account's quota is not raised (AWS, "Quotas").
MAX_KEYS = 5

#: The id that a dry run goes on with.
_NEW_ID = "NEWID"


@dataclass(frozen=True, slots=True)
class KeyGroup:
    """
    A key group, as it stood when it was read.

    Attributes:
        id: Its id, a UUID.
        name: Its name.
        key_ids: The ids of the public keys in it.
        comment: Its comment, or None.
        etag: The version that was read, which a change must name.
    """

    id: str
    name: str
    key_ids: tuple[str, ...]
    comment: str | None
    etag: str


class CloudFront:
    """What is read is read at once; what changes goes through the actions."""

    def __init__(self, client: Any, actions: Actions, max_keys: int = MAX_KEYS) -> None:
        """Take a boto3 client for CloudFront, and how many public keys a key group takes."""
        self._client = client
        self._actions = actions
        self._max_keys = max_keys

    def key_group(self, name_or_id: str) -> KeyGroup | None:
        """Return the key group of that name or id, or None."""
        for item in self._listed("ListKeyGroups", "KeyGroupList"):
            group = item["KeyGroup"]
            if name_or_id in (group["Id"], group["KeyGroupConfig"]["Name"]):
                return _key_group(call(self._client, "GetKeyGroup", Id=group["Id"]))
        return None

    def require_room(self, group: KeyGroup) -> None:
        """Raise AWSError if *group* is full, before anything is made."""
        if len(group.key_ids) >= self._max_keys:
            raise AWSError(
                f"the key group {group.name!r} has {len(group.key_ids)} public keys, and "
                f"CloudFront takes {self._max_keys}; take out one that no site signs with, or, "
                "where AWS has raised that quota, give it as --max-keys; nothing was made"
            )

    def id_of(self, public_key_pem: str) -> str | None:
        """Return the id under which CloudFront has this public key, or None."""
        for item in self._listed("ListPublicKeys", "PublicKeyList"):
            if item["EncodedKey"].split() == public_key_pem.split():
                return str(item["Id"])
        return None

    def upload(self, name: str, public_key_pem: str) -> str:
        """Upload a public key and return its id."""
        config = {
            # The same for the same key, so that a call made twice makes one.
            "CallerReference": f"cfsign-{fingerprint(public_key_pem)}",
            "Name": name,
            "EncodedKey": public_key_pem,
        }
        made = self._change(
            "CreatePublicKey", {"PublicKey": {"Id": _NEW_ID}}, PublicKeyConfig=config
        )
        return str(made["PublicKey"]["Id"])

    def create_group(self, name: str, key_id: str) -> KeyGroup:
        """Create a key group with one public key."""
        config = {"Name": name, "Items": [key_id]}
        instead = {"KeyGroup": {"Id": _NEW_ID, "KeyGroupConfig": config}}
        return _key_group(self._change("CreateKeyGroup", instead, KeyGroupConfig=config))

    def set_keys(self, group: KeyGroup, key_ids: Sequence[str]) -> KeyGroup:
        """Change which public keys are in *group*, which must be as it was read."""
        # CloudFront replaces the whole, so that what stays is sent as well.
        config: dict[str, Any] = {"Name": group.name, "Items": list(key_ids)}
        if group.comment is not None:
            config["Comment"] = group.comment
        changed = self._change(
            "UpdateKeyGroup",
            {"KeyGroup": {"Id": group.id, "KeyGroupConfig": config}},
            Id=group.id,
            IfMatch=group.etag,
            KeyGroupConfig=config,
        )
        return replace(_key_group(changed), id=group.id)

    def delete_public_key(self, key_id: str) -> None:
        """Delete a public key, if it is there."""
        try:
            found = call(self._client, "GetPublicKey", Id=key_id)
        except AWSError as error:
            if error.code == "NoSuchPublicKey":
                return
            raise
        self._change("DeletePublicKey", {}, Id=key_id, IfMatch=found["ETag"])

    def _listed(self, operation: str, member: str) -> Iterator[dict[str, Any]]:
        marker: dict[str, str] = {}
        while True:
            page = call(self._client, operation, **marker)[member]
            yield from page.get("Items") or ()
            if not page.get("NextMarker"):
                return
            marker = {"Marker": page["NextMarker"]}

    def _change(self, operation: str, instead: dict[str, Any], **arguments: Any) -> dict[str, Any]:
        return self._actions.do(
            f"call {operation}",
            lambda: call(self._client, operation, **arguments),
            instead,
            _shown(arguments),
        )


def fingerprint(public_key_pem: str) -> str:
    """Return what names a public key, the same each time."""
    return hashlib.sha256("".join(public_key_pem.split()).encode("ascii")).hexdigest()[:32]


def _key_group(answer: dict[str, Any]) -> KeyGroup:
    group = answer["KeyGroup"]
    config = group["KeyGroupConfig"]
    return KeyGroup(
        group["Id"],
        config["Name"],
        tuple(config.get("Items") or ()),
        config.get("Comment"),
        answer.get("ETag", ""),
    )


def _shown(arguments: dict[str, Any]) -> str:
    """Write a call's arguments on one line, the public key but named."""
    shown = dict(arguments)
    if "PublicKeyConfig" in shown:
        shown["PublicKeyConfig"] = {**shown["PublicKeyConfig"], "EncodedKey": "(the public key)"}
    return json.dumps(shown)
