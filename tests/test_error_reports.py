"""
No error report shows a key, a password or a signature: neither the errors nor the variables.

Error reporters send the variables of each frame away, and Django's debug page shows them.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import html
import json
import re
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rsa

import cfsign
from cfsign import (
    Distribution,
    KeyPair,
    KeyRing,
    Policy,
    SignedCookies,
    SignedPolicy,
    Signer,
    TrustedKeyGroup,
    load_private_key,
    load_public_key,
)
from cfsign.config.configuration import Configuration
from cfsign.doctor import diagnose, read_environment, read_mapping
from cfsign.edge import WSGIEdge
from cfsign.keys import generate_private_key_pem
from cfsign.keys.kms import KmsPrivateKey
from cfsign.keys.secrets import SecretsManagerSecret, SsmParameter
from cfsign.observers import AuditLog
from cfsign.playlists import sign_dash, sign_hls
from cfsign.utils.secret import hide
from cfsign.views import (
    AccessEvent,
    FolderCookies,
    FolderRenewal,
    OptionAttributes,
    PageUrls,
    SiteConfig,
    ViewHandler,
    ViewOptions,
    find_resource,
)
from tests.keys.helpers import body_of, decode_body
from tests.views.helpers import respond, respond_async

sentry_sdk = pytest.importorskip("sentry_sdk")
pytest.importorskip("sentry_sdk.scrubber")
django_conf = pytest.importorskip("django.conf")
flask = pytest.importorskip("flask")
pytest.importorskip("falcon")
pytest.importorskip("starlette")
pytest.importorskip("cryptography")

DOMAIN = "https://media.example.com"
ID = "K2JCJMDEHXQW5F"
RUN = 12  # characters
LONG = "a" * 7900  # a path that fits, but not with a signature
OURS = re.compile(rf"<string>$|{re.escape(str(Path(cfsign.__file__).parent.parent))}/cfsign\w*/")


class Material:
    """The secrets, which the frames of the tests keep in an object without a repr of them."""

    def __init__(self, folder: Path, texts: dict[str, str]) -> None:
        self.folder = folder
        self.pem = texts["pem"]
        self.encrypted = texts["encrypted_pem"]
        self.password = texts["password"]
        self.texts = texts
        self.good_key = folder / "good.pem"
        self.good_key.write_text(self.pem)
        self.number = rsa.PrivateKey.load_pkcs1(texts["pkcs1_pem"].encode()).d
        self.signatures: list[bytes] = []
        self.environ = {"HOME": "/", "DATABASE_PASSWORD": self.password}

    def signer(self) -> Signer:
        return Signer(ID, RecordedKey(self))

    def distribution(self, **options: Any) -> Distribution:
        return Distribution(DOMAIN, self.signer(), **options)

    def settings(self, **config: Any) -> dict[str, Any]:
        return {
            "SECRET_KEY": self.password,
            "CLOUDFRONT_DOMAIN": DOMAIN,
            "CLOUDFRONT_CONFIG": {"key_pair_id": ID, **config},
        }

    def write(self, content: str | bytes, name: str = "file.pem") -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def find_leaks(self, report: str) -> set[str]:
        """Return the runs of the secrets that *report* contains."""
        secret = _find_secret_runs(tuple(self.texts.items()))
        for signature in self.signatures:
            text = base64.b64encode(signature).decode().translate(str.maketrans("+=/", "-_~"))
            secret = secret | _runs(text) | _byte_runs(signature) | _runs(signature.hex())
        found = (_runs(report) | _runs(report, 2 * RUN)) & secret
        return {run for run in found if len(set(run)) > 5}  # not zeros


@functools.cache
def _find_secret_runs(texts: tuple[tuple[str, str], ...]) -> frozenset[str]:
    found, public = set(), set()
    for name, text in texts:
        if name == "password":
            found |= _runs(text)
            continue
        lines = [line for line in text.splitlines() if line and "-----" not in line]
        body = "".join(line for line in lines if ":" not in line)
        data = base64.b64decode(body)
        if name == "public_pem":
            public |= _runs(body) | _byte_runs(data) | _runs(data.hex())
        else:  # without the start, which is the same for all keys of a kind
            found |= _runs(body[60:]) | _byte_runs(data[40:]) | _runs(data[40:].hex())
    key = rsa.PrivateKey.load_pkcs1(dict(texts)["pkcs1_pem"].encode())
    for number in (key.d, key.p, key.q, key.exp1, key.exp2, key.coef):
        found |= _runs(str(number)) | _runs(f"{number:x}")
    return frozenset(found - public)


def _runs(text: str, length: int = RUN) -> set[str]:
    return {text[start : start + length] for start in range(len(text) - length + 1)}


def _byte_runs(data: bytes) -> set[str]:
    # Twice as long: three random bytes may be equal by chance.
    return _runs(repr(data)[2:-1], 2 * RUN)


class RecordedKey:
    """A key that records its signatures, so that the tests can look for them."""

    def __init__(self, material: Material, result: Callable[[bytes], Any] = lambda made: made):
        self._material = material
        self._result = result
        self._key = load_private_key(material.pem)

    def sign(self, message: bytes, hash_algorithm: Any) -> Any:
        made = self._key.sign(message, hash_algorithm)
        self._material.signatures.append(made)
        return self._result(made)

    def public_key_pem(self) -> str:
        return self._key.public_key_pem()


def _choose(m, result):
    """Handle a request whose `distribution_for` returns *result*."""

    class Tenants(OptionAttributes):
        def distribution_for(self, request):
            return result

    handler = SiteConfig(m.distribution()).handlers(Tenants).choose(lambda request: result, None)
    handler.handle(None, "a", handler.file_request("a"), lambda: 200)


def _raise(error: Exception) -> Any:
    raise error


# The forms of a key that cannot be loaded.
BAD_KEYS: dict[str, Callable[[Material], str | bytes]] = {
    "truncated": lambda m: m.pem[: len(m.pem) // 2],
    "no END": lambda m: m.pem.rpartition("-----END")[0],
    "no BEGIN": lambda m: m.pem.partition("\n")[2],
    "short": lambda m: "\n".join([*m.pem.splitlines()[:9], m.pem.splitlines()[-1]]),
    "not base64": lambda m: m.pem[:700] + "!" + m.pem[701:],
    "not ASCII": lambda m: m.pem[:700] + "é" + m.pem[701:],
    "not UTF-8": lambda m: m.pem.encode()[:700] + b"\xff" + m.pem.encode()[701:],
    "another number": lambda m: _pem("PRIVATE KEY", _flip(decode_body(m.pem), -40)),
    "another length": lambda m: _pem("PRIVATE KEY", _flip(decode_body(m.pem), 5)),
    "different labels": lambda m: m.pem.replace("END", "END RSA"),
    "newlines escaped twice, short": lambda m: m.pem[:900].replace("\n", "\\\\n"),
    "PuTTY": lambda m: f"PuTTY-User-Key-File-3: ssh-rsa\n{body_of(m.pem)}",
    "public label": lambda m: m.pem.replace("PRIVATE", "PUBLIC"),
    "certificate label": lambda m: m.pem.replace("PRIVATE KEY", "CERTIFICATE"),
    "OpenSSH label": lambda m: m.pem.replace("PRIVATE", "OPENSSH PRIVATE"),
    "DER and more": lambda m: decode_body(m.pem) + b"\n",
    "short DER": lambda m: decode_body(m.pem)[:-9],
    "DER of another number": lambda m: _flip(decode_body(m.pem), -40),
    "short base64 of PEM": lambda m: base64.b64encode(m.pem.encode()).decode()[:-3],
    "short UTF-16": lambda m: m.pem.encode("utf-16")[:-1],
    "too large": lambda m: m.pem + " " * 65536,
    "RSA-1024": lambda m: m.texts["small_pem"],
    "P-384": lambda m: m.texts["p384_pem"],
    "P-384, SEC 1": lambda m: m.texts["p384_sec1_pem"],
    "Ed25519": lambda m: m.texts["ed25519_pem"],
    "explicit curve": lambda m: m.texts["spelled_out_pem"],
    "encrypted": lambda m: m.encrypted,
    "encrypted PKCS#1": lambda m: m.texts["encrypted_pkcs1_pem"],
    "encrypted, in DER": lambda m: decode_body(m.encrypted),
    "the password": lambda m: m.password,
    "JWK": lambda m: json.dumps({"kty": "RSA", "d": base64.b64encode(decode_body(m.pem)).decode()}),
    "JSON": lambda m: json.dumps({"private_key": m.pem.partition("\n")[2], "password": m.password}),
    "hexadecimal digits": lambda m: decode_body(m.pem).hex(),
    "base64": lambda m: body_of(m.pem).replace("\n", ""),
}


def _flip(data: bytes, index: int) -> bytes:
    index %= len(data)
    return data[:index] + bytes([data[index] ^ 0x55]) + data[index + 1 :]


def _pem(label: str, der: bytes) -> str:
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else base64.b64encode(value).decode()


def _ring(m: Material, **bad: Any) -> str:
    good = {"key_pair_id": "K1GOOD", "private_key": m.pem}
    return json.dumps({"keys": [good, {"key_pair_id": "K2BAD", "active_from": 2, **bad}]})


# The ways in which a key that cannot be loaded reaches the project.
WAYS: dict[str, Callable[[Material, Any], object]] = {
    "load": lambda m, key: load_private_key(key),
    "load with rsa": lambda m, key: load_private_key(key, backend="rsa"),
    "load with a password": lambda m, key: load_private_key(key, password=m.password + "!"),
    "load a file": lambda m, key: load_private_key(m.write(key)),
    "Signer": lambda m, key: Signer(ID, key),
    "TrustedKeyGroup": lambda m, key: TrustedKeyGroup({ID: key}),
    "settings": lambda m, key: Configuration.from_mapping(m.settings(private_key=key)),
    "settings with a password": lambda m, key: Configuration.from_mapping(
        m.settings(private_key=key, password=m.password[::-1])
    ),
    "environment": lambda m, key: Distribution.from_env(
        {
            **m.environ,
            "CLOUDFRONT_DOMAIN": DOMAIN,
            "CLOUDFRONT_KEY_PAIR_ID": ID,
            "CLOUDFRONT_PRIVATE_KEY": _text(key),
            "CLOUDFRONT_PASSWORD": m.password + "!",
        }
    ),
    "ring": lambda m, key: KeyRing(
        [KeyPair("K1GOOD", m.pem), KeyPair("K2BAD", key, active_from=2)]
    ),
    "ring of mappings": lambda m, key: KeyRing(
        [{"key_pair_id": "K2BAD", "private_key": key, "password": m.password}]
    ),
    "ring file": lambda m, key: KeyRing.from_file(
        m.write(_ring(m, private_key=_text(key)), "ring.json")
    ),
    "ring loader": lambda m, key: KeyRing.from_loader(
        lambda: _ring(m, private_key=_text(key), password=m.password + "!")
    ),
    "ring that changes": lambda m, key: _refresh(m, _ring(m, private_key=_text(key))),
}


def _refresh(m: Material, document: str, load: Callable[[], Any] | None = None) -> None:
    """Raise the error of a ring whose document changes to *document*."""
    loads: list[Callable[[], Any]] = [
        lambda: json.dumps({"keys": [{"key_pair_id": "K1GOOD", "private_key": m.pem}]}),
        load or (lambda: document),
    ]
    ring = KeyRing.from_loader(
        lambda: (loads.pop(0) if len(loads) > 1 else loads[0])(), refresh_every=0
    )
    ring.current()
    _raise(ring.last_error or AssertionError("no error"))


def _from_env(m: Material, **variables: str) -> object:
    required = {"DOMAIN": DOMAIN, "KEY_PAIR_ID": ID, "PRIVATE_KEY": m.pem}
    named = {f"CLOUDFRONT_{name}": value for name, value in (required | variables).items()}
    return Distribution.from_env({**m.environ, **named})


def _sign_with(m: Material, result: Callable[[bytes], Any], **options: Any) -> Distribution:
    return Distribution(DOMAIN, Signer(ID, RecordedKey(m, result)), **options)


def _warn_as_error(call: Callable[[], object]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call()


def _share_an_error(m: Material) -> None:
    """Raise the error of a thread that waited for the signature of another."""
    started, go_on = threading.Event(), threading.Event()

    def fail(_: bytes) -> Any:
        started.set()
        go_on.wait(30)
        raise RuntimeError("the module did not answer")

    distribution = _sign_with(m, fail, expiry_step=10**7)
    first = threading.Thread(target=_swallow, args=(distribution,))
    first.start()
    started.wait(30)
    threading.Timer(0.1, go_on.set).start()
    try:
        distribution.sign_path("a")
    finally:
        go_on.set()
        first.join()


def _swallow(distribution: Distribution) -> None:
    with contextlib.suppress(RuntimeError):
        distribution.sign_path("a")


def _flask(m: Material, result: Callable[[bytes], Any]) -> None:
    from cfsign_flask import CloudFront, signed_redirect_blueprint

    app = flask.Flask("site")
    app.config.update(m.settings(private_key=RecordedKey(m, result)), PROPAGATE_EXCEPTIONS=True)
    CloudFront(app)
    app.register_blueprint(signed_redirect_blueprint("media", __name__, lambda _: 200, "/media"))
    app.test_client().get("/media/a")


def _flask_2012(m: Material, **config: Any) -> None:
    from cfsign_flask.legacy import CloudFrontRedirect

    class Redirect(CloudFrontRedirect):
        def authorize(self) -> int:
            return 200

    app = flask.Flask("site")
    with app.test_request_context("/a"):
        Redirect(DOMAIN, key_pair_id=ID, **config).go()


def _falcon(m: Material, result: Callable[[bytes], Any]) -> None:
    import falcon.testing

    from cfsign_falcon import SignedRedirectResource

    class Resource(SignedRedirectResource):
        def authorize(self, req: Any, resource: str, **params: Any) -> int:
            return 200

    app = falcon.App()
    app.add_route("/media/{resource:path}", Resource(_sign_with(m, result)))
    app.add_error_handler(Exception, lambda req, resp, error, params: _raise(error))
    falcon.testing.TestClient(app).simulate_get("/media/a")


def _falcon_settings(m: Material, **config: Any) -> None:
    from cfsign_falcon import SignedRedirectResource

    class Resource(SignedRedirectResource):
        def authorize(self, req: Any, resource: str, **params: Any) -> int:
            return 200

    if config:
        Resource.from_config(m.settings(**config))
    Resource.from_env({**m.environ, "CLOUDFRONT_PRIVATE_KEY": m.pem})


def _falcon_option(m: Material, **options: Any) -> None:
    from cfsign_falcon import SignedRedirectResource

    class Resource(SignedRedirectResource):
        def authorize(self, req: Any, resource: str, **params: Any) -> int:
            return 200

    Resource.from_config(m.settings(private_key=m.pem), **options)


def _falcon_settings_as_distribution(m: Material) -> None:
    from cfsign_falcon import SignedRedirectResource

    class Resource(SignedRedirectResource):
        def authorize(self, req: Any, resource: str, **params: Any) -> int:
            return 200

    Resource(m.settings(private_key=m.pem))  # type: ignore[arg-type]


def _observed(
    distribution: Distribution, error: BaseException | None = None, result: object = 200
) -> None:
    """Handle a request whose observer raises *error*."""

    def observe(event: AccessEvent, request: Any) -> None:
        if error is not None:
            raise error

    options = ViewOptions(delivery="json")
    handler = ViewHandler(distribution, options, observers=[observe])
    handler.handle(None, "a", handler.file_request("a"), functools.partial(_reveal, hide(result)))


def _find_resource(m: Material, result: object) -> None:
    hidden = functools.partial(_reveal, hide(result))
    del result
    handler = ViewHandler(m.distribution(), ViewOptions(), observers=[lambda event, request: None])
    resource = find_resource(hidden)
    handler.handle(None, resource, handler.validate(resource), lambda: 200)


def _reveal(secret: Any) -> object:
    return secret.reveal()


def _starlette(m: Material, result: Callable[[bytes], Any]) -> None:
    from starlette.applications import Starlette
    from starlette.routing import Route

    from cfsign_starlette import SignedRedirectEndpoint

    class Content(SignedRedirectEndpoint):
        async def authorize(self, request: Any, resource: str, **path_params: Any) -> int:
            return 200

    endpoint = Content.as_endpoint(_sign_with(m, result))
    app = Starlette(routes=[Route("/media/{resource:path}", endpoint)])
    asyncio.run(_send_asgi(app))


async def _send_asgi(app: Any) -> None:
    async def ignore(*messages: Any) -> Any: ...

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/media/a",
        "root_path": "",
        "query_string": b"",
        "headers": [],
    }
    await app(scope, ignore, ignore)


def _starlette_settings(m: Material, way: str) -> None:
    from cfsign_starlette import SignedRedirectEndpoint, signed_redirect

    class Content(SignedRedirectEndpoint):
        async def authorize(self, request: Any, resource: str, **path_params: Any) -> int:
            return 200

    environ = {**m.environ, "CLOUDFRONT_PRIVATE_KEY": m.pem}
    settings: Any = m.settings(private_key=m.pem, expire=5)
    {
        "endpoint": lambda: Content.from_config(settings),
        "endpoint environment": lambda: Content.from_env(environ),
        "endpoint distribution": lambda: Content.as_endpoint(settings),
        "redirect": lambda: signed_redirect.from_config(settings),
        "redirect environment": lambda: signed_redirect.from_env(environ),
        "redirect distribution": lambda: signed_redirect(settings),
    }[way]()


def _fastapi(m: Material) -> None:
    from starlette.requests import Request

    from cfsign_starlette import signed_redirect

    scope = {"type": "http", "query_string": b"", "headers": []}
    asyncio.run(signed_redirect(m.distribution())(Request(scope), "a", m.password))


def _use_flask(m: Material, use: Callable[[Any, Any], object]) -> None:
    from cfsign_flask import CloudFront

    app = flask.Flask("site")
    app.config.update(m.settings(private_key=str(m.good_key), cookie_domain=""))
    cloudfront = CloudFront(app)
    with app.test_request_context():
        use(cloudfront, flask.Response())


def _use_django(m: Material, use: Callable[[Any, Any], object]) -> None:
    from django.http import HttpResponse

    import cfsign_django
    from cfsign_django import conf

    django_conf.settings.CLOUDFRONT_DOMAIN = DOMAIN
    config = m.settings(private_key=str(m.good_key), cookie_domain="")["CLOUDFRONT_CONFIG"]
    django_conf.settings.CLOUDFRONT_CONFIG = config
    conf.site_config.cache_clear()
    try:
        use(cfsign_django, HttpResponse())
    finally:
        conf.site_config.cache_clear()


def falcon_renew_folders() -> Any:
    from cfsign_falcon import RenewFolders

    return RenewFolders


def starlette_renew_folders() -> Any:
    from cfsign_starlette import RenewFolders

    return RenewFolders


def _django(m: Material, **config: Any) -> None:
    from cfsign_django import conf

    django_conf.settings.CLOUDFRONT_DOMAIN = DOMAIN
    django_conf.settings.CLOUDFRONT_CONFIG = {"key_pair_id": ID, **config}
    conf.site_config.cache_clear()
    try:
        conf.distribution().sign_path("a")
    finally:
        conf.site_config.cache_clear()


def _kms(m: Material, response: dict[str, Any] | str, method: str) -> None:
    """Raise the error of a KMS client that answers *method* with *response*."""
    boto3 = pytest.importorskip("boto3")
    from botocore.stub import Stubber

    from cfsign.keys.kms import KmsPrivateKey

    keys = {"aws_access_key_id": m.password, "aws_secret_access_key": m.password}
    client = boto3.session.Session(region_name="eu-central-1", **keys).client("kms")
    name = "arn:aws:kms:eu-central-1:111122223333:key/1234"
    good = {"KeyId": name, "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "PublicKey": b"0"}
    with Stubber(client) as stubber:
        if method == "sign":
            stubber.add_response("get_public_key", good)
        if isinstance(response, str):
            stubber.add_client_error(method, response)
        else:
            stubber.add_response(method, response)
        key = KmsPrivateKey(name, client=client)
        Signer(ID, key).sign_url(f"{DOMAIN}/a", expires_in=60)


def _moto(m: Material, **key: Any) -> None:
    moto = pytest.importorskip("moto")
    import boto3

    from cfsign.keys.kms import KmsPrivateKey

    keys = {"aws_access_key_id": m.password, "aws_secret_access_key": m.password}
    with moto.mock_aws():
        client = boto3.session.Session(region_name="eu-central-1", **keys).client("kms")
        if key:
            made = client.create_key(**key)["KeyMetadata"]["KeyId"]
            client.disable_key(KeyId=made)
            Configuration.from_mapping(
                m.settings(private_key=KmsPrivateKey(made, client=client))
            ).signer.sign_cookies(f"{DOMAIN}/*", expires_in=60)
        KmsPrivateKey("alias/none", client=client)


def _secret(m: Material, content: str) -> None:
    moto = pytest.importorskip("moto")
    import boto3

    from cfsign.keys.secrets import SecretsManagerSecret

    keys = {"aws_access_key_id": m.password, "aws_secret_access_key": m.password}
    with moto.mock_aws():
        client = boto3.session.Session(region_name="eu-central-1", **keys).client("secretsmanager")
        client.create_secret(Name="site/key", SecretString=content)
        KeyRing.from_loader(SecretsManagerSecret("site/key", client=client))
        raise AssertionError("the ring was loaded")


async def _raise_group(_: bytes) -> Any:
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(0))
        raise RuntimeError("the module did not answer")


OTHER_PATHS: dict[str, Callable[[Material], object]] = {
    # Keys
    "unneeded password": lambda m: load_private_key(m.pem, password=m.password),
    "wrong password": lambda m: load_private_key(m.encrypted, password=m.password[:-1] + "?"),
    "wrong password, bytes": lambda m: load_private_key(
        m.encrypted, password=m.password[1:].encode()
    ),
    "password list": lambda m: load_private_key(m.encrypted, password=[m.password]),
    "password list of a function": lambda m: load_private_key(
        m.encrypted,
        password=lambda: [m.password],
    ),
    "password not UTF-8": lambda m: load_private_key(m.encrypted, password=m.password + "\ud800"),
    "password function fails": lambda m: load_private_key(
        m.encrypted, password=lambda: _raise(RuntimeError("the store is closed"))
    ),
    "password for rsa": lambda m: load_private_key(m.encrypted, password=m.password, backend="rsa"),
    "unknown backend": lambda m: load_private_key(m.pem, password=m.password, backend="none"),
    "key as the id": lambda m: Signer(m.pem, m.pem),
    "key as the id of a pair": lambda m: KeyPair(m.pem, m.pem, password=m.password),
    "key in a mapping": lambda m: Signer(ID, {"pem": m.pem}),
    "file of a folder": lambda m: load_private_key(m.folder, password=m.password),
    "missing file": lambda m: load_private_key(m.folder / "none.pem", password=m.password),
    # Settings
    "unknown setting": lambda m: Configuration.from_mapping(
        m.settings(private_key=m.pem, password=m.password, expire=5)
    ),
    "missing domain": lambda m: Distribution.from_config(
        {"CLOUDFRONT_CONFIG": m.settings(private_key=m.pem)["CLOUDFRONT_CONFIG"]}
    ),
    "settings are text": lambda m: Distribution.from_config(m.pem),
    "config is text": lambda m: Distribution.from_config({"CLOUDFRONT_CONFIG": m.pem}),
    "bad domain": lambda m: SiteConfig.from_config(m.settings(private_key=m.pem), location="x"),
    "bad location": lambda m: SiteConfig.from_config(
        m.settings(private_key=m.pem), location=f"{DOMAIN}/a b"
    ),
    "bad option": lambda m: SiteConfig.from_config(m.settings(private_key=m.pem, code=301)),
    "warning as an error": lambda m: _warn_as_error(
        lambda: Configuration.from_mapping(
            m.settings(
                private_key=m.encrypted,
                password=m.password,
                headers={"Cache-Control": "public"},
            )
        )
    ),
    "password function of the settings": lambda m: Configuration.from_mapping(
        m.settings(
            private_key=m.encrypted, password=lambda: _raise(RuntimeError("the store is closed"))
        )
    ),
    "environment without a key": lambda m: Distribution.from_env(m.environ),
    "variable with a mistake": lambda m: _from_env(m, EXPIRES_IN="soon"),
    "misspelt variable as an error": lambda m: _warn_as_error(lambda: _from_env(m, EXPIRE_IN="9")),
    "environment with a prefix of another type": lambda m: Distribution.from_env(m.environ, 5),
    "unneeded password in the environment": lambda m: _from_env(m, PASSWORD=m.password),
    "PEM as the key file": lambda m: _from_env(m, PRIVATE_KEY="", PRIVATE_KEY_FILE=m.pem),
    "password as the key file": lambda m: _from_env(m, PRIVATE_KEY="", PRIVATE_KEY_FILE=m.password),
    "document as the ring file": lambda m: _from_env(
        m, PRIVATE_KEY="", KEY_PAIR_ID="", KEY_RING_FILE=_ring(m, private_key=m.pem)
    ),
    # Key rings
    "ring of nothing": lambda m: KeyRing([]),
    "ring of text": lambda m: KeyRing(m.pem),
    "ring file is a document": lambda m: KeyRing.from_file(_ring(m, private_key=m.pem)),
    "ring with an unknown member": lambda m: KeyRing.from_loader(
        lambda: _ring(m, private_key=m.pem, passwort=m.password)
    ),
    "document as the loader": lambda m: KeyRing.from_loader(_ring(m)),
    "document as the interval": lambda m: KeyRing.from_file("a", refresh_every=_ring(m)),
    "document as the interval of a list": lambda m: KeyRing(
        [KeyPair(ID, m.pem)], refresh_every=_ring(m)
    ),
    "key as the id to remove": lambda m: KeyRing([KeyPair(ID, m.pem)]).removable_at(m.pem, 60),
    "key as the longest duration": lambda m: KeyRing([KeyPair(ID, m.pem)]).removable_at(ID, m.pem),
    "ring without an id": lambda m: KeyRing([{"private_key": m.pem}]),
    "ring with a key as id": lambda m: KeyRing([{"key_pair_id": m.pem, "private_key": m.pem}]),
    "ring with a number as key": lambda m: KeyRing.from_loader(lambda: _ring(m, private_key=5)),
    "ring with a bad time": lambda m: KeyRing.from_loader(
        lambda: _ring(m, private_key=m.pem, active_from="soon")
    ),
    "ring that is not JSON": lambda m: KeyRing.from_loader(lambda: m.pem),
    "ring with raw newlines": lambda m: KeyRing.from_loader(
        lambda: _ring(m, private_key=m.pem).replace("\\n", "\n")
    ),
    "ring with a member twice": lambda m: KeyRing.from_file(
        m.write(_ring(m, private_key=m.pem).replace("active_from", "private_key"), "ring.json")
    ),
    "ring that is a list": lambda m: KeyRing.from_loader(lambda: json.dumps([m.pem, m.password])),
    "ring not UTF-8": lambda m: KeyRing.from_loader(lambda: m.pem.encode() + b"\xff"),
    "loader returns a mapping": lambda m: KeyRing.from_loader(lambda: {"keys": [m.pem]}),
    "loader fails": lambda m: KeyRing.from_loader(lambda: _raise(RuntimeError("store is closed"))),
    "loader fails later": lambda m: _refresh(m, "", lambda: _raise(RuntimeError("closed"))),
    "loader returns a mapping later": lambda m: _refresh(m, "", lambda: {"keys": [m.pem]}),
    "key under an old id": lambda m: _refresh(
        m,
        json.dumps({"keys": [{"key_pair_id": "K1GOOD", "private_key": m.texts["other_pem"]}]}),
    ),
    "password function of a ring": lambda m: KeyRing(
        [KeyPair("K1", m.encrypted, password=lambda: _raise(RuntimeError("store is closed")))]
    ),
    "password function of a ring of mappings": lambda m: Configuration.from_mapping(
        {
            "CLOUDFRONT_DOMAIN": DOMAIN,
            "CLOUDFRONT_CONFIG": {
                "keys": [
                    {"key_pair_id": "K1", "private_key": m.pem, "active_from": 1},
                    {
                        "key_pair_id": "K2",
                        "private_key": m.encrypted,
                        "active_from": 2,
                        "password": lambda: _raise(RuntimeError("the store is closed")),
                    },
                ]
            },
        }
    ),
    "signature for an unknown hash algorithm": lambda m: load_public_key(
        load_private_key(m.pem).public_key_pem()
    ).verify(b"message", RecordedKey(m).sign(b"message", "SHA1"), "sha256"),
    # Observers
    "key as the fields of the audit log": lambda m: AuditLog("a.jsonl", fields=m.pem),
    "key as the target of the audit log": lambda m: AuditLog(m.pem.encode()),
    "key as the choice of the audit log": lambda m: AuditLog("a.jsonl", fail_closed=m.pem),
    # Signing
    "key as an unknown condition": lambda m: m.signer().sign_url(
        f"{DOMAIN}/a", expires_in=60, private_key=m.pem
    ),
    "key as an unknown condition of a path": lambda m: asyncio.run(
        m.distribution().sign_path_async("a", private_key=m.pem)
    ),
    "Cookie header as the cookies": lambda m: FolderCookies(
        m.distribution(), domain="example.com"
    ).renew_headers("a", _cookie_header(m)),
    "Cookie header as the cookies, async": lambda m: asyncio.run(
        FolderCookies(m.distribution(), domain="example.com").renew_headers_async(
            "a", _cookie_header(m)
        )
    ),
    "number of the key as the domain of cookies": lambda m: FolderCookies(
        m.distribution(), domain=f"{m.number:x}"
    ),
    "settings as the distribution of a handler": lambda m: ViewHandler(
        m.settings(private_key=m.pem), ViewOptions()
    ),
    "settings as the distribution of a site": lambda m: SiteConfig(m.settings(private_key=m.pem)),
    "settings as the options of a site": lambda m: SiteConfig(
        m.distribution(), m.settings(private_key=m.pem)
    ),
    "signed URL as the location of a site": lambda m: SiteConfig(
        m.distribution(), location=_signed(m)
    ),
    "key as an unknown option of a view": lambda m: _falcon_option(m, private_kee=m.pem),
    "key as an option of a view": lambda m: _falcon_option(m, delivery=m.pem),
    "URL too long": lambda m: m.signer().sign_url(f"{DOMAIN}/{LONG}", expires_in=60),
    "custom URL too long": lambda m: m.signer().sign_url(
        f"{DOMAIN}/{LONG}", expires_in=60, ip_address="192.0.2.1"
    ),
    "path too long": lambda m: m.distribution().sign_path(LONG),
    "path too long, stable": lambda m: m.distribution(expiry_step=60).sign_path(LONG),
    "path too long, async": lambda m: asyncio.run(m.distribution().sign_path_async(LONG)),
    "last of many too long": lambda m: list(
        m.signer().sign_urls([f"{DOMAIN}/a", f"{DOMAIN}/{LONG}"], expires_in=60)
    ),
    "last of many too long, in threads": lambda m: list(
        m.signer().sign_urls([*[f"{DOMAIN}/a"] * 9, f"{DOMAIN}/{LONG}"], expires_in=60, workers=2)
    ),
    "last of many too long, one signature": lambda m: list(
        m.signer().sign_urls(
            [f"{DOMAIN}/a", f"{DOMAIN}/{LONG}"], expires_in=60, pattern=f"{DOMAIN}/*"
        )
    ),
    "URL that does not match": lambda m: (
        m.signer().sign_policy(Policy(f"{DOMAIN}/a", 9)).url(f"{DOMAIN}/b")
    ),
    "cookies for another domain": lambda m: (
        m.distribution().sign_cookies(pattern="*").set_cookie_headers("example.org")
    ),
    "cookies for another path": lambda m: (
        m.distribution().sign_cookies(pattern="a/*").replace_headers(path="/b")
    ),
    "cookies of a view for a bad folder": lambda m: FolderCookies(
        m.distribution(), domain=""
    ).renew_headers("../a", dict(m.distribution().sign_cookies(folder="a"))),
    "cookies of a view whose key fails": lambda m: asyncio.run(
        FolderCookies(
            _sign_with(m, lambda _: _raise(OSError("closed"))), domain=""
        ).renew_headers_async("b", dict(m.distribution().sign_cookies(folder="a")))
    ),
    "key as a folder of cookies": lambda m: FolderCookies(
        m.distribution(), domain=""
    ).grant_headers(m.pem),
    "key as a folder to revoke": lambda m: FolderCookies(
        m.distribution(), domain=""
    ).revoke_headers(m.pem),
    "key as the distribution of cookies": lambda m: FolderCookies(m.pem),
    "key as the cookies to renew": lambda m: FolderRenewal(m.pem, lambda request: None),
    "key as the function of a renewal": lambda m: FolderRenewal(
        FolderCookies(m.distribution(), domain=""), m.pem
    ),
    "key as the domain of FolderCookies": lambda m: FolderCookies(m.distribution(), domain=m.pem),
    "missing cookie": lambda m: m.distribution().sign_cookies(pattern="*")["Signature"],
    "raw r and s": lambda m: _sign_with(m, lambda made: made[:64]).sign_path("a"),
    "raw r and s, async": lambda m: asyncio.run(
        _sign_with(m, lambda made: made[:64]).sign_path_async("a")
    ),
    "signature as text": lambda m: _sign_with(m, lambda made: made.hex()).sign_path("a"),
    "signature as text, async": lambda m: asyncio.run(
        _sign_with(m, lambda made: made.hex()).sign_path_async("a")
    ),
    "key fails": lambda m: _sign_with(m, lambda _: _raise(OSError("no module"))).sign_path("a"),
    "key fails in a group": lambda m: asyncio.run(_sign_with(m, _raise_group).sign_path_async("a")),
    "key fails for another thread": _share_an_error,
    # AWS
    "KMS throttles": lambda m: _kms(m, "ThrottlingException", "sign"),
    "KMS denies": lambda m: _kms(m, "AccessDeniedException", "get_public_key"),
    "KMS has no key": lambda m: _kms(m, "NotFoundException", "get_public_key"),
    "KMS returns no key": lambda m: _kms(m, {"KeyId": "x"}, "get_public_key"),
    "KMS returns no signature": lambda m: _kms(m, {"KeyId": "x"}, "sign"),
    "KMS key is missing": lambda m: _moto(m),
    "KMS key is disabled": lambda m: _moto(m, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY"),
    "KMS key is symmetric": lambda m: _moto(m, KeySpec="SYMMETRIC_DEFAULT"),
    "secret is not a document": lambda m: _secret(m, m.pem),
    "secret with a bad entry": lambda m: _secret(m, _ring(m, private_key=m.pem, x=m.password)),
    # Views
    "view with a long path": lambda m: (
        respond(m.distribution(), LONG),
        _raise(RuntimeError("after the view")),
    ),
    "view whose key fails": lambda m: respond(_sign_with(m, lambda _: _raise(OSError("closed")))),
    "view whose key fails, async": lambda m: asyncio.run(
        respond_async(_sign_with(m, lambda _: _raise(OSError("closed"))))
    ),
    "observed view whose key fails": lambda m: _observed(
        _sign_with(m, lambda _: _raise(OSError("closed")))
    ),
    "observer is cancelled": lambda m: _observed(m.distribution(), asyncio.CancelledError()),
    "observer fails on an error of the site": lambda m: _observed(
        m.distribution(), OSError("disk full"), m.pem
    ),
    "view with raw r and s": lambda m: respond(_sign_with(m, lambda made: made[:64])),
    "view with the key as decision": lambda m: respond(m.distribution(), "a", m.pem),
    "view with the password as decision": lambda m: respond(m.distribution(), "a", [m.password]),
    "view with a bad address": lambda m: respond(
        m.distribution(), "a", cfsign.Allow(ip_address="everybody")
    ),
    "Flask view": lambda m: _flask(m, lambda _: _raise(OSError("closed"))),
    "Flask view with raw r and s": lambda m: _flask(m, lambda made: made[:64]),
    "Flask settings": lambda m: _flask_settings(m),
    "2012 with a bad key": lambda m: _flask_2012(m, priv_key_string=m.pem[:900], expires=5),
    "2012 with an unknown setting": lambda m: _flask_2012(m, priv_key_string=m.pem, expire=5),
    "resource_for that returns the settings": lambda m: _find_resource(m, m.settings(key=m.pem)),
    "resource_for that returns bytes": lambda m: _find_resource(m, m.pem.encode()),
    "page with a signed URL as a path": lambda m: PageUrls().sign_path(
        m.distribution(), m.distribution().sign_path("a")
    ),
    "page with a signed URL as a file of a folder": lambda m: PageUrls().sign_path(
        m.distribution(), m.distribution().sign_path("a"), folder="x"
    ),
    "Falcon view": lambda m: _falcon(m, lambda _: _raise(OSError("closed"))),
    "Falcon view with raw r and s": lambda m: _falcon(m, lambda made: made[:64]),
    "Falcon settings": lambda m: _falcon_settings(m, private_key=m.pem, expire=5),
    "Falcon environment": lambda m: _falcon_settings(m),
    "Falcon settings as distribution": _falcon_settings_as_distribution,
    "Starlette view": lambda m: _starlette(m, lambda _: _raise(OSError("closed"))),
    "Starlette view with raw r and s": lambda m: _starlette(m, lambda made: made[:64]),
    "Starlette settings": lambda m: _starlette_settings(m, "endpoint"),
    "Starlette environment": lambda m: _starlette_settings(m, "endpoint environment"),
    "Starlette settings as distribution": lambda m: _starlette_settings(m, "endpoint distribution"),
    "FastAPI settings": lambda m: _starlette_settings(m, "redirect"),
    "FastAPI environment": lambda m: _starlette_settings(m, "redirect environment"),
    "FastAPI settings as distribution": lambda m: _starlette_settings(m, "redirect distribution"),
    "FastAPI decision": _fastapi,
    "Django view": lambda m: _django(
        m, private_key=RecordedKey(m, lambda _: _raise(OSError("closed")))
    ),
    "key as a folder in Flask": lambda m: _use_flask(m, lambda c, r: c.grant_folder(r, m.pem)),
    "key as a folder to revoke in Flask": lambda m: _use_flask(
        m, lambda c, r: c.revoke_folder(r, m.pem)
    ),
    "key as a distribution in Flask": lambda m: _use_flask(
        m, lambda c, r: c.grant_folder(r, "a", distribution=m.pem)
    ),
    "key as a response in Flask": lambda m: _use_flask(m, lambda c, r: c.revoke_all(m.pem)),
    "key as a folder in Django": lambda m: _use_django(m, lambda c, r: c.grant_folder(r, m.pem)),
    "key as a folder to revoke in Django": lambda m: _use_django(
        m, lambda c, r: c.revoke_folder(r, m.pem)
    ),
    "key as a folder in async Django": lambda m: _use_django(
        m, lambda c, r: asyncio.run(c.grant_folder_async(r, m.pem))
    ),
    "key as a response in Django": lambda m: _use_django(m, lambda c, r: c.revoke_all(m.pem)),
    "key as the cookies of Falcon's middleware": lambda m: falcon_renew_folders()(
        m.pem, lambda req: None
    ),
    "key as the cookies of Starlette's middleware": lambda m: starlette_renew_folders()(
        None, m.pem, lambda request: None
    ),
    "Django settings": lambda m: _django(m, private_key=m.pem[:900], password=m.password),
    # The readers of `cfsign doctor`
    "doctor with an unknown option": lambda m: read_environment(
        {**m.environ, "CLOUDFRONT_PRIVATE_KEY": m.pem}, {"password": m.password, "none": 5}
    ),
    "doctor with an environment of another type": lambda m: read_environment(
        {**m.environ, "CLOUDFRONT_PRIVATE_KEY": m.pem, 5: m.pem}, {"password": m.password}
    ),
    "doctor with settings of another type": lambda m: read_mapping(
        [("CLOUDFRONT_CONFIG", m.pem), ("SECRET_KEY", m.password)], {"password": m.password}
    ),
    "doctor with an option that fails": lambda m: read_environment(
        m.environ, {"private_key": m.pem, "expires_in": _Unprintable()}
    ),
    "doctor with a rule that fails": lambda m: _fail_in_a_rule(m),
    # Secrets in the wrong argument
    "key as an id of a group": lambda m: TrustedKeyGroup({m.pem: m.texts["public_pem"]}),
    "key as the keys of a group": lambda m: TrustedKeyGroup(m.pem),
    "key as the hash algorithm": lambda m: Signer(ID, m.pem, hash_algorithm=m.pem),
    "key as the hash algorithm of a pair": lambda m: KeyPair(ID, m.pem, hash_algorithm=m.pem),
    "key as the start of a pair": lambda m: KeyPair(ID, m.pem, active_from=m.pem),
    "key as the hash algorithm of the settings": lambda m: Configuration.from_mapping(
        m.settings(private_key=m.pem, hash_algorithm=m.pem)
    ),
    "key as the id of the settings": lambda m: Configuration.from_mapping(
        m.settings(private_key=m.pem, key_pair_id=m.pem)
    ),
    "key as a name of the settings": lambda m: Configuration.from_mapping(
        m.settings(private_key=m.pem, **{_body(m): 5})
    ),
    "key as the domain of the settings": lambda m: Configuration.from_mapping(
        {**m.settings(private_key=m.pem), "CLOUDFRONT_DOMAIN": m.pem}
    ),
    "key as the distributions of the settings": lambda m: SiteConfig.from_config(
        {"CLOUDFRONT_DISTRIBUTIONS": m.pem}
    ),
    "key as an alias of the settings": lambda m: SiteConfig.from_config(
        {"CLOUDFRONT_DISTRIBUTIONS": {m.pem: {"private_key": m.pem}}}
    ),
    "wrong settings of a distribution": lambda m: SiteConfig.from_config(
        {"CLOUDFRONT_DISTRIBUTIONS": {"videos": {"private_key": m.pem, "password": m.pem}}}
    ),
    "wrong options of a distribution": lambda m: SiteConfig.from_config(
        {
            "CLOUDFRONT_DISTRIBUTIONS": {
                "videos": {
                    "domain": "https://videos.example.com",
                    "key_pair_id": ID,
                    "private_key": m.pem,
                    "cache_redirect": True,
                }
            }
        }
    ),
    "wrong environment of a site": lambda m: SiteConfig.from_config(
        {}, environ={"CLOUDFRONT_PRIVATE_KEY": m.pem, "CLOUDFRONT_PASSWORD": m.pem}
    ),
    "key as an unknown alias": lambda m: SiteConfig(m.distribution()).distributions[m.pem],
    "key as the option distribution": lambda m: ViewOptions(distribution=m.pem),
    "key as the result of distribution_for": lambda m: _choose(m, [m.pem]),
    "key as the backend": lambda m: load_private_key(m.pem, backend=m.pem),
    "key as the backend of a public key": lambda m: load_public_key(m.pem, backend=m.pem),
    "key as a KMS name": lambda m: KmsPrivateKey(m.pem),
    "key as a KMS name of a signer": lambda m: Signer(ID, f"kms:{m.pem}"),
    "key as the name of a secret": lambda m: SecretsManagerSecret(m.pem),
    "key as the name of a parameter": lambda m: SsmParameter(m.pem),
    "key as the algorithm of a new key": lambda m: generate_private_key_pem(m.pem),
    "key as the domain": lambda m: Distribution(m.pem, m.signer()),
    "key as the signer": lambda m: Distribution(DOMAIN, m.pem),
    "key as the expiry": lambda m: Distribution(DOMAIN, m.signer(), expires_in=m.pem),
    "key as the step": lambda m: Distribution(DOMAIN, m.signer(), expiry_step=m.pem),
    "key as the jitter": lambda m: m.distribution(expiry_step=60, expiry_jitter=m.pem),
    "key as the cache's size": lambda m: m.distribution(cache_bytes=m.pem),
    "key as the prefix": lambda m: Distribution.from_env(m.environ, m.pem),
    "key as the policy": lambda m: m.signer().sign_policy(m.pem),
    "key as the policy, async": lambda m: asyncio.run(m.signer().sign_policy_async(m.pem)),
    "key as the signed policy": lambda m: m.distribution().redirect_max_age(m.pem),
    "key as a policy's text": lambda m: Policy.from_json(m.pem),
    "key as a policy's member": lambda m: Policy.from_json(json.dumps({_body(m): 5})),
    "key as a decision's folder": lambda m: respond(
        m.distribution(), "a", cfsign.Allow(query=m.pem, expires_in=m.pem)
    ),
    "key as the folder of a decision": lambda m: cfsign.Allow(folder=m.pem),
    "key as the query of a decision": lambda m: cfsign.Allow(query=m.pem),
    "signed URL as the query of a decision": lambda m: cfsign.Allow(query=_signed(m)),
    "key as a download name": lambda m: cfsign.Allow(download_name=m.pem),
    "key as the folder of a view": lambda m: ViewOptions(folder=m.pem),
    "key as the path of cookies": lambda m: ViewOptions(cookie_path=m.pem),
    "key as a status": lambda m: cfsign.Deny(m.pem),
    "key as a header": lambda m: cfsign.Deny(403, headers={m.pem: m.pem}),
    "key as an option": lambda m: ViewOptions(code=m.pem, headers=m.pem),
    "key as a domain of cookies": lambda m: (
        m.distribution().sign_cookies(pattern="*").set_cookie_headers(m.pem)
    ),
    "key as a SameSite": lambda m: SignedCookies.clear_headers(samesite=m.pem),
    "key as a path of cookies": lambda m: SignedCookies.clear_headers(path=m.pem),
    "key as the keys of an edge": lambda m: WSGIEdge(lambda *_: [], {m.pem: m.pem}),
    "signed URL as the domain": lambda m: Distribution(_signed(m), m.signer()),
    "signed URL as the location": lambda m: SiteConfig.from_config(
        m.settings(private_key=m.pem), location=_signed(m)
    ),
    "signed URL as the domain of the settings": lambda m: Configuration.from_mapping(
        {**m.settings(private_key=m.pem), "CLOUDFRONT_DOMAIN": _signed(m)}
    ),
    "signed URL as a policy's resource": lambda m: Policy(_signed(m), 2**31),
    "signed pattern as a policy's resource": lambda m: Policy(f"{_signed(m)}*", 2**31),
    "signed URL in a policy's text": lambda m: Policy.from_json(
        Policy(f"{DOMAIN}/a", 2**31).to_json().replace(f"{DOMAIN}/a", _signed(m))
    ),
    "signed URL for a signed policy": lambda m: (
        m.signer().sign_policy(Policy(f"{DOMAIN}/*", 2**31)).url(_signed(m))
    ),
    "signed URLs for a signed policy": lambda m: list(
        m.signer().sign_policy(Policy(f"{DOMAIN}/*", 2**31)).urls([f"{DOMAIN}/a", _signed(m)])
    ),
    "many signed URLs for a signed policy": lambda m: list(
        m.signer().sign_policy(Policy(f"{DOMAIN}/*", 2**31)).urls([_signed(m)] * 200)
    ),
    "one signed URL as several": lambda m: m.signer().sign_urls(_signed(m), expires_in=60),
    "one signed URL as several for a policy": lambda m: (
        m.signer().sign_policy(Policy(f"{DOMAIN}/*", 2**31)).urls(_signed(m))
    ),
}


# The functions that sign a URL, a path or a pattern.
def _folder(m: Material, conditions: dict[str, Any]) -> SignedPolicy:
    return m.distribution().sign_folder("videos", **conditions)


SIGNING: dict[str, Callable[[Material, Any, dict[str, Any]], object]] = {
    "sign_hls with a URL": lambda m, text, more: sign_hls("a", text, _folder(m, more)),
    "sign_hls with a playlist": lambda m, text, more: sign_hls(text, "a", _folder(m, more)),
    "sign_hls with a policy": lambda m, text, more: sign_hls("a", f"{DOMAIN}/a", text),
    "sign_dash with a URL": lambda m, text, more: sign_dash("<MPD/>", text, _folder(m, more)),
    "sign_dash with an MPD": lambda m, text, more: sign_dash(text, DOMAIN, _folder(m, more)),
    "sign_dash with a policy": lambda m, text, more: sign_dash("<MPD/>", f"{DOMAIN}/a", text),
    "sign_url": lambda m, text, more: m.signer().sign_url(text, **more),
    "sign_url_async": lambda m, text, more: asyncio.run(m.signer().sign_url_async(text, **more)),
    "sign_url with a pattern": lambda m, text, more: m.signer().sign_url(
        f"{DOMAIN}/a", pattern=text, **more
    ),
    "sign_urls": lambda m, text, more: list(m.signer().sign_urls([text], **more)),
    "sign_urls in threads": lambda m, text, more: list(
        m.signer().sign_urls([f"{DOMAIN}/a", text], workers=2, **more)
    ),
    "sign_urls with a pattern": lambda m, text, more: list(
        m.signer().sign_urls([f"{DOMAIN}/a"], pattern=text, **more)
    ),
    "Signer.sign_cookies": lambda m, text, more: m.signer().sign_cookies(text, **more),
    "unsigned_url": lambda m, text, more: m.distribution().unsigned_url(text),
    "unsigned_url with a query": lambda m, text, more: m.distribution().unsigned_url(
        "a", f"{text}\ud800"
    ),
    "unsigned_url with pairs": lambda m, text, more: m.distribution().unsigned_url(
        "a", {"a": f"{text}\ud800"}
    ),
    "sign_path": lambda m, text, more: m.distribution().sign_path(text, **more),
    "sign_path with a query": lambda m, text, more: m.distribution().sign_path(
        "a", query=text, **more
    ),
    "sign_path_async": lambda m, text, more: asyncio.run(
        m.distribution().sign_path_async(text, **more)
    ),
    "sign_path with a pattern": lambda m, text, more: m.distribution().sign_path(
        "a", pattern=text, **more
    ),
    "stable sign_path": lambda m, text, more: m.distribution(expiry_step=60).sign_path(
        text, **more
    ),
    "Distribution.sign_url": lambda m, text, more: m.distribution().sign_url(text, **more),
    "Distribution.sign_url_async": lambda m, text, more: asyncio.run(
        m.distribution().sign_url_async(text, **more)
    ),
    "sign_path with a name": lambda m, text, more: m.distribution().sign_path(
        "a", download_name=f"{text}\ud800", **more
    ),
    "sign_path in a folder": lambda m, text, more: m.distribution().sign_path(
        "a", folder=text, **more
    ),
    "sign_folder": lambda m, text, more: m.distribution().sign_folder(text, **more),
    "sign_folder_async": lambda m, text, more: asyncio.run(
        m.distribution().sign_folder_async(text, **more)
    ),
    "sign_cookies of a folder": lambda m, text, more: m.distribution().sign_cookies(
        folder=text, **more
    ),
    "folder_pattern": lambda m, text, more: m.distribution().folder_pattern(text),
    "sign_resource": lambda m, text, more: m.distribution().sign_resource(text, **more),
    "sign_resource_async": lambda m, text, more: asyncio.run(
        m.distribution().sign_resource_async(text, **more)
    ),
    "sign_cookies": lambda m, text, more: m.distribution().sign_cookies(pattern=text, **more),
    "sign_cookies_async": lambda m, text, more: asyncio.run(
        m.distribution().sign_cookies_async(pattern=text, **more)
    ),
}

# What people pass to them by mistake.
ARGUMENTS: dict[str, Callable[[Material], tuple[Any, dict[str, Any]]]] = {
    "signed URL": lambda m: (_signed(m), {"expires_in": 60}),
    "signed pattern": lambda m: (f"{_signed(m)}*", {"expires_in": 60}),
    "signed URL of another host": lambda m: (
        _signed(m).replace("media", "other"),
        {"expires_in": 60},
    ),
    "signed URL of a policy": lambda m: (_signed(m, ip_address="192.0.2.1"), {"expires_in": 60}),
    "key": lambda m: (m.pem, {"expires_in": 60}),
    "key as bytes": lambda m: (m.pem.encode(), {"expires_in": 60}),
    "key in a list": lambda m: ([m.pem], {"expires_in": 60}),
    "body of the key": lambda m: (_body(m), {"expires_in": 60}),
    "password": lambda m: (f"{m.password} ?", {"expires_in": 60}),
    "key as ip_address": lambda m: (f"{DOMAIN}/a", {"expires_in": 60, "ip_address": m.pem}),
    "key as the body of ip_address": lambda m: (
        f"{DOMAIN}/a",
        {"expires_in": 60, "ip_address": _body(m)},
    ),
    "password as ip_address": lambda m: (
        f"{DOMAIN}/a",
        {"expires_in": 60, "ip_address": m.password},
    ),
    "key as expires_in": lambda m: (f"{DOMAIN}/a", {"expires_in": m.pem}),
    "key as expires_at": lambda m: (f"{DOMAIN}/a", {"expires_at": m.pem}),
    "key as starts_at": lambda m: (f"{DOMAIN}/a", {"expires_in": 60, "starts_at": m.pem}),
    "number as ip_address": lambda m: (
        f"{DOMAIN}/a",
        {"expires_in": 60, "ip_address": m.number},
    ),
    "number as expires_in": lambda m: (f"{DOMAIN}/a", {"expires_in": m.number}),
    "number as expires_at": lambda m: (f"{DOMAIN}/a", {"expires_at": m.number}),
}


class _Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("this has no text")


def _fail_in_a_rule(m: Material) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cfsign.config.checks._signs_here", lambda key: _raise(RuntimeError("rule")))
        diagnose(read_mapping(m.settings(private_key=m.pem), {"password": m.password}))


def _signed(m: Material, **conditions: Any) -> str:
    return m.signer().sign_url(f"{DOMAIN}/b", expires_in=600, **conditions)


def _cookie_header(m: Material) -> str:
    cookies = m.distribution().sign_cookies(folder="a")
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def _body(m: Material) -> str:
    """Return the base64 of the key, which looks like a name."""
    return body_of(m.pem).replace("\n", "")[100:]


def _flask_settings(m: Material) -> None:
    from cfsign_flask import CloudFront

    app = flask.Flask("site")
    app.config.update(m.settings(private_key=m.pem, password=m.password))
    CloudFront(app)


@pytest.fixture(scope="session")
def texts(request: pytest.FixtureRequest) -> dict[str, str]:
    """The keys in all forms, and the password."""
    names = ("pem", "pkcs1_pem", "other_pem", "public_pem", "small_pem", "password")
    others = ("p384_pem", "p384_sec1_pem", "ed25519_pem", "spelled_out_pem", "encrypted_pem")
    names += (*others, "encrypted_pkcs1_pem")
    found = {name: str(request.getfixturevalue(name)) for name in names}
    return {**found, "password": "correct-horse-battery-staple"}


@pytest.fixture
def material(
    texts: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Material]:
    """The secrets, with Django's settings as in a new project."""
    from django.apps import apps
    from django.conf import UserSettingsHolder, global_settings

    monkeypatch.setattr(apps, "apps_ready", True)  # the page looks for translations in apps
    holder = UserSettingsHolder(global_settings)
    holder.DEBUG, holder.SECRET_KEY = True, "of the site"
    holder.ROOT_URLCONF = "django.conf.urls.i18n"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    before = object.__getattribute__(django_conf.settings, "_wrapped")
    django_conf.settings._wrapped = holder
    try:
        yield Material(tmp_path, texts)
    finally:
        django_conf.settings._wrapped = before


