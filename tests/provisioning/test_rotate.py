"""`cfsign aws rotate`: no viewer notices, whatever is killed when."""

import contextlib
import json
import os
import time
from pathlib import Path

import pytest
import time_machine

from cfsign import ConfigurationError, SigningKeyError, TrustedKeyGroup, load_private_key
from cfsign.cli import main
from cfsign.keyring.source import find_last_change
from cfsign.keys import generate_private_key_pem
from cfsign.provisioning import (
    Actions,
    AWSError,
    CloudFront,
    RingFile,
    Rotation,
    creation,
    files,
    ring_file,
    rotation,
)

pytest.importorskip("cryptography")

HOUR = 3600
URL = "https://media.example.com/a.jpg"
SILENT = Actions(lambda line: None)


class Killed(BaseException):
    """The process is gone."""


class Site:
    """A site with a key ring, and the clock."""

    def __init__(self, client, folder, key_id):
        self.client = client
        self.ring = RingFile(folder / "ring.json")
        self.old = key_id
        self.now = 1767225600
        self.changed = 0  # when the document last did; a file's own times are the real clock's

    def rotate(self, client=None, actions=SILENT, *, start=False, algorithm="P-256"):
        return Rotation(
            CloudFront(client or self.client, actions),
            actions,
            self.ring,
            "site",
            longest_lifetime=HOUR,
            algorithm=algorithm,
            clock=lambda: self.now,
        ).run(start=start)

    def entries(self):
        return json.loads(self.ring.path.read_text())["keys"]

    def sign(self):
        """Sign as a key ring does: with the newest active key."""
        active = [
            pair for pair in self.ring.pairs(self.now) if pair.active_from_seconds <= self.now
        ]
        return active[-1].load_signer().sign_url(URL, expires_at=self.now + HOUR)


@pytest.fixture
def site(client, tmp_path, ec_pem, openssl, monkeypatch):
    """A site whose key is the only one of its key group."""
    public = openssl("pkey", "-pubout", given=ec_pem).decode()
    config = {"CallerReference": "old", "Name": "old", "EncodedKey": public}
    key_id = client.create_public_key(PublicKeyConfig=config)["PublicKey"]["Id"]
    client.create_key_group(KeyGroupConfig={"Name": "site", "Items": [key_id]})
    (tmp_path / "old.pem").write_text(ec_pem)
    entry = {"key_pair_id": key_id, "private_key": "old.pem", "hash_algorithm": "SHA256"}
    (tmp_path / "ring.json").write_text(json.dumps({"keys": [entry], "more": 1}))
    site = Site(client, tmp_path, key_id)
    monkeypatch.setattr(rotation, "find_last_change", lambda paths: site.changed)
    with time_machine.travel(site.now - HOUR):
        yield site


@pytest.fixture
def edge(site, items, public_keys):
    """The edge's verdict on a URL now, by what is in the key group."""

    def allowed(url):
        keys = {key: pem for key, pem in public_keys().items() if key in items("site")}
        return TrustedKeyGroup(keys).check(url, at=site.now).allowed

    return allowed


def test_the_whole_procedure(site, items, public_keys, edge, tmp_path):
    """Five minutes by five: what the ring signs is allowed, until it expires."""
    start = site.now
    progress = site.rotate(start=True)
    (new,) = set(items("site")) - {site.old}
    assert items("site") == [site.old, new]
    assert new in progress.told
    assert progress.due == start + 900 + 30 + HOUR + rotation.MARGIN
    signed = []
    for minute in range(0, 100, 5):
        site.now = start + 60 * minute
        signed.append((site.now + HOUR, site.sign()))
        site.rotate()
        alive = [url for expires, url in signed if site.now < expires]
        assert all(edge(url) for url in alive)
        signer = f"Key-Pair-Id={new}" if site.now >= start + 900 else f"Key-Pair-Id={site.old}"
        assert signer in signed[-1][1]
        assert (site.old in items("site")) == (site.now < progress.due)
    assert list(public_keys()) == items("site") == [new]
    assert [key["key_pair_id"] for key in site.entries()] == [new]
    assert json.loads(site.ring.path.read_text())["more"] == 1
    assert sorted(os.listdir(tmp_path)) == sorted([f"{new}.pem", "old.pem", "ring.json"])
    assert site.rotate().due is None
    assert items("site") == [new]


