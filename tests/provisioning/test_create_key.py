"""`cfsign aws create-key`: the private key in a file, the public key in a key group."""

import ast
import os
import subprocess
import sys

import pytest

from cfsign import (
    Distribution,
    KeyRing,
    SigningKeyError,
    TrustedKeyGroup,
    load_private_key,
)
from cfsign.cli import main
from cfsign.config.configuration import Configuration
from cfsign.keys import generate_private_key_pem
from cfsign.provisioning import Actions, AWSError, CloudFront, create_key
from cfsign.provisioning.files import write_private_key


def create(*arguments):
    return main(["aws", "create-key", *map(str, arguments)])


@pytest.mark.parametrize("algorithm", ["rsa-2048", "p-256"])
def test_printed_settings_work(client, tmp_path, items, public_keys, capsys, algorithm):
    """A URL that they sign is allowed by the uploaded public key."""
    if algorithm == "p-256":
        pytest.importorskip("cryptography")
    path = tmp_path / "site.pem"
    assert create(path, "--key-group", "site", "--algorithm", algorithm) == 0
    out = capsys.readouterr().out
    (line,) = [line for line in out.splitlines() if line.startswith("CLOUDFRONT_CONFIG")]
    config = ast.literal_eval(line.partition(" = ")[2])
    settings = {"CLOUDFRONT_DOMAIN": "https://media.example.com", "CLOUDFRONT_CONFIG": config}
    url = Distribution.from_configuration(Configuration.from_mapping(settings)).sign_path("a")
    assert TrustedKeyGroup(public_keys()).check(url).allowed
    assert items("site") == list(public_keys()) == [config["key_pair_id"]]
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_private_key(path).algorithm == algorithm.upper()
    environ = dict(line.split("=") for line in out.splitlines()[-2:])
    assert environ == {
        "CLOUDFRONT_KEY_PAIR_ID": config["key_pair_id"],
        "CLOUDFRONT_PRIVATE_KEY_FILE": str(path),
    }


def test_default_is_p256(client, tmp_path):
    pytest.importorskip("cryptography")
    assert create(tmp_path / "site.pem", "--key-group", "site") == 0
    assert load_private_key(tmp_path / "site.pem").algorithm == "P-256"


def test_p256_needs_cryptography(client, tmp_path, items, capsys, monkeypatch):
    """Nothing is created. An existing key, of any algorithm, is used."""
    (tmp_path / "old.pem").write_text(generate_private_key_pem("RSA-2048"))
    monkeypatch.setattr("cfsign.keys.loading._is_installed", lambda name: name == "rsa")
    for options in ((), ("--algorithm", "P-256")):
        assert create(tmp_path / "site.pem", "--key-group", "site", *options) == 2
        assert "--algorithm rsa-2048" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["old.pem"]
    assert create(tmp_path / "old.pem", "--key-group", "site", "--existing") == 0


def test_tilde_is_the_home_folder(client, tmp_path, capsys, monkeypatch):
    """A shell does not expand `--ring=~/ring.json`; the printed path is absolute."""
    monkeypatch.setenv("HOME", str(tmp_path))
    arguments = ("--key-group", "site", "--algorithm", "P-256", "--ring=~/ring.json")
    assert create("~/site.pem", *arguments) == 0
    assert f"CLOUDFRONT_KEY_RING_FILE={tmp_path / 'ring.json'}" in capsys.readouterr().out
    assert KeyRing.from_file(tmp_path / "ring.json").public_keys()


@pytest.mark.parametrize("by", ["name", "id"])
def test_existing_key_group(client, tmp_path, add_group, items, capsys, by):
    """It is found by name or id, and its keys stay."""
    group_id, ids = add_group("site", 4)
    group = {"name": "site", "id": group_id}[by]
    assert create(tmp_path / "new.pem", "--key-group", group, "--algorithm", "P-256") == 0
    assert items("site")[:4] == ids
    assert len(items("site")) == 5
    assert capsys.readouterr().out.startswith(f"key pair id  {items('site')[4]}\n")


