"""Tests of failures of AWS, boto3 and the network: each is a CfsignError with a hint."""

from __future__ import annotations

import contextlib
import socket
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

boto3 = pytest.importorskip("boto3")

from botocore import exceptions  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.parsers import ResponseParserError  # noqa: E402
from botocore.stub import Stubber  # noqa: E402

from cfsign import KeyUnavailableError, Signer, SigningKeyError  # noqa: E402
from cfsign.keys.kms import KmsPrivateKey  # noqa: E402
from cfsign.keys.secrets import SecretsManagerSecret, SsmParameter  # noqa: E402

NAME = "alias/cloudfront"
ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd"
URL = "https://media.example.com/a"

# AWS's error code, whether it is permanent, and a part of the hint.
CODES = [
    ("NotFoundException", True, "alias/NAME"),
    ("InvalidArnException", True, "not the ARN"),
    ("ValidationException", True, "check it"),
    ("UnsupportedOperationException", True, "ECC_NIST_P256"),
    ("InvalidKeyUsageException", True, "SIGN_VERIFY"),
    ("AccessDeniedException", False, "allow kms:{operation}"),
    ("DisabledException", False, "aws kms enable-key"),
    ("KMSInvalidStateException", False, "aws kms describe-key"),
    ("ThrottlingException", False, "quota"),
    ("LimitExceededException", False, "quota"),
    ("KMSInternalException", False, "retry"),
    ("KeyUnavailableException", False, "retry"),
    ("DependencyTimeoutException", False, "retry"),
    ("ServiceUnavailableException", False, "retry"),
    ("ExpiredTokenException", False, "renew them"),
    ("UnrecognizedClientException", False, "renew them"),
    ("InvalidSignatureException", False, "the clock"),
    ("NeverHeardOfException", False, "documentation of AWS"),
    ("500", False, "documentation of AWS"),
]

EXCEPTIONS = [
    (exceptions.EndpointConnectionError(endpoint_url="https://kms"), False, "check the network"),
    (exceptions.ConnectTimeoutError(endpoint_url="https://kms"), False, "check the network"),
    (exceptions.ReadTimeoutError(endpoint_url="https://kms"), False, "check the network"),
    (exceptions.ConnectionClosedError(endpoint_url="https://kms"), False, "check the network"),
    (exceptions.SSLError(endpoint_url="https://kms", error=""), False, "check the network"),
    (exceptions.ProxyConnectionError(proxy_url="http://u:p@proxy"), False, "check the network"),
    (exceptions.HTTPClientError(error="broken"), False, "check the network"),
    (exceptions.NoCredentialsError(), False, "no AWS credentials"),
    (exceptions.PartialCredentialsError(provider="env", cred_var="x"), False, "no AWS cred"),
    (exceptions.CredentialRetrievalError(provider="x", error_msg="y"), False, "no AWS cred"),
    (exceptions.NoRegionError(), True, "AWS_DEFAULT_REGION"),
    (exceptions.InvalidRegionError(region_name="-"), True, "AWS_DEFAULT_REGION"),
    (exceptions.ProfileNotFound(profile="x"), True, "AWS_PROFILE"),
    (exceptions.BotoCoreError(), False, "documentation of AWS"),
    (ResponseParserError("not JSON"), False, "documentation of AWS"),
]


class Client:
    """A boto3 client whose methods return or raise the given results in order."""

    def __init__(self, *results: Any) -> None:
        self._results = list(results)

    def _call(self, **_: Any) -> Any:
        result = self._results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    get_public_key = sign = get_secret_value = get_parameter = _call


RESPONSE = {"KeyId": ARN, "KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY", "PublicKey": b"der"}


def check(error: SigningKeyError, code: str, is_permanent: bool, hint: str) -> None:
    assert type(error) is (SigningKeyError if is_permanent else KeyUnavailableError)
    assert error.message.endswith(f"({code})")
    assert hint in error.hint
    assert "{" not in str(error)
    assert is_permanent or error.code == code  # type: ignore[attr-defined]
    report = "".join(traceback.format_exception(error))
    assert "111122223333" not in report
    assert "u:p@proxy" not in report
    assert error.__cause__ is None
    assert error.__context__ is None


@pytest.mark.parametrize(("code", "is_permanent", "hint"), CODES)
def test_error_of_aws_when_a_key_is_made(
    client: Any, code: str, is_permanent: bool, hint: str
) -> None:
    """A wrong key and an unreachable key raise different errors."""
    with Stubber(client) as stubber:
        message = "User: arn:aws:iam::111122223333:user/u is not authorized"
        stubber.add_client_error("get_public_key", code, message)
        with pytest.raises(SigningKeyError) as caught:
            KmsPrivateKey(NAME, client=client)
    check(caught.value, code, is_permanent, hint.format(operation="GetPublicKey"))
    assert caught.value.source == NAME


