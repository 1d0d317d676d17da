"""Signing with several workers: the same results, sooner, and no thread or process is left."""

from __future__ import annotations

import gc
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cfsign import (
    KeyPair,
    KeyRing,
    PolicyError,
    PrivateKey,
    ResourceError,
    Signer,
    SigningKeyError,
    TrustedKeyGroup,
    load_private_key,
)
from cfsign.keys.child_processes import ChildKeys
from cfsign.signing.workers import map_in_order

from ..conftest import KEY_PAIR_ID, RecordingKey

FOLDER = "https://media.example.com/*"
LATER = 2000000000


def files(count: int) -> list[str]:
    return [f"https://media.example.com/{number}.ts" for number in range(count)]


def endless() -> Iterator[str]:
    return (f"https://media.example.com/{number}.ts" for number in itertools.count())


@pytest.fixture
def own_signer(pem: str, backend: str) -> Signer:
    """A signer of each backend: one uses threads, the other processes."""
    return Signer(KEY_PAIR_ID, load_private_key(pem, backend=backend))


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Every process that is started."""
    started: list[subprocess.Popen[bytes]] = []

    class RecordedProcess(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", RecordedProcess)
    return started


@pytest.fixture(autouse=True)
def no_worker_is_left(children: list[subprocess.Popen[bytes]]) -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before
    assert [child.pid for child in children if child.returncode is None] == []


def test_several_workers_return_the_results_of_one_in_order(own_signer: Signer) -> None:
    urls = files(70)
    alone = list(own_signer.sign_urls(urls, expires_at=LATER))
    assert list(own_signer.sign_urls(iter(urls), expires_at=LATER, workers=3)) == alone


def test_urls_of_several_workers_are_allowed(
    own_signer: Signer, trusted_keys: TrustedKeyGroup
) -> None:
    signed = own_signer.sign_urls(
        files(70), expires_at=LATER, starts_at=1, ip_address="192.0.2.0/24", workers=2
    )
    assert all(trusted_keys.check(url, ip_address="192.0.2.7").allowed for url in signed)


def test_key_that_holds_the_lock_signs_in_processes(
    pem: str, children: list[subprocess.Popen[bytes]]
) -> None:
    signer = Signer(KEY_PAIR_ID, load_private_key(pem, backend="rsa"))
    source = endless()
    signed = signer.sign_urls(source, expires_at=LATER, workers=2)
    next(signed)
    assert len(children) == 2
    assert all(child.poll() is None for child in children)
    # Small chunks, because each signature takes milliseconds: two chunks for each of two workers.
    assert next(source) == next(itertools.islice(endless(), 16, None))
    del signed


def test_key_that_releases_the_lock_signs_in_threads(
    key: PrivateKey, children: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(key), "is_gil_bound", False)
    signed = Signer(KEY_PAIR_ID, key).sign_urls(endless(), expires_at=LATER, workers=2)
    next(signed)
    assert sum(thread.name.startswith("cfsign") for thread in threading.enumerate()) == 2
    assert children == []
    del signed


def test_cryptography_before_47_holds_the_lock() -> None:
    cryptography = pytest.importorskip("cryptography")
    from cfsign.keys.cryptography_backend import ECPrivateKey, RSAPrivateKey

    held = int(cryptography.__version__.split(".")[0]) < 47
    assert (RSAPrivateKey.is_gil_bound, ECPrivateKey.is_gil_bound) == (held, held)


@pytest.mark.parametrize("make", ["pem", "ec_pem"])
def test_key_of_an_old_cryptography_signs_in_processes(
    make: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cryptography")
    key = load_private_key(request.getfixturevalue(make))
    monkeypatch.setattr(type(key), "is_gil_bound", True)
    signed = Signer(KEY_PAIR_ID, key, hash_algorithm="SHA256").sign_urls(
        files(3), expires_at=LATER, workers=2
    )
    keys = TrustedKeyGroup({KEY_PAIR_ID: key.public_key_pem()})
    assert all(keys.check(url).allowed for url in signed)


def test_key_is_passed_to_a_process_by_its_pipe_only(
    pem: str, children: list[subprocess.Popen[bytes]]
) -> None:
    key = ChildKeys(load_private_key(pem, backend="rsa"), 1)  # type: ignore[arg-type]
    try:
        key.sign(b"", "SHA1")
        (child,) = children
        given = " ".join(map(str, child.args))  # type: ignore[arg-type]
        if os.path.exists(f"/proc/{child.pid}/environ"):
            with open(f"/proc/{child.pid}/environ", "rb") as environ:
                given += environ.read().decode()
    finally:
        key.close()
    assert "cfsign.keys.child_processes" in given
    assert pem.splitlines()[1] not in given
    assert "PRIVATE" not in repr(key) + str(key)
    with pytest.raises(TypeError, match="cannot be pickled or copied"):
        key.__reduce_ex__(4)


@pytest.mark.skipif(os.name != "posix", reason="kill")
def test_process_that_ends_raises_an_error(
    pem: str, children: list[subprocess.Popen[bytes]]
) -> None:
    signer = Signer(KEY_PAIR_ID, load_private_key(pem, backend="rsa"))
    signed = signer.sign_urls(endless(), expires_at=LATER, workers=2)
    next(signed)
    for child in children:
        os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(SigningKeyError, match="a signing process has ended"):
        list(signed)


def test_error_of_a_process_is_raised_unchanged() -> None:
    # Too short to sign SHA-256, which it reports when it signs.
    rsa = pytest.importorskip("rsa")
    from cfsign.keys.rsa_backend import RSAPrivateKey, _Numbers

    _, made = rsa.newkeys(384)
    key = RSAPrivateKey(_Numbers(made.n, made.e, made.d, made.p, made.q))
    with pytest.raises(SigningKeyError) as here:
        key.sign(b"", "SHA256")
    there = Signer(KEY_PAIR_ID, key, hash_algorithm="SHA256")
    with pytest.raises(SigningKeyError) as elsewhere:
        list(there.sign_urls(files(2), expires_at=LATER, workers=2))
    assert str(elsewhere.value) == str(here.value)


def test_results_precede_the_error_of_a_bad_url(own_signer: Signer) -> None:
    urls = files(70)
    signed = own_signer.sign_urls([*urls, FOLDER, *urls], expires_at=LATER, workers=2)
    assert len(list(itertools.islice(signed, 70))) == 70
    with pytest.raises(ResourceError, match=r"%2A"):
        next(signed)
    assert list(signed) == []


def test_results_precede_an_error_of_the_input(recording_signer: Signer) -> None:
    def broken() -> Iterator[str]:
        yield from files(70)
        raise OSError("the disk is gone")

    signed = recording_signer.sign_urls(broken(), expires_at=LATER, workers=2)
    assert len(list(itertools.islice(signed, 70))) == 70
    with pytest.raises(OSError, match="the disk is gone"):
        next(signed)


def test_error_of_the_key_is_the_same_as_with_one_worker(recorder: RecordingKey) -> None:
    def fail(message: bytes, hash_algorithm: str) -> bytes:
        raise SigningKeyError("the token is not there")

    recorder.sign = fail  # type: ignore[method-assign]
    with pytest.raises(SigningKeyError, match="the token is not there"):
        list(Signer(KEY_PAIR_ID, recorder).sign_urls(files(200), expires_at=LATER, workers=2))


def test_asynchronous_key_is_refused_as_with_one_worker() -> None:
    class Asynchronous:
        async def sign(self, message: bytes, hash_algorithm: str) -> bytes:
            raise AssertionError("it is not awaited")

        def public_key_pem(self) -> str:
            return ""

    signer = Signer(KEY_PAIR_ID, Asynchronous())
    with pytest.raises(SigningKeyError, match="signs asynchronously"):
        list(signer.sign_urls(files(2), expires_at=LATER, workers=2))


def test_input_is_read_by_the_caller_with_bounded_read_ahead(
    recording_signer: Signer,
) -> None:
    readers = set()
    read = 0

    def noted() -> Iterator[str]:
        nonlocal read
        for url in endless():
            readers.add(threading.current_thread())
            read += 1
            yield url

    signed = recording_signer.sign_urls(noted(), expires_at=LATER, workers=2)
    assert read == 0
    for taken in range(1, 5000):
        next(signed)
        assert read - taken <= 4 * 64
    assert readers == {threading.current_thread()}


@pytest.mark.parametrize("leave", ["close", "del", "cycle"])
def test_closing_the_iterator_ends_all_workers(own_signer: Signer, leave: str) -> None:
    signed: Any = own_signer.sign_urls(endless(), expires_at=LATER, workers=2)
    next(signed)
    if leave == "close":
        signed.close()
    elif leave == "cycle":
        holder: list[Any] = [signed]
        holder.append(holder)
        del holder
    del signed
    gc.collect()


def test_workers_start_with_the_first_result(
    own_signer: Signer, children: list[subprocess.Popen[bytes]]
) -> None:
    own_signer.sign_urls(endless(), expires_at=LATER, workers=2)
    assert children == []


def test_expiry_counts_from_the_call(recording_signer: Signer, clock: Any, now: int) -> None:
    signed = recording_signer.sign_urls(files(300), expires_in=60, workers=2)
    clock.shift(100)  # after the expiry: several workers continue, as one does
    assert {url.split("Expires=")[1].split("&")[0] for url in signed} == {str(now + 60)}


def test_pattern_makes_one_signature_for_all(
    recording_signer: Signer, recorder: RecordingKey
) -> None:
    signed = list(
        recording_signer.sign_urls(files(300), expires_at=LATER, pattern=FOLDER, workers=2)
    )
    assert len(signed) == 300
    assert len(recorder.signed) == 1


@pytest.mark.parametrize("workers", [0, -1, True, 1.0, "2", None, 1025])
def test_bad_number_of_workers_is_refused_at_the_call(
    recording_signer: Signer, workers: Any
) -> None:
    with pytest.raises(PolicyError, match=r"from 1 to 1024, got \S+; os") as refused:
        recording_signer.sign_urls([], expires_at=LATER, workers=workers)
    assert refused.value.field == "workers"


def test_ring_signs_all_urls_with_the_key_of_the_call(
    recorder: RecordingKey, clock: Any, now: int
) -> None:
    ring = KeyRing(
        [KeyPair("KOLD", recorder), KeyPair("KNEW", recorder, active_from=now + 50)],
        refresh_every=0,
    )
    signed = ring.sign_urls(files(300), expires_in=600, workers=2)
    clock.shift(100)
    assert all(url.endswith("Key-Pair-Id=KOLD") for url in signed)
    assert next(ring.sign_urls(files(1), expires_in=60, workers=2)).endswith("Id=KNEW")


def test_two_workers_sign_two_urls_at_once(recorder: RecordingKey) -> None:
    # Each call waits for the other, so a single worker would wait for ever.
    meeting = threading.Barrier(2, timeout=20)
    sign = recorder.sign

    def together(message: bytes, hash_algorithm: str) -> bytes:
        meeting.wait()
        return sign(message, hash_algorithm)

    recorder.sign = together  # type: ignore[method-assign]
    signer = Signer(KEY_PAIR_ID, recorder)
    assert len(list(signer.sign_urls(files(128), expires_at=LATER, workers=2))) == 128


def test_rest_of_a_chunk_is_dropped_after_the_end() -> None:
    begun: list[int] = []

    def slow(item: int) -> int:
        begun.append(item)
        time.sleep(0.01)
        if item == 0:
            raise ValueError("the first")
        return item

    with pytest.raises(ValueError, match="the first"):
        list(map_in_order(slow, range(10000), 2, chunk=1000))
    assert len(begun) < 1000


INTERRUPTED = """
    import signal, sys, threading
    from cfsign import Signer, load_private_key

    key = load_private_key({path!r}, backend={backend!r})
    urls = (f"https://media.example.com/{{n}}.ts" for n in iter(int, 1))
    signed = Signer("K2JCJMDEHXQW5F", key).sign_urls(urls, expires_at={later}, workers=2)
    next(signed)
    try:
        print("begun", flush=True)
        for url in signed:
            pass
    except KeyboardInterrupt:
        signed.close()  # needed if the interrupt came between two URLs
        print("stopped", threading.active_count(), flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="a Ctrl-C is another thing there")
def test_interrupt_stops_all_workers(pem: str, backend: str, tmp_path: Any) -> None:
    path = tmp_path / "key.pem"
    path.write_text(pem)
    program = textwrap.dedent(INTERRUPTED).format(path=str(path), backend=backend, later=LATER)
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a new process group, as in the foreground of a terminal
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "begun\n"
        os.killpg(process.pid, signal.SIGINT)
        # The end comes only when the last child has closed its copies of the pipes.
        said, complaints = process.communicate(timeout=60)
    assert (said, complaints, process.returncode) == ("stopped 1\n", "", 0)


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_killed_parent_leaves_no_process(pem: str, tmp_path: Any) -> None:
    path = tmp_path / "key.pem"
    path.write_text(pem)
    program = textwrap.dedent(INTERRUPTED).format(path=str(path), backend="rsa", later=LATER)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        process.kill()
        # Read until each child has closed its copy of standard error.
        assert process.communicate(timeout=60) == (b"", b"")
