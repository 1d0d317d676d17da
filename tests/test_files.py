"""Files where other users may have prepared links, pipes and folders (issue 13, C1 and C9)."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cfsign import CfsignError, ConfigurationError, KeyRing, load_private_key
from cfsign.keys import load_public_key
from cfsign.utils import files
from cfsign.utils.files import (
    UnsafeFileError,
    check_folder,
    create_file,
    open_file,
    read_file,
    replace_file,
)
from cfsign.utils.secret import Secret

if os.name != "posix":
    pytest.skip("Windows has other rights of files", allow_module_level=True)

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")

#: The site's user, who is not root.
USER = 12345


_READ = """
import os, sys
folder, name, user = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
os.setgroups([])
os.setgid(user)
os.setuid(user)
os.open(name, os.O_RDONLY, dir_fd=folder)
"""


def can_user_read(path: Path) -> bool:
    """Return True if a process of `USER` can read *path*; the folders above do not count."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        done = subprocess.run(
            [sys.executable, "-c", _READ, str(folder), path.name, str(USER)],
            capture_output=True,
            pass_fds=[folder],
            check=False,
        )
    finally:
        os.close(folder)
    return done.returncode == 0


@pytest.fixture
def users_folder(tmp_path: Path) -> Path:
    """A folder of `USER`, who can enter its parent folder too."""
    tmp_path.chmod(0o711)
    folder = tmp_path / "site"
    folder.mkdir()
    os.chown(folder, USER, USER)
    return folder


@pytest.fixture
def root_file(tmp_path: Path) -> Path:
    """A secret of root."""
    path = tmp_path / "root-secret"
    path.write_text("secret of root")
    path.chmod(0o600)
    return path


def run_between(monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]) -> None:
    """Call *change* once a new file is open and before its owner and mode are changed."""
    copy_access = files._copy_access

    def copy(descriptor: int, *arguments: Any) -> None:
        change(Path(os.readlink(f"/proc/self/fd/{descriptor}")))
        copy_access(descriptor, *arguments)

    monkeypatch.setattr(files, "_copy_access", copy)


def check_untouched(root_file: Path) -> None:
    status = root_file.stat()
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (0, 0o600)
    assert not can_user_read(root_file)
    assert root_file.read_text() == "secret of root"


def swap_for_link(target: Path) -> Callable[[Path], None]:
    def swap(path: Path) -> None:
        path.unlink()
        path.symlink_to(target)

    return swap