def raised_by(call: Callable[[], object]) -> BaseException:
    try:
        call()
    except BaseException as error:  # a panic of a parser, too
        return error
    raise AssertionError("no error was raised")


def print_frames(error: BaseException) -> str:
    """Return the variables of our frames, and all messages: of causes, contexts and groups too."""
    lines = []
    seen: set[int] = set()
    errors: list[traceback.TracebackException | None] = [
        traceback.TracebackException.from_exception(error, capture_locals=True)
    ]
    while errors:
        report = errors.pop()
        if report is None or id(report) in seen:
            continue
        seen.add(id(report))
        lines.append(str(report))
        errors += [report.__cause__, report.__context__, *(report.exceptions or ())]
        for frame in report.stack:
            if OURS.search(frame.filename):
                lines += [f"{frame.name}: {name} = {v}" for name, v in (frame.locals or {}).items()]
    return "\n".join(lines)


def print_django_page(error: BaseException) -> str:
    from django.test import RequestFactory
    from django.views.debug import SafeExceptionReporterFilter, technical_500_response

    class Filter(SafeExceptionReporterFilter):
        def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> Any:
            is_ours = OURS.search(tb_frame.f_code.co_filename)
            return super().get_traceback_frame_variables(request, tb_frame) if is_ours else []

    request = RequestFactory().get("/")
    request.exception_reporter_filter = Filter()
    page = technical_500_response(request, type(error), error, error.__traceback__)
    return html.unescape(page.content.decode())


