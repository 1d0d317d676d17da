"""The rules for settings that work but are probably not intended."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from cfsign.config import Settings, check_config
from cfsign.errors import Problem

DOMAIN = "https://media.example.com"
ID = "K2JCJMDEHXQW5F"

posix_only = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")


@pytest.fixture
def key_file(tmp_path: Path, pem: str) -> Path:
    """A private key that only its owner can read."""
    path = tmp_path / "key.pem"
    path.write_text(pem)
    path.chmod(0o600)
    return path


def check(
    private_key: Any, domain: str = DOMAIN, key_pair_id: str = ID, folders: Any = (), **more: Any
) -> list[Problem]:
    """Return the problems of settings with these values."""
    config = {"key_pair_id": key_pair_id, "private_key": private_key, **more}
    mapping = {"CLOUDFRONT_DOMAIN": domain, "CLOUDFRONT_CONFIG": config}
    return check_config(Settings.from_mapping(mapping), folders)


def check_ring(folder: Path, *entries: dict[str, Any], folders: Any = ()) -> list[Problem]:
    """Return the problems of settings with a key ring of these entries."""
    path = folder / "ring.json"
    path.touch(0o600)
    path.write_text(json.dumps({"keys": entries}))
    config = {"key_ring": str(path)}
    mapping = {"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_CONFIG": config}
    return check_config(Settings.from_mapping(mapping), folders)


def rules(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.level, problem.rule) for problem in problems]


def test_right_settings_have_no_problems(key_file: Path) -> None:
    """Neither an error nor a warning nor a note."""
    pytest.importorskip("cryptography")
    assert check(key_file) == []


def test_errors_are_included(key_file: Path) -> None:
    """They have the name of their setting as rule."""
    problems = check(key_file, domain="media.example.com", key_pair_id="", colour="red")
    assert [rule for rule in rules(problems) if rule[0] == "error"] == [
        ("error", "unknown-setting"),
        ("error", "domain"),
        ("error", "key_pair_id"),
    ]


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        ("media.example.com", "scheme"),
        ("https://media.example.com/a", "path"),
        ("https://b.s3.amazonaws.com", "address of S3"),
        ("b.s3.amazonaws.com", "address of S3"),
        ("https://b.s3.eu-west-1.amazonaws.com", "address of S3"),
        ("https://b.s3-eu-west-1.amazonaws.com/b", "address of S3"),
        ("http://b.s3-website.eu-central-1.amazonaws.com", "address of S3"),
        ("https://s3.cn-north-1.amazonaws.com.cn", "address of S3"),
        ("https://S3.Dualstack.us-east-1.amazonaws.com", "address of S3"),
        ("s3://bucket/key", "address of S3"),
        (
            "https://us-east-1.console.aws.amazon.com/cloudfront/v4/home#/distributions/E1",
            "AWS console",
        ),
        ("arn:aws:cloudfront::1:distribution/E1", "an ARN"),
    ],
)
def test_domain_that_cannot_work(key_file: Path, domain: str, words: str) -> None:
    """One error says what it is."""
    (error,) = [each for each in check(key_file, domain) if each.level == "error"]
    assert error.setting == "CLOUDFRONT_DOMAIN"
    assert words in f"{error.message}; {error.hint}"


@pytest.mark.parametrize(
    "domain", ["https://s3.example.com", "https://mys3.amazonaws.com.example.com", "https://[::1"]
)
def test_domain_that_resembles_s3(key_file: Path, domain: str) -> None:
    """It is not taken for a bucket."""
    assert "S3" not in str(check(key_file, domain))


@pytest.mark.parametrize(
    "domain",
    [
        "http://media.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://10.0.0.1:8001",
        "http://[2001:db8::1]:8001",
    ],
)
def test_plain_http_is_a_warning(key_file: Path, domain: str) -> None:
    """Others on the network can read the URL."""
    assert ("warning", "plain-http") in rules(check(key_file, domain))


@pytest.mark.parametrize(
    "domain",
    [
        "http://localhost",
        "http://localhost:8000",
        "http://app.localhost",
        "http://app.localhost:8000",
        "http://127.0.0.1:8000",
        "http://127.0.0.2:8000",
        "http://[::1]:8000",
    ],
)
def test_plain_http_to_this_machine_is_not_a_warning(key_file: Path, domain: str) -> None:
    """`is_loopback` decides, as everywhere else."""
    assert ("warning", "plain-http") not in rules(check(key_file, domain))


@pytest.mark.parametrize(
    ("key_pair_id", "level", "words"),
    [
        ("d3b07384-d113-4ec8-a7d5-5e4f2b1c9a10", "error", "key group"),
        ("AKIAIOSFODNN7EXAMPLE", "error", "access key"),
        ("ASIAIOSFODNN7EXAMPLE", "error", "access key"),
        ("K1 ", "error", "letters and digits"),
        ("E2QWRUHAPOMQZL", "warning", "a distribution"),
        ("APKAIOSFODNN7EXAMPLE", "warning", "legacy key pair"),
    ],
)
def test_key_pair_id(key_file: Path, key_pair_id: str, level: str, words: str) -> None:
    """One problem, which repeats neither an access key's id nor text that may be a secret."""
    pytest.importorskip("cryptography")
    (problem,) = check(key_file, key_pair_id=key_pair_id)
    assert (problem.level, problem.setting) == (level, "CLOUDFRONT_CONFIG['key_pair_id']")
    assert words in problem.message
    if "key group" not in words:
        assert key_pair_id.strip() not in str(problem)


