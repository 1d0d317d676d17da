"""The doctor: each ill that it knows, found, and told together with all the others."""

import gc
import json
import os
import subprocess
import sys

import pytest

from cfsign import doctor, load_private_key
from cfsign.doctor import Finding, Settings, as_json, as_text, diagnose, verification
from cfsign.doctor.loaded_key import HeldKey

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
    """An environment with nothing wrong."""
    return {
        "CLOUDFRONT_DOMAIN": DOMAIN,
        "CLOUDFRONT_KEY_PAIR_ID": ID,
        "CLOUDFRONT_PRIVATE_KEY_FILE": str(key_file),
    }


def found(environ, severity=None, **arguments):
    """Diagnose an environment: (setting, found and mend) of each finding of a severity."""
    findings = diagnose(Settings.from_environment(environ), **arguments)
    return [
        (finding.setting, f"{finding.found}; {finding.mend}")
        for finding in findings
        if severity in (None, finding.severity)
    ]


def test_good_settings_have_two_notes(environ):
    """What signs and what it costs, and that a URL so signed is allowed."""
    assert not found(environ, "error")
    assert not found(environ, "warning")
    cost, trial_note = found(environ)
    assert "RSA-2048 with SHA1, signed by " in cost[1]
    assert " ms a signature here (median of 31)" in cost[1]
    assert trial_note == ("trial", "a URL signed with these settings is allowed, offline; ")


def test_nothing_set():
    """Each of the three is told as missing."""
    assert [(setting, text[:11]) for setting, text in found({}, "error")] == [
        ("CLOUDFRONT_DOMAIN", "is missing;"),
        ("CLOUDFRONT_KEY_PAIR_ID", "is missing;"),
        ("CLOUDFRONT_PRIVATE_KEY", "is missing;"),
    ]


@pytest.mark.parametrize(
    ("domain", "severity", "words"),
    [
        ("media.example.com", "error", "a domain has a scheme"),
        ("https://media.example.com/a", "error", "no path"),
        ("https://b.s3.amazonaws.com", "error", "S3 bucket"),
        ("b.s3.amazonaws.com", "error", "S3 bucket"),
        ("https://b.s3.eu-west-1.amazonaws.com", "error", "S3 bucket"),
        ("https://b.s3-eu-west-1.amazonaws.com/b", "error", "S3 bucket"),
        ("http://b.s3-website.eu-central-1.amazonaws.com", "error", "S3 bucket"),
        ("https://s3.cn-north-1.amazonaws.com.cn", "error", "S3 bucket"),
        ("https://S3.Dualstack.us-east-1.amazonaws.com", "error", "S3 bucket"),
        ("s3://bucket/key", "error", "S3 bucket"),
        (
            "https://us-east-1.console.aws.amazon.com/cloudfront/v4/home#/distributions/E1",
            "error",
            "AWS console",
        ),
        ("arn:aws:cloudfront::1:distribution/E1", "error", "an ARN"),
        ("http://media.example.com", "warning", "plain http"),
    ],
)
def test_domain(environ, domain, severity, words):
    """One finding, that says what it is instead."""
    findings = found(environ | {"CLOUDFRONT_DOMAIN": domain}, severity)
    assert [setting for setting, _ in findings] == ["CLOUDFRONT_DOMAIN"]
    assert words in findings[0][1]


@pytest.mark.parametrize(
    "domain",
    [
        "https://s3.example.com",
        "https://mys3.amazonaws.com.example.com",
        "http://localhost:8000",
        "https://[::1",
    ],
)
def test_domain_that_only_resembles(environ, domain):
    """No word of S3 or of plain http."""
    text = str(found(environ | {"CLOUDFRONT_DOMAIN": domain}))
    assert "S3" not in text
    assert "plain" not in text