def test_it_never_removes_early(site, items):
    """Not a second before, whatever is asked; and the answer says until when."""
    due = site.rotate(start=True).due
    site.now = due - 1
    for start in (False, True):
        progress = site.rotate(start=start)
        assert progress.due == due
        assert "may be in use until 2026-01-01 01:20:30 UTC" in progress.told
    assert len(items("site")) == 2
    site.now = due
    assert site.rotate().due is None
    assert len(items("site")) == 1


def add_late_successor(site, client, folder, seconds):
    """Write a new key into the group and the document, which should have signed *seconds* ago."""
    cloudfront = CloudFront(client, SILENT)
    public = load_private_key(generate_private_key_pem("P-256")).public_key_pem()
    new = cloudfront.upload("late", public)
    cloudfront.set_keys(cloudfront.key_group("site"), [site.old, new])
    (model,) = site.ring.pairs(site.now)
    entry = ring_file.successor(model, new, folder / "late.pem", site.now - seconds)
    site.ring.add(entry)


def test_a_successor_that_came_in_late(site, client, items, tmp_path):
    """The old key signed until the document had the new one, and the site had looked at it."""
    add_late_successor(site, client, tmp_path, 100 * HOUR)
    site.changed = site.now
    due = site.now + 30 + HOUR + rotation.MARGIN
    for moment in (site.now, due - 1):
        site.now = moment
        assert site.rotate().due == due
    assert len(items("site")) == 2
    site.now = due
    assert site.rotate().due is None
    assert len(items("site")) == 1


@pytest.mark.parametrize("name", ["ring.json", "late.pem"])
def test_when_the_files_changed(site, client, monkeypatch, tmp_path, name):
    """Told by the document itself, and by the file of the new key, without which it is not read."""
    monkeypatch.setattr(rotation, "find_last_change", find_last_change)
    add_late_successor(site, client, tmp_path, 100 * HOUR)
    (tmp_path / "late.pem").write_text("")
    later = time_machine.escape_hatch.time.time() + 5000
    os.utime(tmp_path / name, (later, later))
    site.now = int(later)
    assert site.rotate().due == int(later) + 30 + HOUR + rotation.MARGIN


def test_a_site_that_looks_seldom(site, items):
    """Its last process stops signing with the old key so much later."""
    due = site.rotate(start=True).due
    with time_machine.travel(due):
        assert rotate(site, "--refresh-every", "5m", "--dry-run") == 0
        assert rotate(site, "--refresh-every", "5m") == 0
        assert len(items("site")) == 2
    with time_machine.travel(due + 270):
        assert rotate(site, "--refresh-every", "5m") == 0
        assert len(items("site")) == 1


def test_nothing_begins_unasked(site, items):
    """A run by the clock of a scheduler does what is due, and no more."""
    assert site.rotate().due is None
    assert items("site") == [site.old]


class Fuse:
    """Dies at the n-th change or call: before it is made, or when it was and nobody hears back."""

    def __init__(self, at, *, before):
        self.left, self.before, self.burnt = at, before, False

    def __call__(self, function):
        def guarded(*arguments, **named):
            self.left -= 1
            if not self.left and self.before:
                self.burn()
            answer = function(*arguments, **named)
            if not self.left and not self.before:
                self.burn()
            return answer

        return guarded

    def burn(self):
        self.burnt = True
        raise Killed


class FusedClient:
    def __init__(self, client, fuse):
        self._client, self._fuse = client, fuse

    def __getattr__(self, name):
        return self._fuse(getattr(self._client, name))


