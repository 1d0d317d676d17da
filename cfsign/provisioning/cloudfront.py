"""The public keys and key groups of CloudFront."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cfsign.provisioning.actions import Actions
from cfsign.provisioning.aws import AWSError, call

#: How many public keys a key group may have, unless the account's quota was raised (AWS, "Quotas").
MAX_KEYS = 5

#: The id that a dry run uses for new objects.
_NEW_ID = "NEWID"


@dataclass(frozen=True, slots=True)
class KeyGroup:
    """
    A key group at the time when it was read.

    Attributes:
        id: Its id, a UUID.
        name: Its name.
        key_ids: The ids of the public keys in it.
        comment: Its comment, or None.
        etag: The version that was read; a change of the group must name it.
    """

    id: str
    name: str
    key_ids: tuple[str, ...]
    comment: str | None
    etag: str


class CloudFront:
    """Reads and changes public keys and key groups; every change goes through `Actions`."""

    def __init__(self, client: Any, actions: Actions, max_keys: int = MAX_KEYS) -> None:
        """
        Use a boto3 client.

        Args:
            client: The boto3 client for CloudFront.
            actions: Makes the changes.
            max_keys: The number of public keys that a key group may have.
        """
        self._client = client
        self._actions = actions
        self._max_keys = max_keys

    def find_key_group(self, name_or_id: str) -> KeyGroup | None:
        """Return the key group with that name or id, or None."""
        for item in self._list("ListKeyGroups", "KeyGroupList"):
            group = item["KeyGroup"]
            if name_or_id in (group["Id"], group["KeyGroupConfig"]["Name"]):
                return _build_key_group(call(self._client, "GetKeyGroup", Id=group["Id"]))
        return None

    def require_room(self, group: KeyGroup) -> None:
        """Raise AWSError if *group* cannot take another public key."""
        if len(group.key_ids) >= self._max_keys:
            raise AWSError(
                f"the key group {group.name!r} has {len(group.key_ids)} public keys, and "
                f"CloudFront allows {self._max_keys}, so nothing was changed",
                hint="remove one that no site signs with, or use --max-keys if AWS has raised "
                "this quota",
            )

    def find_key_id(self, public_key_pem: str) -> str | None:
        """Return the id of a public key in CloudFront, or None if it was not uploaded."""
        for item in self._list("ListPublicKeys", "PublicKeyList"):
            if item["EncodedKey"].split() == public_key_pem.split():
                return str(item["Id"])
        return None

    def upload_public_key(self, name: str, public_key_pem: str) -> str:
        """Upload a public key and return its id."""
        config = {
            # The same for the same key, so that a repeated call creates one key.
            "CallerReference": f"cfsign-{build_fingerprint(public_key_pem)}",
            "Name": name,
            "EncodedKey": public_key_pem,
        }
        response = self._change(
            "CreatePublicKey", {"PublicKey": {"Id": _NEW_ID}}, PublicKeyConfig=config
        )
        return str(response["PublicKey"]["Id"])

    def create_key_group(self, name: str, key_id: str) -> KeyGroup:
        """Create a key group with one public key."""
        config = {"Name": name, "Items": [key_id]}
        dry_result = {"KeyGroup": {"Id": _NEW_ID, "KeyGroupConfig": config}}
        return _build_key_group(self._change("CreateKeyGroup", dry_result, KeyGroupConfig=config))

    def set_keys(self, group: KeyGroup, key_ids: Sequence[str]) -> KeyGroup:
        """Replace the public keys of *group*, if it was not changed since it was read."""
        # CloudFront replaces the whole configuration, so unchanged members are sent too.
        config: dict[str, Any] = {"Name": group.name, "Items": list(key_ids)}
        if group.comment is not None:
            config["Comment"] = group.comment
        response = self._change(
            "UpdateKeyGroup",
            {"KeyGroup": {"Id": group.id, "KeyGroupConfig": config}},
            Id=group.id,
            IfMatch=group.etag,
            KeyGroupConfig=config,
        )
        return replace(_build_key_group(response), id=group.id)

    def add_key(self, group: KeyGroup, key_id: str) -> KeyGroup:
        """Add a public key to *group*, unless it is in the group already."""
        if key_id in group.key_ids:
            return group
        return self.set_keys(group, (*group.key_ids, key_id))

    def delete_public_key(self, key_id: str) -> None:
        """Delete a public key, if it exists."""
        try:
            response = call(self._client, "GetPublicKey", Id=key_id)
        except AWSError as error:
            if error.code == "NoSuchPublicKey":
                return
            raise
        self._change("DeletePublicKey", {}, Id=key_id, IfMatch=response["ETag"])

    def _list(self, operation: str, member: str) -> Iterator[dict[str, Any]]:
        marker: dict[str, str] = {}
        while True:
            page = call(self._client, operation, **marker)[member]
            yield from page.get("Items") or ()
            if not page.get("NextMarker"):
                return
            marker = {"Marker": page["NextMarker"]}

    def _change(
        self, operation: str, dry_result: dict[str, Any], **arguments: Any
    ) -> dict[str, Any]:
        return self._actions.run(
            f"call {operation}",
            lambda: call(self._client, operation, **arguments),
            dry_result,
            _format_arguments(arguments),
        )


def build_fingerprint(public_key_pem: str) -> str:
    """Return 32 hexadecimal digits that identify a public key."""
    return hashlib.sha256("".join(public_key_pem.split()).encode("ascii")).hexdigest()[:32]


def _build_key_group(response: dict[str, Any]) -> KeyGroup:
    group = response["KeyGroup"]
    config = group["KeyGroupConfig"]
    return KeyGroup(
        group["Id"],
        config["Name"],
        tuple(config.get("Items") or ()),
        config.get("Comment"),
        response.get("ETag", ""),
    )


def _format_arguments(arguments: dict[str, Any]) -> str:
    """Return the arguments of a call on one line, without the text of the public key."""
    shown = dict(arguments)
    if "PublicKeyConfig" in shown:
        shown["PublicKeyConfig"] = {**shown["PublicKeyConfig"], "EncodedKey": "(the public key)"}
    return json.dumps(shown)
