"""`cfsign doctor`: its report on keys, URLs and settings. The rules are tested in config."""

import gc
import json
import os
import re
import subprocess
import sys

import pytest

from cfsign import ConfigurationError, Signer, SigningKeyError, load_private_key
from cfsign.config import Settings
from cfsign.doctor import (
    as_json,
    as_text,
    diagnose,
    read_environment,
    read_mapping,
    read_target,
    verification,
)
from cfsign.doctor.verification import LoadedKey
from cfsign.errors import Problem

DOMAIN = "https://media.example.com"
ID = "K2JCJMDEHXQW5F"


@pytest.fixture
def key_file(tmp_path, pem):
    path = tmp_path / "key.pem"
    path.write_text(pem)
    path.chmod(0o600)
    return path


@pytest.fixture
def environ(key_file):
    """An environment without problems."""
    return {
        "CLOUDFRONT_DOMAIN": DOMAIN,
        "CLOUDFRONT_KEY_PAIR_ID": ID,
        "CLOUDFRONT_PRIVATE_KEY_FILE": str(key_file),
    }


def find(environ, level=None, **arguments):
    """Return (setting, message and hint) of each problem of *level*."""
    return [
        (problem.setting, f"{problem.message}; {problem.hint}")
        for problem in diagnose(Settings.from_env(environ), **arguments)
        if level in (None, problem.level)
    ]


def test_right_settings_have_two_notes(environ):
    """The duration of a signature, and that a signed URL is allowed."""
    assert not find(environ, "error")
    assert not find(environ, "warning")
    duration, verified = find(environ)
    assert "RSA-2048 with SHA1, signed by " in duration[1]
    assert " ms per signature here (median of 31)" in duration[1]
    message = "a URL signed with these settings is allowed (checked offline); "
    assert verified == ("verification", message)


def test_missing_settings():
    """Each of the three is an error."""
    assert [(setting, text[:8]) for setting, text in find({}, "error")] == [
        ("CLOUDFRONT_DOMAIN", "missing;"),
        ("CLOUDFRONT_KEY_PAIR_ID", "missing;"),
        ("CLOUDFRONT_PRIVATE_KEY or CLOUDFRONT_PRIVATE_KEY_FILE", "missing;"),
    ]


@pytest.fixture
def p384_pem(openssl):
    return openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384").decode()


@pytest.fixture
def large_pem(openssl):
    return openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096").decode()


@pytest.mark.parametrize(
    ("fixture", "words"),
    [
        ("public_pem", "a public key"),
        ("certificate_pem", "a certificate"),
        ("encrypted_pem", "is encrypted"),
        ("small_pem", "RSA-1024"),
        ("large_pem", "RSA-4096"),
        ("p384_pem", "P-384"),
        ("ed25519_pem", "Ed25519"),
        (None, "is empty"),
    ],
)
def test_unusable_private_key(environ, key_file, request, fixture, words):
    """One error with a hint, and nothing is signed."""
    pytest.importorskip("cryptography")
    key_file.write_text(request.getfixturevalue(fixture) if fixture else "")
    ((setting, text),) = find(environ)
    assert setting == "CLOUDFRONT_PRIVATE_KEY_FILE"
    assert words in text
    assert not text.endswith("; ")


def test_message_and_hint_are_not_cut_at_a_semicolon():
    """A path with a semicolon stays whole in the message."""
    ((_, message, hint),) = [
        (problem.setting, problem.message, problem.hint)
        for problem in diagnose(
            Settings.from_env(
                {
                    "CLOUDFRONT_DOMAIN": DOMAIN,
                    "CLOUDFRONT_KEY_PAIR_ID": ID,
                    "CLOUDFRONT_PRIVATE_KEY_FILE": "keys/no; such.pem",
                }
            )
        )
    ]
    assert message.endswith(repr(os.path.abspath("keys/no; such.pem")))
    assert hint.startswith("check the path")


def test_encrypted_key_with_its_password(environ, key_file, encrypted_pem, password):
    """The key is decrypted and verified."""
    pytest.importorskip("cryptography")
    key_file.write_text(encrypted_pem)
    assert not find(environ | {"CLOUDFRONT_PASSWORD": password}, "error")