def run_until_killed(site, fuse, *, start):
    """Run with a fuse in the client and in each change of a file."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (creation, rotation):
            patch.setattr(module, "write_private_key", fuse(files.write_private_key))
        patch.setattr(ring_file, "replace_file", fuse(files.replace_file))
        patch.setattr(Path, "unlink", fuse(Path.unlink))
        with contextlib.suppress(Killed):
            site.rotate(FusedClient(site.client, fuse), start=start)


@pytest.mark.parametrize("before", [True, False])
def test_killed_anywhere_while_it_begins(site, items, public_keys, edge, tmp_path, before):
    """The next run goes on: one new key, its halves belong together, and the site signs always."""
    at = 1
    while True:
        fuse = Fuse(at, before=before)
        run_until_killed(site, fuse, start=True)
        assert edge(site.sign())
        if not fuse.burnt:
            break
        site.rotate(start=True)
        check_begun(site, items, public_keys, tmp_path)
        reset(site, items, tmp_path)
        at += 1
    assert at > 8
    check_begun(site, items, public_keys, tmp_path)


def check_begun(site, items, public_keys, folder):
    (new,) = set(public_keys()) - {site.old}
    assert items("site") == [site.old, new]
    assert [key["key_pair_id"] for key in site.entries()] == [site.old, new]
    assert site.entries()[1]["active_from"] == "2026-01-01T00:15:00Z"
    assert site.entries()[1]["hash_algorithm"] == "SHA256"
    private = load_private_key(folder / site.entries()[1]["private_key"])
    assert private.public_key_pem().split() == public_keys()[new].split()
    assert sorted(os.listdir(folder)) == sorted([f"{new}.pem", "old.pem", "ring.json"])


def reset(site, items, folder):
    """Take the new key away again, as if nothing had been."""
    cloudfront = CloudFront(site.client, SILENT)
    new = site.entries()[1]["key_pair_id"]
    cloudfront.set_keys(cloudfront.key_group("site"), [site.old])
    cloudfront.delete_public_key(new)
    site.ring.remove(new)
    (folder / f"{new}.pem").unlink()


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("at", range(1, 8))
def test_killed_anywhere_while_it_ends(site, items, public_keys, edge, at, before):
    """The next run goes on: the old key is gone from everywhere, the new one signs."""
    site.now = site.rotate(start=True).due
    new = site.entries()[1]["key_pair_id"]
    fuse = Fuse(at, before=before)
    run_until_killed(site, fuse, start=False)
    assert fuse.burnt == (at < 7)
    assert edge(site.sign())
    assert site.rotate().due is None
    assert list(public_keys()) == items("site") == [new]
    assert [key["key_pair_id"] for key in site.entries()] == [new]


def test_a_full_group(site, client, items, public_keys, add_group, tmp_path):
    """Is refused before anything is made."""
    _, others = add_group("other", 4)
    cloudfront = CloudFront(client, SILENT)
    cloudfront.set_keys(cloudfront.key_group("site"), [site.old, *others])
    with pytest.raises(AWSError, match=r"takes 5.*--max-keys.*nothing was made"):
        site.rotate(start=True)
    assert len(public_keys()) == 5
    assert sorted(os.listdir(tmp_path)) == ["old.pem", "ring.json"]


def test_a_raised_quota_makes_room(site, client, add_group, capsys):
    """For a sixth key."""
    _, others = add_group("other", 4)
    cloudfront = CloudFront(client, SILENT)
    cloudfront.set_keys(cloudfront.key_group("site"), [site.old, *others])
    assert rotate(site, "--start", "--dry-run", "--max-keys", "6") == 0
    assert "UpdateKeyGroup" in capsys.readouterr().out


def test_other_keys_in_the_group_stay(site, client, items, add_group):
    """They may be another site's."""
    _, others = add_group("other", 2)
    cloudfront = CloudFront(client, SILENT)
    cloudfront.set_keys(cloudfront.key_group("site"), [*others, site.old])
    site.now = site.rotate(start=True).due
    new = site.entries()[1]["key_pair_id"]
    site.rotate()
    assert items("site") == [*others, new]


def test_a_key_that_another_group_has_too(site, client, items):
    """It is not deleted, the ring still has it, and the next run goes on."""
    site.now = site.rotate(start=True).due
    config = {"Name": "other", "Items": [site.old]}
    client.create_key_group(KeyGroupConfig=config)
    with pytest.raises(AWSError, match="take it out there"):
        site.rotate()
    assert len(site.entries()) == 2
    cloudfront = CloudFront(client, SILENT)
    cloudfront.set_keys(cloudfront.key_group("other"), [site.entries()[1]["key_pair_id"]])
    assert site.rotate().due is None
    assert len(site.entries()) == 1


