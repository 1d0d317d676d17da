"""A run that is cut off: nothing half done is taken for the output, nothing is lost or repeated."""

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

#: What a run that was cut off leaves, and an output never is.
LEFT = ["bad.jsonl.partial", "out.txt.partial", "out.txt.partial.json"]


class Killed(BaseException):
    """Stands for a kill in this process: nothing catches it, and nothing is tidied up."""


@pytest.fixture
def slow_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command, as a process with a checkpoint at each batch, and none of them too fast."""
    pytest.importorskip("click")
    (tmp_path / "slow.py").write_text(
        "import sys, time\n"
        "from cfsign.bulk import run, text\n"
        "from cfsign.cli import main\n"
        "run._CHECKPOINT = 0\n"
        "signed = text._TextBatch.signed\n"
        "def slowly(batch, sign):\n"
        "    time.sleep(0.01)\n"
        "    return signed(batch, sign)\n"
        "text._TextBatch.signed = slowly\n"
        "sys.exit(main())\n"
    )
    return [PROGRAM[0], str(tmp_path / "slow.py"), "sign-many"]


def rows(count: int, form: str) -> str:
    """A file of *count* rows in a format, every ninth of them bad."""
    urls = [f"https://media.example.com/{n}{' ' if n % 9 == 0 else '-'}.ts" for n in range(count)]
    if form == "csv":
        return "".join(["n,url\n", *(f'"{n}\n",{url}\n' for n, url in enumerate(urls))])
    if form == "jsonl":
        return "".join(json.dumps({"url": url, "n": n}) + "\n" for n, url in enumerate(urls))
    return "".join(url + "\n" for url in urls)


def state(output: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(Path(f"{output}.partial.json").read_text())
    except FileNotFoundError:
        return {}
    return found


@pytest.mark.parametrize(("form", "workers"), [("lines", 2), ("csv", 1), ("jsonl", 2)])
def test_kills_at_any_moment_lose_and_repeat_nothing(
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
            while run.poll() is None and state(folder / "out").get("rows", 0) <= goal:
                time.sleep(0.002)
            time.sleep(dice.random() * 0.02)
            run.kill()
            if run.wait() != -signal.SIGKILL:
                assert run.returncode == 1
                break
        assert not (folder / "out").exists()
        assert not (folder / "bad").exists()
        reached.append(state(folder / "out")["rows"])
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
    """Cut the run off, as a kill would, when it has passed so many checkpoints."""
    monkeypatch.setattr(bulk_run, "_CHECKPOINT", 0)
    write = Journal.write
    left = 0

    def mortal(journal: Journal, output: Path) -> None:
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1
        write(journal, output)

    def kill(checkpoints: int) -> None:
        nonlocal left
        left = checkpoints

    monkeypatch.setattr(Journal, "write", mortal)
    kill(-1)
    return kill


def test_kills_of_a_parquet_run_lose_and_repeat_nothing(
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


@pytest.mark.parametrize("moment", ["errors", "output", "journal"])
def test_a_kill_while_the_files_are_put_in_their_places(
    sign_many: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    (folder / "in.txt").write_text(rows(500, "lines"))
    assert sign_many("in.txt", "whole.txt", "--errors", "whole.jsonl") == 1
    done = []

    def publish(made: Path, final: Path) -> None:
        if moment == "errors" or (moment == "output" and done):
            raise Killed
        done.append(final)
        os.replace(made, final)

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
def cut_off(sign_many: Command, folder: Path, kill_after: Callable[[int], None]) -> Path:
    """A folder where a run of `in.txt` into `out.txt` was cut off half-way."""
    (folder / "in.txt").write_text(rows(500, "lines"))
    kill_after(3)
    with pytest.raises(Killed):
        sign_many("in.txt", "out.txt", "--errors", "bad.jsonl")
    kill_after(-1)
    assert sorted(os.listdir(folder)) == sorted(["in.txt", *LEFT])
    return folder


def test_what_is_left_is_its_owners_alone(cut_off: Path) -> None:
    assert {(cut_off / name).stat().st_mode & 0o777 for name in LEFT} == {0o600}
    kept = (cut_off / "out.txt.partial.json").read_text()
    assert "PRIVATE" not in kept
    assert "Signature" not in kept


def test_a_run_that_was_cut_off_is_not_written_over(
    cut_off: Path, sign_many: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [(cut_off / name).read_bytes() for name in LEFT]
    assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl") == 2
    told = capsys.readouterr().err
    assert "was cut off after 128 rows" in told
    assert "--resume" in told
    assert [(cut_off / name).read_bytes() for name in LEFT] == before


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--errors", "other.jsonl"), "--errors"),
        ((), "--errors"),
        (("--errors", "bad.jsonl", "--expires-in", "1d"), "--expires-at, --expires-in"),
        (("--errors", "bad.jsonl", "--expires-at", str(LATER + 1)), "--expires-at"),
        (("--errors", "bad.jsonl", "--starts-at", "1"), "--starts-at"),
        (("--errors", "bad.jsonl", "--ip-address", "192.0.2.1"), "--ip-address"),
        (("--errors", "bad.jsonl", "--resource", "https://media.example.com/*"), "--resource"),
        (("--errors", "bad.jsonl", "--format", "csv", "--column", URL), "--column, --format"),
        (("--errors", "bad.jsonl", "--key-pair-id", "KOTHER"), "key"),
        (("--errors", "bad.jsonl", "--hash-algorithm", "sha256"), "key"),
    ],
)
def test_a_run_with_other_options_goes_on_with_none(
    cut_off: Path,
    sign_many: Command,
    options: tuple[str, ...],
    named: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if "csv" in options:
        (cut_off / "in.txt").write_text(f"{URL}\n")
        named = f"{named}, INPUT"
    assert sign_many("in.txt", "out.txt", "--resume", *options) == 2
    assert f"had another {named};" in capsys.readouterr().err
    assert sorted(os.listdir(cut_off)) == sorted(["in.txt", *LEFT])


@pytest.mark.parametrize("change", ["longer", "touched"])
def test_a_run_of_another_input_goes_on_with_none(
    cut_off: Path, sign_many: Command, change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if change == "longer":
        (cut_off / "in.txt").write_text(rows(501, "lines"))
    else:
        os.utime(cut_off / "in.txt", (1, 1))
    assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl", "--resume") == 2
    assert "had another INPUT; go on with the same" in capsys.readouterr().err


def test_another_key_of_the_same_id_goes_on_with_nothing(
    cut_off: Path, sign_many: Command, other_pem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (cut_off.parent / "key.pem").write_text(other_pem)
    assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl", "--resume") == 2
    assert "had another key;" in capsys.readouterr().err


def test_what_was_lost_of_the_output_is_noticed(
    cut_off: Path, sign_many: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    os.truncate(cut_off / "out.txt.partial", 10)
    assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl", "--resume") == 2
    assert "is shorter than the run left it" in capsys.readouterr().err


def test_what_was_lost_of_a_whole_output_is_noticed(
    sign_many: Command,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")

    def publish(made: Path, final: Path) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(bulk_run, "publish", publish)
        with pytest.raises(Killed):
            sign_many("in.txt", "out.txt")
    (folder / "out.txt.partial").unlink()
    assert sign_many("in.txt", "out.txt", "--resume") == 2
    assert "is shorter than the run left it" in capsys.readouterr().err


def test_no_other_run_puts_the_files_in_their_places_too(
    sign_many: Command,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    publish = bulk_run.publish
    others = []

    def meanwhile(made: Path, final: Path) -> None:
        if not others:
            others.append(sign_many("in.txt", "out.txt", "--resume"))
        publish(made, final)

    monkeypatch.setattr(bulk_run, "publish", meanwhile)
    assert sign_many("in.txt", "out.txt") == 0
    assert others == [2]
    assert "another run is at" in capsys.readouterr().err


def test_a_stream_that_was_cut_off_is_not_said_to_go_on(
    sign_many: Command, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    os.mkfifo(folder / "pipe")

    def full(made: Path, final: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(final))

    monkeypatch.setattr(bulk_run, "publish", full)
    with subprocess.Popen(["cp", "in.txt", "pipe"]):
        assert sign_many("pipe", "out.txt") == 2
    assert "cut off; a stream cannot be gone on with" in capsys.readouterr().err
    assert sign_many("in.txt", "more.txt") == 2
    assert "cut off; the same with --resume goes on with it" in capsys.readouterr().err


def test_a_journal_that_is_none_is_told(
    cut_off: Path, sign_many: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    (cut_off / "out.txt.partial.json").write_text("{")
    assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl", "--resume") == 2
    assert "cannot be read; remove it" in capsys.readouterr().err


def test_two_runs_do_not_share_an_output(
    cut_off: Path, sign_many: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with PartialFile(cut_off / "out.txt"):
        assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl", "--resume") == 2
    assert "another run is at" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("output", "name"),
    [
        ("out.txt", "out.txt.partial"),
        ("out.txt", "bad.jsonl.partial"),
        ("-", "bad.jsonl.partial"),
    ],
)
def test_somebody_elses_partial_file_stays(
    sign_many: Command,
    folder: Path,
    name: str,
    output: str,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    (folder / name).write_text("a diary")
    assert sign_many("in.txt", output, "--errors", "bad.jsonl") == 2
    assert b"belongs to no run that can be gone on with" in capfdbinary.readouterr().err
    assert (folder / name).read_text() == "a diary"


@pytest.mark.parametrize("link", ["out.txt.partial", "bad.jsonl.partial"])
def test_a_link_in_the_place_of_a_partial_file_is_not_followed(
    sign_many: Command, folder: Path, link: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    (folder / link).symlink_to("elsewhere")
    assert sign_many("in.txt", "out.txt", "--errors", "bad.jsonl") == 2
    assert "is a link, which is not followed" in capsys.readouterr().err
    assert not (folder / "elsewhere").exists()


def test_a_link_in_the_place_of_the_new_journal_is_not_followed(
    sign_many: Command, folder: Path
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    (folder / "diary").write_text("a diary")
    (folder / "out.txt.partial.json.new").symlink_to("diary")
    assert sign_many("in.txt", "out.txt") == 0
    assert (folder / "diary").read_text() == "a diary"
    assert sorted(os.listdir(folder)) == ["diary", "in.txt", "out.txt"]


def test_a_run_that_did_nothing_yet_is_begun_anew(
    sign_many: Command, folder: Path, kill_after: Callable[[int], None]
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n")
    kill_after(1)
    with pytest.raises(Killed):
        sign_many("in.txt", "out.txt")
    kill_after(-1)
    assert sign_many("in.txt", "out.txt", "--starts-at", "1") == 0


def test_a_run_that_did_nothing_yet_leaves_what_is_not_its_own(
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
    (folder / "worse.jsonl.partial").write_text("a diary")
    assert sign_many("in.txt", "out.txt", "--errors", "worse.jsonl") == 2
    assert "belongs to no run that can be gone on with" in capsys.readouterr().err
    assert (folder / "worse.jsonl.partial").read_text() == "a diary"


def test_what_goes_on_keeps_the_first_runs_expiry(
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


def test_what_has_expired_is_not_gone_on_with(
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
    assert "has expired; remove" in capsys.readouterr().err


def test_a_run_that_outlasts_its_urls_is_stopped(
    sign_many: Command,
    folder: Path,
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "in.txt").write_text(f"{URL}\n" * 500)
    monkeypatch.setattr(bulk_run, "_CHECKPOINT", 0)
    monkeypatch.setattr(Journal, "write", lambda *_: clock.shift(31))
    assert sign_many("in.txt", "out.txt", "--expires-in", "60") == 2
    assert "in the past" in capsys.readouterr().err
    assert not (folder / "out.txt").exists()


def test_a_full_disk_leaves_no_output_and_what_can_be_gone_on_with(
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
    assert "cfsign: cut off; the same with --resume goes on with it\n" in done.stderr
    assert "cfsign: cannot write: File too large\n" in done.stderr
    assert not (folder / "out.txt").exists()
    assert sign_many(*command, "--resume") == 1
    assert (folder / "out.txt").read_bytes() == (folder / "whole.txt").read_bytes()
    assert (folder / "bad.jsonl").read_bytes() == (folder / "whole.jsonl").read_bytes()


@pytest.mark.parametrize("backend", ["rsa", "cryptography"])
def test_a_ctrl_c_leaves_no_output_and_what_can_be_gone_on_with(
    sign_many: Command, folder: Path, slow_program: list[str], backend: str, tmp_path: Path
) -> None:
    pytest.importorskip(backend)
    (folder / "in.txt").write_text(rows(1000, "lines"))
    assert sign_many("in.txt", "whole.txt") == 1
    if backend == "rsa":  # whose workers are processes, in another group
        program = Path(slow_program[1])
        without = "import sys; sys.modules['cryptography'] = None\n"
        program.write_text(without + program.read_text())
    run = subprocess.Popen(
        [*slow_program, "in.txt", "out.txt", "--workers", "2", until()],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while state(folder / "out.txt").get("rows", 0) == 0 and run.poll() is None:
        time.sleep(0.005)
    os.killpg(run.pid, signal.SIGINT)
    _, told = run.communicate(timeout=60)
    assert run.returncode == 130
    assert told.endswith("cfsign: stopped\n")
    assert "Traceback" not in told
    assert not (folder / "out.txt").exists()
    assert sign_many("in.txt", "out.txt", "--resume") == 1
    assert (folder / "out.txt").read_bytes() == (folder / "whole.txt").read_bytes()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_who_reads_no_more_is_told_of_as_an_error(folder: Path, workers: str) -> None:
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
        (("in.txt", "in.txt"), "'in.txt' would be written over"),
        (("in.txt", "./link.txt"), "'in.txt' would be written over"),
        (("in.txt", "hard.txt"), "'in.txt' would be written over"),
        (("in.txt", "out.txt", "--errors", "in.txt"), "'in.txt' would be written over"),
        (("x.txt.partial", "x.txt", "--format", "lines"), "'x.txt.partial' would be written over"),
        (("x.txt.partial.json", "x.txt"), "would be written over"),
        (("x.txt.partial.json.new", "x.txt"), "would be written over"),
        (("x.txt.partial.parquet", "x.txt", "--format", "parquet"), "would be written over"),
        (("in.txt", "out.txt", "--errors", "out.txt"), "OUTPUT and --errors are one file"),
        (("in.txt", "out.txt", "--errors", "out.txt.partial"), "are one file"),
        (("in.txt", "../key.pem"), "key.pem' would be written over"),
        (("in.txt", "."), "'.' is no file"),
        (("in.txt", "/dev/null"), "is no file; is - meant"),
        (("in.txt", "no/out.txt"), "there is no folder 'no'"),
        (("in.txt", "out.txt", "--errors", "no/out.txt"), "there is no folder 'no'"),
        (("none.txt", "out.txt"), "'none.txt' cannot be read (No such file"),
        (("in.txt", "out.csv"), "give --format"),
        (("in", "out"), "give --format: lines, csv, jsonl, parquet"),
        (("-", "-"), "give --format"),
        (("in.txt", "out.txt", "--column", "a"), "lines have no columns"),
        (("in.txt", "-", "--resume"), "only a run from a file into a file"),
        (("-", "out.txt", "--resume"), "only a run from a file into a file"),
        (("-", "out.parquet"), "give a file in the place of -"),
        (("in.txt", "-", "--format", "parquet"), "give a file in the place of -"),
        (("in.txt", "out.txt", "--workers", "0"), "'--workers': 0 is not in the range"),
        (("in.txt", "out.txt", "--expires-at", "1"), "in the past"),
        (("utf16.txt", "out.txt"), "UTF-16; save it as UTF-8"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_everything_as_it_was(
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
def test_a_key_may_stand_in_the_environment_or_in_a_ring(
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


def test_without_an_expiry_nothing_is_signed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("click")
    from cfsign.cli import main

    (folder / "in.txt").write_text(f"{URL}\n")
    assert main(["sign-many", "in.txt", "out.txt"]) == 2
    assert "give --expires-in or --expires-at" in capsys.readouterr().err
    assert os.listdir(folder) == ["in.txt"]
