"""The command line, as a process of its own: what it prints where, and its exit codes."""

import json
import os
import subprocess
import sys
import time

import pytest

from cfsign import TrustedKeyGroup, load_private_key
from cfsign.cli import main
from cfsign.cli.output import put

URL = "https://d111111abcdef8.cloudfront.net/a.jpg"
CFSIGN = f"'{sys.executable}' -m cfsign"  # in a shell's words


def run(*arguments, cwd=None, **variables):
    """Run `cfsign` and return the finished process."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CLOUDFRONT_")}
    return subprocess.run(
        [sys.executable, "-m", "cfsign", *arguments],
        capture_output=True,
        text=True,
        env=environment | variables,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # so that there is no terminal to ask at
        timeout=60,
    )


@pytest.fixture
def key_file(tmp_path, pem):
    path = tmp_path / "key.pem"
    path.write_text(pem)
    return str(path)


@pytest.fixture
def trusted_keys(public_pem):
    return TrustedKeyGroup({"K1": public_pem})


def test_sign_prints_the_url_alone(key_file, trusted_keys):
    """A script can take standard output as it is."""
    done = run("sign", URL, "--key-pair-id", "K1", "--private-key", key_file, "--expires-in", "2h")
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert trusted_keys.check(done.stdout.strip()).allowed
    assert done.stderr.startswith("cfsign: good until ")


def test_sign_reads_the_environment(pem, trusted_keys):
    """The key may stand in a variable, its newlines written as \\n."""
    variables = {
        "CLOUDFRONT_KEY_PAIR_ID": "K1",
        "CLOUDFRONT_PRIVATE_KEY": pem.replace("\n", "\\n"),
    }
    done = run("sign", URL, "--hash-algorithm", "SHA256", **variables)
    assert "&Hash-Algorithm=SHA256" in done.stdout
    assert trusted_keys.check(done.stdout.strip()).allowed


def test_sign_reads_the_settings_of_the_environment(encrypted_pem, password, trusted_keys):
    """What the README's table says of the environment; the flags win."""
    settings = {
        "CLOUDFRONT_KEY_PAIR_ID": "K1",
        "CLOUDFRONT_PRIVATE_KEY": encrypted_pem,
        "CLOUDFRONT_PASSWORD": password,
        "CLOUDFRONT_HASH_ALGORITHM": "SHA256",
        "CLOUDFRONT_EXPIRES": "3600",
    }
    now = int(time.time())
    url = run("sign", URL, **settings).stdout.strip()
    assert "&Hash-Algorithm=SHA256" in url
    assert trusted_keys.check(url, at=now + 3590).allowed
    url = run("sign", URL, "--hash-algorithm", "SHA1", "--expires-in", "60", **settings).stdout
    assert "Hash-Algorithm" not in url
    assert not trusted_keys.check(url.strip(), at=now + 3590).allowed
    url = run("sign", URL, "--expires-at", "1999999999", **settings).stdout.strip()
    assert trusted_keys.check(url, at=1999999998).allowed


def test_a_key_among_the_words_warns(pem, trusted_keys):
    """Every user of the machine may list them; the key signs all the same."""
    words = ("--key-pair-id", "K1", "--private-key", pem)
    done = run("sign", URL, *words)
    assert trusted_keys.check(done.stdout.strip()).allowed
    warning, _ = done.stderr.splitlines()
    assert warning.startswith("cfsign: warning: the key itself is among the words of the command")
    assert "PRIVATE KEY" not in done.stderr


def test_an_empty_variable_counts_as_unset(key_file, trusted_keys):
    """As many tools write it."""
    names = ("HASH_ALGORITHM", "EXPIRES", "PASSWORD", "PRIVATE_KEY")
    empty = {f"CLOUDFRONT_{name}": "" for name in names}
    files = {"CLOUDFRONT_KEY_PAIR_ID": "K1", "CLOUDFRONT_PRIVATE_KEY_FILE": key_file}
    done = run("sign", URL, **empty, **files)
    assert "Hash-Algorithm" not in done.stdout
    assert trusted_keys.check(done.stdout.strip()).allowed


