"""`cfsign sign` and `cfsign cookies`, and the options that they share."""

import json
import time

import pytest

from cfsign import TrustedKeyGroup

URL = "https://d111111abcdef8.cloudfront.net/a.jpg"


@pytest.fixture
def trusted_keys(public_pem):
    return TrustedKeyGroup({"K1": public_pem})


@pytest.fixture
def key_options(key_file):
    return ("--key-pair-id", "K1", "--private-key", key_file)


@pytest.fixture
def ring_file(tmp_path, key_file):
    """A key ring whose first key, K1, signs now."""
    keys = [
        {"key_pair_id": "K1", "private_key": "key.pem", "hash_algorithm": "SHA256"},
        {"key_pair_id": "K2", "private_key": "key.pem", "active_from": 9223372036},
    ]
    path = tmp_path / "ring.json"
    path.write_text(json.dumps({"keys": keys}))
    return str(path)


def assert_one_line_error(result, *words):
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


def parse_cookie_header(text):
    return dict(pair.split("=", 1) for pair in text.strip().split("; "))


def test_sign_prints_only_the_url_on_stdout(run, key_options, trusted_keys):
    result = run("sign", URL, *key_options, "--expires-in", "2h")
    assert result.exit_code == 0
    assert result.stdout.count("\n") == 1
    assert trusted_keys.check(result.stdout.strip()).allowed
    assert result.stderr.startswith("cfsign: valid until ")


def test_key_in_a_variable_with_escaped_newlines(run, pem, trusted_keys):
    variables = {
        "CLOUDFRONT_KEY_PAIR_ID": "K1",
        "CLOUDFRONT_PRIVATE_KEY": pem.replace("\n", "\\n"),
    }
    result = run("sign", URL, "--hash-algorithm", "SHA256", **variables)
    assert "&Hash-Algorithm=SHA256" in result.stdout
    assert trusted_keys.check(result.stdout.strip()).allowed


@pytest.mark.parametrize("expires_in", ["CLOUDFRONT_EXPIRES_IN", "CLOUDFRONT_EXPIRES"])
def test_options_override_variables(run, encrypted_pem, password, trusted_keys, expires_in):
    settings = {
        "CLOUDFRONT_KEY_PAIR_ID": "K1",
        "CLOUDFRONT_PRIVATE_KEY": encrypted_pem,
        "CLOUDFRONT_PASSWORD": password,
        "CLOUDFRONT_HASH_ALGORITHM": "SHA256",
        expires_in: "3600",
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


def test_key_text_as_an_option_works_with_a_warning(run, pem, trusted_keys):
    result = run("sign", URL, "--key-pair-id", "K1", "--private-key", pem)
    assert trusted_keys.check(result.stdout.strip()).allowed
    warning, _ = result.stderr.splitlines()
    assert warning.startswith("cfsign: warning: other users of this machine can read a key")
    assert "PRIVATE KEY" not in result.stderr


def test_empty_variables_count_as_unset(run, key_file, trusted_keys):
    names = ("HASH_ALGORITHM", "EXPIRES_IN", "EXPIRES", "PASSWORD", "PRIVATE_KEY")
    empty = {f"CLOUDFRONT_{name}": "" for name in names}
    files = {"CLOUDFRONT_KEY_PAIR_ID": "K1", "CLOUDFRONT_PRIVATE_KEY_FILE": key_file}
    result = run("sign", URL, **empty, **files)
    assert "Hash-Algorithm" not in result.stdout
    assert trusted_keys.check(result.stdout.strip()).allowed


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("CLOUDFRONT_EXPIRES_IN", "soon", "CLOUDFRONT_EXPIRES_IN"),
        ("CLOUDFRONT_HASH_ALGORITHM", "MD5", "CLOUDFRONT_HASH_ALGORITHM"),
        ("CLOUDFRONT_PASSWORD", "s3cret", "not encrypted"),
        ("CLOUDFRONT_PRIVATE_KEY_FILE", "other.pem", "both set; set one"),
    ],
)
def test_error_in_a_variable_names_it(run, pem, variable, value, words):
    settings = {"CLOUDFRONT_KEY_PAIR_ID": "K1", "CLOUDFRONT_PRIVATE_KEY": pem}
    result = run("sign", URL, **settings | {variable: value})
    assert_one_line_error(result, words)
    assert "s3cret" not in result.stderr