def test_public_key(environ, tmp_path, public_pem, openssl, other_pem):
    """It may be the key's public half, that of another key, or not a public key."""
    path = tmp_path / "public.pem"
    path.write_text(public_pem)
    assert not find(environ, "error", public_key=path)
    path.write_bytes(openssl("pkey", "-pubout", given=other_pem))
    ((setting, text),) = find(environ, "error", public_key=path)
    assert setting == "--public-key"
    assert "not the public half" in text
    assert not [text for _, text in find(environ, public_key=path) if "is allowed" in text]
    path.write_text(other_pem)
    ((_, text),) = find(environ, "error", public_key=path)
    assert "a private key" in text


def test_unusable_public_and_private_key(environ, tmp_path):
    """Both errors are reported."""
    environ["CLOUDFRONT_PRIVATE_KEY_FILE"] = "no.pem"
    errors = find(environ, "error", public_key=tmp_path / "public.pem")
    assert [setting for setting, _ in errors] == ["CLOUDFRONT_PRIVATE_KEY_FILE", "--public-key"]
    assert "public.pem" in errors[1][1]


def test_hash_algorithm(environ):
    """The configured hash is measured; another name is an error."""
    texts = dict(find(environ | {"CLOUDFRONT_HASH_ALGORITHM": "SHA256"}))
    assert "with SHA256" in texts["CLOUDFRONT_PRIVATE_KEY_FILE"]
    texts = dict(find(environ | {"CLOUDFRONT_HASH_ALGORITHM": "MD5"}, "error"))
    assert "SHA256" in texts["CLOUDFRONT_HASH_ALGORITHM"]


def test_misspelt_variable(environ):
    """It is an error while the right one is missing, else a warning, each with its hint."""
    hint = "unknown variable; did you mean CLOUDFRONT_DOMAIN?"
    misspelt = environ | {"CLOUDFRONT_DOMAN": DOMAIN}
    assert find(misspelt, "warning") == [("CLOUDFRONT_DOMAN", hint)]
    del misspelt["CLOUDFRONT_DOMAIN"]
    assert find(misspelt, "error")[0] == ("CLOUDFRONT_DOMAN", hint)


def test_all_problems_are_reported_at_once(environ, key_file, public_pem):
    """No problem hides another."""
    key_file.write_text(public_pem)
    wrong = {
        "CLOUDFRONT_DOMAIN": "http://media.example.com/a",
        "CLOUDFRONT_KEY_PAIR_ID": "AKIAIOSFODNN7EXAMPLE",
        "CLOUDFRONT_EXPIRES_IN": "soon",
    }
    settings = [setting for setting, _ in find(environ | wrong, "error")]
    assert sorted(settings) == [
        "CLOUDFRONT_DOMAIN",
        "CLOUDFRONT_EXPIRES_IN",
        "CLOUDFRONT_KEY_PAIR_ID",
        "CLOUDFRONT_PRIVATE_KEY_FILE",
    ]
    assert [setting for setting, _ in find(environ | wrong, "warning")] == ["CLOUDFRONT_DOMAIN"]


def test_cut_access_key_id_is_refused_and_no_url_is_verified(environ):
    """An id that a Signer refuses is never reported as allowed."""
    problems = find(environ | {"CLOUDFRONT_KEY_PAIR_ID": "AKIAIOSFODNN7EXAMPL"})
    assert [setting for setting, text in problems if "access key" in text] == [
        "CLOUDFRONT_KEY_PAIR_ID"
    ]
    assert not [text for _, text in problems if "is allowed" in text]


def test_hash_that_the_platform_forbids(environ, monkeypatch, key):
    """The error names the other hash, and the rest is still reported."""

    def refuse(self, message, hash_algorithm):
        raise SigningKeyError("this platform does not sign with SHA1", hint="use SHA256")

    monkeypatch.setattr(type(key), "sign", refuse)
    assert (
        "CLOUDFRONT_PRIVATE_KEY_FILE",
        "this platform does not sign with SHA1; use SHA256",
    ) in find(environ, "error")