def test_full_key_group(client, tmp_path, add_group, public_keys, capsys):
    """It is an error before a file or a public key is created."""
    add_group("site", 5)
    assert create(tmp_path / "new.pem", "--key-group", "site") == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "allows 5" in captured.err
    assert "remove one" in captured.err
    assert "--max-keys" in captured.err
    assert not (tmp_path / "new.pem").exists()
    assert len(public_keys()) == 5


def test_raised_quota(client, tmp_path, add_group, capsys):
    """`--max-keys` allows a sixth key."""
    add_group("site", 5)
    arguments = (tmp_path / "new.pem", "--key-group", "site", "--dry-run", "--max-keys")
    assert create(*arguments, 6) == 0
    assert "UpdateKeyGroup" in capsys.readouterr().out
    assert create(*arguments, 0) == 2
    assert "--max-keys" in capsys.readouterr().err


def test_no_file_is_overwritten(client, tmp_path, public_keys, capsys):
    """Neither a key nor a key ring."""
    path = tmp_path / "there.pem"
    path.write_text("mine")
    assert create(path, "--key-group", "site") == 2
    assert create(tmp_path / "new.pem", "--key-group", "site", "--ring", path) == 2
    assert path.read_text() == "mine"
    assert not public_keys()
    assert capsys.readouterr().err.count("\n") == 2


def test_file_that_is_created_in_the_meantime(tmp_path):
    """The operating system refuses to overwrite it."""
    path = tmp_path / "there.pem"
    path.write_text("mine")
    with pytest.raises(SigningKeyError, match="keys are not overwritten"):
        write_private_key(path, "another")
    assert path.read_text() == "mine"


def test_existing_private_key(client, tmp_path, pem, public_pem, public_keys, items, add_group):
    """It is used unchanged; a second run changes nothing, even if the group is full."""
    path = tmp_path / "there.pem"
    path.write_text(pem)
    _, ids = add_group("site", 4)
    for _ in range(2):
        assert create(path, "--key-group", "site", "--existing") == 0
    assert path.read_text() == pem
    assert len(items("site")) == 5
    (new,) = set(items("site")) - set(ids)
    assert public_keys()[new].split() == public_pem.split()
    assert create(tmp_path / "not-there.pem", "--key-group", "site", "--existing") == 2


def test_new_key_ring(client, tmp_path, items, capsys):
    """`rotate` accepts it, and the printed settings name it."""
    ring = tmp_path / "ring.json"
    assert create(tmp_path / "new.pem", "--key-group", "site", "--ring", ring) == 0
    printed = capsys.readouterr().out
    assert f"CLOUDFRONT_CONFIG = {{'key_ring': '{ring}'}}\n" in printed
    assert f"\nCLOUDFRONT_KEY_RING_FILE={ring}\n" in printed
    assert "CLOUDFRONT_PRIVATE_KEY" not in printed
    assert ring.stat().st_mode & 0o777 == 0o600
    rotate = ["aws", "rotate", "--ring", str(ring), "--key-group", "site"]
    assert main([*rotate, "--max-expires-in", "1h", "--start"]) == 0
    assert len(items("site")) == 2


def test_key_ring_that_cannot_be_created(client, tmp_path, public_keys, capsys):
    """It is an error before anything is created."""
    (tmp_path / "dangling.json").symlink_to("nowhere")
    for ring in ("no/ring.json", "dangling.json", "new.pem"):
        assert create(tmp_path / "new.pem", "--key-group", "site", "--ring", tmp_path / ring) == 2
        captured = capsys.readouterr()
        assert (captured.out, captured.err.count("\n")) == ("", 1)
        assert str(tmp_path / ring) in captured.err or str(tmp_path / "no") in captured.err
    assert not public_keys()
    assert os.listdir(tmp_path) == ["dangling.json"]


def test_ids_are_printed_before_the_ring_is_written(client, tmp_path, items, monkeypatch, capsys):
    """If that fails, the user needs them to write it."""

    def refuse(*arguments):
        raise SigningKeyError("the disk is full")

    monkeypatch.setattr("cfsign.provisioning.ring_file.write_private_key", refuse)
    ring = ("--ring", tmp_path / "ring.json")
    assert create(tmp_path / "new.pem", "--key-group", "site", *ring) == 2
    assert capsys.readouterr().out.startswith(f"key pair id  {items('site')[0]}\nkey group    ")