@pytest.mark.parametrize(
    ("key_pair_id", "severity", "words"),
    [
        ("d3b07384-d113-4ec8-a7d5-5e4f2b1c9a10", "error", "ID of a key group"),
        ("AKIAIOSFODNN7EXAMPLE", "error", "access key"),
        ("ASIAIOSFODNN7EXAMPLE", "error", "access key"),
        ("arn:aws:cloudfront::1:public-key/K1", "error", "an ARN"),
        ("K1 ", "error", "letters and digits"),
        ("E2QWRUHAPOMQZL", "warning", "a distribution"),
        ("APKAIOSFODNN7EXAMPLE", "warning", "old kind"),
    ],
)
def test_key_pair_id(environ, key_pair_id, severity, words):
    """One finding, which does not repeat what may be a secret."""
    findings = found(environ | {"CLOUDFRONT_KEY_PAIR_ID": key_pair_id}, severity)
    assert [setting for setting, _ in findings] == ["CLOUDFRONT_KEY_PAIR_ID"]
    assert words in findings[0][1]
    assert key_pair_id.strip() not in findings[0][1]


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
def test_private_key(environ, key_file, request, fixture, words):
    """One error, with its mend, and nothing tried with such a key."""
    pytest.importorskip("cryptography")
    key_file.write_text(request.getfixturevalue(fixture) if fixture else "")
    findings = found(environ)
    assert [setting for setting, _ in findings] == ["CLOUDFRONT_PRIVATE_KEY_FILE"]
    assert words in findings[0][1]
    assert not findings[0][1].endswith("; ")


def test_private_key_that_is_not_there(environ, tmp_path):
    """The path is named."""
    path = str(tmp_path / "no.pem")
    ((setting, text),) = found(environ | {"CLOUDFRONT_PRIVATE_KEY_FILE": path})
    assert setting == "CLOUDFRONT_PRIVATE_KEY_FILE"
    assert path in text


def test_encrypted_key_with_its_password(environ, key_file, encrypted_pem, password):
    """The key is tried."""
    pytest.importorskip("cryptography")
    key_file.write_text(encrypted_pem)
    assert not found(environ | {"CLOUDFRONT_PASSWORD": password}, "error")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize(
    ("mode", "severity"), [(0o644, "warning"), (0o602, "warning"), (0o640, "note"), (0o400, None)]
)
def test_mode_of_the_key_file(environ, key_file, mode, severity):
    """Who may read it, and the chmod that mends it."""
    key_file.chmod(mode)
    mends = [
        (finding.severity, finding.mend)
        for finding in diagnose(Settings.from_environment(environ))
        if "chmod" in finding.mend
    ]
    assert [severity for severity, _ in mends] == ([severity] if severity else [])
    assert all(f"chmod 600 {key_file}" in mend for _, mend in mends)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_mode_of_a_key_file_in_the_home_folder(environ, key_file, monkeypatch):
    """It is the same file, and no relative path."""
    monkeypatch.setenv("HOME", str(key_file.parent))
    key_file.chmod(0o644)
    ((_, text),) = found(environ | {"CLOUDFRONT_PRIVATE_KEY_FILE": "~/key.pem"}, "warning")
    assert f"chmod 600 {key_file}" in text
    assert "relative" not in str(found(environ | {"CLOUDFRONT_PRIVATE_KEY_FILE": "~/key.pem"}))


def test_mode_of_a_public_key_taken_for_the_private(environ, key_file, public_pem):
    """That anybody may read it is no fault."""
    key_file.write_text(public_pem)
    key_file.chmod(0o644)
    assert not found(environ, "warning")


def test_relative_key_file(environ, key_file, monkeypatch):
    """Where it is looked for is told."""
    monkeypatch.chdir(key_file.parent)
    texts = [text for _, text in found(environ | {"CLOUDFRONT_PRIVATE_KEY_FILE": "key.pem"})]
    assert any(str(key_file) in text and "absolute" in text for text in texts)


