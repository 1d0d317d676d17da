"""`cfsign aws rotate`: no user is interrupted, even if the process is killed."""

import contextlib
import json
import os
import time
from types import SimpleNamespace

import pytest
import time_machine

from cfsign import ConfigurationError, SigningKeyError, TrustedKeyGroup, load_private_key
from cfsign.cli import aws as cli_aws
from cfsign.cli import main
from cfsign.keyring.source import find_last_change
from cfsign.keys import generate_private_key_pem
from cfsign.provisioning import (
    Actions,
    AWSError,
    CloudFront,
    RingFile,
    Rotation,
    files,
    ring_file,
    rotation,
)

pytest.importorskip("cryptography")

HOUR = 3600
URL = "https://media.example.com/a.jpg"
SILENT = Actions(lambda line: None)
#: The changes of a rotation that starts and replaces a key of the ring.
CHANGES = ["write", "call", "call", "write", "add", "remove"]


class Killed(BaseException):
    """The process was killed."""


class Site:
    """A site with a key ring, and the clock."""

    def __init__(self, client, folder, key_id):
        self.client = client
        self.ring = RingFile(folder / "ring.json")
        self.old = key_id
        self.now = 1767225600
        self.changed = 0  # the document; the real file has the time of the real clock

    def rotate(self, client=None, actions=SILENT, *, start=False, algorithm="P-256"):
        return Rotation(
            CloudFront(client or self.client, actions),
            actions,
            self.ring,
            "site",
            max_expires_in=HOUR,
            algorithm=algorithm,
            clock=lambda: self.now,
        ).run(start=start)

    def entries(self):
        return json.loads(self.ring.path.read_text())["keys"]

    def sign(self):
        """Return a URL signed by the newest active key, as a key ring signs it."""
        active = [
            pair for pair in self.ring.read_pairs(self.now) if pair.active_from_seconds <= self.now
        ]
        return active[-1].load_signer().sign_url(URL, expires_at=self.now + HOUR)


@pytest.fixture
def site(client, tmp_path, ec_pem, openssl, monkeypatch):
    """A site whose key is alone in its key group."""
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
    """Return a function that checks a URL with the keys in the key group."""

    def allowed(url):
        keys = {key: pem for key, pem in public_keys().items() if key in items("site")}
        return TrustedKeyGroup(keys).check(url, at=site.now).allowed

    return allowed


def test_complete_rotation(site, items, public_keys, edge, tmp_path):
    """Every five minutes, all URLs of the ring that have not expired are allowed."""
    start = site.now
    progress = site.rotate(start=True)
    (new,) = set(items("site")) - {site.old}
    assert items("site") == [site.old, new]
    assert new in progress.message
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


def test_old_key_is_not_removed_early(site, items):
    """Not one second before it is due; the message shows the time."""
    due = site.rotate(start=True).due
    site.now = due - 1
    for start in (False, True):
        progress = site.rotate(start=start)
        assert progress.due == due
        assert "may be in use until 2026-01-01 01:20:30 UTC" in progress.message
    assert len(items("site")) == 2
    site.now = due
    assert site.rotate().due is None
    assert len(items("site")) == 1


def add_late_successor(site, client, folder, seconds):
    """Add a new key to group and document whose active_from was *seconds* ago."""
    cloudfront = CloudFront(client, SILENT)
    public = load_private_key(generate_private_key_pem("P-256")).public_key_pem()
    new = cloudfront.upload_public_key("late", public)
    cloudfront.set_keys(cloudfront.find_key_group("site"), [site.old, new])
    (model,) = site.ring.read_pairs(site.now)
    entry = ring_file.build_entry(model, new, folder / "late.pem", site.now - seconds)
    site.ring.add(entry)