@pytest.mark.parametrize(("code", "is_permanent", "hint"), CODES)
def test_error_of_aws_when_a_key_signs(
    client: Any, code: str, is_permanent: bool, hint: str
) -> None:
    """The key worked before, so every error is a KeyUnavailableError: the views answer 503."""
    with Stubber(client) as stubber:
        stubber.add_response("get_public_key", RESPONSE)
        stubber.add_client_error("sign", code)
        signer = Signer("K2JCJMDEHXQW5F", KmsPrivateKey(ARN, client=client))
        with pytest.raises(SigningKeyError) as caught:
            signer.sign_url(URL, expires_in=9)
    check(caught.value, code, False, hint.format(operation="Sign"))


@pytest.mark.parametrize(
    ("exception", "is_permanent", "hint"),
    EXCEPTIONS,
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_exception_of_boto3(exception: Exception, is_permanent: bool, hint: str) -> None:
    """When a key is made, when it signs, and when a secret is read."""
    code = type(exception).__name__
    for loader in (KmsPrivateKey, SecretsManagerSecret, SsmParameter):
        with pytest.raises(SigningKeyError) as caught:
            loader(NAME, client=Client(exception))()  # type: ignore[operator]
        check(caught.value, code, is_permanent, hint)
    key = KmsPrivateKey(ARN, client=Client(RESPONSE, exception))
    with pytest.raises(SigningKeyError) as caught:
        key.sign(b"message", "SHA256")
    check(caught.value, code, False, hint)


@pytest.mark.parametrize("missing", ["KeyId", "KeySpec", "KeyUsage", "PublicKey"])
def test_incomplete_response_makes_no_key(missing: str) -> None:
    """Such a response is not from KMS."""
    response = {name: value for name, value in RESPONSE.items() if name != missing}
    with pytest.raises(KeyUnavailableError, match="not one of AWS's"):
        KmsPrivateKey(NAME, client=Client(response))


@pytest.mark.parametrize("response", [{}, {"Signature": b""}, {"Signature": None}])
def test_incomplete_response_is_not_a_signature(response: dict[str, Any]) -> None:
    """No URL is returned without a signature."""
    key = KmsPrivateKey(ARN, client=Client(RESPONSE, response))
    with pytest.raises(KeyUnavailableError, match="not one of AWS's"):
        Signer("K2JCJMDEHXQW5F", key).sign_url(URL, expires_in=9)


def make_client(port: int) -> Any:
    config = Config(connect_timeout=5, read_timeout=0.1, retries={"total_max_attempts": 1})
    return boto3.client("kms", endpoint_url=f"http://127.0.0.1:{port}", config=config)


def fail_with_code(client: Any) -> str:
    with pytest.raises(KeyUnavailableError) as caught:
        KmsPrivateKey(NAME, client=client)
    assert caught.value.__context__ is None
    return caught.value.code


def test_closed_port() -> None:
    """With a real socket."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, so that no other process gets it, but not listening
        assert fail_with_code(make_client(closed.getsockname()[1])) == "EndpointConnectionError"


def test_server_that_never_responds() -> None:
    """boto3's timeout ends the call."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert fail_with_code(make_client(silent.getsockname()[1])) == "ReadTimeoutError"


@contextlib.contextmanager
def run_server(status: int, body: bytes) -> Iterator[int]:
    """Run a server that sends the same response to every request; yield its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield httpd.server_port
        finally:
            httpd.shutdown()
            thread.join()


@pytest.mark.parametrize("status", [200, 403, 500, 503])
@pytest.mark.parametrize("body", [b"", b"<html>Please log in</html>", b"{", b"[1]", b"null"])
def test_server_that_is_not_aws(status: int, body: bytes) -> None:
    """For example the login page of a proxy."""
    with run_server(status, body) as port:
        fail_with_code(make_client(port))


def test_missing_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials, or only one half of them, on a machine without a role."""
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert fail_with_code(None) == "PartialCredentialsError"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert fail_with_code(None) == "NoCredentialsError"


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("AWS_DEFAULT_REGION", None, "NoRegionError"),
        ("AWS_DEFAULT_REGION", "not a region", "InvalidRegionError"),
        ("AWS_PROFILE", "missing", "ProfileNotFound"),
        ("AWS_ENDPOINT_URL", "no url", "check AWS_ENDPOINT_URL"),
    ],
)
def test_invalid_configuration_of_boto3(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str | None, message: str
) -> None:
    """The error is permanent."""
    if value is None:
        monkeypatch.delenv(variable)
    else:
        monkeypatch.setenv(variable, value)
    with pytest.raises(SigningKeyError, match=message) as caught:
        KmsPrivateKey(NAME)
    assert type(caught.value) is SigningKeyError
