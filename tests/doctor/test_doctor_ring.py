"""`cfsign doctor` on key rings: when each key signs, and the problems of each key."""

import json
import time

import pytest

from cfsign.config import Settings
from cfsign.doctor import diagnose, read_environment, read_mapping

DOMAIN = "https://media.example.com"
OLD, NOW, NEXT = "K1OLD", "K2NOW", "K3NEXT"
RING = "CLOUDFRONT_KEY_RING_FILE"


def find(environ, level=None, **arguments):
    """Return (setting, message and hint) of each problem of *level*."""
    return [
        (problem.setting, f"{problem.message}; {problem.hint}")
        for problem in diagnose(Settings.from_env(environ), **arguments)
        if level in (None, problem.level)
    ]


@pytest.fixture
def folder(tmp_path, pem, other_pem):
    """A folder with two private keys that only their owner can read."""
    for name, text in (("one.pem", pem), ("two.pem", other_pem)):
        path = tmp_path / name
        path.touch(0o600)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def write(folder):
    """Return a function that writes the ring's document and returns the site's environment."""

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
    """Three keys: one that signed before, one that signs now, one that signs later."""
    return write(
        pair(OLD),
        pair(NOW, "two.pem", active_from="2024-05-06T07:08:09Z"),
        pair(NEXT, hash_algorithm="SHA256", active_from=int(time.time()) + 10 * 86400 + 60),
    )


def test_schedule_of_the_keys(environ):
    """When each key signs, how to remove the old one, and the duration of their signatures."""
    assert not find(environ, "error")
    assert not find(environ, "warning")
    texts = [text for setting, text in find(environ) if setting == RING]
    old, now, coming, *durations = texts
    assert old.startswith(f"{OLD}: signed until 2024-05-06 07:08:09 UTC; remove it when the last")
    assert now == f"{NOW}: signs now, since 2024-05-06 07:08:09 UTC; "
    assert coming.startswith(f"{NEXT}: signs from 20")
    assert coming.endswith(" UTC, in 10 days; ")
    assert [text.partition(", signed by ")[0] for text in durations] == [
        f"{OLD}: RSA-2048 with SHA1",
        f"{NOW}: RSA-2048 with SHA1",
        f"{NEXT}: RSA-2048 with SHA256",
    ]
    assert all(" ms per signature here" in text for text in durations)
    assert find(environ)[-1] == (
        "verification",
        f"a URL signed with {OLD}, {NOW}, {NEXT} is allowed (checked offline); ",
    )


def test_ring_of_one_key(write):
    """It needs no time and no list of keys."""
    texts = [text for _, text in find(write(pair(NOW)))]
    assert texts[0] == f"{NOW}: signs now; "
    assert texts[-1] == "a URL signed with these settings is allowed (checked offline); "


def test_relative_path_of_the_document(environ, folder, monkeypatch):
    """The note shows the absolute path."""
    monkeypatch.chdir(folder)
    texts = dict(reversed(find(environ | {RING: "ring.json"})))
    assert repr(str(folder / "ring.json")) in texts[RING]


def test_problems_of_several_keys(write, folder, p384_pem):
    """Every key that cannot be used is an error, and the others are verified."""
    (folder / "p384.pem").write_text(p384_pem)
    environ = write(
        pair(OLD, "none.pem"),
        pair(NOW, active_from=2),
        pair(NEXT, "p384.pem", active_from=2),
        pair("K3OTHEREXAMPLE", "two.pem", active_from=3),
    )
    errors = [text for setting, text in find(environ, "error") if setting == RING]
    assert len(errors) == len(find(environ, "error")) == 3
    for text, words in zip(errors, [NEXT, "none.pem", "P-384"], strict=True):
        assert words in text
    durations = [text for _, text in find(environ, "note") if " ms per signature" in text]
    assert [text.partition(":")[0] for text in durations] == [NOW, "K3OTHEREXAMPLE"]


@pytest.fixture
def p384_pem(openssl):
    return openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384").decode()


@pytest.mark.parametrize("text", ["", "[]", '{"keys": [{}]}', '{"keys": []}'])
def test_document_that_is_not_a_key_ring(write, folder, text):
    """Only errors of the setting, and nothing is verified."""
    environ = write()
    (folder / "ring.json").write_text(text)
    problems = diagnose(Settings.from_env(environ))
    assert {(each.level, each.setting) for each in problems} == {("error", RING)}


def test_ring_without_an_active_key(write):
    """An error, and a note when the first key signs."""
    environ = write(pair(NEXT, active_from=int(time.time()) + 7300))
    ((_, text),) = find(environ, "error")
    assert "no key is active yet" in text
    assert any(text.endswith("in 2 hours; ") for _, text in find(environ, "note"))


