"""The doctor on key rings: every pair is looked into, and it is told which signs when."""

import json
import os
import time

import pytest

from cfsign.doctor import Settings, diagnose

DOMAIN = "https://media.example.com"
OLD, NOW, NEXT = "K1OLD", "K2NOW", "K3NEXT"
RING = "CLOUDFRONT_KEY_RING_FILE"


def found(environ, severity=None, **arguments):
    """Diagnose an environment: (setting, found and mend) of each finding of a severity."""
    findings = diagnose(Settings.from_environment(environ), **arguments)
    return [
        (finding.setting, f"{finding.found}; {finding.mend}")
        for finding in findings
        if severity in (None, finding.severity)
    ]


@pytest.fixture
def folder(tmp_path, pem, other_pem):
    """Two private keys, as their owner alone may read them."""
    for name, text in (("one.pem", pem), ("two.pem", other_pem)):
        path = tmp_path / name
        path.touch(0o600)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def write(folder):
    """Write the ring's document, and return the environment of its site."""

    def write(*entries):
        path = folder / "ring.json"
        path.touch(0o600)
        path.write_text(json.dumps({"keys": entries}))
        return {"CLOUDFRONT_DOMAIN": DOMAIN, RING: str(path)}

    return write


def pair(key_pair_id, private_key="one.pem", **more):
    return {"key_pair_id": key_pair_id, "private_key": private_key, **more}


@pytest.fixture
def environ(write):
    """Three pairs: one that has signed, one that signs, one that will."""
    return write(
        pair(OLD),
        pair(NOW, "two.pem", active_from="2024-05-06T07:08:09Z"),
        pair(NEXT, hash_algorithm="SHA256", active_from=int(time.time()) + 10 * 86400 + 60),
    )


def test_which_key_signs_when(environ):
    """The one that has signed, with the way out; the one that signs; the one that will."""
    assert not found(environ, "error")
    assert not found(environ, "warning")
    texts = [text for setting, text in found(environ) if setting == RING]
    old, now, coming, *costs = texts
    assert old.startswith(f"{OLD}: signed until 2024-05-06 07:08:09 UTC; remove it once the last")
    assert now == f"{NOW}: signs now, since 2024-05-06 07:08:09 UTC; "
    assert coming.startswith(f"{NEXT}: signs from 20")
    assert coming.endswith(" UTC, in 10 days; ")
    assert [text.partition(", signed by ")[0] for text in costs] == [
        f"{OLD}: RSA-2048 with SHA1",
        f"{NOW}: RSA-2048 with SHA1",
        f"{NEXT}: RSA-2048 with SHA256",
    ]
    assert all(" ms a signature here" in text for text in costs)
    assert found(environ)[-1] == (
        "trial",
        f"a URL signed with {OLD}, {NOW}, {NEXT} is allowed, offline; ",
    )


def test_one_pair_that_has_always_signed(write):
    """Nothing is said of moments, nor of other keys."""
    texts = [text for _, text in found(write(pair(NOW)))]
    assert texts[0] == f"{NOW}: signs now; "
    assert texts[-1] == "a URL signed with these settings is allowed, offline; "


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize(("mode", "severity"), [(0o644, "warning"), (0o640, "note"), (0o600, None)])
def test_the_mode_of_each_key_file(environ, folder, mode, severity):
    """Who may read it, with its pair's id and the chmod that mends it."""
    (folder / "two.pem").chmod(mode)
    told = [each for each in diagnose(Settings.from_environment(environ)) if "chmod" in each.mend]
    assert [each.severity for each in told] == ([severity] if severity else [])
    for each in told:
        assert each.setting == RING
        assert each.found.startswith(f"{NOW}: ")
        assert each.mend.startswith(f"chmod 600 {folder / 'two.pem'}")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize(
    ("mode", "is_secret", "severity", "words"),
    [
        (0o644, False, None, ""),
        (0o646, False, "warning", "every user of this machine may change which key signs"),
        (0o664, False, "note", "the file's group may change which key signs"),
        (0o644, True, "warning", "every user of this machine may read or change the key ring"),
        (0o640, True, "note", "the file's group may read or change the key ring"),
        (0o600, True, None, ""),
    ],
)
def test_the_mode_of_the_document(write, pem, folder, mode, is_secret, severity, words):
    """Names of files may be read; keys that stand in it may not."""
    environ = write(pair(NOW, pem if is_secret else "one.pem"))
    (folder / "ring.json").chmod(mode)
    told = [each for each in diagnose(Settings.from_environment(environ)) if "chmod" in each.mend]
    assert [each.severity for each in told] == ([severity] if severity else [])
    assert all(words in each.found and str(folder / "ring.json") in each.mend for each in told)


def test_a_relative_document(environ, folder, monkeypatch):
    """Where it is looked for is told."""
    monkeypatch.chdir(folder)
    texts = dict(reversed(found(environ | {RING: "ring.json"})))
    assert f"means {str(folder / 'ring.json')!r}" in texts[RING]


def test_faults_are_told_each_and_hide_nothing(write, folder, p384_pem):
    """Every pair that cannot be used, and the others are tried."""
    (folder / "p384.pem").write_text(p384_pem)
    environ = write(
        pair(OLD, "none.pem"),
        pair(NOW, active_from=2),
        pair(NEXT, "p384.pem", active_from=2),
        pair("K3OTHEREXAMPLE", "two.pem", active_from=3),
    )
    errors = [text for setting, text in found(environ, "error") if setting == RING]
    assert len(errors) == len(found(environ, "error")) == 3
    for text, words in zip(errors, ["at the same time", "no key file", "P-384"], strict=True):
        assert words in text
    costs = [text for _, text in found(environ, "note") if " ms a signature" in text]
    assert [text.partition(":")[0] for text in costs] == [NOW, "K3OTHEREXAMPLE"]


