"""
A key that signs in child processes, for a backend that holds the global interpreter lock (GIL).

A child is a new interpreter. It is not forked, which is unsafe in a program with threads, and it
does not use `multiprocessing`, which would run the program's main module again. It receives the key
on its standard input, through a pipe that no other process can open. The key is never on a command
line, in the environment, in a file or in a pickle. A child ends when its pipe closes, even if the
parent was killed.
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
from cfsign.keys.protocol import (
    HASH_ALGORITHMS,
    GilBoundKey,
    HashAlgorithm,
    PrivateKey,
    Unpicklable,
)

# The child gets the parent's sys.path, because the program may have changed it.
_PROGRAM = (
    "import sys; sys.path[:] = sys.argv[1:]; from cfsign.keys.child_processes import serve; serve()"
)
_HEADER = struct.Struct(">BI")  # the kind of the frame, and the length of its content
_SIGNATURE, _ERROR = 0, 1
_EXIT_TIMEOUT = 5  # seconds until a child is killed


class ChildKeys(Unpicklable):
    """
    A private key that signs in several processes, used by as many threads.

    A thread that waits for its child releases the GIL. Call `close` at the end.
    """

    __slots__ = ("_children", "_idle", "_key")

    def __init__(self, key: GilBoundKey, count: int) -> None:
        """
        Start *count* processes with *key*.

        Raises:
            SigningKeyError: A process cannot be started.
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
        """Sign in the next idle child."""
        child = self._idle.get()
        try:
            return child.sign(message, hash_algorithm)
        finally:
            self._idle.put(child)

    def public_key_pem(self) -> str:
        """Return the public key, as the key itself does."""
        return self._key.public_key_pem()

    def close(self) -> None:
        """Stop the children and wait until they have ended."""
        for child in self._children:
            child.close()


class _Child:
    """One child process and the two pipes to it."""

    def __init__(self, key: GilBoundKey) -> None:
        if not sys.executable:
            raise _build_start_error("sys.executable is empty")
        try:
            # A new session: Ctrl-C interrupts only the parent, which then stops its children.
            self._process = subprocess.Popen(  # noqa: S603  the running interpreter
                [sys.executable, "-I", "-c", _PROGRAM, *sys.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=os.name == "posix",
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError as error:
            raise _build_start_error(str(error.strerror)) from None
        self._stdin = cast(BinaryIO, self._process.stdin)
        self._stdout = cast(BinaryIO, self._process.stdout)
        if not self._send_key(key):
            self.close()
            raise _build_exit_error()

    def _send_key(self, key: GilBoundKey) -> bool:
        # It returns False instead of raising, so that no error report prints the private key.
        backend, pem = key.export_for_child()
        try:
            _send(self._stdin, 0, backend.encode("ascii"))
            _send(self._stdin, 0, pem)
        except OSError:
            return False
        return True

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        try:
            _send(self._stdin, HASH_ALGORITHMS.index(hash_algorithm), message)
            reply = _receive(self._stdout)
        except (OSError, ValueError):  # ValueError: the pipe is closed
            reply = None
        if reply is None:
            raise _build_exit_error()
        kind, content = reply
        if kind == _ERROR:
            problem, _, hint = content.decode("utf-8").partition("\0")
            raise SigningKeyError(problem, hint=hint)
        return content

    def close(self) -> None:
        with contextlib.suppress(OSError):  # the child has ended and left data unread
            self._stdin.close()
        try:
            self._process.wait(_EXIT_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stdout.close()


def serve() -> None:
    """Run a child process: read the key, then sign each message until standard input closes."""
    from cfsign.keys import load_private_key

    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    backend, pem = _receive(requests), _receive(requests)
    if backend is None or pem is None:
        return
    # The parent checked the size when it loaded the key.
    key = load_private_key(pem[1], backend=backend[1].decode("ascii"), allow_unsupported=True)
    del pem
    try:
        while (request := _receive(requests)) is not None:
            _send(replies, *_sign(key, HASH_ALGORITHMS[request[0]], request[1]))
    except BrokenPipeError:  # the parent was killed
        os._exit(1)


def _sign(key: PrivateKey, hash_algorithm: HashAlgorithm, message: bytes) -> tuple[int, bytes]:
    try:
        return _SIGNATURE, key.sign(message, hash_algorithm)
    except SigningKeyError as error:
        return _ERROR, f"{error.message}\0{error.hint}".encode()


def _send(file: BinaryIO, kind: int, content: bytes) -> None:
    file.write(_HEADER.pack(kind, len(content)) + content)
    file.flush()


def _receive(file: BinaryIO) -> tuple[int, bytes] | None:
    """Read one frame; return None if the other side has ended."""
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    kind, length = _HEADER.unpack(header)
    content = file.read(length)
    return None if len(content) < length else (kind, content)


def _build_start_error(reason: str) -> SigningKeyError:
    return SigningKeyError(f"a signing process cannot be started ({reason})", hint="use workers=1")


def _build_exit_error() -> SigningKeyError:
    return SigningKeyError(
        "a signing process has ended, perhaps because memory ran out",
        hint="sign again, with fewer workers",
    )