def test_backend_is_named(pem):
    """It is the backend of the key that signs."""
    (note,) = verification.verify_key(LoadedKey("key", load_private_key(pem, backend="rsa")))
    assert "signed by rsa" in note.message


def test_key_with_another_public_half(environ, monkeypatch, key, openssl, other_pem):
    """A URL that it signs is refused."""
    other = openssl("pkey", "-pubout", given=other_pem).decode()
    monkeypatch.setattr(type(key), "public_key_pem", lambda self: other)
    ((setting, text),) = find(environ, "error")
    assert setting == "verification"
    assert "refused" in text


class RemoteKey:
    """A key that signs in another process."""

    is_blocking = True

    def __init__(self, public_pem=""):
        self.public_pem = public_pem

    def sign(self, message, hash_algorithm):
        raise AssertionError("a signature was requested")

    def public_key_pem(self):
        return self.public_pem


def site_mapping(**config):
    """Return settings as a Flask application has them."""
    return {"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_CONFIG": {"key_pair_id": ID, **config}}


def test_remote_key_does_not_sign(public_pem):
    """A signature may cost money, and this machine may not be the server."""
    mapping = site_mapping(private_key=RemoteKey(public_pem))
    assert diagnose(read_mapping(mapping)) == [
        Problem(
            "CLOUDFRONT_CONFIG['private_key']",
            "RemoteKey signs remotely; no signature was requested",
            level="note",
            rule="verification",
        )
    ]


def test_public_half_of_a_remote_key(public_pem, tmp_path, openssl, other_pem):
    """The PEM texts are compared; DER is not."""
    keys = [LoadedKey("key", RemoteKey(public_pem))]
    path = tmp_path / "public.pem"
    path.write_text(public_pem.replace("\n", "\r\n"))
    (problem,) = verification.match_public_key("--public-key", keys, path)
    assert problem.message == "this is the public half of the private key"
    path.write_bytes(openssl("pkey", "-pubout", given=other_pem))
    (problem,) = verification.match_public_key("--public-key", keys, path)
    assert problem.level == "error"
    path.write_bytes(openssl("pkey", "-pubout", "-outform", "DER", given=other_pem))
    (problem,) = verification.match_public_key("--public-key", keys, path)
    assert (problem.level, "not compared" in problem.message) == ("note", True)


class AsyncKey(RemoteKey):
    is_blocking = False

    async def sign(self, message, hash_algorithm):
        raise AssertionError("a signature was requested")


def test_async_key_does_not_sign(public_pem):
    """No coroutine is left that was not awaited."""
    (problem,) = diagnose(read_mapping(site_mapping(private_key=AsyncKey(public_pem))))
    assert problem.message.startswith("AsyncKey signs remotely")


def test_key_object_is_verified(key):
    """It is treated like a key from a file."""
    duration, verified = diagnose(read_mapping(site_mapping(private_key=key)))
    assert "RSA-2048 with SHA1, signed by " in duration.message
    assert verified.setting == "verification"


class FakeClock:
    """A clock that advances when a key signs."""

    def __init__(self):
        self.seconds = 1000.0

    def perf_counter(self):
        return self.seconds


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.025, "25 ms"), (0.0005, "0.5 ms"), (2, "2e+03 ms")]
)
def test_duration_is_in_milliseconds_per_signature(key, monkeypatch, seconds, text):
    """It is the median, not the sum of all signatures."""
    clock = FakeClock()

    class OwnKey:
        def sign(self, message, hash_algorithm):
            clock.seconds += seconds
            return key.sign(message, hash_algorithm)

        def public_key_pem(self):
            return key.public_key_pem()

    monkeypatch.setattr(verification, "time", clock)
    (note,) = verification.verify_key(LoadedKey("key", OwnKey()))
    assert f"signed by OwnKey: {text} per signature here (median of 31)" in note.message


