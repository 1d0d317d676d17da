"""Writers of the audit log: files, streams, full disks, several processes."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cfsign.observers import AuditLog, AuditLogError
from cfsign.utils.files import UnsafeFileError
from tests.observers.events import EVENT, make_event

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


def read(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


@posix_only
def test_file_is_created_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    old = os.umask(0)
    try:
        AuditLog(path)(EVENT, None)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o600


@posix_only
def test_file_keeps_its_mode_and_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text('{"resource": "old"}\n')
    path.chmod(0o640)
    AuditLog(str(path))(EVENT, None)
    assert path.stat().st_mode & 0o777 == 0o640
    assert [line["resource"] for line in read(path)] == ["old", "ada/a.pdf"]


def test_nothing_is_opened_before_the_first_event(tmp_path: Path) -> None:
    """A command such as `manage.py migrate` runs as another user, and must create no file."""
    AuditLog(tmp_path / "audit.jsonl")
    AuditLog(tmp_path / "missing" / "audit.jsonl")
    assert not list(tmp_path.iterdir())


def test_rotated_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    log = AuditLog(path)
    log(make_event(resource="1"), None)
    path.rename(tmp_path / "audit.jsonl.1")
    log(make_event(resource="2"), None)
    assert [line["resource"] for line in read(tmp_path / "audit.jsonl.1")] == ["1"]
    assert [line["resource"] for line in read(path)] == ["2"]


def test_relative_path_starts_where_the_log_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    log = AuditLog("audit.jsonl")
    monkeypatch.chdir(tmp_path / "other")
    log(EVENT, None)
    assert len(read(tmp_path / "audit.jsonl")) == 1


def test_threads_write_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    stream = io.StringIO()
    logs = AuditLog(path), AuditLog(stream)
    names = [f"{number}/{'x/' * 2000}" for number in range(200)]

    def write(name: str) -> None:
        for log in logs:
            log(make_event(resource=name), None)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, names))
    assert sorted(line["resource"] for line in read(path)) == sorted(names)
    lines = map(json.loads, stream.getvalue().splitlines())
    assert sorted(line["resource"] for line in lines) == sorted(names)


_PROGRAM = """
import sys
from cfsign.observers import AuditLog, AuditLogError
from tests.observers.events import make_event

log = AuditLog(sys.argv[1])
for number in range(300):
    log(make_event(resource=f"{sys.argv[2]}-{number}/" + "x/" * 3000), None)