def test_public_key(environ, tmp_path, public_pem, openssl, other_pem):
    """The halves of one pair, of two pairs, and no public key at all."""
    path = tmp_path / "public.pem"
    path.write_text(public_pem)
    assert not found(environ, "error", public_key=path)
    path.write_bytes(openssl("pkey", "-pubout", given=other_pem))
    ((setting, text),) = found(environ, "error", public_key=path)
    assert setting == "--public-key"
    assert "not the public half" in text
    assert not [text for _, text in found(environ, public_key=path) if "is allowed" in text]
    path.write_text(other_pem)
    ((_, text),) = found(environ, "error", public_key=path)
    assert "a private key" in text


def test_public_key_beside_a_private_one_that_cannot_be_used(environ, tmp_path):
    """Neither fault hides the other."""
    environ["CLOUDFRONT_PRIVATE_KEY_FILE"] = "no.pem"
    errors = found(environ, "error", public_key=tmp_path / "public.pem")
    assert [setting for setting, _ in errors] == ["CLOUDFRONT_PRIVATE_KEY_FILE", "--public-key"]
    assert "public.pem" in errors[1][1]


@pytest.mark.parametrize(
    ("expires", "severity", "words"),
    [
        ("86401", "note", "1 days"),
        ("5", "note", "5 s"),
        ("2d", "note", "2 days"),
        ("an hour", "error", "give seconds"),
        ("0", "error", "less than one second"),
    ],
)
def test_lifetime(environ, expires, severity, words):
    """Too long and too short are notes, what is none is an error."""
    texts = dict(found(environ | {"CLOUDFRONT_EXPIRES": expires}, severity))
    assert words in texts["CLOUDFRONT_EXPIRES"]


def test_a_long_lifetime_beside_an_error():
    """No error hides the note."""
    assert "7 days" in found({"CLOUDFRONT_EXPIRES": "604800"}, "note")[0][1]


def test_usual_lifetime(environ):
    """A day is not worth a word."""
    assert "CLOUDFRONT_EXPIRES" not in dict(found(environ | {"CLOUDFRONT_EXPIRES": "86400"}))


def test_hash_algorithm(environ):
    """SHA-256 is what is measured; another is an error."""
    texts = dict(found(environ | {"CLOUDFRONT_HASH_ALGORITHM": "SHA256"}))
    assert "with SHA256" in texts["CLOUDFRONT_PRIVATE_KEY_FILE"]
    texts = dict(found(environ | {"CLOUDFRONT_HASH_ALGORITHM": "MD5"}, "error"))
    assert "SHA256" in texts["CLOUDFRONT_HASH_ALGORITHM"]


def test_misspelt_variable(environ):
    """It is named, with the right one."""
    del environ["CLOUDFRONT_DOMAIN"]
    texts = dict(found(environ | {"CLOUDFRONT_DOMAN": DOMAIN}, "error"))
    assert "CLOUDFRONT_DOMAIN" in texts["CLOUDFRONT_DOMAN"]


def test_all_at_once(environ, key_file, public_pem):
    """No finding hides another."""
    key_file.write_text(public_pem)
    wrong = {
        "CLOUDFRONT_DOMAIN": "http://media.example.com/a",
        "CLOUDFRONT_KEY_PAIR_ID": "AKIAIOSFODNN7EXAMPLE",
        "CLOUDFRONT_EXPIRES": "soon",
    }
    settings = [setting for setting, _ in found(environ | wrong, "error")]
    assert sorted(settings) == [
        "CLOUDFRONT_DOMAIN",
        "CLOUDFRONT_EXPIRES",
        "CLOUDFRONT_KEY_PAIR_ID",
        "CLOUDFRONT_PRIVATE_KEY_FILE",
    ]
    assert [setting for setting, _ in found(environ | wrong, "warning")] == ["CLOUDFRONT_DOMAIN"]


def test_a_hash_that_the_platform_forbids(environ, monkeypatch, key):
    """An error that names the other hash, and the rest is still told."""
    from cfsign import SigningKeyError

    def refuse(self, message, hash_algorithm):
        raise SigningKeyError("this platform does not sign with SHA1; use SHA256")

    monkeypatch.setattr(type(key), "sign", refuse)
    texts = found(environ, "error")
    assert (
        "CLOUDFRONT_PRIVATE_KEY_FILE",
        "this platform does not sign with SHA1; use SHA256",
    ) in texts