def print_sentry_event(error: BaseException) -> str:
    events: list[Any] = []

    class Transport(sentry_sdk.transport.Transport):
        def capture_envelope(self, envelope: Any) -> None:
            events.append(envelope.get_event())

    def drop_other_frames(event: Any, hint: Any) -> Any:
        for value in event["exception"]["values"]:
            for frame in value.get("stacktrace", {}).get("frames", []):
                if not OURS.search(frame["abs_path"]):
                    frame.pop("vars", None)
        return event

    client = sentry_sdk.Client(
        dsn="https://key@sentry.example.com/1",
        transport=Transport,
        before_send=drop_other_frames,
        include_local_variables=True,
        event_scrubber=sentry_sdk.scrubber.EventScrubber(denylist=[]),  # by the variable's name
        include_source_context=False,
        default_integrations=False,
        auto_enabling_integrations=False,
        max_value_length=10**6,
        max_request_body_size="always",
    )
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(client)
        scope.capture_exception(error)
        client.flush()
    client.close()
    (event,) = events
    return "\n".join(_find_strings(event))


def _find_strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _find_strings(each)
    elif isinstance(value, str):
        yield value


REPORTS = (print_frames, print_django_page, print_sentry_event)


def check_reports(material: Material, error: BaseException, reports: Any = REPORTS) -> None:
    for print_report in reports:
        report = print_report(error)
        assert material.find_leaks(report) == set(), (print_report.__name__, report[-3000:])