"""


def test_processes_write_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    children = [
        subprocess.Popen([sys.executable, "-c", _PROGRAM, path, str(number)]) for number in range(4)
    ]
    assert [child.wait() for child in children] == [0] * 4
    names = {line["resource"].partition("/")[0] for line in read(path)}
    assert names == {f"{child}-{number}" for child in range(4) for number in range(300)}
    assert len(read(path)) == 1200


@posix_only
def test_child_writes_to_a_stream_whose_lock_another_thread_held(tmp_path: Path) -> None:
    """At the fork a thread is inside `write`. In the child that thread does not exist."""
    is_inside, may_leave = threading.Event(), threading.Event()
    with (tmp_path / "audit.jsonl").open("ab", buffering=0) as file:

        class Slow:
            def write(self, text: str) -> int:
                if threading.current_thread() is not threading.main_thread():
                    is_inside.set()
                    may_leave.wait(60)
                return file.write(text.encode())

        log = AuditLog(Slow())  # type: ignore[arg-type]
        thread = threading.Thread(target=log, args=(EVENT, None))
        thread.start()
        is_inside.wait(60)
        child = os.fork()
        if not child:
            threading.Timer(20, os._exit, [1]).start()
            log(EVENT, None)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        may_leave.set()
        thread.join()
    assert status == 0


def _open_stream(path: Path, mode: str):
    if mode == "gzip":
        return gzip.open(path, "ab")
    if mode == "raw":
        return path.open("ab", buffering=0)
    if mode.startswith("temporary"):
        return tempfile.NamedTemporaryFile("w+" if "text" in mode else "w+b", dir=path.parent)
    return path.open(mode)


@pytest.mark.parametrize("mode", ["a", "ab", "raw", "gzip", "temporary", "temporary text"])
def test_streams_are_flushed_after_each_line(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "audit.jsonl"
    with _open_stream(path, mode) as stream:
        log = AuditLog(stream)  # type: ignore[arg-type]
        log(EVENT, None)
        log(EVENT, None)
        if mode != "gzip":
            assert len(read(Path(stream.name))) == 2
    if mode == "gzip":
        with gzip.open(path, "rt") as file:
            assert len(file.readlines()) == 2


def test_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    AuditLog(sys.stdout)(EVENT, None)
    assert json.loads(capsys.readouterr().out)["resource"] == "ada/a.pdf"


def test_stream_may_return_nothing() -> None:
    """As `wsgi.errors` of some servers, which has no other method."""

    class Tee:
        text = ""

        def write(self, text: str) -> None:
            self.text += text

    tee = Tee()
    AuditLog(tee)(EVENT, None)  # type: ignore[arg-type]
    assert json.loads(tee.text)["status"] == 303


def test_stream_that_writes_a_part_is_an_error() -> None:
    """The next line does not continue the part."""

    class Part:
        text, room = "", 20

        def write(self, text: str) -> int:
            written = text[: self.room]
            self.text += written
            return len(written)

    part = Part()
    log = AuditLog(part)  # type: ignore[arg-type]
    part.room = 0
    with pytest.raises(AuditLogError, match="only a part"):
        log(EVENT, None)
    part.room = 20
    with pytest.raises(AuditLogError, match="only a part"):
        log(EVENT, None)
    part.room = 0
    with pytest.raises(AuditLogError, match="only a part"):
        log(EVENT, None)
    part.room = 10_000
    log(EVENT, None)
    log(EVENT, None)
    first, *lines = part.text.splitlines()
    assert len(first) == 20
    assert [json.loads(line)["status"] for line in lines] == [303, 303]


def test_pipe_that_is_full_is_an_error() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with open(reader, "rb"), open(writer, "wb", buffering=0) as stream:
        log = AuditLog(stream)

        def fill() -> None:
            for _ in range(10_000):
                log(EVENT, None)

        with pytest.raises(AuditLogError, match="only a part"):
            fill()


@pytest.mark.parametrize("stream", [io.StringIO(), io.BytesIO()])
def test_closed_stream_is_an_error(stream: io.StringIO | io.BytesIO) -> None:
    log = AuditLog(stream)
    stream.close()
    with pytest.raises(AuditLogError, match="closed"):
        log(EVENT, None)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(("mode", "buffering"), [("w", -1), ("wb", -1), ("wb", 0)])
def test_full_disk_is_an_error_of_a_stream(mode: str, buffering: int) -> None:
    stream = open("/dev/full", mode, buffering)  # noqa: SIM115
    log = AuditLog(stream)
    for _ in range(3):
        with pytest.raises(AuditLogError, match=os.strerror(errno.ENOSPC)):
            log(EVENT, None)
    try:
        stream.close()
    except OSError:
        stream.close()


_LIMITED = """
import resource, sys
from cfsign.observers import AuditLog, AuditLogError
from tests.observers.events import EVENT

log = AuditLog(sys.argv[1])
log(EVENT, None)
limit = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (400, limit[1]))
failures = 0
for _ in range(3):
    try:
        log(EVENT, None)
    except AuditLogError:
        failures += 1
resource.setrlimit(resource.RLIMIT_FSIZE, limit)
log(EVENT, None)
log(EVENT, None)
print(failures)
"""


@posix_only
def test_full_file_is_an_error_and_later_lines_are_whole(tmp_path: Path) -> None:
    """A limit of the file's size does what a full disk does: only a part is written."""
    path = tmp_path / "audit.jsonl"
    command = [sys.executable, "-c", _LIMITED, path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = path.read_text("ascii").splitlines()
    whole, part, *later = lines
    assert int(done.stdout) == 3
    assert len(whole) < 400 <= len(f"{whole}\n{part}")
    assert [json.loads(line)["status"] for line in (whole, *later)] == [303, 303, 303]


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda path: path.mkdir(), IsADirectoryError),
        (lambda path: path.parent.rmdir(), FileNotFoundError),
        pytest.param(os.mkfifo, UnsafeFileError, marks=posix_only),
        pytest.param(lambda path: path.parent.chmod(0o777), UnsafeFileError, marks=posix_only),
        pytest.param(lambda path: path.symlink_to(path), OSError, marks=posix_only),
    ],
    ids=["folder", "missing", "pipe", "writable by all", "loop"],
)
def test_unusable_file_is_an_error(tmp_path: Path, make, error: type[Exception]) -> None:
    folder = tmp_path / "logs"
    folder.mkdir(mode=0o755)
    make(folder / "audit.jsonl")
    with pytest.raises(AuditLogError, match=r"audit\.jsonl.* cannot be written: ") as caught:
        AuditLog(folder / "audit.jsonl")(EVENT, None)
    assert isinstance(caught.value.__cause__, error)


@posix_only
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid(), reason="needs root for chown")
def test_folder_may_be_writable_by_its_group(tmp_path: Path) -> None:
    """Such as /var/log of Debian, which belongs to root and the group adm."""
    os.chown(tmp_path, -1, 12_345)
    tmp_path.chmod(0o775)
    AuditLog(tmp_path / "audit.jsonl")(EVENT, None)
    assert len(read(tmp_path / "audit.jsonl")) == 1
