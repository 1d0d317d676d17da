"""Interrupted runs: they leave no output, and a resumed run neither loses nor repeats a row."""

from __future__ import annotations

import base64
import errno
import json
import os
import random
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cfsign import TrustedKeyGroup
from cfsign.bulk import run as bulk_run
from cfsign.bulk.journal import Journal
from cfsign.bulk.partial_file import PartialFile

from .conftest import LATER, PROGRAM, Command, until

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and limits")

URL = "https://media.example.com/a.jpg"

#: The files that an interrupted run leaves.
LEFTOVERS = ["bad.jsonl.partial", "out.txt.partial", "out.txt.partial.json"]


class Killed(BaseException):
    """Simulates a kill within this process. No code catches it, so nothing is cleaned up."""


@pytest.fixture
def slow_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command as a process that checkpoints each batch and takes 10 ms for it."""
    pytest.importorskip("click")
    (tmp_path / "slow.py").write_text(
        "import sys, time\n"
        "from cfsign.bulk import run, text\n"
        "from cfsign.cli import main\n"
        "run._CHECKPOINT_SECONDS = 0\n"
        "sign = text._TextBatch.sign\n"
        "def sign_slowly(batch, sign_url):\n"
        "    time.sleep(0.01)\n"
        "    return sign(batch, sign_url)\n"
        "text._TextBatch.sign = sign_slowly\n"
        "sys.exit(main())\n"
    )
    return [PROGRAM[0], str(tmp_path / "slow.py"), "sign-many"]


def rows(count: int, form: str) -> str:
    """Return *count* rows in a format, of which every ninth is wrong."""
    urls = [f"https://media.example.com/{n}{' ' if n % 9 == 0 else '-'}.ts" for n in range(count)]
    if form == "csv":
        return "".join(["n,url\n", *(f'"{n}\n",{url}\n' for n, url in enumerate(urls))])
    if form == "jsonl":
        return "".join(json.dumps({"url": url, "n": n}) + "\n" for n, url in enumerate(urls))
    return "".join(url + "\n" for url in urls)


def read_journal(output: Path) -> dict[str, Any]:
    try:
        journal: dict[str, Any] = json.loads(Path(f"{output}.partial.json").read_text())
    except FileNotFoundError:
        return {}
    return journal


@pytest.mark.parametrize(("form", "workers"), [("lines", 2), ("csv", 1), ("jsonl", 2)])
def test_killed_runs_lose_and_repeat_nothing(
    sign_many: Command,
    folder: Path,
    slow_program: list[str],
    trusted_keys: TrustedKeyGroup,
    form: str,
    workers: int,
) -> None:
    (folder / "in").write_text(rows(3000, form))
    options = ["--format", form]
    assert sign_many("in", "whole", "--errors", "whole.bad", *options) == 1
    command = [*slow_program, "in", "out", "--errors", "bad", *options, until()]
    command += ["--resume", "--workers", str(workers)]
    dice = random.Random(form)
    reached = [0]
    while True:
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
            goal = reached[-1] + dice.randrange(1000)
            while run.poll() is None and read_journal(folder / "out").get("rows", 0) <= goal:
                time.sleep(0.002)
            time.sleep(dice.random() * 0.02)
            run.kill()
            if run.wait() != -signal.SIGKILL:
                assert run.returncode == 1
                break
        journal = read_journal(folder / "out")
        if not journal:  # killed between the end of the run and the exit of the process
            break
        assert journal["is_complete"] or not (folder / "out").exists()
        assert journal["is_complete"] or not (folder / "bad").exists()
        reached.append(journal["rows"])
    assert len(reached) > 3
    assert reached == sorted(reached)
    assert (folder / "out").read_bytes() == (folder / "whole").read_bytes()
    assert (folder / "bad").read_bytes() == (folder / "whole.bad").read_bytes()
    assert sorted(os.listdir(folder)) == ["bad", "in", "out", "whole", "whole.bad"]
    if form == "lines":
        lines = (folder / "out").read_text().split()
        assert len(lines) == 3000 - 334
        assert all(trusted_keys.check(line).allowed for line in lines[::50])


@pytest.fixture
def kill_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that sets after how many checkpoints the run is killed; -1 for never."""
    monkeypatch.setattr(bulk_run, "_CHECKPOINT_SECONDS", 0)
    write = Journal.write
    left = 0

    def write_or_die(journal: Journal, output: Path) -> None:
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1
        write(journal, output)

    def kill(checkpoints: int) -> None:
        nonlocal left
        left = checkpoints

    monkeypatch.setattr(Journal, "write", write_or_die)
    kill(-1)
    return kill