@pytest.mark.parametrize(
    ("variable", "value", "word"),
    [
        ("CLOUDFRONT_EXPIRES", "soon", "CLOUDFRONT_EXPIRES"),
        ("CLOUDFRONT_HASH_ALGORITHM", "MD5", "CLOUDFRONT_HASH_ALGORITHM"),
        ("CLOUDFRONT_PASSWORD", "s3cret", "not encrypted"),
        ("CLOUDFRONT_PRIVATE_KEY_FILE", "other.pem", "both set; set one"),
    ],
)
def test_a_variable_that_cannot_work_is_one_line_and_exit_2(pem, variable, value, word):
    """Named, and no secret shown."""
    settings = {"CLOUDFRONT_KEY_PAIR_ID": "K1", "CLOUDFRONT_PRIVATE_KEY": pem}
    done = run("sign", URL, **settings | {variable: value})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert word in done.stderr
    assert "s3cret" not in done.stderr


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--expires-in", "0"], "--expires-in is less than one second"),
        (["--expires-in", "1800000000000"], "give it as --expires-at"),
        (["--expires-in", "5", "--expires-at", "1900000000"], "--expires-in and --expires-at"),
        (["--expires-at", "1500000000"], "--expires-at lies"),
        (["--starts-at", "1900000000", "--expires-at", "1800000000"], "--starts-at must be before"),
        (["--ip-address", "x"], "--ip-address is one IPv4 address"),
        ([], "CLOUDFRONT_EXPIRES is less than one second"),
    ],
)
@pytest.mark.parametrize("command", ["sign", "cookies"])
def test_an_error_names_what_was_given(key_file, monkeypatch, capsys, command, flags, told):
    """The option or the variable, and never the argument that the library makes of it."""
    monkeypatch.setenv("CLOUDFRONT_EXPIRES", "0" if not flags else "60")
    monkeypatch.delenv("CLOUDFRONT_PASSWORD", raising=False)
    assert main([command, URL, "--key-pair-id", "K1", "--private-key", key_file, *flags]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert told in err
    assert "_in" not in err
    assert "_at" not in err


def test_help_shows_the_names_of_the_variables_and_no_value():
    """A key or a password in the environment is not printed."""
    done = run("sign", "--help", CLOUDFRONT_PASSWORD="s3cret", CLOUDFRONT_PRIVATE_KEY="s3cret")
    for name in (
        "KEY_PAIR_ID",
        "PRIVATE_KEY",
        "PASSWORD",
        "HASH_ALGORITHM",
        "KEY_RING_FILE",
        "EXPIRES",
    ):
        assert f"CLOUDFRONT_{name}" in done.stdout
    assert "[SHA1|SHA256]" in done.stdout
    assert "s3cret" not in done.stdout


@pytest.fixture
def ring_file(tmp_path, key_file):
    """A ring whose first key, K1, signs now."""
    pairs = [
        {"key_pair_id": "K1", "private_key": "key.pem", "hash_algorithm": "SHA256"},
        {"key_pair_id": "K2", "private_key": "key.pem", "active_from": 2147483647},
    ]
    path = tmp_path / "ring.json"
    path.write_text(json.dumps({"keys": pairs}))
    return str(path)


@pytest.mark.parametrize("command", ["sign", "cookies"])
@pytest.mark.parametrize("is_flag", [True, False])
def test_a_key_ring_signs(ring_file, trusted_keys, command, is_flag):
    """Its key and hash, by the flag or by the variable that a site has."""
    if is_flag:
        done = run(command, URL, "--key-ring", ring_file)
    else:
        done = run(command, URL, CLOUDFRONT_KEY_RING_FILE=ring_file)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    if command == "sign":
        verdict = trusted_keys.check(done.stdout.strip())
    else:
        cookies = dict(pair.split("=", 1) for pair in done.stdout.strip().split("; "))
        assert cookies["CloudFront-Hash-Algorithm"] == "SHA256"
        verdict = trusted_keys.check(URL, cookies=cookies)
    assert verdict.allowed


def test_a_flag_stands_in_for_the_environments_key_or_ring(ring_file, key_file, trusted_keys):
    """All that is the other's own goes with it."""
    one = {"CLOUDFRONT_KEY_PAIR_ID": "K9", "CLOUDFRONT_PRIVATE_KEY_FILE": "no.pem"}
    one |= {"CLOUDFRONT_PASSWORD": "s3cret", "CLOUDFRONT_HASH_ALGORITHM": "SHA1"}
    done = run("sign", URL, "--key-ring", ring_file, **one)
    assert trusted_keys.check(done.stdout.strip()).allowed
    flags = ("--key-pair-id", "K1", "--private-key", key_file)
    done = run("sign", URL, *flags, CLOUDFRONT_KEY_RING_FILE="no.json")
    assert trusted_keys.check(done.stdout.strip()).allowed


@pytest.mark.parametrize(
    ("flags", "variables", "words"),
    [
        (["--key-ring", "r", "--private-key", "k"], {}, ["--private-key beside --key-ring"]),
        (
            ["--key-ring", "r", "--key-pair-id", "K1", "--hash-algorithm", "SHA1"],
            {},
            ["--key-pair-id and --hash-algorithm beside --key-ring"],
        ),
        (["--key-ring", "r", "--ask-password"], {}, ["--ask-password beside --key-ring"]),
        (
            ["--key-pair-id", "K1"],
            {"KEY_RING_FILE": "r"},
            ["--key-pair-id beside CLOUDFRONT_KEY_RING_FILE"],
        ),
        (
            [],
            {"KEY_RING_FILE": "r", "PRIVATE_KEY_FILE": "k", "PASSWORD": "s3cret"},
            ["CLOUDFRONT_PRIVATE_KEY_FILE and CLOUDFRONT_PASSWORD beside CLOUDFRONT_KEY_RING_FILE"],
        ),
        (["--key-ring", "no.json"], {}, ["no.json", "cannot be read"]),
        (["--key-pair-id", "K1"], {}, ["--private-key", "--key-ring"]),
    ],
)
def test_a_key_ring_that_cannot_be_used_is_one_line_and_exit_2(flags, variables, words):
    """A ring beside one key is refused, each named as the user gave it, and no secret shown."""
    done = run("sign", URL, *flags, **{f"CLOUDFRONT_{name}": v for name, v in variables.items()})
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    for word in words:
        assert word in done.stderr
    assert "s3cret" not in done.stderr


def test_a_password_that_cannot_be_asked_for(tmp_path, encrypted_pem):
    """Without a terminal nothing is read that would be seen; one line, exit 2."""
    path = tmp_path / "key.pem"
    path.write_text(encrypted_pem)
    key = ("--key-pair-id", "K1", "--private-key", str(path), "--ask-password")
    for command in (("sign", URL), ("doctor", "--domain", "https://h")):
        assert_no_terminal(run(*command, *key))


def assert_no_terminal(done):
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "CLOUDFRONT_PASSWORD" in done.stderr


def test_sign_with_every_condition(key_file, trusted_keys):
    """Start, address and a resource that covers the URL."""
    done = run(
        *("sign", URL, "--key-pair-id", "K1", "--private-key", key_file),
        *("--expires-at", "2030-01-01T00:00Z", "--starts-at", "1767225600"),
        *("--ip-address", "192.0.2.0/24", "--resource", "https://*.cloudfront.net/*"),
    )
    url = done.stdout.strip()
    assert trusted_keys.check(url, ip_address="192.0.2.9").allowed
    assert not trusted_keys.check(url, ip_address="198.51.100.9").allowed


@pytest.mark.parametrize(
    ("options", "parse"),
    [
        ([], lambda text: dict(pair.split("=", 1) for pair in text.strip().split("; "))),
        (["--json"], json.loads),
        (
            ["--set-cookie", "--domain", "example.com", "--samesite", "lax"],
            lambda text: dict(
                line.removeprefix("Set-Cookie: ").split(";")[0].split("=", 1)
                for line in text.splitlines()
            ),
        ),
    ],
)
def test_cookies(key_file, trusted_keys, options, parse):
    """Each form holds the cookies that open the folder."""
    resource = "https://media.example.com/videos/*"
    done = run("cookies", resource, "--key-pair-id", "K1", "--private-key", key_file, *options)
    assert done.returncode == 0
    cookies = parse(done.stdout)
    assert trusted_keys.check("https://media.example.com/videos/1.ts", cookies=cookies).allowed
    assert not trusted_keys.check("https://media.example.com/other", cookies=cookies).allowed


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ("https://h/videos/42/", True),
        ("https://h/videos/42/*", False),
        ("https://h/videos/*/", False),
        ("https://h/videos/42.mp4", False),
    ],
)
def test_cookies_for_a_folder_itself_say_what_they_open(key_file, trusted_keys, resource, said):
    """They are signed as they were asked for."""
    done = run("cookies", resource, "--key-pair-id", "K1", "--private-key", key_file)
    note = "cfsign: opens that one URL; end it in /* to open the folder\n"
    assert (done.returncode, note in done.stderr) == (0, said)
    assert done.stdout.startswith("CloudFront-")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "doctor or aws (see cfsign --help)\n"),
        (["aws"], "create-key or rotate (see cfsign aws --help)\n"),
        (["sing"], "(see cfsign --help)"),
        (["sign"], "'URL'. (see cfsign sign --help)"),
        (["sign", URL, "--expires", "60"], "(see cfsign sign --help)"),
        (["sign", URL, URL], "(see cfsign sign --help)"),
        (["sign", URL], "key-pair-id"),
        (["sign", URL, "--key-pair-id", "K1", "--private-key", "no-such-file"], "no key file"),
        (["sign", URL, "--expires-in", "soon"], "15m"),
        (["sign", URL, "--expires-at", "soon"], "zone"),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(arguments, word):
    """No traceback, nothing on standard output."""
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert word in done.stderr