def test_a_group_that_is_not_the_rings(site, client, items, add_group, public_keys):
    """Nothing is done where the key that signs, or will sign, is not in the group."""
    _, (other,) = add_group("other", 1)
    cloudfront = CloudFront(client, SILENT)
    cloudfront.set_keys(cloudfront.key_group("site"), [other])
    with pytest.raises(AWSError, match="belong together"):
        site.rotate(start=True)
    cloudfront.set_keys(cloudfront.key_group("site"), [site.old])
    site.now = site.rotate(start=True).due
    cloudfront.set_keys(cloudfront.key_group("site"), [site.old])
    with pytest.raises(AWSError, match="belong together"):
        site.rotate()
    assert items("site") == [site.old]
    assert site.old in public_keys()


def test_somebody_else_changes_the_group_meanwhile(site, client, items, monkeypatch):
    """The version read is named, so that CloudFront refuses; nobody's change is lost."""
    update = client.update_key_group

    def late(**arguments):
        return update(**arguments | {"IfMatch": "an older one"})

    monkeypatch.setattr(client, "update_key_group", late)
    with pytest.raises(AWSError, match="run this again"):
        site.rotate(start=True)
    monkeypatch.undo()
    assert items("site") == [site.old]


def test_the_new_key_is_read_by_whom_the_old_is(site, tmp_path):
    """By the owner's group, if it may read the old one; never by everybody."""
    (tmp_path / "old.pem").chmod(0o644)
    site.ring.path.chmod(0o640)
    site.rotate(start=True)
    new = tmp_path / site.entries()[1]["private_key"]
    assert new.stat().st_mode & 0o777 == 0o640
    assert site.ring.path.stat().st_mode & 0o777 == 0o640
    if os.geteuid() == 0:
        os.chown(tmp_path / "old.pem", 12345, 12346)
        (tmp_path / "old.pem").chmod(0o600)
        site.now = site.rotate().due
        os.chown(new, 12345, 12346)
        site.rotate()
        site.rotate(start=True)
        newest = (tmp_path / site.entries()[1]["private_key"]).stat()
        assert (newest.st_uid, newest.st_gid, newest.st_mode & 0o777) == (12345, 12346, 0o640)


def test_a_ring_behind_a_link(site, tmp_path):
    """The file is replaced, the link stays."""
    (tmp_path / "real").mkdir()
    real = site.ring.path.rename(tmp_path / "real" / "ring.json")
    site.ring.path.symlink_to(real)
    site.rotate(start=True)
    assert site.ring.path.is_symlink()
    assert len(json.loads(real.read_text())["keys"]) == 2


def test_a_document_with_a_lone_surrogate(site):
    """JSON may escape one, which no encoding can hold."""
    document = json.loads(site.ring.path.read_text()) | {"more": "\ud800 \xe9"}
    site.ring.path.write_text(json.dumps(document))
    site.rotate(start=True)
    assert json.loads(site.ring.path.read_text())["more"] == "\ud800 \xe9"
    assert len(site.entries()) == 2


def test_a_file_that_cannot_be_replaced(tmp_path):
    """Is named, and no copy of it is left beside it."""
    (tmp_path / "ring.json").mkdir()
    with pytest.raises(SigningKeyError, match=r"/ring\.json' cannot be written") as caught:
        files.replace_file(tmp_path / "ring.json", "secret")
    assert caught.value.source == str(tmp_path / "ring.json")
    with pytest.raises(UnicodeEncodeError):
        files.replace_file(tmp_path / "ring.json", "secret \ud800")
    assert os.listdir(tmp_path) == ["ring.json"]


def test_a_pending_key_that_is_no_key(site, items, tmp_path):
    """Cut off while it wrote: the file is named, with what to do."""
    site.ring.pending.write_text("")
    with pytest.raises(SigningKeyError, match=r"ring-pending\.pem.*delete it"):
        site.rotate()
    assert items("site") == [site.old]