def test_the_slow_backend_is_told(pem):
    """With the package to install, and by the key that signs, whatever is installed."""
    held = HeldKey("key", load_private_key(pem, backend="rsa"))
    note, warning = verification.try_key(held)
    assert "signed by rsa" in note.found
    assert warning.mend == "pip install cryptography"


def test_a_key_whose_public_half_is_another(environ, monkeypatch, key, openssl, other_pem):
    """The trial finds it: what is signed is refused."""
    other = openssl("pkey", "-pubout", given=other_pem).decode()
    monkeypatch.setattr(type(key), "public_key_pem", lambda self: other)
    ((setting, text),) = found(environ, "error")
    assert setting == "trial"
    assert "refused" in text


class SlowKey:
    """A key that is kept elsewhere."""

    is_blocking = True

    def __init__(self, public_pem=""):
        self.public_pem = public_pem

    def sign(self, message, hash_algorithm):
        raise AssertionError("asked")

    def public_key_pem(self):
        return self.public_pem


def site_mapping(**config):
    """Make settings as a Flask application has them."""
    config = {"key_pair_id": ID, **config}
    return {"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_CONFIG": config}


def test_a_key_kept_elsewhere_is_not_asked_to_sign(public_pem):
    """It costs money and time, and the machine that asks may not be the server."""
    settings = Settings.from_mapping("a site", site_mapping(private_key=SlowKey(public_pem)))
    (finding,) = diagnose(settings)
    assert (finding.severity, finding.setting) == ("note", "CLOUDFRONT_CONFIG['private_key']")
    assert finding.found == "SlowKey signs elsewhere, and was not asked to sign from here"


def test_the_public_half_of_a_key_kept_elsewhere(public_pem, tmp_path, openssl, other_pem):
    """It is compared as it is written."""
    held = [HeldKey("key", SlowKey(public_pem))]
    path = tmp_path / "public.pem"
    path.write_text(public_pem.replace("\n", "\r\n"))
    (finding,) = verification.match_public_key("--public-key", held, path)
    assert finding.found == "the two are the halves of one pair"
    path.write_bytes(openssl("pkey", "-pubout", given=other_pem))
    (finding,) = verification.match_public_key("--public-key", held, path)
    assert finding.severity == "error"
    path.write_bytes(openssl("pkey", "-pubout", "-outform", "DER", given=other_pem))
    (finding,) = verification.match_public_key("--public-key", held, path)
    assert (finding.severity, "not compared" in finding.found) == ("note", True)


class AsyncKey(SlowKey):
    is_blocking = False

    async def sign(self, message, hash_algorithm):
        raise AssertionError("asked")


def test_an_asynchronous_key_is_not_asked_to_sign(public_pem):
    """Nor is there a warning of a coroutine that nobody awaited."""
    (finding,) = diagnose(
        Settings.from_mapping("a site", site_mapping(private_key=AsyncKey(public_pem)))
    )
    assert finding.found.startswith("AsyncKey signs elsewhere")


def test_a_key_object_signs_here(key):
    """One of ours is tried as if it came from a file."""
    cost, trial_note = diagnose(Settings.from_mapping("a site", site_mapping(private_key=key)))
    assert "RSA-2048 with SHA1, signed by " in cost.found
    assert trial_note.setting == "trial"


class FakeClock:
    """A clock that goes on when somebody works."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.025, "25 ms"), (0.0005, "0.5 ms"), (2, "2e+03 ms")]
)
def test_the_cost_of_a_signature_is_in_milliseconds(key, monkeypatch, seconds, told):
    """Of one signature, not of all that were tried."""
    clock = FakeClock()

    class OwnKey:
        def sign(self, message, hash_algorithm):
            clock.seconds += seconds
            return key.sign(message, hash_algorithm)

        def public_key_pem(self):
            return key.public_key_pem()

    monkeypatch.setattr(verification.time, "perf_counter", clock)
    (note,) = verification.try_key(HeldKey("key", OwnKey()))
    assert f"signed by OwnKey: {told} a signature here (median of 31)" in note.found


class OddKey:
    """A key of a site's own making, which does not work."""

    def __init__(self, result, public=""):
        self.result, self.public = result, public

    def sign(self, message, hash_algorithm):
        return self.result()

    def public_key_pem(self):
        return self.public()