@pytest.mark.parametrize(
    ("url", "options", "word"),
    [
        ("https://h/a b", [], "%20"),
        ("https://h/*", [], "%2A"),
        ("https://h/a?Expires=1", [], "Expires"),
        (URL, ["--expires-in", "0"], "less than one second"),
        (URL, ["--expires-at", "1700000000000"], "milliseconds"),
        (URL, ["--expires-at", "2020-01-01T00:00Z"], "past"),
        (URL, ["--expires-at", "2030-01-01T00:00"], "with its zone"),
        (URL, ["--starts-at", "2026-01-01"], "with its zone"),
        (URL, ["--expires-in", "60", "--expires-at", "1999999999"], "both"),
        (URL, ["--ip-address", "::1"], "IPv4"),
        (URL, ["--resource", "https://other.example/*"], "cover"),
    ],
)
def test_what_the_library_refuses_is_one_line_and_exit_2(key_file, url, options, word):
    """The library's own sentence, the mend in it."""
    done = run("sign", url, "--key-pair-id", "K1", "--private-key", key_file, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert word in done.stderr


def test_a_broad_wildcard_warns_in_one_line(key_file):
    """It is signed, since it was asked for, and said aloud."""
    done = run("cookies", "https://*", "--key-pair-id", "K1", "--private-key", key_file)
    assert done.returncode == 0
    assert done.stderr.startswith("cfsign: warning: ")


@pytest.mark.parametrize(
    ("redirection", "word"),
    [(">/dev/full", "space"), (">&-", "closed"), ("| :", "Broken pipe")],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_cannot_be_written_is_one_line_and_exit_2(key_file, redirection, word, unbuffered):
    """Nobody takes a URL that was cut off, or none at all, for a success."""
    command = f"{CFSIGN} sign {URL} --key-pair-id K1 --private-key {key_file}"
    # The reader of the pipe is gone before anything is written to it.
    late = f"{{ sleep 0.3; {command}; echo $? >&2; }} {redirection}"
    done = subprocess.run(
        ["/bin/sh", "-c", late if "|" in redirection else f"{command} {redirection}; echo $? >&2"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        timeout=60,
    )
    line, code = done.stderr.splitlines()
    assert (done.stdout, code) == ("", "2")
    assert word in line


def test_the_doctors_report_that_cannot_be_written():
    """Its exit code is not that of an error in the settings."""
    command = f"{{ sleep 0.3; {CFSIGN} doctor; echo $? >&2; }} | :"
    done = subprocess.run(["/bin/sh", "-c", command], stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.stderr.split("\n")[1] == "2"


def test_help_that_cannot_be_written_is_one_line_and_exit_2():
    """No traceback."""
    command = f"{CFSIGN} sign --help >/dev/full"
    done = subprocess.run(["/bin/sh", "-c", command], stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(("url", "code"), [(URL, 0), ("a.jpg", 2)])
def test_a_message_that_cannot_be_written_changes_nothing(key_file, url, code):
    """A script goes by the exit code, and by standard output."""
    command = f"{CFSIGN} sign {url} --key-pair-id K1 --private-key {key_file}"
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} 2>/dev/full"], stdout=subprocess.PIPE, text=True, timeout=60
    )
    assert (done.returncode, done.stdout.count("\n")) == (code, 1 if code == 0 else 0)


def test_a_closed_standard_input_holds_nothing():
    """One line, exit 2."""
    done = subprocess.run(
        ["/bin/sh", "-c", f"{CFSIGN} explain <&-"], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "nothing was given" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="the terminal is POSIX's")
@pytest.mark.parametrize("value", ["", "1"])
def test_no_color_leaves_the_colours_out(value):
    """On a terminal too; empty, it is not set (https://no-color.org)."""
    leader, follower = os.openpty()
    environment = os.environ | {"NO_COLOR": value, "TERM": "xterm"}
    command = [sys.executable, "-m", "cfsign", "explain", URL]
    subprocess.run(command, stdout=follower, env=environment, timeout=60, check=False)
    os.close(follower)
    shown = os.read(leader, 100_000)
    os.close(leader)
    assert b"MissingKey" in shown
    assert (b"\x1b[" in shown) == (not value)


def test_the_commands_are_told_in_whole_sentences():
    """The first line of a long help would be cut."""
    for group in ((), ("aws",)):
        listed = run(*group, "--help").stdout.partition("Commands:")[2]
        assert listed
        assert "..." not in listed


def test_a_file_name_of_any_letters_is_printed(tmp_path, pem):
    """Whatever the terminal is said to take."""
    (tmp_path / "schlüssel.pem").write_text(pem)
    arguments = ("--domain", "https://h", "--key-pair-id", "K1", "--private-key", "schlüssel.pem")
    done = run("doctor", *arguments, cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "schlüssel.pem" in done.stdout


def test_a_file_name_that_is_no_text_is_printed_as_it_is(capsysbinary):
    """As the system has it, not escaped."""
    put("a.pem\nb\udcff.pem")
    assert capsysbinary.readouterr().out == b"a.pem\nb\xff.pem\n"


def test_a_fault_of_our_own_is_one_line_without_its_text(monkeypatch, capsys):
    """What it says may be secret; where it is, is not."""

    def fail(*_):
        raise RuntimeError("s3cret")

    monkeypatch.setattr("cfsign.cli.keygen.generate_private_key_pem", fail)
    assert main(["keygen", "no/such"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"RuntimeError in {__file__}, line " in err
    assert "s3cret" not in err


def test_messages_never_go_where_the_url_goes(key_file):
    """Not even where standard error is closed."""
    command = f"{CFSIGN} sign {URL} --key-pair-id K1 --private-key {key_file}"
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} 2>&-"], stdout=subprocess.PIPE, text=True, timeout=60
    )
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)


@pytest.mark.parametrize("options", [["--json", "--set-cookie"], ["--domain", "example.com"]])
def test_options_of_cookies_that_do_not_go_together(key_file, options):
    """Said, and not passed over."""
    arguments = ("cookies", URL, "--key-pair-id", "K1", "--private-key", key_file)
    done = run(*arguments, *options)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "--set-cookie" in done.stderr


def test_cookies_that_never_reach_what_they_open(key_file):
    """Nothing is printed, and what is wrong is."""
    arguments = ("cookies", "https://media.example.com/videos/*", "--set-cookie")
    arguments += ("--key-pair-id", "K1", "--private-key", key_file)
    done = run(*arguments, "--domain", "example.org")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "example.org is no parent of media.example.com" in done.stderr
    done = run(*arguments, "--domain", "example.org", "--path", "/films/")
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert [line.startswith("cfsign: the cookies' ") for line in lines] == [True, True]


def test_a_warning_that_python_makes_an_error(key_file):
    """One line, exit 2."""
    arguments = ("cookies", "https://*", "--key-pair-id", "K1", "--private-key", key_file)
    done = run(*arguments, PYTHONWARNINGS="error")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_keygen_makes_a_pair_that_signs_and_checks(tmp_path):
    """The private half is for its owner alone, and nothing is ever overwritten."""
    done = run("keygen", "site", cwd=tmp_path)
    assert done.stdout.split() == ["site-private.pem", "site-public.pem"]
    private, public = tmp_path / "site-private.pem", tmp_path / "site-public.pem"
    assert private.stat().st_mode & 0o777 == 0o600
    url = run("sign", URL, "--key-pair-id", "K1", "--private-key", str(private)).stdout.strip()
    assert TrustedKeyGroup({"K1": public.read_text()}).check(url).allowed
    before = private.read_bytes(), public.read_bytes()
    again = run("keygen", "site", cwd=tmp_path)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert (private.read_bytes(), public.read_bytes()) == before


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        ([], "RSA-2048"),
        (["--algorithm", "rsa-2048"], "RSA-2048"),
        (["--algorithm", "RSA-2048"], "RSA-2048"),
        (["--algorithm", "p-256"], "P-256"),
        (["--algorithm=P-256"], "P-256"),
    ],
)
def test_keygen_makes_the_kind_that_is_asked_for(asked, made, tmp_path):
    """However it is spelled; RSA-2048 where nothing is said."""
    pytest.importorskip("cryptography")
    assert run("keygen", "site", *asked, cwd=tmp_path).returncode == 0
    private, public = tmp_path / "site-private.pem", tmp_path / "site-public.pem"
    assert f" {made} " in repr(load_private_key(private))
    url = run("sign", URL, "--key-pair-id", "K1", "--private-key", str(private)).stdout.strip()
    assert TrustedKeyGroup({"K1": public}).check(url).allowed


def test_keygen_makes_no_other_kind(tmp_path):
    """One line that names the two, exit 2, and no file."""
    done = run("keygen", "site", "--algorithm", "p-384", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "'rsa-2048', 'p-256'" in done.stderr.lower()
    assert list(tmp_path.iterdir()) == []


def test_keygen_of_p256_needs_cryptography(tmp_path):
    """Said by name, without a traceback."""
    code = (
        "import sys, cfsign.keys as keys; keys._is_installed = lambda name: name == 'rsa'; "
        "from cfsign.cli import main; sys.argv = ['cfsign', 'keygen', '--algorithm', 'p-256']; "
        "sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "pip install cryptography" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_keygen_where_nothing_can_be_written(tmp_path):
    """One line, exit 2."""
    done = run("keygen", str(tmp_path / "no" / "site"))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_keygen_leaves_no_private_key_alone(tmp_path):
    """Where the public one cannot be written, so that the next run does not stumble over it."""
    (tmp_path / "site-public.pem").symlink_to(tmp_path / "no" / "public.pem")
    for _ in range(2):
        done = run("keygen", "site", cwd=tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "cannot write site-public.pem" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["site-public.pem"]


def test_without_click_the_mend_is_named():
    """The bare install has the command, and says what it lacks."""
    code = "import sys; sys.modules['click'] = None; from cfsign.cli import main; sys.exit(main())"
    for arguments, extra in (([], "cli"), (["sign", "demo"], "cli"), (["demo", "--once"], "demo")):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 2
        assert f"cloudfront-cfsign[{extra}]" in done.stderr


@pytest.mark.parametrize("name", [".", "/", ""])
def test_keygen_wants_a_name(name, tmp_path):
    """One line, exit 2."""
    done = run("keygen", name, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