def test_a_key_file_in_the_way(site, client, tmp_path):
    """Nothing is overwritten, and the new key still waits."""
    made = client.create_public_key

    def create(**arguments):
        answer = made(**arguments)
        (tmp_path / f"{answer['PublicKey']['Id']}.pem").write_text("mine")
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "create_public_key", create)
        with pytest.raises(SigningKeyError, match="something else"):
            site.rotate(start=True)
    assert site.ring.pending.exists()
    assert len(site.entries()) == 1


def entries(*keys):
    """Write a document with keys whose private halves are never looked at."""
    return json.dumps({"keys": [{"private_key": "key.pem", **key} for key in keys]})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "there is no key ring"),
        ("", "not valid JSON"),
        ("[" * 100000, "not valid JSON"),
        ("[]", "an object with a list of keys"),
        ('{"keys": {}}', "an object with a list of keys"),
        ('{"keys": [1]}', "must be a mapping"),
        ('{"keys": []}', "there is no key"),
        ('{"keys": [{}]}', "key_pair_id is missing"),
        (
            entries({"key_pair_id": "K1"}, {"key_pair_id": "K2"}),
            "become active without a start time",
        ),
        (entries({"key_pair_id": "K1"}, {"key_pair_id": "K1", "active_from": 5}), "2 times"),
        (entries({"key_pair_id": "K1", "active_from": "soon"}), "must be an ISO 8601 timestamp"),
        (entries({"key_pair_id": "K1", "active_from": "2026-01-01T00:00:00"}), "time zone"),
        (entries({"key_pair_id": "K1", "active_from": 1767225600000}), "milliseconds"),
        (entries({"key_pair_id": "K1", "active_from": True}), "active_from"),
        (entries({"key_pair_id": "K1", "active_from": "2127-01-01T00:00Z"}), "2038"),
        (
            entries({"key_pair_id": "K1", "active_from": "2037-01-01T00:00Z"}),
            "no key is active yet",
        ),
        (entries({"key_pair_id": "K1", "signs_form": 5}), "'signs_form' is unknown"),
    ],
)
def test_a_ring_that_is_not_understood(site, items, text, words):
    """Nothing is done, and the error says what to write."""
    site.ring.path.unlink()
    if text is not None:
        site.ring.path.write_text(text)
    with pytest.raises(ConfigurationError, match=words):
        site.rotate(start=True)
    assert items("site") == [site.old]


def test_a_key_in_the_document_itself(site, ec_pem):
    """It stays there; the new one gets a file."""
    entry = {"key_pair_id": site.old, "private_key": ec_pem}
    site.ring.path.write_text(json.dumps({"keys": [entry]}))
    site.rotate(start=True)
    assert site.entries()[0] == entry
    assert site.entries()[1]["private_key"] == f"{site.entries()[1]['key_pair_id']}.pem"


def test_three_keys(site, client, items, tmp_path):
    """A ring with two old keys: each goes in its turn."""
    first = site.rotate(start=True).due
    second_key = site.entries()[1]["key_pair_id"]
    site.now += HOUR
    cloudfront = CloudFront(client, SILENT)
    public = load_private_key(generate_private_key_pem("P-256")).public_key_pem()
    third = cloudfront.upload("third", public)
    cloudfront.set_keys(cloudfront.key_group("site"), [site.old, second_key, third])
    model = site.ring.pairs(site.now)[0]
    site.ring.add(ring_file.successor(model, third, tmp_path / "third.pem", site.now))
    assert site.rotate().due == first
    site.now = first
    due = site.rotate().due
    assert items("site") == [second_key, third]
    site.now = due
    assert site.rotate().due is None
    assert items("site") == [third]


def test_a_key_in_kms_is_not_replaced_by_a_file(site, items, public_keys, tmp_path):
    """Which would be a weaker one: refused before anything is made, and the mend is named."""
    entry = {"key_pair_id": site.old, "private_key": "kms:alias/site"}
    site.ring.path.write_text(json.dumps({"keys": [entry]}))
    with pytest.raises(SigningKeyError, match=r"kms:.*by hand.*docs/keys\.md"):
        site.rotate(start=True)
    assert list(public_keys()) == items("site") == [site.old]
    assert site.entries() == [entry]
    assert sorted(os.listdir(tmp_path)) == ["old.pem", "ring.json"]
    assert site.rotate().due is None