def test_new_key_that_was_added_late(site, client, items, tmp_path):
    """The old key signed until the site had loaded the document with the new one."""
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
def test_time_of_the_last_change(site, client, monkeypatch, tmp_path, name):
    """It is that of the document or of the new key's file, the later one."""
    monkeypatch.setattr(rotation, "find_last_change", find_last_change)
    add_late_successor(site, client, tmp_path, 100 * HOUR)
    (tmp_path / "late.pem").write_text("")
    later = time_machine.escape_hatch.time.time() + 5000
    os.utime(tmp_path / name, (later, later))
    site.now = int(later)
    assert site.rotate().due == int(later) + 30 + HOUR + rotation.MARGIN


def test_refresh_every_delays_the_removal(site, items):
    """A process of the site signs with the old key until it checks the key ring."""
    due = site.rotate(start=True).due
    with time_machine.travel(due):
        assert rotate(site, "--refresh-every", "5m", "--dry-run") == 0
        assert rotate(site, "--refresh-every", "5m") == 0
        assert len(items("site")) == 2
    with time_machine.travel(due + 270):
        assert rotate(site, "--refresh-every", "5m") == 0
        assert len(items("site")) == 1


def test_rotation_starts_with_start_only(site, items):
    """A scheduled run does only what is due."""
    assert site.rotate().due is None
    assert items("site") == [site.old]


class InterruptedActions(Actions):
    """Kills the process at the n-th change, before it is made or right after it."""

    def __init__(self, at, *, before):
        super().__init__(lambda line: None)
        self.left, self.before, self.is_killed = at, before, False

    def run(self, description, change, dry_result, details=""):
        self.left -= 1
        if not self.left and self.before:
            self.kill()
        result = super().run(description, change, dry_result, details)
        if not self.left and not self.before:
            self.kill()
        return result

    def kill(self):
        self.is_killed = True
        raise Killed


def run_until_killed(site, at, *, before, start):
    """Run until the change number *at*; return False if there were fewer changes."""
    actions = InterruptedActions(at, before=before)
    with contextlib.suppress(Killed):
        site.rotate(actions=actions, start=start)
    return actions.is_killed


@pytest.mark.parametrize("before", [True, False])
def test_killed_while_a_key_is_added(site, items, public_keys, edge, tmp_path, before):
    """The next run continues: there is one new key pair, and the site can always sign."""
    at = 1
    while True:
        is_killed = run_until_killed(site, at, before=before, start=True)
        assert edge(site.sign())
        if not is_killed:
            break
        site.rotate(start=True)
        check_new_key(site, items, public_keys, tmp_path)
        reset(site, items, tmp_path)
        at += 1
    assert at == 7
    check_new_key(site, items, public_keys, tmp_path)


def check_new_key(site, items, public_keys, folder):
    (new,) = set(public_keys()) - {site.old}
    assert items("site") == [site.old, new]
    assert [key["key_pair_id"] for key in site.entries()] == [site.old, new]
    assert site.entries()[1]["active_from"] == "2026-01-01T00:15:00Z"
    assert site.entries()[1]["hash_algorithm"] == "SHA256"
    private = load_private_key(folder / site.entries()[1]["private_key"])
    assert private.public_key_pem().split() == public_keys()[new].split()
    assert sorted(os.listdir(folder)) == sorted([f"{new}.pem", "old.pem", "ring.json"])


def reset(site, items, folder):
    """Remove the new key everywhere."""
    cloudfront = CloudFront(site.client, SILENT)
    new = site.entries()[1]["key_pair_id"]
    cloudfront.set_keys(cloudfront.find_key_group("site"), [site.old])
    cloudfront.delete_public_key(new)
    site.ring.remove(new)
    (folder / f"{new}.pem").unlink()


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("at", range(1, 5))
def test_killed_while_a_key_is_removed(site, items, public_keys, edge, at, before):
    """The next run continues: the old key is removed everywhere, and the new one signs."""
    site.now = site.rotate(start=True).due
    new = site.entries()[1]["key_pair_id"]
    assert run_until_killed(site, at, before=before, start=False) == (at < 4)
    assert edge(site.sign())
    assert site.rotate().due is None
    assert list(public_keys()) == items("site") == [new]
    assert [key["key_pair_id"] for key in site.entries()] == [new]