@pytest.mark.parametrize(
    ("options", "variables", "label"),
    [
        (["--expires-in", "0"], {}, "'--expires-in': "),
        (["--expires-in", "1800000000000"], {}, "'--expires-in': "),
        (["--expires-in", "5", "--expires-at", "1900000000"], {}, "--expires-in cannot be comb"),
        (["--expires-at", "1500000000"], {}, "'--expires-at': "),
        (["--starts-at", "1900000000", "--expires-at", "1800000000"], {}, "'--starts-at': "),
        (["--ip-address", "x"], {}, "'--ip-address': "),
        ([], {"CLOUDFRONT_EXPIRES_IN": "0"}, "'CLOUDFRONT_EXPIRES_IN': "),
        ([], {"CLOUDFRONT_EXPIRES": "0"}, "'CLOUDFRONT_EXPIRES': "),
    ],
)
@pytest.mark.parametrize("command", ["sign", "cookies"])
def test_error_names_the_option_or_variable(run, key_options, command, options, variables, label):
    assert_one_line_error(run(command, URL, *key_options, *options, **variables), label)


def test_help_lists_variables_without_their_values(run):
    secrets = {"CLOUDFRONT_PASSWORD": "s3cret", "CLOUDFRONT_PRIVATE_KEY": "s3cret"}
    text = run("sign", "--help", **secrets).stdout
    for name in (
        "KEY_PAIR_ID",
        "PRIVATE_KEY",
        "PASSWORD",
        "HASH_ALGORITHM",
        "KEY_RING_FILE",
        "EXPIRES_IN",
    ):
        assert f"CLOUDFRONT_{name}" in text
    assert "[SHA1|SHA256]" in text
    assert "s3cret" not in text


@pytest.mark.parametrize("command", ["sign", "cookies"])
@pytest.mark.parametrize("is_option", [True, False])
def test_key_ring_signs(run, ring_file, trusted_keys, command, is_option):
    if is_option:
        result = run(command, URL, "--key-ring", ring_file)
    else:
        result = run(command, URL, CLOUDFRONT_KEY_RING_FILE=ring_file)
    assert (result.exit_code, result.stderr.count("\n")) == (0, 1)
    if command == "sign":
        verdict = trusted_keys.check(result.stdout.strip())
    else:
        cookies = parse_cookie_header(result.stdout)
        assert cookies["CloudFront-Hash-Algorithm"] == "SHA256"
        verdict = trusted_keys.check(URL, cookies=cookies)
    assert verdict.allowed


def test_key_option_replaces_variables_of_the_other_kind(run, ring_file, key_options, trusted_keys):
    one_key = {"CLOUDFRONT_KEY_PAIR_ID": "K9", "CLOUDFRONT_PRIVATE_KEY_FILE": "no.pem"}
    one_key |= {"CLOUDFRONT_PASSWORD": "s3cret", "CLOUDFRONT_HASH_ALGORITHM": "SHA1"}
    result = run("sign", URL, "--key-ring", ring_file, **one_key)
    assert trusted_keys.check(result.stdout.strip()).allowed
    result = run("sign", URL, *key_options, CLOUDFRONT_KEY_RING_FILE="no.json")
    assert trusted_keys.check(result.stdout.strip()).allowed