@needs_root
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs Linux's /proc")
def test_c1_a_new_file_that_is_swapped_for_a_link_gives_no_file_away(
    users_folder: Path, root_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The race of the report, with the swap at the worst moment."""
    model = users_folder / "old.pem"
    model.touch()
    os.chown(model, USER, USER)
    run_between(monkeypatch, swap_for_link(root_file))
    create_file(users_folder / "new.pem", "key", model=model)
    check_untouched(root_file)


@needs_root
@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs Linux's /proc")
def test_c1_a_replaced_file_that_is_swapped_for_a_link_gives_no_file_away(
    users_folder: Path, root_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = users_folder / "ring.json"
    ring.write_text("old")
    ring.chmod(0o644)
    os.chown(ring, USER, USER)
    run_between(monkeypatch, swap_for_link(root_file))
    replace_file(ring, "new")
    check_untouched(root_file)


@needs_root
def test_c1_the_model_gives_its_owner_to_the_new_file(users_folder: Path) -> None:
    model = users_folder / "old.pem"
    model.touch(0o600)
    os.chown(model, USER, USER)
    new = users_folder / "new.pem"
    create_file(new, "key", model=model)
    assert (new.stat().st_uid, new.stat().st_gid, new.stat().st_mode & 0o777) == (
        USER,
        USER,
        0o600,
    )
    assert can_user_read(new)  # meant to be readable, and a check of this helper


@pytest.mark.parametrize("is_broken", [False, True], ids=["link", "broken-link"])
def test_c1_a_planted_link_is_not_written_through(tmp_path: Path, is_broken: bool) -> None:
    target = tmp_path / "target"
    if not is_broken:
        target.write_text("old")
    (tmp_path / "key.pem").symlink_to(target)
    with pytest.raises(FileExistsError):
        create_file(tmp_path / "key.pem", "secret")
    with pytest.raises(UnsafeFileError, match="not a regular file"):
        replace_file(tmp_path / "key.pem", "secret")
    assert not is_broken or not target.exists()
    assert is_broken or target.read_text() == "old"


@pytest.mark.parametrize(
    ("mode", "allow_group", "is_allowed"),
    [
        (0o777, False, False),
        (0o777, True, False),
        (0o775, False, False),
        (0o775, True, True),
        (0o755, False, True),
        (0o1777, False, True),
    ],
    ids=["all", "all-group-allowed", "group", "group-allowed", "owner", "sticky"],
)
def test_c1_a_folder_that_others_can_write_to_is_refused(
    tmp_path: Path, mode: int, allow_group: bool, is_allowed: bool
) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, USER, USER + 1)  # not the private group of the user
    elif folder.stat().st_uid == folder.stat().st_gid and mode == 0o775:
        pytest.skip("the group of this user is private")
    folder.chmod(mode)
    if is_allowed:
        check_folder(folder, allow_group=allow_group)
        return
    with pytest.raises(UnsafeFileError, match=f"other users can write.*{mode:04o}"):
        check_folder(folder, allow_group=allow_group)


def test_c1_nothing_is_written_to_a_folder_that_others_can_write_to(tmp_path: Path) -> None:
    (tmp_path / "ring.json").write_text("old")
    tmp_path.chmod(0o777)
    with pytest.raises(UnsafeFileError):
        create_file(tmp_path / "key.pem", "secret")
    with pytest.raises(UnsafeFileError):
        replace_file(tmp_path / "ring.json", "secret")
    assert os.listdir(tmp_path) == ["ring.json"]
    assert (tmp_path / "ring.json").read_text() == "old"


@needs_root
def test_c1_the_private_group_of_a_user_may_write(tmp_path: Path) -> None:
    """Debian and Fedora give each user a group, and folders the mode 775."""
    folder = tmp_path / "keys"
    folder.mkdir()
    os.chown(folder, USER, USER)
    folder.chmod(0o775)
    check_folder(folder)


@pytest.mark.parametrize("write", [create_file, replace_file])
@pytest.mark.parametrize("mode", [0o700, 0o777], ids=["not-utf-8", "shared-folder"])
def test_c2_a_failing_write_shows_no_content(
    tmp_path: Path, write: Callable[..., None], mode: int
) -> None:
    """Error reporters send the local variables of all frames."""
    tmp_path.chmod(mode)
    with pytest.raises((UnsafeFileError, UnicodeEncodeError)) as caught:
        write(tmp_path / "key.pem", Secret("BEGIN-hunter2 \ud800"))
    stack = traceback.StackSummary.extract(
        traceback.walk_tb(caught.value.__traceback__), capture_locals=True
    )
    own = [frame for frame in stack if frame.filename == files.__file__]
    assert own
    assert not any("hunter2" in repr(frame.locals) for frame in own)
    assert os.listdir(tmp_path) == []


def test_c1_a_file_of_the_owner_is_opened_and_others_are_refused(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("mine")
    assert read_file(own, owner=os.geteuid()) == b"mine"
    with pytest.raises(UnsafeFileError, match="belongs to the user with id"):
        read_file(own, owner=os.geteuid() + 1)
    (tmp_path / "link").symlink_to(own)
    assert read_file(tmp_path / "link") == b"mine"
    with pytest.raises(UnsafeFileError, match="is a link"):
        read_file(tmp_path / "link", owner=os.geteuid())
    os.link(own, tmp_path / "second")
    with pytest.raises(UnsafeFileError, match="second name"):
        read_file(own, owner=os.geteuid())


@pytest.fixture
def deadline() -> Iterator[None]:
    """Interrupt a test that blocks, so that it fails."""

    def fail(*_: object) -> None:
        raise TimeoutError("the test blocks")

    old = signal.signal(signal.SIGALRM, fail)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, old)


@pytest.mark.usefixtures("deadline")
@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR, os.O_WRONLY], ids=["r", "rw", "w"])
def test_c9_a_fifo_is_not_waited_for(tmp_path: Path, flags: int) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnsafeFileError, match="not a regular file"):
        open_file(tmp_path / "pipe", flags)


def read_edge_config(path: Path) -> None:
    pytest.importorskip("httpx")
    pytest.importorskip("waitress")
    pytest.importorskip("whitenoise")
    from cfsign.edge.server.settings import read_config

    read_config(path)


@pytest.mark.usefixtures("deadline")
@pytest.mark.parametrize(
    ("read", "name"),
    [
        (KeyRing.from_file, "ring.json"),
        (load_private_key, "key.pem"),
        (load_public_key, "public.pem"),
        (read_edge_config, "edge.toml"),
    ],
    ids=["key-ring", "private-key", "public-key", "edge-config"],
)
def test_c9_a_fifo_among_the_settings_is_an_error(
    tmp_path: Path, read: Callable[[Any], object], name: str
) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(CfsignError, match="it is not a regular file"):
        read(tmp_path / name)


@pytest.mark.usefixtures("deadline")
def test_c9_a_fifo_in_a_key_ring_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key.pem")
    (tmp_path / "ring.json").write_text(
        '{"keys": [{"key_pair_id": "K2JCJMDEHXQW5F", "private_key": "key.pem"}]}'
    )
    with pytest.raises(ConfigurationError, match="it is not a regular file"):
        KeyRing.from_file(tmp_path / "ring.json")