def test_full_key_group(site, client, items, public_keys, add_group, tmp_path):
    """It is an error before anything is changed."""
    _, others = add_group("other", 4)
    cloudfront = CloudFront(client, SILENT)
    cloudfront.set_keys(cloudfront.find_key_group("site"), [site.old, *others])
    with pytest.raises(AWSError, match=r"allows 5, so nothing was changed.*--max-keys"):
        site.rotate(start=True)
    assert len(public_keys()) == 5
    assert sorted(os.listdir(tmp_path)) == ["old.pem", "ring.json"]


def test_raised_quota(site, client, add_group, capsys):
    """`--max-keys` allows a sixth key."""
    _, others = add_group("other", 4)
    cloudfront = CloudFront(client, SILENT)
    cloudfront.set_keys(cloudfront.find_key_group("site"), [site.old, *others])
    assert rotate(site, "--start", "--dry-run", "--max-keys", "6") == 0
    assert "UpdateKeyGroup" in capsys.readouterr().out


def test_other_keys_in_the_group_stay(site, client, items, add_group):
    """They may belong to another site."""
    _, others = add_group("other", 2)
    cloudfront = CloudFront(client, SILENT)
    cloudfront.set_keys(cloudfront.find_key_group("site"), [*others, site.old])
    site.now = site.rotate(start=True).due
    new = site.entries()[1]["key_pair_id"]
    site.rotate()
    assert items("site") == [*others, new]


def test_old_key_that_is_in_another_group_too(site, client, items):
    """It is not deleted, the ring still has it, and the next run continues."""
    site.now = site.rotate(start=True).due
    config = {"Name": "other", "Items": [site.old]}
    client.create_key_group(KeyGroupConfig=config)
    with pytest.raises(AWSError, match="remove it there"):
        site.rotate()
    assert len(site.entries()) == 2
    cloudfront = CloudFront(client, SILENT)
    cloudfront.set_keys(cloudfront.find_key_group("other"), [site.entries()[1]["key_pair_id"]])
    assert site.rotate().due is None
    assert len(site.entries()) == 1


def test_key_group_of_another_ring(site, client, items, add_group, public_keys):
    """It is an error if a key that signs now or later is not in the group."""
    _, (other,) = add_group("other", 1)
    cloudfront = CloudFront(client, SILENT)
    cloudfront.set_keys(cloudfront.find_key_group("site"), [other])
    with pytest.raises(AWSError, match="belong together"):
        site.rotate(start=True)
    cloudfront.set_keys(cloudfront.find_key_group("site"), [site.old])
    site.now = site.rotate(start=True).due
    cloudfront.set_keys(cloudfront.find_key_group("site"), [site.old])
    with pytest.raises(AWSError, match="belong together"):
        site.rotate()
    assert items("site") == [site.old]
    assert site.old in public_keys()


def test_group_that_is_changed_in_the_meantime(site, client, items, monkeypatch):
    """CloudFront refuses the old version, so that no change is lost."""
    update = client.update_key_group

    def late(**arguments):
        return update(**arguments | {"IfMatch": "an older one"})

    monkeypatch.setattr(client, "update_key_group", late)
    with pytest.raises(AWSError, match="run this again"):
        site.rotate(start=True)
    monkeypatch.undo()
    assert items("site") == [site.old]


def test_owner_and_mode_of_the_new_key(site, tmp_path):
    """The group may read it if it may read the old one; other users may not."""
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


def test_document_behind_a_link(site, tmp_path):
    """The file is replaced, and the link stays."""
    (tmp_path / "real").mkdir()
    real = site.ring.path.rename(tmp_path / "real" / "ring.json")
    site.ring.path.symlink_to(real)
    site.rotate(start=True)
    assert site.ring.path.is_symlink()
    assert len(json.loads(real.read_text())["keys"]) == 2


