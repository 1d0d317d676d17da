"""`cfsign sign-many` in a folder where another user has prepared files (issue 13, C1)."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cfsign.bulk import partial_file, run

from .conftest import Command

URL = "https://media.example.com/a.jpg"

if os.name != "posix":
    pytest.skip("Windows has other rights of files", allow_module_level=True)

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of others")

#: The names at which a run with these arguments writes.
ARGUMENTS = ("in.txt", "out.txt", "--errors", "bad.txt")
NAMES = ["out.txt.partial", "bad.txt.partial"]


@pytest.fixture
def umask(folder: Path, parquet: Path) -> Iterator[None]:
    """No umask, so that the modes are those that the program chooses."""
    old = os.umask(0)
    yield
    os.umask(old)


@pytest.fixture
def parquet(folder: Path) -> Path:
    """A Parquet file with a URL that can be signed, and one that cannot."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet as pq

    pq.write_table(pa.table({"url": [URL, "x"]}), folder / "in.parquet")
    return folder / "in.parquet"


@pytest.mark.parametrize("mode", [0o666, 0o644, 0o620], ids=oct)
@pytest.mark.parametrize("name", NAMES)
def test_c1_a_partial_file_that_others_may_have_opened_is_not_used(
    sign_many: Command, folder: Path, capsys: pytest.CaptureFixture[str], name: str, mode: int
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    (folder / name).touch()
    (folder / name).chmod(mode)
    assert sign_many(*ARGUMENTS) == 2
    assert "can be opened by other users" in capsys.readouterr().err
    assert (folder / name).read_bytes() == b""
    assert not (folder / "out.txt").exists()


@needs_root
@pytest.mark.parametrize("name", [*NAMES, "out.txt.partial.json"])
def test_c1_a_file_of_another_user_is_not_used(
    sign_many: Command, folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    (folder / name).touch(0o600)
    os.chown(folder / name, 12345, 12345)
    assert sign_many(*ARGUMENTS) == 2
    assert "belongs to the user with id 12345" in capsys.readouterr().err
    assert (folder / name).read_bytes() == b""
    assert not (folder / "out.txt").exists()


@pytest.mark.parametrize("name", [*NAMES, "out.txt.partial.json"])
@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["symlink", "hard-link"])
def test_c1_a_planted_link_is_not_followed(
    sign_many: Command,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    link: Callable[..., None],
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    target = folder / "target"
    target.touch(0o600)
    link(target, folder / name)
    assert sign_many(*ARGUMENTS) == 2
    error = capsys.readouterr().err
    assert "is a link" in error or "a second name" in error
    assert target.read_bytes() == b""


def test_c1_a_fifo_is_not_waited_for(
    sign_many: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    os.mkfifo(folder / "out.txt.partial", 0o600)
    assert sign_many(*ARGUMENTS) == 2
    assert "not a regular file" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["out.parquet", "bad.parquet"])
def test_c1_a_link_that_is_planted_while_parquet_is_converted_is_not_followed(
    sign_many: Command,
    folder: Path,
    parquet: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """The link appears at the worst moment: after the new file was created."""
    from cfsign.bulk import parquet as module

    target, converted = folder / "target", folder / f"{name}.partial.parquet"
    target.write_text("not ours")
    writer = module.pq.ParquetWriter

    def plant(file: Any, schema: Any) -> Any:
        if converted.exists():
            converted.unlink()
            converted.symlink_to(target)
        return writer(file, schema)

    pq = SimpleNamespace(ParquetFile=module.pq.ParquetFile, ParquetWriter=plant)
    monkeypatch.setattr(module, "pq", pq)
    assert sign_many(parquet.name, "out.parquet", "--errors", "bad.parquet") == 2
    assert target.read_text() == "not ours"
    assert not (folder / name).is_symlink()


@pytest.mark.usefixtures("umask")
def test_c1_all_files_of_parquet_are_private(
    sign_many: Command, folder: Path, parquet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = {}
    publish = run.publish

    def record(partial: Path, final: Path) -> None:
        for path in folder.iterdir():
            if path != parquet:
                modes[path.name] = stat.S_IMODE(path.stat().st_mode)
        publish(partial, final)

    monkeypatch.setattr(run, "publish", record)
    assert sign_many(parquet.name, "out.parquet", "--errors", "bad.parquet") == 1
    assert {"out.parquet.partial.parquet", "out.parquet.partial", "bad.parquet"} <= modes.keys()
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((folder / "out.parquet").stat().st_mode) == 0o600


def test_c1_a_file_that_is_swapped_before_it_is_published_keeps_its_mode(
    sign_many: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`publish` sets the mode of the replaced file; a link must not pass that on."""
    (folder / "in.txt").write_text(f"{URL}\n")
    (folder / "out.txt").touch()
    (folder / "out.txt").chmod(0o644)
    target = folder / "target"
    target.touch(0o600)
    publish = run.publish

    def swap(partial: Path, final: Path) -> None:
        partial.unlink()
        partial.symlink_to(target)
        publish(partial, final)

    monkeypatch.setattr(run, "publish", swap)
    assert sign_many("in.txt", "out.txt") == 2
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_c1_a_run_killed_while_it_publishes_can_be_resumed(
    sign_many: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The partial file then has the mode of the file that it replaces."""
    (folder / "in.txt").write_text(f"{URL}\n")
    (folder / "out.txt").touch()
    (folder / "out.txt").chmod(0o644)

    with monkeypatch.context() as patch:
        patch.setattr(partial_file.os, "replace", fail_for(folder / "out.txt"))
        assert sign_many("in.txt", "out.txt") == 2
    assert stat.S_IMODE((folder / "out.txt.partial").stat().st_mode) == 0o644
    assert sign_many("in.txt", "out.txt", "--resume") == 0
    assert b"Signature=" in (folder / "out.txt").read_bytes()


def fail_for(final: Path) -> Callable[[Path, Path], None]:
    replace = os.replace

    def replace_unless_final(source: Path, target: Path) -> None:
        if target == final:
            raise OSError(5, "killed", str(final))
        replace(source, target)

    return replace_unless_final


def test_c1_a_folder_that_others_can_write_to_is_refused(
    sign_many: Command, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    folder.chmod(0o777)
    assert sign_many(*ARGUMENTS) == 2
    assert "other users can write to the folder" in capsys.readouterr().err
    assert os.listdir(folder) == ["in.txt"]
    folder.chmod(0o775)
    assert sign_many(*ARGUMENTS) == 0