@pytest.mark.parametrize(
    ("options", "variables", "words"),
    [
        (
            ["--key-ring", "r", "--private-key", "k"],
            {},
            ["--private-key cannot be combined with --key-ring"],
        ),
        (
            ["--key-ring", "r", "--key-pair-id", "K1", "--hash-algorithm", "SHA1"],
            {},
            ["--key-pair-id and --hash-algorithm cannot be combined with --key-ring"],
        ),
        (
            ["--key-ring", "r", "--ask-password"],
            {},
            ["--ask-password cannot be combined with --key-ring"],
        ),
        (
            ["--key-pair-id", "K1"],
            {"KEY_RING_FILE": "r"},
            ["--key-pair-id cannot be combined with CLOUDFRONT_KEY_RING_FILE"],
        ),
        (
            [],
            {"KEY_RING_FILE": "r", "PRIVATE_KEY_FILE": "k", "PASSWORD": "s3cret"},
            ["CLOUDFRONT_PRIVATE_KEY_FILE and CLOUDFRONT_PASSWORD cannot be combined with"],
        ),
        (["--key-ring", "no.json"], {}, ["no.json"]),
        (["--key-pair-id", "K1"], {}, ["--private-key", "--key-ring"]),
    ],
)
def test_unusable_key_options_are_errors_with_their_names(run, options, variables, words):
    variables = {f"CLOUDFRONT_{name}": value for name, value in variables.items()}
    result = run("sign", URL, *options, **variables)
    assert_one_line_error(result, *words)
    assert "s3cret" not in result.stderr


@pytest.mark.parametrize("command", [("sign", URL), ("doctor", "--domain", "https://h")])
def test_password_is_not_read_without_a_terminal(run_process, tmp_path, encrypted_pem, command):
    path = tmp_path / "key.pem"
    path.write_text(encrypted_pem)
    key_options = ("--key-pair-id", "K1", "--private-key", str(path), "--ask-password")
    assert_one_line_error(run_process(*command, *key_options), "CLOUDFRONT_PASSWORD")


@pytest.mark.filterwarnings("always::cfsign.CfsignWarning")
def test_sign_with_all_conditions(run, key_options, trusted_keys):
    result = run(
        *("sign", URL, *key_options),
        *("--expires-at", "2030-01-01T00:00Z", "--starts-at", "1767225600"),
        *("--ip-address", "192.0.2.0/24", "--pattern", "https://*.cloudfront.net/*"),
    )
    url = result.stdout.strip()
    assert trusted_keys.check(url, ip_address="192.0.2.9").allowed
    assert not trusted_keys.check(url, ip_address="198.51.100.9").allowed


@pytest.mark.parametrize(
    ("url", "options", "words"),
    [
        ("https://h/a b", [], "%20"),
        ("https://h/*", [], "%2A"),
        ("https://h/a?Expires=1", [], "Expires"),
        (URL, ["--expires-at", "1700000000000"], "milliseconds"),
        (URL, ["--expires-at", "2020-01-01T00:00Z"], "past"),
        (URL, ["--expires-at", "2030-01-01T00:00"], "with its zone"),
        (URL, ["--starts-at", "2026-01-01"], "with its zone"),
        (URL, ["--ip-address", "::1"], "IPv4"),
        (URL, ["--pattern", "https://other.example/*"], "URL"),
    ],
)
def test_refused_input_is_one_line_with_the_reason(run, key_options, url, options, words):
    assert_one_line_error(run("sign", url, *key_options, *options), words)


@pytest.mark.parametrize(
    ("options", "parse"),
    [
        ([], parse_cookie_header),
        (["--json"], json.loads),
        (
            ["--set-cookie", "--domain", "example.com", "--samesite", "lax"],
            lambda text: dict(
                line.removeprefix("Set-Cookie: ").split(";")[0].split("=", 1)
                for line in text.splitlines()
            ),
        ),
    ],
    ids=["header", "json", "set-cookie"],
)
def test_cookies_in_each_form(run, key_options, trusted_keys, options, parse):
    result = run("cookies", "https://media.example.com/videos/*", *key_options, *options)
    assert result.exit_code == 0
    cookies = parse(result.stdout)
    assert trusted_keys.check("https://media.example.com/videos/1.ts", cookies=cookies).allowed
    assert not trusted_keys.check("https://media.example.com/other", cookies=cookies).allowed