def test_document_with_a_lone_surrogate(site):
    """JSON can contain one as an escape; no encoding can."""
    document = json.loads(site.ring.path.read_text()) | {"more": "\ud800 \xe9"}
    site.ring.path.write_text(json.dumps(document))
    site.rotate(start=True)
    assert json.loads(site.ring.path.read_text())["more"] == "\ud800 \xe9"
    assert len(site.entries()) == 2


def test_file_that_cannot_be_replaced(tmp_path):
    """The error names it, and no temporary file is left."""
    (tmp_path / "ring.json").mkdir()
    with pytest.raises(SigningKeyError, match=r"/ring\.json' cannot be written") as caught:
        files.replace_file(tmp_path / "ring.json", "secret")
    assert caught.value.source == str(tmp_path / "ring.json")
    with pytest.raises(UnicodeEncodeError):
        files.replace_file(tmp_path / "other.json", "secret \ud800")
    assert os.listdir(tmp_path) == ["ring.json"]


def test_pending_key_that_is_empty(site, items, tmp_path):
    """A run was killed while it wrote the key; the error names the file."""
    site.ring.pending_key.write_text("")
    with pytest.raises(SigningKeyError, match=r"ring-pending\.pem.*delete it"):
        site.rotate()
    assert items("site") == [site.old]


def test_existing_file_with_the_name_of_the_new_key(site, client, tmp_path):
    """It is not overwritten, and the new key stays pending."""
    create_public_key = client.create_public_key

    def create(**arguments):
        response = create_public_key(**arguments)
        (tmp_path / f"{response['PublicKey']['Id']}.pem").write_text("mine")
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "create_public_key", create)
        with pytest.raises(SigningKeyError, match="another content"):
            site.rotate(start=True)
    assert site.ring.pending_key.exists()
    assert len(site.entries()) == 1


def entries(*keys):
    """Return a document with these keys; their key files are not read."""
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
        (entries({"key_pair_id": "K1", "active_from": "2327-01-01T00:00Z"}), "2262"),
        (
            entries({"key_pair_id": "K1", "active_from": "2037-01-01T00:00Z"}),
            "no key is active yet",
        ),
        (entries({"key_pair_id": "K1", "signs_form": 5}), "'signs_form' is unknown"),
    ],
)
def test_invalid_document(site, items, text, words):
    """It is an error, and nothing is changed."""
    site.ring.path.unlink()
    if text is not None:
        site.ring.path.write_text(text)
    with pytest.raises(ConfigurationError, match=words):
        site.rotate(start=True)
    assert items("site") == [site.old]


def test_key_in_the_document(site, ec_pem):
    """It stays there, and the new key is in a file."""
    entry = {"key_pair_id": site.old, "private_key": ec_pem}
    site.ring.path.write_text(json.dumps({"keys": [entry]}))
    site.rotate(start=True)
    assert site.entries()[0] == entry
    assert site.entries()[1]["private_key"] == f"{site.entries()[1]['key_pair_id']}.pem"


def test_ring_with_three_keys(site, client, items, tmp_path):
    """The two old keys are removed one after the other."""
    first = site.rotate(start=True).due
    second_key = site.entries()[1]["key_pair_id"]
    site.now += HOUR
    cloudfront = CloudFront(client, SILENT)
    public = load_private_key(generate_private_key_pem("P-256")).public_key_pem()
    third = cloudfront.upload_public_key("third", public)
    cloudfront.set_keys(cloudfront.find_key_group("site"), [site.old, second_key, third])
    model = site.ring.read_pairs(site.now)[0]
    site.ring.add(ring_file.build_entry(model, third, tmp_path / "third.pem", site.now))
    assert site.rotate().due == first
    site.now = first
    due = site.rotate().due
    assert items("site") == [second_key, third]
    site.now = due
    assert site.rotate().due is None
    assert items("site") == [third]