def raising(error):
    def work():
        raise error

    return work


async def signing():
    """Be a coroutine, of which nobody can know before."""
    return b"signature"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (raising(RuntimeError("hunter2")), "a OddKey raised RuntimeError at its trial"),
        (lambda: "text", "sign of a OddKey returned str"),
        (lambda: b"", "sign of a OddKey returned no bytes at all"),
        (lambda: None, "sign of a OddKey returned NoneType"),
        (signing, "the private key signs asynchronously"),
    ],
)
def test_a_key_of_ones_own_that_does_not_sign(result, words, public_pem, tmp_path):
    """One error, without the text of what was raised; nothing is tried further or left behind."""
    path = tmp_path / "public.pem"
    path.write_text(public_pem)
    mapping = site_mapping(private_key=OddKey(result, lambda: public_pem))
    findings = diagnose(Settings.from_mapping("a site", mapping), public_key=path)
    gc.collect()  # a coroutine that nobody awaited would warn
    (finding,) = findings
    assert (finding.severity, finding.setting) == ("error", "CLOUDFRONT_CONFIG['private_key']")
    assert finding.found.startswith(words)
    assert finding.mend
    assert "hunter2" not in str(findings)


@pytest.mark.parametrize("public", [raising(RuntimeError("hunter2")), lambda: 5, lambda: b""])
def test_a_key_of_ones_own_without_a_public_half(key, public):
    """The trial tells it, and the cost is told all the same."""
    mapping = site_mapping(private_key=OddKey(lambda: key.sign(b"", "SHA1"), public))
    error, note = diagnose(Settings.from_mapping("a site", mapping))
    assert (error.severity, error.setting) == ("error", "trial")
    assert "OddKey" in note.found
    assert "hunter2" not in str(error)


# Where settings come from.


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
    """A folder with a site and a settings module, where the site's module is made anew."""
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
    """An application, a mapping, a class, a module or a file; what it prints is no result."""
    settings = Settings.from_target(target)
    assert settings.values["domain"] == DOMAIN
    assert settings.labels["private_key"] == "CLOUDFRONT_CONFIG['priv_key_string']"
    assert not [finding for finding in diagnose(settings) if finding.severity != "note"]
    assert not capsys.readouterr().out


def test_flags_stand_in(site, tmp_path, other_pem):
    """For a target's settings, and under the flags' own names."""
    other = tmp_path / "other.pem"
    other.write_text(other_pem)
    flags = {"domain": "nothing", "key_pair_id": "K 1", "private_key": str(other)}
    settings = Settings.from_target("doctored_settings", flags)
    assert settings.values["private_key"] == str(other)
    errors = {finding.setting for finding in diagnose(settings) if finding.severity == "error"}
    assert errors == {"--domain", "--key-pair-id"}


def test_flags_stand_in_for_the_environment(environ, tmp_path):
    """The key's file in the environment gives way to the flag."""
    path = str(tmp_path / "no.pem")
    settings = Settings.from_environment(environ, {"private_key": path})
    (finding,) = diagnose(settings)
    assert finding.setting == "--private-key"


def test_flags_alone_make_a_target_whole(site, key_file):
    """Of a module that has no settings."""
    flags = {"domain": DOMAIN, "key_pair_id": ID, "private_key": str(key_file)}
    (site / "doctored_settings.py").write_text("")
    settings = Settings.from_target("doctored_settings.py", flags)
    assert not [finding for finding in diagnose(settings) if finding.severity != "note"]