def test_cost_next_to_p256(pem, ec_pem, monkeypatch):
    """Both durations and lengths are measured; a P-256 key is not compared."""
    pytest.importorskip("cryptography")
    durations = {"RSA-2048": 0.0004, "P-256": 0.00003}
    monkeypatch.setattr(verification, "_measure_signature", lambda key, _: durations[key.algorithm])
    (note,) = verification.verify_key(LoadedKey("key", load_private_key(pem)))
    found = re.search(
        r": 0\.4 ms per .*; a P-256 key takes 0\.03 ms, .* about (\d+) characters", note.message
    )
    assert found, note.message
    urls = [
        Signer("K1", load_private_key(text)).sign_url("https://h/a", expires_at=2_000_000_000)
        for text in (pem, ec_pem)
    ]
    assert abs(len(urls[0]) - len(urls[1]) - int(found[1])) <= 8  # DER has no fixed length
    assert note.hint == "for a faster key, run: cfsign keygen"
    (note,) = verification.verify_key(LoadedKey("key", load_private_key(ec_pem)))
    assert (note.message.endswith("(median of 31)"), note.hint) == (True, "")
    monkeypatch.setattr(verification, "choose_backend", lambda: "rsa")
    (note,) = verification.verify_key(LoadedKey("key", load_private_key(pem)))
    assert (note.message.endswith("(median of 31)"), note.hint) == (True, "")


class OddKey:
    """A site's own key class that does not work."""

    def __init__(self, result, public=""):
        self.result, self.public = result, public

    def sign(self, message, hash_algorithm):
        return self.result()

    def public_key_pem(self):
        return self.public()


def raise_error():
    raise RuntimeError("hunter2")


async def sign_async():
    """Return a coroutine, although the key does not say that it is asynchronous."""
    return b"signature"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (raise_error, "OddKey raised RuntimeError"),
        (lambda: "text", "str"),
        (lambda: b"", "OddKey"),
        (lambda: None, "NoneType"),
        (sign_async, "asynchronous"),
    ],
    ids=["raises", "text", "empty", "none", "async"],
)
def test_key_class_that_does_not_sign(result, words, public_pem, tmp_path):
    """One error without the text of the exception; nothing else is verified."""
    path = tmp_path / "public.pem"
    path.write_text(public_pem)
    mapping = site_mapping(private_key=OddKey(result, lambda: public_pem))
    problems = diagnose(read_mapping(mapping), public_key=path)
    gc.collect()  # a coroutine that was not awaited would warn
    (problem,) = problems
    assert (problem.level, problem.setting) == ("error", "CLOUDFRONT_CONFIG['private_key']")
    assert words in problem.message
    assert "hunter2" not in str(problems)


@pytest.mark.parametrize(
    "public", [raise_error, lambda: 5, lambda: b""], ids=["raises", "int", "empty"]
)
def test_key_class_without_a_public_half(key, public):
    """The verification is an error; the duration of a signature is still reported."""
    mapping = site_mapping(private_key=OddKey(lambda: key.sign(b"", "SHA1"), public))
    error, note = diagnose(read_mapping(mapping))
    assert (error.level, error.setting) == ("error", "verification")
    assert "OddKey" in note.message
    assert "hunter2" not in str(error)


# The sources of settings.


SITE = """
class App:
    config = {{"CLOUDFRONT_DOMAIN": {domain!r}, "CLOUDFRONT_CONFIG": {config!r}}}

class Production:
    CLOUDFRONT_DOMAIN = App.config["CLOUDFRONT_DOMAIN"]
    CLOUDFRONT_CONFIG = App.config["CLOUDFRONT_CONFIG"]

app = App()
def create_app():
    return app
print("a site that prints")
"""


