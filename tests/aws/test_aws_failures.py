"""What AWS and the way to it do wrong: errors of our own, which say what to do."""

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

# AWS's code, whether it is a mistake in what was asked for, and a part of the mend.
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

RAISED = [
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
    """A client of boto3's whose methods answer in turn what it was given; an error is raised."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)

    def _answer(self, **_: Any) -> Any:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    get_public_key = sign = get_secret_value = get_parameter = _answer


GOOD = {"KeyId": ARN, "KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY", "PublicKey": b"der"}


def check(error: SigningKeyError, code: str, mistake: bool, mend: str) -> None:
    assert type(error) is (SigningKeyError if mistake else KeyUnavailableError)
    assert error.message.endswith(f"({code})")
    assert mend in error.hint
    assert "{" not in str(error)
    assert mistake or error.code == code  # type: ignore[attr-defined]
    report = "".join(traceback.format_exception(error))
    assert "111122223333" not in report
    assert "u:p@proxy" not in report
    assert error.__cause__ is None
    assert error.__context__ is None


@pytest.mark.parametrize(("code", "mistake", "mend"), CODES)
def test_what_aws_answers_when_a_key_is_made(
    client: Any, code: str, mistake: bool, mend: str
) -> None:
    """A wrong key is told from one that is out of reach."""
    with Stubber(client) as stubber:
        message = "User: arn:aws:iam::111122223333:user/u is not authorized"
        stubber.add_client_error("get_public_key", code, message)
        with pytest.raises(SigningKeyError) as caught:
            KmsPrivateKey(NAME, client=client)
    check(caught.value, code, mistake, mend.format(operation="GetPublicKey"))
    assert caught.value.source == NAME


@pytest.mark.parametrize(("code", "mistake", "mend"), CODES)
def test_what_aws_answers_when_a_key_signs(
    client: Any, code: str, mistake: bool, mend: str
) -> None:
    """The key was there before, so every error of AWS's is one that the views answer with 503."""
    with Stubber(client) as stubber:
        stubber.add_response("get_public_key", GOOD)
        stubber.add_client_error("sign", code)
        signer = Signer("K2JCJMDEHXQW5F", KmsPrivateKey(ARN, client=client))
        with pytest.raises(SigningKeyError) as caught:
            signer.sign_url(URL, expires_in=9)
    check(caught.value, code, False, mend.format(operation="Sign"))


@pytest.mark.parametrize(("raised", "mistake", "mend"), RAISED)
def test_what_boto3_raises(raised: Exception, mistake: bool, mend: str) -> None:
    """All of it is ours, when a key is made, when it signs and when a secret is read."""
    code = type(raised).__name__
    for make in (KmsPrivateKey, SecretsManagerSecret, SsmParameter):
        with pytest.raises(SigningKeyError) as caught:
            make(NAME, client=Client(raised))()  # type: ignore[operator]
        check(caught.value, code, mistake, mend)
    key = KmsPrivateKey(ARN, client=Client(GOOD, raised))
    with pytest.raises(SigningKeyError) as caught:
        key.sign(b"message", "SHA256")
    check(caught.value, code, False, mend)


@pytest.mark.parametrize("missing", ["KeyId", "KeySpec", "KeyUsage", "PublicKey"])
def test_half_an_answer_makes_no_key(missing: str) -> None:
    """Whatever answered was not KMS."""
    answer = {name: value for name, value in GOOD.items() if name != missing}
    with pytest.raises(KeyUnavailableError, match="not one of AWS's"):
        KmsPrivateKey(NAME, client=Client(answer))


@pytest.mark.parametrize("answer", [{}, {"Signature": b""}, {"Signature": None}])
def test_half_an_answer_is_no_signature(answer: dict[str, Any]) -> None:
    """Nothing unsigned ever leaves."""
    key = KmsPrivateKey(ARN, client=Client(GOOD, answer))
    with pytest.raises(KeyUnavailableError, match="not one of AWS's"):
        Signer("K2JCJMDEHXQW5F", key).sign_url(URL, expires_in=9)


def client_of(port: int) -> Any:
    config = Config(connect_timeout=5, read_timeout=0.1, retries={"total_max_attempts": 1})
    return boto3.client("kms", endpoint_url=f"http://127.0.0.1:{port}", config=config)


def code_of(client: Any) -> str:
    with pytest.raises(KeyUnavailableError) as caught:
        KmsPrivateKey(NAME, client=client)
    assert caught.value.__context__ is None
    return caught.value.code


def test_a_port_on_which_nothing_listens() -> None:
    """Over a real socket."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, so that nobody else gets it, but not listening
        assert code_of(client_of(closed.getsockname()[1])) == "EndpointConnectionError"


def test_a_server_that_never_answers() -> None:
    """boto3's own time-out ends it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert code_of(client_of(silent.getsockname()[1])) == "ReadTimeoutError"


@contextlib.contextmanager
def server(status: int, body: bytes) -> Iterator[int]:
    """A server that has one answer to everything."""

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
def test_a_server_that_is_not_aws(status: int, body: bytes) -> None:
    """A proxy's page, say, in the place of the answer."""
    with server(status, body) as port:
        code_of(client_of(port))


def test_no_credentials_and_half_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """As boto3 finds them in the environment, on a machine that has no role."""
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert code_of(None) == "PartialCredentialsError"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert code_of(None) == "NoCredentialsError"


@pytest.mark.parametrize(
    ("variable", "value", "mend"),
    [
        ("AWS_DEFAULT_REGION", None, "NoRegionError"),
        ("AWS_DEFAULT_REGION", "not a region", "InvalidRegionError"),
        ("AWS_PROFILE", "nobody", "ProfileNotFound"),
        ("AWS_ENDPOINT_URL", "no url", "check AWS_ENDPOINT_URL"),
    ],
)
def test_a_configuration_of_boto3s_that_cannot_work(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str | None, mend: str
) -> None:
    """No waiting mends it."""
    if value is None:
        monkeypatch.delenv(variable)
    else:
        monkeypatch.setenv(variable, value)
    with pytest.raises(SigningKeyError, match=mend) as caught:
        KmsPrivateKey(NAME)
    assert type(caught.value) is SigningKeyError