def test_a_site_that_refuses_to_start(site):
    """What it says at start-up is told."""
    (site / "doctored_site.py").write_text(
        "from cfsign import Configuration\nConfiguration.from_mapping({})\n"
    )
    findings = diagnose(Settings.from_target("doctored_site"))
    assert [finding.setting for finding in findings if finding.severity == "error"] == [
        "CLOUDFRONT_CONFIG",
        "CLOUDFRONT_DOMAIN",
        "CLOUDFRONT_CONFIG['key_pair_id']",
        "CLOUDFRONT_CONFIG['private_key']",
    ]


# What is printed.


def test_text_is_aligned_and_tells_all():
    """Each finding's text begins in the same column, its mend below."""
    findings = [
        Finding("error", "CLOUDFRONT_DOMAIN", "wrong " * 30, "mend " * 3),
        Finding("note", "trial", "good"),
    ]
    lines = as_text("x", findings).splitlines()
    assert lines[0] == "The settings of x: 1 error, 1 note"
    column = lines[1].index("wrong")
    assert {line[:column].strip() for line in lines[2:-1]} == {""}
    assert lines[-1] == "note     trial              good"
    assert max(map(len, lines)) <= 100
    assert any(line[column:].startswith("-> mend") for line in lines)


def test_json_has_the_documented_members():
    """As the docstring says."""
    told = json.loads(as_json("x", [Finding("warning", "s", "found", "mend")]))
    assert told == {
        "source": "x",
        "ok": True,
        "counts": {"error": 0, "warning": 1, "note": 0},
        "findings": [{"severity": "warning", "setting": "s", "found": "found", "mend": "mend"}],
    }
    assert set(told) == {"source", "ok", "counts", "findings"}
    assert all(f'"{name}"' in doctor.as_json.__doc__ for name in told)


def run(*arguments, **variables):
    """Run `cfsign doctor` as a process."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CLOUDFRONT_")}
    return subprocess.run(
        [sys.executable, "-m", "cfsign", "doctor", *arguments],
        capture_output=True,
        text=True,
        env=kept | variables,
        timeout=60,
    )


def test_the_command(environ):
    """Exit 0 without an error, 1 with one, and the result on standard output alone."""
    pytest.importorskip("click")
    done = run(**environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("The settings of the environment: 2 notes\n")
    done = run("--json", "--domain", "x", **environ)
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout)["counts"]["error"] == 1


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
    """One line, exit 2."""
    pytest.importorskip("click")
    done = run(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--flask", "no.such.module"), "no.such.module does not load (ModuleNotFoundError"),
        (("--flask", "json:nothing"), "json has no nothing"),
        (("--flask", "no_such_file.py"), "no_such_file.py does not load (FileNotFoundError"),
        (("--django", "..x"), "..x does not load (TypeError)"),
    ],
)
def test_settings_that_do_not_load(arguments, words):
    """An error as any other, for a machine too: exit 1 and an object on standard output."""
    pytest.importorskip("click")
    done = run("--json", *arguments)
    assert (done.returncode, done.stderr) == (1, "")
    told = json.loads(done.stdout)
    assert (told["source"], told["ok"]) == (arguments[1], False)
    (finding,) = told["findings"]
    assert (finding["severity"], finding["setting"]) == ("error", "settings")
    assert finding["found"].startswith(words)
    assert run(*arguments).returncode == 1


def test_no_secret_is_printed(pem, encrypted_pem):
    """Neither a key that is whole, nor one that is not, nor a password, nor a signature."""
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
    """Of settings that hold one."""
    settings = Settings.from_environment(environ | {"CLOUDFRONT_PASSWORD": "hunter2"})
    assert "hunter2" not in repr(settings)
    assert "BEGIN" not in repr(Settings.from_environment({"CLOUDFRONT_PRIVATE_KEY": pem}))


def test_what_it_imports():
    """No web framework; and the core does not import it."""
    code = "import sys, cfsign; print('cfsign.doctor' in sys.modules); import cfsign.doctor; "
    code += "print(sorted({'flask', 'django', 'falcon', 'click', 'boto3'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["False", "[]"]