@pytest.fixture
def site(tmp_path, key_file, monkeypatch):
    """A folder with a site and a settings module, imported again in each test."""
    config = {"key_pair_id": ID, "priv_key_string": str(key_file), "expires": 60}
    (tmp_path / "doctored_site.py").write_text(SITE.format(domain=DOMAIN, config=config))
    (tmp_path / "doctored_settings.py").write_text(
        f"CLOUDFRONT_DOMAIN = {DOMAIN!r}\nCLOUDFRONT_CONFIG = {config!r}\nDEBUG = True\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("doctored_site", None)
    sys.modules.pop("doctored_settings", None)


@pytest.mark.parametrize(
    "target",
    [
        "doctored_site",
        "doctored_site:app",
        "doctored_site:app.config",
        "doctored_site:create_app()",
        "doctored_site:Production",
        "doctored_site.py",
        "doctored_site.py:app",
        "doctored_settings",
        "doctored_settings.py",
    ],
)
def test_targets(site, target, capsys):
    """An application, a mapping, a class, a module or a file; its output goes to stderr."""
    settings = read_target(target)
    assert settings.values["domain"] == DOMAIN
    assert settings.labels["private_key"] == "CLOUDFRONT_CONFIG['priv_key_string']"
    assert {problem.level for problem in diagnose(settings)} == {"note"}
    assert not capsys.readouterr().out


def test_flags_replace_settings_of_a_target(site, tmp_path, other_pem):
    """They are reported under the flags' names; the 2012 names are replaced too."""
    other = tmp_path / "other.pem"
    other.write_text(other_pem)
    flags = {"domain": "nothing", "key_pair_id": "K 1", "private_key": str(other), "expires_in": 0}
    settings = read_target("doctored_settings", flags)
    assert settings.values["private_key"] == str(other)
    errors = {problem.setting for problem in diagnose(settings) if problem.level == "error"}
    assert errors == {"--domain", "--key-pair-id", "--expires-in"}


def test_flags_replace_variables(environ, tmp_path):
    """A flag replaces the key's file and the old name of the expiry."""
    flags = {"private_key": str(tmp_path / "no.pem"), "expires_in": 90}
    settings = read_environment(environ | {"CLOUDFRONT_EXPIRES": "60"}, flags)
    (problem,) = diagnose(settings)
    assert problem.setting == "--private-key"
    assert settings.values["expires_in"] == 90


def test_flags_complete_a_target(site, key_file):
    """The module has no settings."""
    flags = {"domain": DOMAIN, "key_pair_id": ID, "private_key": str(key_file)}
    (site / "doctored_settings.py").write_text("")
    settings = read_target("doctored_settings.py", flags)
    assert {problem.level for problem in diagnose(settings)} == {"note"}


def test_site_that_refuses_its_settings(site):
    """The problems of its start-up are raised."""
    (site / "doctored_site.py").write_text(
        "from cfsign.config import Configuration\nConfiguration.from_mapping({})\n"
    )
    with pytest.raises(ConfigurationError) as caught:
        read_target("doctored_site")
    assert [problem.setting for problem in caught.value.problems] == [
        "CLOUDFRONT_CONFIG",
        "CLOUDFRONT_DOMAIN",
        "CLOUDFRONT_CONFIG['key_pair_id']",
        "CLOUDFRONT_CONFIG['private_key']",
    ]


# The report.


def test_text_is_aligned():
    """All messages start in the same column, each hint below its message."""
    problems = [
        Problem("CLOUDFRONT_DOMAIN", "wrong " * 30, "hint " * 3),
        Problem("verification", "good", level="note"),
        Problem("", "no setting", level="note"),
    ]
    lines = as_text("x", problems).splitlines()
    assert lines[0] == "The settings of x: 1 error, 2 notes"
    column = lines[1].index("wrong")
    assert {line[:column].strip() for line in lines[2:-2]} == {""}
    assert lines[-2] == "note     verification       good"
    assert lines[-1] == "note     settings           no setting"
    assert max(map(len, lines)) <= 100
    assert any(line[column:].startswith("-> hint") for line in lines)
    assert as_text("x", []) == "The settings of x: no problems"


def test_json_has_the_documented_members():
    """The docstring names all of them."""
    report = json.loads(as_json("x", [Problem("s", "message", "hint", "warning", "rule")]))
    assert report == {
        "source": "x",
        "ok": True,
        "counts": {"error": 0, "warning": 1, "note": 0},
        "problems": [
            {
                "setting": "s",
                "message": "message",
                "hint": "hint",
                "level": "warning",
                "rule": "rule",
            }
        ],
    }
    names = [*report, *report["problems"][0]]
    assert all(f'"{name}"' in as_json.__doc__ for name in names)


def run(*arguments, **variables):
    """Run `cfsign doctor` as a process."""
    others = {k: v for k, v in os.environ.items() if not k.startswith("CLOUDFRONT_")}
    return subprocess.run(
        [sys.executable, "-m", "cfsign", "doctor", *arguments],
        capture_output=True,
        text=True,
        env=others | variables,
        timeout=60,
    )


def test_command(environ):
    """Exit 0 without an error and 1 with one; only the report is on standard output."""
    pytest.importorskip("click")
    done = run(**environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("The settings of the environment: 2 notes\n")
    done = run("--json", "--domain", "x", **environ)
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout)["counts"]["error"] == 1


def test_command_prints_message_and_hint_of_a_path_with_a_semicolon(environ):
    """The message is on one line with the path, the hint on the next."""
    pytest.importorskip("click")
    done = run(**environ | {"CLOUDFRONT_PRIVATE_KEY_FILE": "keys/no; such.pem"})
    _, message, hint = done.stdout.split("\n")[:3]
    assert message.endswith(repr(os.path.abspath("keys/no; such.pem")))
    assert hint.strip().startswith("-> check the path")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--django", ""),
        ("--flask", "a", "--django", "b"),
        ("--expires-in", "soon"),
        ("extra",),
    ],
)
def test_bad_usage(arguments):
    """One line on standard error, exit 2."""
    pytest.importorskip("click")
    done = run(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--flask", "no.such.module"), "no.such.module cannot be loaded (ModuleNotFoundError"),
        (("--flask", "json:nothing"), "json has no attribute nothing"),
        (("--flask", "no_such_file.py"), "no_such_file.py cannot be loaded (FileNotFoundError"),
        (("--django", "..x"), "..x cannot be loaded (TypeError)"),
    ],
)
def test_settings_that_cannot_be_loaded(arguments, words):
    """An error like any other, also in JSON, with exit 1."""
    pytest.importorskip("click")
    done = run("--json", *arguments)
    assert (done.returncode, done.stderr) == (1, "")
    report = json.loads(done.stdout)
    assert (report["source"], report["ok"]) == (arguments[1], False)
    (problem,) = report["problems"]
    assert (problem["level"], problem["setting"]) == ("error", "")
    assert problem["message"].startswith(words)
    assert run(*arguments).returncode == 1