def test_killed_parquet_runs_lose_and_repeat_nothing(
    sign_many: Command, folder: Path, kill_after: Callable[[int], None]
) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    urls = [f"https://media.example.com/{n}{'' if n % 9 else ' '}" for n in range(3000)]
    pq.write_table(pa.table({"url": urls}), folder / "in.parquet", row_group_size=700)
    assert sign_many("in.parquet", "whole.parquet", "--errors", "whole.bad.parquet") == 1
    command = ("in.parquet", "out.parquet", "--errors", "bad.parquet", "--resume")
    for _ in range(4):
        kill_after(2)
        with pytest.raises(Killed):
            sign_many(*command)
        assert not (folder / "out.parquet").exists()
    kill_after(-1)
    assert sign_many(*command) == 1
    for name in ("{}.parquet", "{}.bad.parquet"):
        made, whole = (folder / name.format(which) for which in ("out", "whole"))
        made = folder / "bad.parquet" if "bad" in name else made
        assert pq.read_table(made).equals(pq.read_table(whole))


@pytest.mark.parametrize("step", ["errors", "output", "journal"])
def test_kill_while_the_files_get_their_final_names(
    sign_many: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    (folder / "in.txt").write_text(rows(500, "lines"))
    assert sign_many("in.txt", "whole.txt", "--errors", "whole.jsonl") == 1
    done = []

    def publish(partial: Path, final: Path) -> None:
        if step == "errors" or (step == "output" and done):
            raise Killed
        done.append(final)
        os.replace(partial, final)

    def remove(journal: Journal, output: Path) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(bulk_run, "publish", publish)
        patched.setattr(Journal, "remove", remove)
        with pytest.raises(Killed):
            sign_many("in.txt", "out.txt", "--errors", "bad.jsonl")
    assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl", "--resume") == 1
    assert (folder / "out.txt").read_bytes() == (folder / "whole.txt").read_bytes()
    assert (folder / "bad.jsonl").read_bytes() == (folder / "whole.jsonl").read_bytes()
    assert len(os.listdir(folder)) == 5


@pytest.fixture
def interrupted(sign_many: Command, folder: Path, kill_after: Callable[[int], None]) -> Path:
    """A folder in which a run from `in.txt` to `out.txt` was interrupted half-way."""
    (folder / "in.txt").write_text(rows(500, "lines"))
    kill_after(3)
    with pytest.raises(Killed):
        sign_many("in.txt", "out.txt", "--errors", "bad.jsonl")
    kill_after(-1)
    assert sorted(os.listdir(folder)) == sorted(["in.txt", *LEFTOVERS])
    return folder


def test_leftovers_are_readable_by_their_owner_only(interrupted: Path) -> None:
    assert {(interrupted / name).stat().st_mode & 0o777 for name in LEFTOVERS} == {0o600}
    journal = (interrupted / "out.txt.partial.json").read_text()
    assert "PRIVATE" not in journal
    assert "Signature" not in journal


def test_interrupted_run_is_not_overwritten(
    interrupted: Path, sign_many: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [(interrupted / name).read_bytes() for name in LEFTOVERS]
    assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl") == 2
    error = capsys.readouterr().err
    assert "was interrupted after 128 rows" in error
    assert "--resume" in error
    assert [(interrupted / name).read_bytes() for name in LEFTOVERS] == before


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("--errors", "other.jsonl"), "--errors"),
        ((), "--errors"),
        (("--errors", "bad.jsonl", "--expires-in", "1d"), "--expires-at, --expires-in"),
        (("--errors", "bad.jsonl", "--expires-at", str(LATER + 1)), "--expires-at"),
        (("--errors", "bad.jsonl", "--starts-at", "1"), "--starts-at"),
        (("--errors", "bad.jsonl", "--ip-address", "192.0.2.1"), "--ip-address"),
        (("--errors", "bad.jsonl", "--pattern", "https://media.example.com/*"), "--pattern"),
        (("--errors", "bad.jsonl", "--format", "csv", "--column", URL), "--column, --format"),
        (("--errors", "bad.jsonl", "--key-pair-id", "KOTHER"), "key"),
        (("--errors", "bad.jsonl", "--hash-algorithm", "sha256"), "key"),
    ],
)
def test_resume_with_other_options_is_refused(
    interrupted: Path,
    sign_many: Command,
    options: tuple[str, ...],
    names: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if "csv" in options:
        (interrupted / "in.txt").write_text(f"{URL}\n")
        names = f"{names}, INPUT"
    assert sign_many("in.txt", "out.txt", "--resume", *options) == 2
    assert f"had a different {names};" in capsys.readouterr().err
    assert sorted(os.listdir(interrupted)) == sorted(["in.txt", *LEFTOVERS])


@pytest.mark.parametrize("change", ["longer", "touched"])
def test_resume_with_another_input_is_refused(
    interrupted: Path, sign_many: Command, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if change == "longer":
        (interrupted / "in.txt").write_text(rows(501, "lines"))
    else:
        os.utime(interrupted / "in.txt", (1, 1))
    assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl", "--resume") == 2
    assert "had a different INPUT; resume it with the same options" in capsys.readouterr().err


def test_resume_with_another_key_of_the_same_id_is_refused(
    interrupted: Path, sign_many: Command, other_pem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (interrupted.parent / "key.pem").write_text(other_pem)
    assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl", "--resume") == 2
    assert "had a different key;" in capsys.readouterr().err


def test_truncated_partial_output_is_an_error(
    interrupted: Path, sign_many: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    os.truncate(interrupted / "out.txt.partial", 10)
    assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl", "--resume") == 2
    assert "is shorter than the interrupted run left it" in capsys.readouterr().err


def test_missing_partial_output_of_a_complete_run_is_an_error(
    sign_many: Command,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")

    def publish(partial: Path, final: Path) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(bulk_run, "publish", publish)
        with pytest.raises(Killed):
            sign_many("in.txt", "out.txt")
    (folder / "out.txt.partial").unlink()
    assert sign_many("in.txt", "out.txt", "--resume") == 2
    assert "is shorter than the interrupted run left it" in capsys.readouterr().err


def test_another_run_cannot_publish_the_files_at_the_same_time(
    sign_many: Command,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    publish = bulk_run.publish
    exit_codes = []

    def start_another_run(partial: Path, final: Path) -> None:
        if not exit_codes:
            exit_codes.append(sign_many("in.txt", "out.txt", "--resume"))
        publish(partial, final)

    monkeypatch.setattr(bulk_run, "publish", start_another_run)
    assert sign_many("in.txt", "out.txt") == 0
    assert exit_codes == [2]
    assert "another run is writing" in capsys.readouterr().err


def test_interrupted_stream_gets_no_hint_to_resume(
    sign_many: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    os.mkfifo(folder / "pipe")

    def fail_as_disk_full(partial: Path, final: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(final))

    monkeypatch.setattr(bulk_run, "publish", fail_as_disk_full)
    with subprocess.Popen(["cp", "in.txt", "pipe"]):
        assert sign_many("pipe", "out.txt") == 2
    assert "interrupted; a stream cannot be resumed: remove" in capsys.readouterr().err
    assert sign_many("in.txt", "more.txt") == 2
    assert "interrupted; run the same command with --resume to continue" in capsys.readouterr().err


def test_damaged_journal_is_an_error(
    interrupted: Path, sign_many: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    (interrupted / "out.txt.partial.json").write_text("{")
    assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl", "--resume") == 2
    assert "is damaged; remove the .partial" in capsys.readouterr().err


def test_two_runs_cannot_write_the_same_output(
    interrupted: Path, sign_many: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with PartialFile(interrupted / "out.txt"):
        assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl", "--resume") == 2
    assert "another run is writing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("output", "name"),
    [
        ("out.txt", "out.txt.partial"),
        ("out.txt", "bad.jsonl.partial"),
        ("-", "bad.jsonl.partial"),
    ],
)
def test_partial_file_of_another_program_is_not_overwritten(
    sign_many: Command,
    folder: Path,
    name: str,
    output: str,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    (folder / name).write_text("not ours")
    assert sign_many("in.txt", output, "--errors", "bad.jsonl") == 2
    assert b"belongs to no interrupted run" in capfdbinary.readouterr().err
    assert (folder / name).read_text() == "not ours"


@pytest.mark.parametrize("link", ["out.txt.partial", "bad.jsonl.partial"])
def test_link_named_as_a_partial_file_is_not_followed(
    sign_many: Command, folder: Path, link: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    (folder / link).symlink_to("elsewhere")
    assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl") == 2
    assert "is a link, and links are not followed" in capsys.readouterr().err
    assert not (folder / "elsewhere").exists()


def test_link_named_as_the_new_journal_is_not_followed(sign_many: Command, folder: Path) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    (folder / "other").write_text("not ours")
    (folder / "out.txt.partial.json.new").symlink_to("other")
    assert sign_many("in.txt", "out.txt") == 0
    assert (folder / "other").read_text() == "not ours"
    assert sorted(os.listdir(folder)) == ["in.txt", "other", "out.txt"]


def test_run_without_progress_can_be_started_again(
    sign_many: Command, folder: Path, kill_after: Callable[[int], None]
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    kill_after(1)
    with pytest.raises(Killed):
        sign_many("in.txt", "out.txt")
    kill_after(-1)
    assert sign_many("in.txt", "out.txt", "--starts-at", "1") == 0


def test_run_started_again_does_not_overwrite_other_files(
    sign_many: Command,
    folder: Path,
    kill_after: Callable[[int], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    kill_after(1)
    with pytest.raises(Killed):
        sign_many("in.txt", "out.txt", "--errors", "bad.jsonl")
    kill_after(-1)
    (folder / "worse.jsonl.partial").write_text("not ours")
    assert sign_many("in.txt", "out.txt", "--errors", "worse.jsonl") == 2
    assert "belongs to no interrupted run" in capsys.readouterr().err
    assert (folder / "worse.jsonl.partial").read_text() == "not ours"


def test_resumed_run_keeps_the_expiry_of_the_first_run(
    sign_many: Command, folder: Path, kill_after: Callable[[int], None], clock: Any, now: int
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n" * 500)
    kill_after(3)
    with pytest.raises(Killed):
        sign_many("in.txt", "out.txt", "--expires-in", "1h")
    kill_after(-1)
    clock.shift(1800)
    assert sign_many("in.txt", "out.txt", "--expires-in", "1h", "--resume") == 0
    assert (folder / "out.txt").read_text().count(f"?Expires={now + 3600}&") == 500


def test_run_with_expired_urls_cannot_be_resumed(
    sign_many: Command,
    folder: Path,
    kill_after: Callable[[int], None],
    clock: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n" * 500)
    kill_after(3)
    with pytest.raises(Killed):
        sign_many("in.txt", "out.txt", "--expires-in", "1h")
    kill_after(-1)
    clock.shift(3600)
    assert sign_many("in.txt", "out.txt", "--expires-in", "1h", "--resume") == 2
    assert "have expired; remove" in capsys.readouterr().err


def test_run_stops_when_its_urls_have_expired(
    sign_many: Command,
    folder: Path,
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n" * 500)
    monkeypatch.setattr(bulk_run, "_CHECKPOINT_SECONDS", 0)
    monkeypatch.setattr(Journal, "write", lambda *_: clock.shift(31))
    assert sign_many("in.txt", "out.txt", "--expires-in", "60") == 2
    assert "in the past" in capsys.readouterr().err
    assert not (folder / "out.txt").exists()


def test_full_disk_leaves_no_output_and_the_run_can_be_resumed(
    sign_many: Command, folder: Path
) -> None:
    (folder / "in.txt").write_text(rows(500, "lines"))
    assert sign_many("in.txt", "whole.txt", "--errors", "whole.jsonl") == 1
    command = ["in.txt", "out.txt", "--errors", "bad.jsonl"]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    done = subprocess.run(
        [*PROGRAM, *command, until()],
        capture_output=True,
        preexec_fn=limit,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "cfsign: interrupted; run the same command with --resume to continue\n" in done.stderr
    assert "cfsign: cannot write: File too large\n" in done.stderr
    assert not (folder / "out.txt").exists()
    assert sign_many(*command, "--resume") == 1
    assert (folder / "out.txt").read_bytes() == (folder / "whole.txt").read_bytes()
    assert (folder / "bad.jsonl").read_bytes() == (folder / "whole.jsonl").read_bytes()


@pytest.mark.parametrize("backend", ["rsa", "cryptography"])
def test_ctrl_c_leaves_no_output_and_the_run_can_be_resumed(
    sign_many: Command, folder: Path, slow_program: list[str], backend: str, tmp_path: Path
) -> None:
    pytest.importorskip(backend)
    (folder / "in.txt").write_text(rows(1000, "lines"))
    assert sign_many("in.txt", "whole.txt") == 1
    if backend == "rsa":  # its workers are processes in another group
        program = Path(slow_program[1])
        without = "import sys; sys.modules['cryptography'] = None\n"
        program.write_text(without + program.read_text())
    run = subprocess.Popen(
        [*slow_program, "in.txt", "out.txt", "--workers", "2", until()],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while read_journal(folder / "out.txt").get("rows", 0) == 0 and run.poll() is None:
        time.sleep(0.005)
    os.killpg(run.pid, signal.SIGINT)
    _, messages = run.communicate(timeout=60)
    assert run.returncode == 130
    assert messages.endswith("cfsign: stopped\n")
    assert "Traceback" not in messages
    assert not (folder / "out.txt").exists()
    assert sign_many("in.txt", "out.txt", "--resume") == 1
    assert (folder / "out.txt").read_bytes() == (folder / "whole.txt").read_bytes()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_closed_output_pipe_is_an_error(folder: Path, workers: str) -> None:
    pytest.importorskip("click")
    (folder / "in.txt").write_text(f"{URL}\n" * 2000)
    with subprocess.Popen(
        [*PROGRAM, "in.txt", "-", "--workers", workers, until()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        assert run.stdout.read(100).startswith(URL.encode())
        run.stdout.close()
        assert run.stderr.read() == b"cfsign: cannot write: Broken pipe\n"
        assert run.wait() == 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("in.txt", "in.txt"), "'in.txt' would be overwritten"),
        (("in.txt", "./link.txt"), "'in.txt' would be overwritten"),
        (("in.txt", "hard.txt"), "'in.txt' would be overwritten"),
        (("in.txt", "out.txt", "--errors", "in.txt"), "'in.txt' would be overwritten"),
        (("x.txt.partial", "x.txt", "--format", "lines"), "'x.txt.partial' would be overwritten"),
        (("x.txt.partial.json", "x.txt"), "would be overwritten"),
        (("x.txt.partial.json.new", "x.txt"), "would be overwritten"),
        (("x.txt.partial.parquet", "x.txt", "--format", "parquet"), "would be overwritten"),
        (("in.txt", "out.txt", "--errors", "out.txt"), "OUTPUT and --errors use the same file"),
        (("in.txt", "out.txt", "--errors", "out.txt.partial"), "use the same file"),
        (("in.txt", "../key.pem"), "key.pem' would be overwritten"),
        (("in.txt", "."), "'.' is not a file"),
        (("in.txt", "/dev/null"), "is not a file; use -"),
        (("in.txt", "no/out.txt"), "the folder 'no' does not exist"),
        (("in.txt", "out.txt", "--errors", "no/out.txt"), "the folder 'no' does not exist"),
        (("none.txt", "out.txt"), "cannot read 'none.txt' (No such file"),
        (("in.txt", "out.csv"), "add --format"),
        (("in", "out"), "add --format with one of lines, csv, jsonl, parquet"),
        (("-", "-"), "add --format"),
        (("in.txt", "out.txt", "--column", "a"), "cannot be used with lines"),
        (("in.txt", "-", "--resume"), "--resume needs files"),
        (("-", "out.txt", "--resume"), "--resume needs files"),
        (("-", "out.parquet"), "replace - by the name of a file"),
        (("in.txt", "-", "--format", "parquet"), "replace - by the name of a file"),
        (("in.txt", "out.txt", "--workers", "0"), "'--workers': 0 is not in the range"),
        (("in.txt", "out.txt", "--expires-at", "1"), "in the past"),
        (("utf16.txt", "out.txt"), "UTF-16; save it as UTF-8"),
    ],
)
def test_usage_errors_change_no_file(
    sign_many: Command,
    folder: Path,
    arguments: tuple[str, ...],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    (folder / "link.txt").symlink_to("in.txt")
    os.link(folder / "in.txt", folder / "hard.txt")
    (folder / "x.txt.partial").write_text("")
    (folder / "x.txt.partial.json").write_text("")
    (folder / "x.txt.partial.json.new").write_text("")
    (folder / "x.txt.partial.parquet").write_text("")
    (folder / "utf16.txt").write_text(URL, encoding="utf-16")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert sign_many(*arguments) == 2
    assert reason in capsys.readouterr().err
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("form", ["escaped", "base64", "ring"])
def test_key_from_the_environment_or_a_ring(
    sign_many: Command, folder: Path, ec_pem: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cryptography")
    monkeypatch.delenv("CLOUDFRONT_PRIVATE_KEY_FILE")
    (folder / "in.txt").write_text(f"{URL}\n")
    options: list[str] = []
    if form == "ring":
        monkeypatch.delenv("CLOUDFRONT_KEY_PAIR_ID")
        (folder / "k.pem").write_text(ec_pem)
        pair = {"key_pair_id": "K1", "private_key": "k.pem"}
        (folder / "ring.json").write_text(json.dumps({"keys": [pair]}))
        options = ["--key-ring", "ring.json"]
        assert sign_many("in.txt", "ring.json", "--format", "lines", *options) == 2
    else:
        text = ec_pem.replace("\n", "\\n")
        if form == "base64":
            text = base64.b64encode(ec_pem.encode()).decode()
        monkeypatch.setenv("CLOUDFRONT_PRIVATE_KEY", text)
    assert sign_many("in.txt", "out.txt", "--workers", "2", *options) == 0
    assert (folder / "out.txt").read_text().startswith(f"{URL}?Expires=")


def test_missing_expiry_is_an_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("click")
    from cfsign.cli import main

    (folder / "in.txt").write_text(f"{URL}\n")
    assert main(["sign-many", "in.txt", "out.txt"]) == 2
    assert "add --expires-in or --expires-at" in capsys.readouterr().err
    assert os.listdir(folder) == ["in.txt"]