@pytest.mark.parametrize("form", BAD_KEYS)
def test_reports_of_a_bad_key_show_no_secret(material: Material, form: str) -> None:
    """In every way in which a key reaches the project."""
    for way, use in WAYS.items():
        error = raised_by(lambda use=use: use(material, BAD_KEYS[form](material)))
        assert isinstance(error, cfsign.CfsignError), way
        # The frames are the same for all reports, and a page takes a tenth of a second.
        check_reports(material, error, REPORTS if way == "ring loader" else REPORTS[:1])


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_reports_of_a_wrong_argument_show_no_secret(material: Material, argument: str) -> None:
    """In every function that signs a URL, a path or a pattern."""
    for name, sign in SIGNING.items():
        text, more = ARGUMENTS[argument](material)
        try:
            sign(material, text, more)
        except cfsign.CfsignError as error:
            check_reports(material, error, REPORTS if name == "sign_url" else REPORTS[:1])


@pytest.mark.parametrize("name", OTHER_PATHS)
def test_reports_of_an_error_show_no_secret(material: Material, name: str) -> None:
    """Every other failing path of settings, keys, rings and views."""
    check_reports(material, raised_by(lambda: OTHER_PATHS[name](material)))


def leak_a_variable(material: Material) -> None:
    namespace = {"__name__": "cfsign.leak", "key": material.pem, "word": material.password}
    exec(
        compile("def leak(key, password):\n 1 / 0\nleak(key, password)", "<string>", "exec"),
        namespace,
    )


@pytest.mark.parametrize("print_report", REPORTS)
def test_search_finds_a_secret_in_a_variable(
    material: Material, print_report: Callable[[BaseException], str]
) -> None:
    """Otherwise the tests above could not fail."""
    leaks = material.find_leaks(print_report(raised_by(lambda: leak_a_variable(material))))
    assert material.password[:RUN] in leaks
    assert body_of(material.pem).splitlines()[3][:RUN] in leaks