def test_no_secret_is_printed(pem, encrypted_pem):
    """Not of a whole key, a damaged key or a password, and no signature."""
    pytest.importorskip("click")
    body = pem.splitlines()[5]
    for key in (pem, pem[:900], pem.replace("-----BEGIN PRIVATE KEY-----", ""), encrypted_pem):
        done = run(
            CLOUDFRONT_PRIVATE_KEY=key,
            CLOUDFRONT_KEY_PAIR_ID=body,
            CLOUDFRONT_PASSWORD="hunter2-secret",
            CLOUDFRONT_DOMAIN=DOMAIN,
        )
        assert done.returncode == 1
        for secret in (body, "hunter2-secret", "Signature=", encrypted_pem.splitlines()[5]):
            assert secret not in done.stdout + done.stderr


def test_no_secret_in_a_repr(environ, pem):
    """Settings that hold one do not show it."""
    settings = Settings.from_env(environ | {"CLOUDFRONT_PASSWORD": "hunter2"})
    assert "hunter2" not in repr(settings)
    assert "BEGIN" not in repr(Settings.from_env({"CLOUDFRONT_PRIVATE_KEY": pem}))


def test_imports():
    """The doctor imports no web framework, and `import cfsign` does not import the doctor."""
    code = "import sys, cfsign; print('cfsign.doctor' in sys.modules); import cfsign.doctor; "
    absent = "{'flask', 'django', 'falcon', 'starlette', 'click', 'boto3'}"
    code += f"print(sorted({absent} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["False", "[]"]
