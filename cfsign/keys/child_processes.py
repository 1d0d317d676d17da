"""
A key that signs in child processes, for a backend that holds Python's lock while it signs.

A child is a bare interpreter, neither forked, which is unsafe in a program with threads, nor
`multiprocessing`'s, which would run the program's main module again. It gets the key as the first
thing on its standard input: the one place where a key leaves its process, for one that this one has
started itself, through a pipe that nobody else can open; it is never on a command line, in the
environment, in a file or in a pickle. A child ends when that pipe does, however its parent ended.
"""

from __future__ import annotations

import contextlib
import os
import queue
import struct
import subprocess
import sys
from typing import BinaryIO, cast

from cfsign.errors import SigningKeyError
from cfsign.keys.protocol import HashAlgorithm, LockHolder, PrivateKey, Unpicklable

# The parent's path comes along, since a program may have changed it.
_PROGRAM = (
    "import sys; sys.path[:] = sys.argv[1:]; from cfsign.keys.child_processes import serve; serve()"
)
_HEAD = struct.Struct(">BI")  # what the frame is, and the length of what follows
_SIGNATURE, _FAULT = 0, 1
_HASHES: tuple[HashAlgorithm, ...] = ("SHA1", "SHA256")
_PATIENCE = 5  # seconds for a child to end by itself


class ChildKeys(Unpicklable):
    """
    A private key that signs in several processes, used by as many threads.

    A thread that waits for its child leaves the lock to the others. Close it when all is signed.
    """

    __slots__ = ("_children", "_idle", "_key")

    def __init__(self, key: LockHolder, count: int) -> None:
        """
        Start *count* processes with *key*.

        Raises:
            SigningKeyError: No process can be started.
        """
        self._key = key
        self._children: list[_Child] = []
        self._idle: queue.SimpleQueue[_Child] = queue.SimpleQueue()
        try:
            for _ in range(count):
                child = _Child(key)
                self._children.append(child)
                self._idle.put(child)
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"<ChildKeys {len(self._children)} of {self._key!r}>"

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        """Sign in a child that is idle, or as soon as one is."""
        child = self._idle.get()
        try:
            return child.sign(message, hash_algorithm)
        finally:
            self._idle.put(child)

    def public_key_pem(self) -> str:
        """Return the public half, as the key itself does."""
        return self._key.public_key_pem()

    def close(self) -> None:
        """End the children, and wait for them."""
        for child in self._children:
            child.close()


class _Child:
    """One process, and the two pipes to it."""

    def __init__(self, key: LockHolder) -> None:
        if not sys.executable:
            raise _no_process("this Python does not know its own executable")
        try:
            # A session of its own: a Ctrl-C is the parent's alone, which then ends its children.
            self._process = subprocess.Popen(  # noqa: S603  this very interpreter
                [sys.executable, "-I", "-c", _PROGRAM, *sys.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=os.name == "posix",
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError as error:
            raise _no_process(str(error.strerror)) from None
        self._to = cast(BinaryIO, self._process.stdin)
        self._from = cast(BinaryIO, self._process.stdout)
        try:
            for part in key.for_child():
                _send(self._to, 0, part.encode("ascii") if isinstance(part, str) else part)
        except OSError:
            self.close()
            raise _ended() from None

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        try:
            _send(self._to, _HASHES.index(hash_algorithm), message)
            answer = _receive(self._from)
        except (OSError, ValueError):  # the latter once it is closed
            answer = None
        if answer is None:
            raise _ended()
        kind, content = answer
        if kind == _FAULT:
            raise SigningKeyError(content.decode("utf-8"))
        return content

    def close(self) -> None:
        with contextlib.suppress(OSError):  # it has ended already, with something still unread
            self._to.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._from.close()


def serve() -> None:
    """Be a child: take the key, then sign what comes, until nothing more does."""
    from cfsign.keys import load_private_key

    given, answers = sys.stdin.buffer, sys.stdout.buffer
    backend, pem = _receive(given), _receive(given)
    if backend is None or pem is None:
        return
    # The size was judged when the parent loaded it.
    key = load_private_key(pem[1], backend=backend[1].decode("ascii"), allow_unsupported=True)
    del pem
    try:
        while (asked := _receive(given)) is not None:
            _send(answers, *_answer(key, _HASHES[asked[0]], asked[1]))
    except BrokenPipeError:  # the parent was killed: nobody is there to be told
        os._exit(1)


def _answer(key: PrivateKey, hash_algorithm: HashAlgorithm, message: bytes) -> tuple[int, bytes]:
    try:
        return _SIGNATURE, key.sign(message, hash_algorithm)
    except SigningKeyError as error:
        return _FAULT, str(error).encode("utf-8")


def _send(file: BinaryIO, kind: int, content: bytes) -> None:
    file.write(_HEAD.pack(kind, len(content)) + content)
    file.flush()


def _receive(file: BinaryIO) -> tuple[int, bytes] | None:
    """Read one frame; None where the other side has ended."""
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    kind, length = _HEAD.unpack(head)
    content = file.read(length)
    return None if len(content) < length else (kind, content)


def _no_process(reason: str) -> SigningKeyError:
    return SigningKeyError(f"no process to sign in can be started ({reason}); give workers=1")


def _ended() -> SigningKeyError:
    return SigningKeyError(
        "a process that signs has ended, perhaps for want of memory; sign again, with fewer workers"
    )
