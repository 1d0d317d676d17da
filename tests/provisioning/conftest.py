"""CloudFront as moto emulates it, with additions; no test calls AWS."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("boto3")
pytest.importorskip("moto")
pytest.importorskip("click")


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """Fake credentials, no region, and no AWS settings of the user who runs the tests."""
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing-secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def extended_moto(monkeypatch):
    """Add UpdateKeyGroup, versions, quotas and errors to moto, as in AWS's API reference."""
    from moto.cloudfront.exceptions import CloudFrontException
    from moto.cloudfront.models import CloudFrontBackend
    from moto.cloudfront.responses import CloudFrontResponse
    from moto.core.responses import ActionResult, EmptyResult
    from moto.moto_api._internal import mock_random

    def refuse(code):
        raise CloudFrontException(code, "Refused.")

    def update_key_group(self):
        group = self.backend.key_groups.get(self._get_param("Id")) or refuse("NoSuchResource")
        if self.headers.get("If-Match") != group.etag:
            refuse("InvalidIfMatchVersion")
        items = self._get_param("KeyGroupConfig.Items", [])
        if len(items) > 5:
            refuse("TooManyPublicKeysInKeyGroup")
        if not set(items) <= set(self.backend.public_keys):
            refuse("InvalidArgument")
        group.name, group.items = self._get_param("KeyGroupConfig.Name"), items
        group.etag = mock_random.get_random_hex(14)
        return ActionResult({"KeyGroup": group, "ETag": group.etag})

    def delete_public_key(self):
        key = self.backend.public_keys.get(self._get_param("Id")) or refuse("NoSuchPublicKey")
        if self.headers.get("If-Match") != key.etag:
            refuse("InvalidIfMatchVersion")
        if any(key.id in group.items for group in self.backend.key_groups.values()):
            refuse("PublicKeyInUse")
        del self.backend.public_keys[key.id]
        return EmptyResult()

    def get_public_key(self, key_id):
        return self.public_keys.get(key_id) or refuse("NoSuchPublicKey")

    create = CloudFrontBackend.create_public_key

    def create_public_key(self, caller_ref, name, encoded_key):
        if any(
            caller_ref == key.caller_ref or name == key.name for key in self.public_keys.values()
        ):
            refuse("PublicKeyAlreadyExists")
        return create(self, caller_ref, name, encoded_key)

    monkeypatch.setattr(CloudFrontResponse, "update_key_group", update_key_group, raising=False)
    monkeypatch.setattr(CloudFrontResponse, "delete_public_key", delete_public_key)
    monkeypatch.setattr(CloudFrontBackend, "get_public_key", get_public_key)
    monkeypatch.setattr(CloudFrontBackend, "create_public_key", create_public_key)


@pytest.fixture
def client(environment, extended_moto):
    """A boto3 client that calls moto."""
    import moto

    from cfsign.provisioning import cloudfront_client

    with moto.mock_aws():
        yield cloudfront_client()


@pytest.fixture
def add_group(client, openssl):
    """Return a function that creates a key group with *count* P-256 keys."""

    def add(name, count):
        ids = []
        for number in range(count):
            private = openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout")
            public = openssl("pkey", "-pubout", given=private).decode()
            config = {
                "CallerReference": f"{name}{number}",
                "Name": f"{name}{number}",
                "EncodedKey": public,
            }
            made = client.create_public_key(PublicKeyConfig=config)
            ids.append(made["PublicKey"]["Id"])
        made = client.create_key_group(KeyGroupConfig={"Name": name, "Items": ids})
        return made["KeyGroup"]["Id"], ids

    return add


@pytest.fixture
def items(client):
    """Return a function that reads the ids of the public keys in a key group."""
    from cfsign.provisioning import Actions, CloudFront

    def read(name):
        return list(CloudFront(client, Actions(print)).find_key_group(name).key_ids)

    return read


@pytest.fixture
def public_keys(client):
    """Return a function that reads CloudFront's public keys, PEM by id."""

    def read():
        listed = client.list_public_keys()["PublicKeyList"].get("Items", [])
        return {key["Id"]: key["EncodedKey"] for key in listed}

    return read