@posix_only
@pytest.mark.parametrize(
    ("mode", "level"), [(0o644, "warning"), (0o602, "warning"), (0o640, "note"), (0o400, None)]
)
def test_mode_of_the_key_file(key_file: Path, mode: int, level: str | None) -> None:
    """The hint is the chmod command."""
    key_file.chmod(mode)
    problems = [each for each in check(key_file) if each.rule == "file-mode"]
    assert [each.level for each in problems] == ([level] if level else [])
    for each in problems:
        assert each.hint.startswith(f"chmod 600 {key_file}")
        assert f"mode {mode:04o}" in each.message


@posix_only
def test_mode_of_a_key_file_in_the_home_folder(
    key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`~` is expanded, and is not a relative path."""
    monkeypatch.setenv("HOME", str(key_file.parent))
    key_file.chmod(0o644)
    problems = check("~/key.pem")
    assert ("note", "relative-path") not in rules(problems)
    (problem,) = [each for each in problems if each.rule == "file-mode"]
    assert problem.hint == f"chmod 600 {key_file}"


def test_public_key_instead_of_the_private_key_may_be_readable(
    key_file: Path, public_pem: str
) -> None:
    """Its mode is not a problem."""
    key_file.write_text(public_pem)
    key_file.chmod(0o644)
    assert "file-mode" not in [rule for _, rule in rules(check(key_file))]


@pytest.mark.parametrize("name", ["key.pem", "./key.pem"])
def test_relative_path_is_a_note(
    key_file: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The message shows the absolute path."""
    monkeypatch.chdir(key_file.parent)
    (problem,) = [each for each in check(name) if each.rule == "relative-path"]
    assert (problem.level, problem.setting) == ("note", "CLOUDFRONT_CONFIG['private_key']")
    assert str(key_file) in problem.message


@pytest.mark.parametrize(
    ("seconds", "rule", "words"),
    [
        (86401, "long-expiry", "1 days"),
        (604800, "long-expiry", "7 days"),
        (9, "short-expiry", "9 s"),
        (86400, None, ""),
        (10, None, ""),
    ],
)
def test_unusual_expiry_is_a_note(
    key_file: Path, seconds: int, rule: str | None, words: str
) -> None:
    """Up to a day is usual."""
    problems = [each for each in check(key_file, expires_in=seconds) if "expiry" in each.rule]
    assert [(each.level, each.rule) for each in problems] == ([("note", rule)] if rule else [])
    assert all(words in each.message for each in problems)


def test_notes_are_reported_next_to_errors() -> None:
    """An error hides no note."""
    assert ("note", "long-expiry") in rules(check(None, expires_in=604800))


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """A public folder."""
    folder = tmp_path / "static"
    folder.mkdir()
    return folder


def find_public(problems: list[Problem]) -> list[str]:
    return [each.message for each in problems if each.rule == "public-key-file"]


def test_key_in_a_public_folder_is_a_warning(static: Path, pem: str) -> None:
    """As a path, a string, and behind a link."""
    key = static / "key.pem"
    key.write_text(pem)
    folders = [("STATIC_ROOT", static)]
    for private_key in (key, str(key), f" {key}\n"):
        (message,) = find_public(check(private_key, folders=folders))
        assert "STATIC_ROOT" in message
    other = static.parent / "other.pem"
    other.write_text(pem)
    assert find_public(check(other, folders=folders)) == []
    (static / "link.pem").symlink_to(other)
    assert find_public(check(static / "link.pem", folders=folders))


@pytest.mark.parametrize("form", ["pem", "base64"])
def test_key_text_is_not_a_file_in_a_public_folder(
    pem: str, form: str, monkeypatch: pytest.MonkeyPatch, static: Path
) -> None:
    """Even if the working directory is public: the key is not in a file."""
    monkeypatch.chdir(static)
    text = pem if form == "pem" else base64.b64encode(pem.encode()).decode()
    assert find_public(check(text, folders=[("STATIC_ROOT", static)])) == []


def test_kms_key_is_not_a_file_in_a_public_folder(
    monkeypatch: pytest.MonkeyPatch, static: Path
) -> None:
    """Nor does a backend of this process sign; the only problem is that it cannot be loaded."""
    monkeypatch.chdir(static)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(static / "no-config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr("cfsign.config.checks.choose_backend", lambda: "rsa")
    problems = check("kms:alias/x", folders=[("STATIC_ROOT", static)])
    assert rules(problems) == [("error", "private_key")]


class RemoteKey:
    """A key that signs in another process."""

    is_blocking = True

    def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        raise NotImplementedError

    def public_key_pem(self) -> str:
        raise NotImplementedError


def test_slow_backend_is_a_warning(
    key_file: Path, pem: str, key: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each key that signs in this process; not for a remote one."""
    monkeypatch.setattr("cfsign.config.checks.choose_backend", lambda: "rsa")
    for private_key in (key_file, pem, key):
        (problem,) = check(private_key)
        assert (problem.level, problem.rule) == ("warning", "slow-backend")
        assert problem.hint.startswith("pip install cryptography")
    assert check(RemoteKey()) == []


def test_key_ring_has_the_checks_of_each_key(tmp_path: Path, key_file: Path, static: Path) -> None:
    """Each message starts with the id of the key."""
    pytest.importorskip("cryptography")
    public = static / "key.pem"
    public.write_text(key_file.read_text())
    public.chmod(0o644)
    problems = check_ring(
        tmp_path,
        {"key_pair_id": "K1", "private_key": str(key_file)},
        {"key_pair_id": "APKAIOSFODNN7EXAMPLE", "private_key": str(public), "active_from": 2},
        folders=[("STATIC_ROOT", static)],
    )
    expected = ["legacy-key-pair", "public-key-file"]
    if os.name == "posix":
        expected.insert(1, "file-mode")
    assert rules(problems) == [("warning", rule) for rule in expected]
    for problem in problems:
        assert problem.setting == "CLOUDFRONT_CONFIG['key_ring']"
        assert problem.message.startswith("APKAIOSFODNN7EXAMPLE: ")


@posix_only
@pytest.mark.parametrize(
    ("mode", "has_secrets", "level", "words"),
    [
        (0o644, False, None, ""),
        (0o646, False, "warning", "every user of this machine can change which key signs"),
        (0o664, False, "note", "the file's group can change which key signs"),
        (0o644, True, "warning", "every user of this machine can read or change the key ring"),
        (0o640, True, "note", "the file's group can read or change the key ring"),
        (0o600, True, None, ""),
    ],
)
def test_mode_of_a_key_ring_document(
    tmp_path: Path,
    key_file: Path,
    pem: str,
    mode: int,
    has_secrets: bool,
    level: str | None,
    words: str,
) -> None:
    """Names of files may be read; keys in the document may not."""
    (tmp_path / "ring.json").touch()
    (tmp_path / "ring.json").chmod(mode)
    entry = {"key_pair_id": "K1", "private_key": pem if has_secrets else "key.pem"}
    problems = [each for each in check_ring(tmp_path, entry) if each.rule == "file-mode"]
    assert [each.level for each in problems] == ([level] if level else [])
    fix = "chmod 600" if has_secrets else "chmod go-w"
    for each in problems:
        assert words in each.message
        assert each.hint.startswith(f"{fix} {tmp_path / 'ring.json'}")


def test_key_ring_that_cannot_be_read_is_one_error(tmp_path: Path) -> None:
    """The rules for its keys find nothing to check."""
    mapping = {
        "CLOUDFRONT_DOMAIN": DOMAIN,
        "CLOUDFRONT_CONFIG": {"key_ring": str(tmp_path / "none.json")},
    }
    assert rules(check_config(Settings.from_mapping(mapping))) == [("error", "key_ring")]
