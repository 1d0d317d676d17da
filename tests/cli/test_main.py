"""Usage errors, output that cannot be written, and errors within cfsign."""

import os
import subprocess
import sys

import pytest

from cfsign.cli import main
from cfsign.cli.output import print_result

URL = "https://d111111abcdef8.cloudfront.net/a.jpg"
CFSIGN = f"'{sys.executable}' -m cfsign"  # for a shell


def run_shell(command, **variables):
    return subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        env=os.environ | variables,
        timeout=60,
        check=False,
    )


@pytest.fixture
def sign_command(key_file):
    return f"{CFSIGN} sign {URL} --key-pair-id K1 --private-key {key_file}"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "doctor or aws (see cfsign --help)\n"),
        (["aws"], "create-key or rotate (see cfsign aws --help)\n"),
        (["sing"], "(see cfsign --help)"),
        (["sign"], "'URL'. (see cfsign sign --help)"),
        (["sign", URL, "--expires", "60"], "(see cfsign sign --help)"),
        (["sign", URL, URL], "(see cfsign sign --help)"),
        (["sign", URL], "key-pair-id"),
        (
            ["sign", URL, "--key-pair-id", "K1", "--private-key", "no-such-file.pem"],
            "no-such-file.pem",
        ),
        (["sign", URL, "--expires-in", "soon"], "15m"),
        (["sign", URL, "--expires-at", "soon"], "zone"),
    ],
)
def test_usage_error_is_one_line_and_exit_2(run, arguments, words):
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr


def test_process_exits_with_the_exit_code(run_process):
    assert run_process("sign").exit_code == 2
    assert run_process("--version").exit_code == 0


@pytest.mark.parametrize(
    ("redirection", "words"),
    [(">/dev/full", "space"), (">&-", "closed"), ("| :", "Broken pipe")],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_unwritable_output_is_one_line_and_exit_2(sign_command, redirection, words, unbuffered):
    command = f"{sign_command} {redirection}; echo $? >&2"
    if "|" in redirection:  # `sleep` makes sure that the reader of the pipe has ended
        command = f"{{ sleep 0.3; {sign_command}; echo $? >&2; }} {redirection}"
    done = run_shell(command, PYTHONUNBUFFERED=unbuffered)
    line, exit_code = done.stderr.splitlines()
    assert (done.stdout, exit_code) == ("", "2")
    assert words in line


def test_unwritable_report_of_the_doctor_is_exit_2():
    done = run_shell(f"{{ sleep 0.3; {CFSIGN} doctor; echo $? >&2; }} | :")
    assert done.stderr.split("\n")[1] == "2"


def test_unwritable_help_is_one_line_and_exit_2():
    done = run_shell(f"{CFSIGN} sign --help >/dev/full")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(("url", "exit_code"), [(URL, 0), ("a.jpg", 2)])
@pytest.mark.parametrize("redirection", ["2>/dev/full", "2>&-"])
def test_unwritable_message_changes_neither_output_nor_exit_code(
    sign_command, url, exit_code, redirection
):
    done = run_shell(f"{sign_command.replace(URL, url)} {redirection}")
    assert (done.returncode, done.stdout.count("\n")) == (exit_code, int(exit_code == 0))


def test_closed_stdin_is_empty_input():
    done = run_shell(f"{CFSIGN} explain <&-")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "the input is empty" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("value", ["", "1"])
def test_no_color_on_a_terminal(value):
    """An empty NO_COLOR counts as unset (https://no-color.org)."""
    leader, follower = os.openpty()
    environment = os.environ | {"NO_COLOR": value, "TERM": "xterm"}
    command = [sys.executable, "-m", "cfsign", "explain", URL]
    subprocess.run(command, stdout=follower, env=environment, timeout=60, check=False)
    os.close(follower)
    output = os.read(leader, 100_000)
    os.close(leader)
    assert b"MissingKey" in output
    assert (b"\x1b[" in output) == (not value)


@pytest.mark.parametrize("group", [(), ("aws",)])
def test_help_lists_commands_with_complete_sentences(run, group):
    commands = run(*group, "--help").stdout.partition("Commands:")[2]
    assert commands
    assert "..." not in commands  # click cuts a long first line


def test_file_name_beyond_the_terminals_encoding_is_printed(run_process, tmp_path, pem):
    path = tmp_path / "schlüssel.pem"
    path.write_text(pem)
    options = ("--domain", "https://h", "--key-pair-id", "K1", "--private-key", str(path))
    result = run_process("doctor", *options, PYTHONIOENCODING="ascii")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "schlüssel.pem" in result.stdout


def test_file_name_that_is_not_text_is_printed_as_its_bytes(capsysbinary):
    print_result("a.pem\nb\udcff.pem")
    assert capsysbinary.readouterr().out == b"a.pem\nb\xff.pem\n"


def test_internal_error_is_one_line_without_its_text(monkeypatch, capsys):
    def fail(*_):
        raise RuntimeError("s3cret")

    monkeypatch.setattr("cfsign.cli.keygen.generate_private_key_pem", fail)
    assert main(["keygen", "no/such"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"RuntimeError in {__file__}, line " in err
    assert "s3cret" not in err


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [([], "cli"), (["sign", "demo"], "cli"), (["demo", "--once"], "demo")],
)
def test_without_click_the_extra_is_named(monkeypatch, capsys, arguments, extra):
    monkeypatch.setitem(sys.modules, "click", None)
    assert main(arguments) == 2
    assert f"cloudfront-cfsign[{extra}]" in capsys.readouterr().err


def test_command_line_module_needs_no_click():
    code = "import sys; sys.modules['click'] = None; from cfsign.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "cloudfront-cfsign[cli]" in done.stderr
