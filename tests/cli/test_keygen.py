"""`cfsign keygen`."""

import os
from importlib.util import find_spec

import pytest

from cfsign import TrustedKeyGroup, load_private_key

# The default algorithm needs `cryptography`.
INSTALLED = () if find_spec("cryptography") else ("--algorithm", "rsa-2048")
URL = "https://d111111abcdef8.cloudfront.net/a.jpg"


def sign(run, private_key):
    options = ("--key-pair-id", "K1", "--private-key", str(private_key))
    return run("sign", URL, *options).stdout.strip()


def test_pair_signs_and_verifies(run, tmp_path):
    result = run("keygen", "site", *INSTALLED, cwd=tmp_path)
    assert result.stdout.split() == ["site-private.pem", "site-public.pem"]
    private, public = tmp_path / "site-private.pem", tmp_path / "site-public.pem"
    assert private.stat().st_mode & 0o777 == 0o600
    assert TrustedKeyGroup({"K1": public.read_text()}).check(sign(run, private)).allowed


def test_existing_files_are_not_overwritten(run, tmp_path):
    run("keygen", "site", *INSTALLED, cwd=tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    result = run("keygen", "site", *INSTALLED, cwd=tmp_path)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("options", "algorithm"),
    [
        ([], "P-256"),
        (["--algorithm", "rsa-2048"], "RSA-2048"),
        (["--algorithm", "RSA-2048"], "RSA-2048"),
        (["--algorithm", "p-256"], "P-256"),
        (["--algorithm=P-256"], "P-256"),
    ],
)
def test_algorithm(run, options, algorithm, tmp_path):
    pytest.importorskip("cryptography")
    assert run("keygen", "site", *options, cwd=tmp_path).exit_code == 0
    private, public = tmp_path / "site-private.pem", tmp_path / "site-public.pem"
    assert f" {algorithm} " in repr(load_private_key(private))
    assert TrustedKeyGroup({"K1": public}).check(sign(run, private)).allowed


def test_unknown_algorithm_is_refused(run, tmp_path):
    result = run("keygen", "site", "--algorithm", "p-384", cwd=tmp_path)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "'rsa-2048', 'p-256'" in result.stderr.lower()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [[], ["--algorithm", "p-256"]])
def test_p256_needs_cryptography(run, tmp_path, monkeypatch, pem, options):
    """Without it, the error names the option that makes the other key."""
    monkeypatch.setattr("cfsign.keys.loading._is_installed", lambda name: name == "rsa")
    result = run("keygen", *options, cwd=tmp_path)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "pip install cryptography" in result.stderr
    assert "--algorithm rsa-2048" in result.stderr
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr("cfsign.keys.rsa_backend.generate_pem", lambda _: pem)
    assert run("keygen", "--algorithm", "rsa-2048", cwd=tmp_path).exit_code == 0


def test_missing_folder_is_an_error(run, tmp_path):
    result = run("keygen", str(tmp_path / "no" / "site"), *INSTALLED)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.endswith("; create the folder first\n")


def test_private_key_is_removed_if_the_public_key_cannot_be_written(run, tmp_path):
    (tmp_path / "site-public.pem").symlink_to(tmp_path / "no" / "public.pem")
    for _ in range(2):
        result = run("keygen", "site", *INSTALLED, cwd=tmp_path)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert "cannot write site-public.pem" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["site-public.pem"]


@pytest.mark.parametrize("name", [".", "/", ""])
def test_name_without_a_file_name_is_refused(run, name, tmp_path):
    result = run("keygen", name, *INSTALLED, cwd=tmp_path)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


@pytest.mark.skipif(os.name != "posix", reason="Windows has other rights of files")
def test_c1_planted_links_and_shared_folders_are_refused(run, tmp_path):
    """Another user could otherwise choose where the key goes, or replace it."""
    (tmp_path / "x-public.pem").symlink_to("elsewhere")
    result = run("keygen", str(tmp_path / "x"), *INSTALLED)
    assert (result.exit_code, os.listdir(tmp_path)) == (2, ["x-public.pem"])
    tmp_path.chmod(0o777)
    result = run("keygen", str(tmp_path / "y"), *INSTALLED)
    assert result.exit_code == 2
    assert "other users can write to the folder, which has mode 0777; use chmod o-w" in (
        result.stderr
    )
    assert os.listdir(tmp_path) == ["x-public.pem"]
