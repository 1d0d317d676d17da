"""`--public-key`, which every command takes alike."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from cfsign.cli import main
from cfsign.cli.public_key import by_id, public_key, public_key_or_file


def test_the_two_forms() -> None:
    """An id is letters and digits; a "=" of a path is no sign of one."""
    assert public_key("K1=a=b.pem") == ("K1", Path("a=b.pem"))
    assert public_key_or_file("K1=a.pem") == ("K1", Path("a.pem"))
    assert public_key_or_file("a.pem") == ("", Path("a.pem"))
    assert public_key_or_file("./a-b=c.pem") == ("", Path("./a-b=c.pem"))
    for text in ("a.pem", "=a.pem", "K1=", "K-1=a.pem", ""):
        with pytest.raises(click.BadParameter, match=r"K2JCJMDEHXQW5F=cloudfront-public\.pem"):
            public_key(text)


def test_one_id_twice() -> None:
    """Neither of the two is taken."""
    keys = [public_key("K1=a.pem"), public_key("K2=b.pem")]
    assert by_id(keys) == {"K1": Path("a.pem"), "K2": Path("b.pem")}
    with pytest.raises(click.UsageError, match="same id"):
        by_id([*keys, public_key("K1=c.pem")])


@pytest.mark.parametrize("command", [["explain", "https://h/a"], ["edge", "."]])
@pytest.mark.parametrize(
    ("options", "says"),
    [(["public.pem"], "K2JCJMDEHXQW5F=cloudfront"), (["K1=a", "--public-key", "K1=b"], "same id")],
)
def test_wrong_input_is_one_line(
    capsys: pytest.CaptureFixture[str], command: list[str], options: list[str], says: str
) -> None:
    """Exit 2 and the mend."""
    assert main([*command, "--public-key", *options]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert says in captured.err


@pytest.mark.parametrize(("given", "status"), [("", 0), ("K1=", 0), ("K2=", 2)])
def test_the_doctor_takes_the_id_along(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    pem: str,
    public_pem: str,
    given: str,
    status: int,
) -> None:
    """It may be left out, and must be the one that is signed as."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key.pem").write_text(pem)
    (tmp_path / "key.pem").chmod(0o600)
    (tmp_path / "public.pem").write_text(public_pem)
    settings = ["--domain", "https://media.example.com", "--key-pair-id", "K1"]
    settings += ["--private-key", str(tmp_path / "key.pem")]
    assert main(["doctor", *settings, "--public-key", f"{given}public.pem"]) == status
    captured = capsys.readouterr()
    assert ("that of K2" in captured.err) is (status == 2)
    assert "PRIVATE KEY" not in captured.out + captured.err