@pytest.mark.parametrize(
    ("pattern", "has_note"),
    [
        ("https://h/videos/42/", True),
        ("https://h/videos/42/*", False),
        ("https://h/videos/*/", False),
        ("https://h/videos/42.mp4", False),
    ],
)
def test_cookies_for_a_folder_without_wildcard_print_a_note(run, key_options, pattern, has_note):
    result = run("cookies", pattern, *key_options)
    note = "cfsign: these cookies open only that one URL; end it in /* to open the folder\n"
    assert (result.exit_code, note in result.stderr) == (0, has_note)
    assert result.stdout.startswith("CloudFront-")


@pytest.mark.filterwarnings("always::cfsign.CfsignWarning")
def test_broad_wildcard_is_signed_with_a_warning(run, key_options):
    result = run("cookies", "https://*", *key_options)
    assert result.exit_code == 0
    assert result.stderr.startswith("cfsign: warning: ")


@pytest.mark.filterwarnings("error::cfsign.CfsignWarning")
def test_warning_as_error_is_one_line(run, key_options):
    assert_one_line_error(run("cookies", "https://*", *key_options))


@pytest.mark.parametrize("options", [["--json", "--set-cookie"], ["--domain", "example.com"]])
def test_conflicting_cookie_options_are_refused(run, key_options, options):
    assert_one_line_error(run("cookies", URL, *key_options, *options), "--set-cookie")


def test_cookies_that_no_browser_would_send_are_refused(run, key_options):
    arguments = ("cookies", "https://media.example.com/videos/*", "--set-cookie", *key_options)
    result = run(*arguments, "--domain", "example.org")
    assert_one_line_error(result, "--domain: example.org", "media.example.com")
    result = run(*arguments, "--domain", "example.org", "--path", "/films/")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 2
    assert "\ncfsign: --path: " in result.stderr


@pytest.mark.parametrize(
    "option",
    [
        "--hash-algorithm",
        "--expires-in",
        "--expires-at",
        "--starts-at",
        "--ip-address",
        "--key-pair-id",
        "--key-ring",
        "--private-key",
    ],
)
def test_secret_in_the_wrong_option_is_not_printed(run, key_options, pem, option):
    """The output may go into a log. The body of a PEM is what a careless copy contains."""
    secret = "".join(pem.splitlines()[1:-1])
    for value in (secret, pem[:900]):
        result = run("sign", URL, *key_options, option, value)
        assert result.exit_code != 0
        output = result.stdout + result.stderr
        lines = value.splitlines()[1:] or [value]
        found = [
            line[at : at + 12]
            for line in lines
            for at in range(len(line) - 12)
            if line[at : at + 12] in output
        ]
        assert found == []


def test_variables_with_quotes_and_white_space(run, key_file, trusted_keys):
    """As in the settings of a site."""
    variables = {
        "CLOUDFRONT_KEY_PAIR_ID": '"K1"\r',
        "CLOUDFRONT_PRIVATE_KEY_FILE": f"'{key_file}'\n",
        "CLOUDFRONT_EXPIRES_IN": '"5m"\r\n',
        "CLOUDFRONT_HASH_ALGORITHM": "SHA256\r",
    }
    result = run("sign", URL, **variables)
    assert (result.exit_code, "Hash-Algorithm=SHA256" in result.stdout) == (0, True)
    assert trusted_keys.check(result.stdout.strip()).allowed


def test_missing_id_is_guessed_from_the_name_of_the_file(run, tmp_path, pem):
    path = tmp_path / "pk-APKAEIBAERJR2EXAMPLE.pem"
    path.write_text(pem)
    result = run("sign", URL, "--private-key", str(path))
    assert_one_line_error(result, "id is missing", "is it APKAEIBAERJR2EXAMPLE, as in the name")
    for name in ("undefined", "None"):
        result = run("sign", URL, "--private-key", str(path), "--key-pair-id", name)
        assert_one_line_error(result, f"the key pair id is {name!r}", "is missing")
