"""The option `--public-key` of several commands."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from cfsign.cli import main
from cfsign.cli.parameters import index_by_id, parse_public_key, parse_public_key_or_file


def test_public_key_with_and_without_an_id() -> None:
    """A "=" in a path does not make the text before it an id."""
    assert parse_public_key("K1=a=b.pem") == ("K1", Path("a=b.pem"))
    assert parse_public_key_or_file("K1=a.pem") == ("K1", Path("a.pem"))
    assert parse_public_key_or_file("a.pem") == ("", Path("a.pem"))
    assert parse_public_key_or_file("./a-b=c.pem") == ("", Path("./a-b=c.pem"))
    for text in ("a.pem", "=a.pem", "K1=", "K-1=a.pem", ""):
        with pytest.raises(click.BadParameter, match=r"K2JCJMDEHXQW5F=cloudfront-public\.pem"):
            parse_public_key(text)


def test_duplicate_id_is_refused() -> None:
    keys = [parse_public_key("K1=a.pem"), parse_public_key("K2=b.pem")]
    assert index_by_id(keys) == {"K1": Path("a.pem"), "K2": Path("b.pem")}
    with pytest.raises(click.UsageError, match="same id"):
        index_by_id([*keys, parse_public_key("K1=c.pem")])


@pytest.mark.parametrize("command", [["explain", "https://h/a"], ["edge", "."]])
@pytest.mark.parametrize(
    ("options", "words"),
    [(["public.pem"], "K2JCJMDEHXQW5F=cloudfront"), (["K1=a", "--public-key", "K1=b"], "same id")],
)
def test_wrong_public_key_is_one_line_and_exit_2(
    capsys: pytest.CaptureFixture[str], command: list[str], options: list[str], words: str
) -> None:
    assert main([*command, "--public-key", *options]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert words in captured.err


@pytest.mark.parametrize(("prefix", "exit_code"), [("", 0), ("K1=", 0), ("K2=", 2)])
def test_doctor_checks_the_id_of_the_public_key(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    pem: str,
    public_pem: str,
    prefix: str,
    exit_code: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key.pem").write_text(pem)
    (tmp_path / "key.pem").chmod(0o600)
    (tmp_path / "public.pem").write_text(public_pem)
    settings = ["--domain", "https://media.example.com", "--key-pair-id", "K1"]
    settings += ["--private-key", str(tmp_path / "key.pem")]
    assert main(["doctor", *settings, "--public-key", f"{prefix}public.pem"]) == exit_code
    captured = capsys.readouterr()
    assert ("the key of K2" in captured.err) is (exit_code == 2)
    assert "PRIVATE KEY" not in captured.out + captured.err