def test_unknown_key_group_id(client, tmp_path, public_keys, capsys):
    """It is an error, and never the name of a new group."""
    unknown = "01234567-89ab-cdef-0123-456789ABCDEF"
    assert create(tmp_path / "new.pem", "--key-group", unknown) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert "--profile" in captured.err
    assert not public_keys()
    assert not (tmp_path / "new.pem").exists()
    assert not client.list_key_groups()["KeyGroupList"].get("Items")


def test_dry_run(client, tmp_path, public_keys, add_group, items, capsys):
    """The changes are printed with their arguments and not made."""
    group_id, ids = add_group("site", 1)
    ring = tmp_path / "ring.json"
    path = tmp_path / "new.pem"
    assert create(path, "--key-group", "site", "--ring", ring, "--dry-run") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"would write {path} (a private key)"
    assert lines[1].startswith('would call CreatePublicKey {"PublicKeyConfig": {"CallerReference"')
    assert lines[2].startswith(f'would call UpdateKeyGroup {{"Id": "{group_id}", "IfMatch": ')
    assert f'"Items": ["{ids[0]}", "NEWID"]' in lines[2]
    assert lines[3] == f"would write {ring} (a key ring)"
    assert create(path, "--key-group", "other", "--dry-run") == 0
    assert 'would call CreateKeyGroup {"KeyGroupConfig"' in capsys.readouterr().out
    assert not path.exists()
    assert not ring.exists()
    assert list(public_keys()) == items("site") == ids


def test_private_key_is_not_printed(client, tmp_path, capfd):
    """Not on either stream, with and without --dry-run."""
    create(tmp_path / "a.pem", "--key-group", "site", "--dry-run")
    create(tmp_path / "b.pem", "--key-group", "site")
    printed = "".join(capfd.readouterr())
    assert "PRIVATE KEY-----" not in printed
    assert (tmp_path / "b.pem").read_text().splitlines()[3] not in printed


class Killed(BaseException):
    """The process was killed."""


class InterruptedClient:
    """A client that is killed after a number of calls, before it returns the last response."""

    def __init__(self, client, calls):
        self._client = client
        self._left = calls

    def __getattr__(self, name):
        def call(**arguments):
            response = getattr(self._client, name)(**arguments)
            self._left -= 1
            if not self._left:
                raise Killed
            return response

        return call


@pytest.mark.parametrize("group", ["site", "new"])
@pytest.mark.parametrize("calls", [1, 2, 3, 4])
def test_killed_after_each_call(client, tmp_path, add_group, public_keys, items, group, calls):
    """The next run, with --existing if the key exists, completes with one new key."""
    _, ids = add_group("site", 1)
    actions, path = Actions(lambda line: None), tmp_path / "new.pem"
    try:
        create_key(
            CloudFront(InterruptedClient(client, calls), actions),
            actions,
            path,
            group,
            algorithm="P-256",
        )
    except Killed:
        existing = ("--existing",) if path.exists() else ()
        assert create(path, "--key-group", group, "--algorithm", "P-256", *existing) == 0
    (new,) = set(public_keys()) - set(ids)
    assert public_keys()[new].split() == load_private_key(path).public_key_pem().split()
    assert items(group) == ([*ids, new] if group == "site" else [new])


@pytest.mark.parametrize(
    ("operation", "code", "words"),
    [
        ("create_public_key", "AccessDenied", "allow cloudfront:CreatePublicKey"),
        ("create_public_key", "TooManyPublicKeys", r"delete one.* quota, and run this again"),
        ("update_key_group", "PreconditionFailed", "run this again"),
        ("update_key_group", "TooManyPublicKeysInKeyGroup", "remove one"),
        ("list_key_groups", "ExpiredToken", "renew"),
        ("list_key_groups", "SomethingNew", "AWS's documentation"),
    ],
)
def test_error_of_aws(client, tmp_path, add_group, monkeypatch, operation, code, words):
    """It is an AWSError with a hint, without the text of AWS."""
    from botocore.exceptions import ClientError

    add_group("site", 1)

    def refuse(**arguments):
        response = {"Error": {"Code": code, "Message": "arn:aws:iam::123456789012:user/secret"}}
        raise ClientError(response, operation)

    monkeypatch.setattr(client, operation, refuse)
    actions = Actions(lambda line: None)
    with pytest.raises(AWSError, match=words) as caught:
        create_key(CloudFront(client, actions), actions, tmp_path / "new.pem", "site")
    assert caught.value.code == code
    assert "123456789012" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_missing_folder(client, tmp_path, public_keys):
    """No public key is uploaded without its private key."""
    actions = Actions(lambda line: None)
    with pytest.raises(SigningKeyError, match="cannot be written"):
        create_key(CloudFront(client, actions), actions, tmp_path / "no" / "new.pem", "site")
    assert not public_keys()