def test_ring_and_single_key(environ):
    """It would be a guess which of the two signs."""
    ((setting, text),) = find(environ | {"CLOUDFRONT_KEY_PAIR_ID": "K4"}, "error")
    assert setting == "CLOUDFRONT_KEY_PAIR_ID"
    assert f"cannot be combined with {RING}" in text


def test_flags_replace_a_ring_by_a_key_and_a_key_by_a_ring(environ, folder):
    """There is no conflict with what the environment or the settings have."""
    key = {"key_pair_id": "K4", "private_key": str(folder / "one.pem")}
    problems = diagnose(read_environment(environ, key))
    assert {each.setting for each in problems} == {"--private-key", "verification"}
    single = {"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_KEY_PAIR_ID": "K 4"}
    single["CLOUDFRONT_PRIVATE_KEY_FILE"] = "none.pem"
    problems = diagnose(read_environment(single, {"key_ring": environ[RING]}))
    assert {each.setting for each in problems} == {"--key-ring", "verification"}
    mapping = {"CLOUDFRONT_DOMAIN": DOMAIN}
    mapping["CLOUDFRONT_CONFIG"] = {"key_pair_id": "K 4", "priv_key_string": "none.pem"}
    problems = diagnose(read_mapping(mapping, {"key_ring": environ[RING]}))
    assert {each.setting for each in problems} == {"--key-ring", "verification"}


def test_public_half_of_one_of_the_keys(environ, folder, openssl, other_pem, small_pem):
    """The key is named; if it is of none of them, that is an error."""
    path = folder / "public.pem"
    path.write_bytes(openssl("pkey", "-pubout", given=other_pem))
    assert ("--public-key", f"this is the public half of {NOW}; ") in find(
        environ, "note", public_key=path
    )
    path.write_bytes(openssl("rsa", "-pubout", given=small_pem))
    ((setting, text),) = find(environ, "error", public_key=path)
    assert setting == "--public-key"
    assert "of any of the ring's keys" in text


class RemoteKey:
    """A key that signs in another process."""

    is_blocking = True

    def sign(self, message, hash_algorithm):
        raise AssertionError("a signature was requested")

    def public_key_pem(self):
        raise AssertionError("the public half was requested")


def test_keys_in_the_settings(key, folder):
    """They are dicts with paths, loaded keys and remote keys."""
    keys = [
        pair(OLD, str(folder / "two.pem")),
        pair(NOW, key, active_from=1),
        pair(NEXT, RemoteKey(), active_from=2),
    ]
    mapping = {"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_CONFIG": {"keys": keys}}
    problems = diagnose(read_mapping(mapping))
    assert {each.level for each in problems} == {"note"}
    texts = [each.message for each in problems if each.setting == "CLOUDFRONT_CONFIG['keys']"]
    assert [text.partition(":")[0] for text in texts] == [OLD, NOW, NEXT] * 2
    assert texts[-1] == f"{NEXT}: RemoteKey signs remotely; no signature was requested"


def test_key_that_does_not_sign_hides_no_other(key):
    """The error has its id, and the other key is verified."""

    class OddKey:
        def sign(self, message, hash_algorithm):
            raise RuntimeError("hunter2")

        def public_key_pem(self):
            return key.public_key_pem()

    keys = [pair(OLD, OddKey()), pair(NOW, key, active_from=1)]
    mapping = {"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_CONFIG": {"keys": keys}}
    error, *notes = diagnose(read_mapping(mapping))
    assert error.level == "error"
    assert error.message == f"{OLD}: OddKey raised RuntimeError when it was tried"
    assert {note.level for note in notes} == {"note"}
    assert notes[-1].message == f"a URL signed with {NOW} is allowed (checked offline)"


def test_document_from_a_function(environ, folder):
    """It has no file; paths in it start at the working directory."""
    entries = [pair(NOW, str(folder / "one.pem"))]
    mapping = {"CLOUDFRONT_DOMAIN": DOMAIN}
    mapping["CLOUDFRONT_CONFIG"] = {"key_ring": lambda: json.dumps({"keys": entries})}
    texts = [each.message for each in diagnose(read_mapping(mapping))]
    assert texts[0] == f"{NOW}: signs now"


def test_no_secret_in_problems(write, pem, other_pem, encrypted_pem):
    """The ring holds a whole key, a damaged key and a password."""
    environ = write(
        pair(OLD, pem),
        pair(NOW, other_pem[:900], active_from=1),
        pair(NEXT, encrypted_pem, active_from=2, password="hunter2-secret"),
    )
    text = str(diagnose(Settings.from_env(environ)))
    for key in (pem, other_pem, encrypted_pem):
        assert key.splitlines()[5] not in text
    assert "hunter2" not in text