@pytest.fixture
def p384_pem(openssl):
    return openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384").decode()


@pytest.mark.parametrize("text", ["", "[]", '{"keys": [{}]}', '{"keys": []}'])
def test_a_document_that_is_none(write, folder, text):
    """One error, of the settings' own check, and nothing of single pairs."""
    environ = write()
    (folder / "ring.json").write_text(text)
    ((setting, _),) = found(environ)
    assert setting == RING


def test_no_key_signs_yet(write):
    """An error, and when the first would."""
    environ = write(pair(NEXT, active_from=int(time.time()) + 7300))
    ((_, text),) = found(environ, "error")
    assert "no key is active yet" in text
    assert any(text.endswith("in 2 hours; ") for _, text in found(environ, "note"))


def test_a_ring_and_a_key(environ):
    """Which of the two would sign is not guessed."""
    ((setting, text),) = found(environ | {"CLOUDFRONT_KEY_PAIR_ID": "K4"}, "error")
    assert setting == "CLOUDFRONT_KEY_PAIR_ID"
    assert f"is beside {RING}" in text


def test_flags_stand_in_for_a_ring_and_a_ring_for_a_key(environ, folder):
    """Whichever the environment has, there is no conflict."""
    key = {"key_pair_id": "K4", "private_key": str(folder / "one.pem")}
    findings = diagnose(Settings.from_environment(environ, key))
    assert {each.setting for each in findings} == {"--private-key", "trial"}
    single = {"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_KEY_PAIR_ID": "K 4"}
    single["CLOUDFRONT_PRIVATE_KEY_FILE"] = "none.pem"
    findings = diagnose(Settings.from_environment(single, {"key_ring": environ[RING]}))
    assert {each.setting for each in findings} == {"--key-ring", "trial"}
    mapping = {"CLOUDFRONT_DOMAIN": DOMAIN}
    mapping["CLOUDFRONT_CONFIG"] = {"key_pair_id": "K 4", "priv_key_string": "none.pem"}
    findings = diagnose(Settings.from_mapping("a site", mapping, {"key_ring": environ[RING]}))
    assert {each.setting for each in findings} == {"--key-ring", "trial"}


def test_the_public_half_of_one_of_them(environ, folder, openssl, other_pem, small_pem):
    """Which one is told; of none it is an error."""
    path = folder / "public.pem"
    path.write_bytes(openssl("pkey", "-pubout", given=other_pem))
    assert ("--public-key", f"this is the public half of {NOW}; ") in found(
        environ, "note", public_key=path
    )
    path.write_bytes(openssl("rsa", "-pubout", given=small_pem))
    ((setting, text),) = found(environ, "error", public_key=path)
    assert setting == "--public-key"
    assert "of any of the ring's keys" in text


class SlowKey:
    """A key that is kept elsewhere."""

    is_blocking = True

    def sign(self, message, hash_algorithm):
        raise AssertionError("asked")

    def public_key_pem(self):
        raise AssertionError("asked")


def test_pairs_in_the_settings(key, folder):
    """Dicts, with paths, loaded keys and keys that sign elsewhere."""
    keys = [
        pair(OLD, str(folder / "two.pem")),
        pair(NOW, key, active_from=1),
        pair(NEXT, SlowKey(), active_from=2),
    ]
    mapping = {"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_CONFIG": {"keys": keys}}
    findings = diagnose(Settings.from_mapping("a site", mapping))
    assert {each.severity for each in findings} == {"note"}
    texts = [each.found for each in findings if each.setting == "CLOUDFRONT_CONFIG['keys']"]
    assert [text.partition(":")[0] for text in texts] == [OLD, NOW, NEXT] * 2
    assert texts[-1] == f"{NEXT}: SlowKey signs elsewhere, and was not asked to sign from here"


def test_a_key_that_does_not_sign_hides_no_other(key):
    """It is told by its id, and so is what was tried."""

    class OddKey:
        def sign(self, message, hash_algorithm):
            raise RuntimeError("hunter2")

        def public_key_pem(self):
            return key.public_key_pem()

    keys = [pair(OLD, OddKey()), pair(NOW, key, active_from=1)]
    mapping = {"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_CONFIG": {"keys": keys}}
    error, *notes = diagnose(Settings.from_mapping("a site", mapping))
    assert error.severity == "error"
    assert error.found == f"{OLD}: a OddKey raised RuntimeError at its trial"
    assert {note.severity for note in notes} == {"note"}
    assert notes[-1].found == f"a URL signed with {NOW} is allowed, offline"


def test_a_document_of_a_function(environ, folder):
    """Paths in it start in the working directory, and it has no file."""
    entries = [pair(NOW, str(folder / "one.pem"))]
    mapping = {"CLOUDFRONT_DOMAIN": DOMAIN}
    mapping["CLOUDFRONT_CONFIG"] = {"key_ring": lambda: json.dumps({"keys": entries})}
    texts = [each.found for each in diagnose(Settings.from_mapping("a site", mapping))]
    assert texts[0] == f"{NOW}: signs now"


def test_no_secret_is_told(write, pem, other_pem, encrypted_pem):
    """Of a ring that holds whole keys, broken ones and a password."""
    environ = write(
        pair(OLD, pem),
        pair(NOW, other_pem[:900], active_from=1),
        pair(NEXT, encrypted_pem, active_from=2, password="hunter2-secret"),
    )
    told = str(diagnose(Settings.from_environment(environ)))
    for text in (pem, other_pem, encrypted_pem):
        assert text.splitlines()[5] not in told
    assert "hunter2" not in told