def test_key_groups_are_read_page_by_page(tmp_path):
    """AWS returns up to a hundred at once, and a marker for the next page."""
    from botocore.stub import Stubber

    from cfsign.provisioning import cloudfront_client

    client = cloudfront_client()
    group = {
        "Id": "G2",
        "LastModifiedTime": 0,
        "KeyGroupConfig": {"Name": "two", "Items": ["K1"], "Comment": "kept"},
    }
    page = {"MaxItems": 1, "Quantity": 1}
    with Stubber(client) as stub:
        other = group | {"Id": "G1", "KeyGroupConfig": {"Name": "one", "Items": ["K1"]}}
        stub.add_response(
            "list_key_groups",
            {"KeyGroupList": page | {"NextMarker": "m", "Items": [{"KeyGroup": other}]}},
            {},
        )
        stub.add_response(
            "list_key_groups",
            {"KeyGroupList": page | {"Items": [{"KeyGroup": group}]}},
            {"Marker": "m"},
        )
        stub.add_response("get_key_group", {"KeyGroup": group, "ETag": "E1"}, {"Id": "G2"})
        # CloudFront replaces the whole configuration, so unchanged members are sent too.
        config = {"Name": "two", "Items": ["K1", "K2"], "Comment": "kept"}
        stub.add_response(
            "update_key_group",
            {"KeyGroup": group | {"KeyGroupConfig": config}, "ETag": "E2"},
            {"Id": "G2", "IfMatch": "E1", "KeyGroupConfig": config},
        )
        cloudfront = CloudFront(client, Actions(lambda line: None))
        changed = cloudfront.set_keys(cloudfront.find_key_group("two"), ["K1", "K2"])
        assert (changed.key_ids, changed.etag) == (("K1", "K2"), "E2")
        stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, "finds no AWS credentials"),
        ({"AWS_PROFILE": "nobody"}, "does not find the profile"),
        (
            {
                "AWS_ACCESS_KEY_ID": "x",
                "AWS_SECRET_ACCESS_KEY": "x",
                "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
                "AWS_MAX_ATTEMPTS": "1",
            },
            "unreachable",
        ),
        ({"AWS_ENDPOINT_URL": "nonsense"}, "AWS_ENDPOINT_URL"),
    ],
)
def test_aws_cannot_be_called(monkeypatch, tmp_path, capsys, variables, words):
    """One line on standard error, exit 2, and no file is written."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert create(tmp_path / "new.pem", "--key-group", "site") == 2
    err = capsys.readouterr().err
    assert (err.count("\n"), words in err) == (1, True)
    assert not (tmp_path / "new.pem").exists()


def test_without_boto3(tmp_path):
    """The error names the extra; `import cfsign` does not import this package."""
    code = "import sys; sys.modules['boto3'] = None\nimport cfsign\n"
    code += "assert 'cfsign.provisioning' not in sys.modules\n"
    code += "from cfsign.cli import main\n"
    code += "sys.exit(main(['aws', 'create-key', 'new.pem', '--key-group', 'site']))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "cloudfront-cfsign[aws]" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nothing",),
        ("create-key",),
        ("create-key", "a.pem"),
        ("create-key", "a.pem", "--key-group", "site", "--algorithm", "P-384"),
    ],
)
def test_bad_usage(arguments, capsys):
    """One line on standard error, exit 2."""
    assert main(["aws", *arguments]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
