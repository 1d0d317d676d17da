"""`cfsign aws rotate` as root in a folder of the site's user (issue 13, C1)."""

from __future__ import annotations

import json
import os
import stat
import traceback
from pathlib import Path
from types import SimpleNamespace

import pytest

import cfsign
from cfsign import SigningKeyError
from cfsign.keys import generate_private_key_pem
from cfsign.provisioning import Actions, CloudFront, RingFile, Rotation, creation
from cfsign.utils import files

pytest.importorskip("cryptography")

NOW = 1767225600
USER = 12345
SILENT = Actions(lambda line: None)

pytestmark = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can give files to another user"
)


@pytest.fixture
def site(client, tmp_path, ec_pem, openssl):
    """A folder of `USER` with a ring, and a function that rotates its key as root."""
    public = openssl("pkey", "-pubout", given=ec_pem).decode()
    config = {"CallerReference": "old", "Name": "old", "EncodedKey": public}
    key_id = client.create_public_key(PublicKeyConfig=config)["PublicKey"]["Id"]
    client.create_key_group(KeyGroupConfig={"Name": "site", "Items": [key_id]})
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "old.pem").write_text(ec_pem)
    entry = {"key_pair_id": key_id, "private_key": "old.pem", "hash_algorithm": "SHA256"}
    (folder / "ring.json").write_text(json.dumps({"keys": [entry]}))
    for path in (folder, folder / "old.pem", folder / "ring.json"):
        os.chown(path, USER, USER)
        path.chmod(0o700 if path == folder else 0o600)

    def rotate(actions=SILENT):
        return Rotation(
            CloudFront(client, actions),
            actions,
            RingFile(folder / "ring.json"),
            "site",
            max_expires_in=3600,
            algorithm="P-256",
            clock=lambda: NOW,
        ).run(start=True)

    return SimpleNamespace(folder=folder, rotate=rotate, pending=folder / "ring-pending.pem")


@pytest.fixture
def root_key(tmp_path):
    """A private key of root, outside the folder."""
    path = tmp_path / "root.pem"
    path.write_text(generate_private_key_pem("P-256"))
    path.chmod(0o600)
    return path


def read_all(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.iterdir() if not path.is_symlink())


def test_c1_rotation_gives_the_files_to_the_sites_user(site):
    site.rotate()
    names = os.listdir(site.folder)
    assert len(names) == 3
    for name in names:
        status = (site.folder / name).stat()
        assert (status.st_uid, status.st_gid) == (USER, USER)
        assert stat.S_IMODE(status.st_mode) == 0o600


@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["symlink", "hard-link"])
def test_c1_a_planted_pending_key_is_not_copied(site, root_key, public_keys, link):
    before = public_keys()
    link(root_key, site.pending)
    with pytest.raises(SigningKeyError, match=r"ring-pending\.pem.*(is a link|belongs to)"):
        site.rotate()
    assert public_keys() == before
    secret = root_key.read_text().split("\n")[1]
    site.pending.unlink()
    assert secret not in read_all(site.folder)
    assert (root_key.stat().st_uid, root_key.stat().st_mode & 0o777) == (0, 0o600)


def test_c1_a_pending_key_that_is_swapped_for_a_link_is_not_copied(site, root_key):
    """The link appears after the pending key was read, when its copy is announced."""

    def swap(line: str) -> None:
        if "(the private key)" in line:
            site.pending.unlink()
            site.pending.symlink_to(root_key)

    with pytest.raises(SigningKeyError, match="is a link"):
        site.rotate(actions=Actions(swap))
    site.pending.unlink()
    assert root_key.read_text().split("\n")[1] not in read_all(site.folder)


def test_c1_a_pending_link_that_leads_nowhere_is_refused(site, tmp_path, public_keys):
    before = public_keys()
    site.pending.symlink_to(tmp_path / "new.pem")
    with pytest.raises(SigningKeyError, match="is a link"):
        site.rotate()
    assert public_keys() == before
    assert not (tmp_path / "new.pem").exists()


def test_c1_a_planted_file_with_the_name_of_the_new_key_is_not_followed(site, client, root_key):
    upload = client.create_public_key

    def plant(**arguments):
        response = upload(**arguments)
        (site.folder / f"{response['PublicKey']['Id']}.pem").symlink_to(root_key)
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "create_public_key", plant)
        with pytest.raises(SigningKeyError, match="is a link"):
            site.rotate()
    assert root_key.stat().st_uid == 0


@pytest.mark.parametrize("mode", [0o777, 0o770], ids=["all", "group"])
def test_c1_a_folder_that_others_can_write_to_is_refused(site, public_keys, mode):
    before, names = public_keys(), sorted(os.listdir(site.folder))
    os.chown(site.folder, USER, USER + 1)
    site.folder.chmod(mode)
    with pytest.raises(SigningKeyError, match="other users can write to the folder") as caught:
        site.rotate()
    assert caught.value.hint == "use chmod go-w"
    assert public_keys() == before
    assert sorted(os.listdir(site.folder)) == names


def test_c1_a_link_of_the_user_to_a_ring_of_root_is_refused(site, tmp_path):
    """Otherwise the user chooses which ring root changes."""
    roots = tmp_path / "roots"
    roots.mkdir()
    ring = roots / "ring.json"
    ring.write_bytes((site.folder / "ring.json").read_bytes())
    (site.folder / "ring.json").unlink()
    (site.folder / "ring.json").symlink_to(ring)
    os.lchown(site.folder / "ring.json", USER, USER)
    before = ring.read_bytes()
    with pytest.raises(SigningKeyError, match="a link of the user with id 12345"):
        site.rotate()
    assert ring.read_bytes() == before


@pytest.mark.parametrize("failing", ["write_private_key", "replace_file"])
def test_c2_a_failing_rotation_shows_no_key(site, ec_pem, monkeypatch, failing):
    """Neither the new key nor the keys in the document are in the frames of the error."""
    document = json.loads((site.folder / "ring.json").read_text())
    document["keys"][0]["private_key"] = ec_pem
    (site.folder / "ring.json").write_text(json.dumps(document))
    new_key = generate_private_key_pem("P-256")
    monkeypatch.setattr(creation, "generate_private_key_pem", lambda algorithm: new_key)
    is_document = failing == "replace_file"
    original = files.replace_file if is_document else files.create_file

    def fail(path, text, **more):
        os.chmod(path.parent, 0o777)  # as if another process had changed it meanwhile
        original(path, text, **more)

    monkeypatch.setattr(files, "replace_file" if is_document else "create_file", fail)
    with pytest.raises(SigningKeyError, match="other users can write") as caught:
        site.rotate()
    error, shown = caught.value, ""
    while error is not None:
        walk = traceback.walk_tb(error.__traceback__)
        for frame in traceback.StackSummary.extract(walk, capture_locals=True):
            if frame.filename.startswith(str(Path(cfsign.__file__).parent)):
                shown += repr(frame.locals)
        error = error.__cause__ or error.__context__
    assert "pending" in shown
    for pem in (ec_pem, new_key):
        assert not any(line in shown for line in pem.split("\n")[1:-2])
