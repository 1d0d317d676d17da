"""TLS for the local edge: asyncio decrypts the connections, and Waitress serves them."""

from __future__ import annotations

import asyncio
import socket
import ssl
import tempfile
import threading
from concurrent.futures import Future, wait
from contextlib import suppress
from pathlib import Path

from cfsign.errors import ConfigurationError

# How long a client may take for the handshake, and for the end of a connection, in seconds.
_HANDSHAKE_TIMEOUT = 20.0
_SHUTDOWN_TIMEOUT = 1.0
_CHUNK = 65_536


def load_certificate(certificate: Path, key: Path | None = None) -> ssl.SSLContext:
    """
    Load a certificate for a server.

    Args:
        certificate: The certificate, and those of its issuers, as PEM.
        key: Its private key as PEM; None if the first file also contains it.

    Raises:
        ConfigurationError: A file is missing or not valid, or the two do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    files = " and ".join(str(path) for path in (certificate, key) if path is not None)
    if "-----BEGIN" in files:
        # The error must not show a private key that was pasted.
        raise ConfigurationError(
            "the certificate or its key is PEM text", hint="use the path of a file"
        )
    try:
        context.load_cert_chain(certificate, key, password=_refuse_password)
    except ssl.SSLError as error:
        reason = (error.reason or "not PEM").replace("_", " ").lower()
        raise ConfigurationError(
            f"{files} cannot be used for TLS ({reason})",
            hint="use a certificate and its private key, both as PEM",
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{files} cannot be read: {error.strerror}") from None
    return context


def make_context(host: str) -> tuple[ssl.SSLContext, str]:
    """
    Make a self-signed certificate for *host*, and return it with its SHA-256 fingerprint.

    Raises:
        ConfigurationError: `cryptography` is not installed.
    """
    try:
        from cfsign.edge.server.certificate import make_certificate
    except ModuleNotFoundError:
        raise ConfigurationError(
            "a self-signed certificate needs cryptography",
            hint="pip install cryptography, or use --tls-cert and --tls-key",
        ) from None
    pem, fingerprint = make_certificate(host)
    # Python reads certificates from files only. This folder is for its owner alone.
    with tempfile.TemporaryDirectory(prefix="cfsign-edge-") as folder:
        path = Path(folder, "certificate.pem")
        path.write_bytes(pem)
        return load_certificate(path), fingerprint


def _refuse_password() -> str:
    # Otherwise OpenSSL would ask for it on the terminal.
    raise ConfigurationError(
        "the private key of the certificate is encrypted",
        hint="decrypt it: openssl pkey -in KEY -out NEW",
    )


class Decryption:
    """
    The decryption of TLS connections, in a thread, for a server that knows no TLS.

    Args:
        context: The certificate.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._loop = asyncio.new_event_loop()
        self._connections: dict[Future[None], socket.socket] = {}
        self._thread = threading.Thread(target=self._loop.run_forever, name="tls", daemon=True)
        self._thread.start()

    def decrypt(self, connection: socket.socket) -> socket.socket:
        """Return a socket on which the server reads and writes the plain bytes of *connection*."""
        plain, for_server = socket.socketpair()
        relay = asyncio.run_coroutine_threadsafe(self._relay(connection, plain), self._loop)
        # The event loop only has weak references to its tasks.
        self._connections[relay] = connection
        relay.add_done_callback(self._connections.pop)
        return for_server

    def close(self) -> None:
        """Close all connections, and end the thread."""
        for relay, connection in list(self._connections.items()):
            # Each task then ends by itself. asyncio would not close what a cancelled task opened.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            wait([relay])
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _relay(self, connection: socket.socket, plain: socket.socket) -> None:
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        connection.setblocking(False)
        with plain, connection:
            try:
                transport, _ = await self._loop.connect_accepted_socket(
                    lambda: protocol,
                    connection,
                    ssl=self._context,
                    ssl_handshake_timeout=_HANDSHAKE_TIMEOUT,
                    ssl_shutdown_timeout=_SHUTDOWN_TIMEOUT,
                )
            except OSError:
                return  # the client does not speak TLS, or does not trust the certificate
            writer = asyncio.StreamWriter(transport, protocol, reader, self._loop)
            plain_reader, plain_writer = await asyncio.open_connection(sock=plain)
            await asyncio.gather(_copy(reader, plain_writer), _copy(plain_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with suppress(OSError):  # either side closed the connection
            while chunk := await reader.read(_CHUNK):
                writer.write(chunk)
                await writer.drain()
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