@pytest.mark.parametrize(
    ("old", "asked"), [("RSA-2048", None), ("P-256", None), ("P-256", "RSA-2048")]
)
def test_the_new_key_is_of_the_old_ones_kind(site, tmp_path, old, asked):
    """Unless another is asked for."""
    (tmp_path / "old.pem").write_text(generate_private_key_pem(old))
    site.rotate(start=True, algorithm=asked)
    new = load_private_key(tmp_path / site.entries()[1]["private_key"])
    assert new.algorithm == (asked or old)


def test_a_password_that_is_lost_is_told(site, ec_pem, openssl, tmp_path, capsys):
    """The new key's file is not encrypted: on standard error, and no word of the password."""
    text = openssl("pkcs8", "-topk8", "-passout", "pass:hush-hush", given=ec_pem.encode())
    (tmp_path / "old.pem").write_bytes(text)
    entry = {"key_pair_id": site.old, "private_key": "old.pem", "password": "hush-hush"}
    site.ring.path.write_text(json.dumps({"keys": [entry]}))
    assert rotate(site, "--start") == 0
    captured = capsys.readouterr()
    assert f"{site.old} is encrypted with a password, and the new key is not" in captured.err
    assert "hush" not in captured.out + captured.err


# The command.


def rotate(site, *arguments):
    words = ["aws", "rotate", "--ring", site.ring.path, "--key-group", "site"]
    words += ["--longest-lifetime", "1h", "--algorithm", "p-256", *arguments]
    return main([str(word) for word in words])


def test_the_command(site, items, capsys):
    """What comes next on standard output, what was done on standard error."""
    assert rotate(site) == 0
    assert "add --start to start a rotation" in capsys.readouterr().err
    assert rotate(site, "--start") == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[1].endswith("run this again after that")
    assert [line.split(" ")[1] for line in captured.err.splitlines()] == [
        "write",
        "call",
        "call",
        "write",
        "add",
        "remove",
    ]
    assert "PRIVATE KEY-----" not in captured.out + captured.err


def test_the_command_waits(site, items, monkeypatch, capsys):
    """With --wait alone, and until nothing is left."""
    with time_machine.travel(site.now, tick=False) as clock:
        slept = []

        def sleep(seconds):
            slept.append(seconds)
            clock.shift(seconds)

        monkeypatch.setattr(time, "sleep", sleep)
        assert rotate(site, "--start", "--wait") == 0
    assert slept == [900 + 30 + HOUR + rotation.MARGIN]
    assert len(items("site")) == 1
    assert capsys.readouterr().out.splitlines()[-1].endswith("no rotation is in progress")


def test_dry_runs(site, items, public_keys, capsys, tmp_path):
    """Each change of the beginning and of the end, told and not made."""
    before = site.ring.path.read_text()
    assert rotate(site, "--start", "--dry-run", "--wait") == 0
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("would")]
    assert [line.split(" ")[1] for line in told] == [
        "write",
        "call",
        "call",
        "write",
        "add",
        "remove",
    ]
    assert site.ring.path.read_text() == before
    assert list(public_keys()) == items("site") == [site.old]
    assert sorted(os.listdir(tmp_path)) == ["old.pem", "ring.json"]
    site.now = site.rotate(start=True).due
    with time_machine.travel(site.now):
        assert rotate(site, "--dry-run") == 0
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("would")]
    assert [line.partition(" {")[0] for line in told[:2]] == [
        "would call UpdateKeyGroup",
        "would call DeletePublicKey",
    ]
    assert told[2].startswith(f"would take {site.old} out of ")
    assert len(public_keys()) == len(items("site")) == len(site.entries()) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("--longest-lifetime", "0"),
        ("--longest-lifetime", "soon"),
        ("--key-group", "none"),
        ("--refresh-every", "seldom"),
        ("--refresh-every", "901"),
        ("--refresh-every", "30", "--deployment", "29"),
    ],
)
def test_bad_usage(site, items, capsys, arguments):
    """One line, exit 2, and nothing done."""
    assert rotate(site, "--start", *arguments) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert items("site") == [site.old]