def test_key_in_kms_is_not_replaced_by_a_file(site, items, public_keys, tmp_path):
    """The file would be less safe: an error before anything is changed."""
    entry = {"key_pair_id": site.old, "private_key": "kms:alias/site"}
    site.ring.path.write_text(json.dumps({"keys": [entry]}))
    with pytest.raises(SigningKeyError, match=r"kms:.*by hand.*docs/keys\.md"):
        site.rotate(start=True)
    assert list(public_keys()) == items("site") == [site.old]
    assert site.entries() == [entry]
    assert sorted(os.listdir(tmp_path)) == ["old.pem", "ring.json"]
    assert site.rotate().due is None


@pytest.mark.parametrize(
    ("old", "algorithm"), [("RSA-2048", None), ("P-256", None), ("P-256", "RSA-2048")]
)
def test_algorithm_of_the_new_key(site, tmp_path, old, algorithm):
    """It is that of the old key, unless another is given."""
    (tmp_path / "old.pem").write_text(generate_private_key_pem(old))
    site.rotate(start=True, algorithm=algorithm)
    new = load_private_key(tmp_path / site.entries()[1]["private_key"])
    assert new.algorithm == (algorithm or old)


def test_password_of_the_old_key_warns(site, ec_pem, openssl, tmp_path, capsys):
    """The new key is not encrypted; the warning does not contain the password."""
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
    words += ["--max-expires-in", "1h", "--algorithm", "p-256", *arguments]
    return main([str(word) for word in words])


def test_command(site, items, capsys):
    """The next step is on standard output, the changes are on standard error."""
    assert rotate(site) == 0
    assert "add --start to start a rotation" in capsys.readouterr().err
    assert rotate(site, "--start") == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[1].endswith("run this again after that")
    assert [line.split(" ")[1] for line in captured.err.splitlines()] == CHANGES
    assert "PRIVATE KEY-----" not in captured.out + captured.err


def test_command_with_wait(site, items, monkeypatch, capsys):
    """It sleeps until the rotation is complete."""
    with time_machine.travel(site.now, tick=False) as clock:
        slept = []

        def sleep(seconds):
            slept.append(seconds)
            clock.shift(seconds)

        monkeypatch.setattr(cli_aws, "time", SimpleNamespace(sleep=sleep, time=time.time))
        assert rotate(site, "--start", "--wait") == 0
    assert slept == [900 + 30 + HOUR + rotation.MARGIN]
    assert len(items("site")) == 1
    assert capsys.readouterr().out.splitlines()[-1].endswith("no rotation is in progress")


def test_dry_run(site, items, public_keys, capsys, tmp_path):
    """The changes of both steps are printed and not made."""
    before = site.ring.path.read_text()
    assert rotate(site, "--start", "--dry-run", "--wait") == 0
    changes = [line for line in capsys.readouterr().out.splitlines() if line.startswith("would")]
    assert [line.split(" ")[1] for line in changes] == CHANGES
    assert site.ring.path.read_text() == before
    assert list(public_keys()) == items("site") == [site.old]
    assert sorted(os.listdir(tmp_path)) == ["old.pem", "ring.json"]
    site.now = site.rotate(start=True).due
    with time_machine.travel(site.now):
        assert rotate(site, "--dry-run") == 0
    changes = [line for line in capsys.readouterr().out.splitlines() if line.startswith("would")]
    assert [line.partition(" {")[0] for line in changes[:2]] == [
        "would call UpdateKeyGroup",
        "would call DeletePublicKey",
    ]
    assert changes[2].startswith(f"would remove {site.old} from ")
    assert len(public_keys()) == len(items("site")) == len(site.entries()) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("--max-expires-in", "0"),
        ("--max-expires-in", "soon"),
        ("--key-group", "none"),
        ("--refresh-every", "seldom"),
        ("--refresh-every", "901"),
        ("--refresh-every", "30", "--deployment", "29"),
    ],
)
def test_bad_usage(site, items, capsys, arguments):
    """One line on standard error, exit 2, and nothing is changed."""
    assert rotate(site, "--start", *arguments) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert items("site") == [site.old]
