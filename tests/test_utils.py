"""Tests of `cfsign.utils` and `cfsign.limits`."""

from __future__ import annotations

import os
import re
import stat
import threading
from pathlib import Path

import pytest

from cfsign.limits import ACCESS_KEY_ID, KEY_PAIR_ID, is_loopback, is_s3_host
from cfsign.utils.files import create_file, replace_file
from cfsign.utils.fork import run_after_fork
from cfsign.utils.secret import Secret, hide
from cfsign.utils.strict_json import StrictJSONError, parse_json


def test_secret_shows_nothing_and_is_equal_by_value() -> None:
    """A key ring compares documents, which are hidden, to see that one has changed."""
    secret = hide("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "hunter2"
    assert hide(secret) is secret
    assert secret == Secret("hunter2")
    assert secret != Secret("hunter3")
    assert secret != "hunter2"


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST", "app.localhost", "localhost.", "127.0.0.1", "127.0.0.2", "[::1]"],
)
def test_loopback_hosts(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "example.com", "localhost.example.com", "mylocalhost", "128.0.0.1", "[::2]", "127"]
)
def test_other_hosts_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_a_cut_access_key_id_is_recognized() -> None:
    """A key pair id of 14 characters, as CloudFront makes them, is not taken for one."""
    assert re.fullmatch(ACCESS_KEY_ID, "AKIAIOSFODNN7EXAMPL")
    assert re.fullmatch(KEY_PAIR_ID, "K2JCJMDEHXQW5F")
    assert not re.fullmatch(ACCESS_KEY_ID, "K2JCJMDEHXQW5F")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1, "a": 2}', "the member 'a' is given twice"),
        ('{"b": {"a": 1, "a": 1}}', "the member 'a' is given twice"),
        ("[NaN]", "NaN is not a JSON number"),
        ("[-Infinity]", "-Infinity is not a JSON number"),
        (b"\xff", "it is not UTF-8"),
        ("[" * 100_000, "a number is too long, or the nesting is too deep"),
        ("1" * 5_000, "a number is too long, or the nesting is too deep"),
    ],
    ids=["twice", "twice-inside", "nan", "infinity", "bytes", "deep", "long"],
)
def test_ambiguous_json_is_refused(text: str | bytes, message: str) -> None:
    with pytest.raises(StrictJSONError) as caught:
        parse_json(text)
    assert str(caught.value) == message


def test_a_json_error_names_the_place_and_holds_no_text() -> None:
    with pytest.raises(StrictJSONError) as caught:
        parse_json('{"a":\n hunter2}')
    assert (caught.value.line, caught.value.column) == (2, 2)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_minus_zero_is_not_an_int() -> None:
    """A reader that asks for an int, such as a time, must not take it for 0."""
    (value,) = parse_json("[-0]")
    assert isinstance(value, float)


def test_json_is_parsed() -> None:
    assert parse_json(b'{"a": [1, 2.5, "\xc3\xa4"]}') == {"a": [1, 2.5, "ä"]}


def test_a_new_file_is_private(tmp_path: Path) -> None:
    create_file(tmp_path / "key.pem", "secret")
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600


def test_a_new_file_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text("old")
    with pytest.raises(FileExistsError):
        create_file(path, "new")
    assert path.read_text() == "old"


def test_the_models_group_may_read_a_new_file(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.touch()
    model.chmod(0o644)
    create_file(tmp_path / "key.pem", "secret", model=model)
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o640


def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    path.write_text("old")
    path.chmod(0o644)
    replace_file(path, "new")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", 0o644)


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    path.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        replace_file(path, "new\udc80")
    with pytest.raises(UnicodeEncodeError):
        create_file(tmp_path / "other", "new\udc80")
    assert os.listdir(tmp_path) == ["ring.json"]
    assert path.read_text() == "old"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_lock_is_renewed_in_a_child() -> None:
    locks = [threading.Lock()]

    def renew() -> None:
        locks[0] = threading.Lock()

    run_after_fork(renew)
    with locks[0]:
        child = os.fork()
        if not child:
            os._exit(0 if locks[0].acquire(blocking=False) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize(
    "host",
    [
        # AWS, "Amazon S3 endpoints and quotas" and "Methods for accessing a bucket"
        "media.s3.amazonaws.com",
        "s3.amazonaws.com",
        "a.b.s3.eu-west-1.amazonaws.com",
        "s3.eu-west-1.amazonaws.com",
        "s3-eu-west-1.amazonaws.com",
        "media.s3-website-us-east-1.amazonaws.com",
        "media.s3-website.eu-central-1.amazonaws.com",
        "media.s3.dualstack.us-east-1.amazonaws.com",
        "media.s3-accelerate.amazonaws.com",
        "media.s3-accelerate.dualstack.amazonaws.com",
        "mine-123456789012.s3-accesspoint.us-east-1.amazonaws.com",
        "mine-123456789012.s3-accesspoint-fips.dualstack.us-east-1.amazonaws.com",
        "mine-123456789012.s3-object-lambda.us-east-1.amazonaws.com",
        "abcdef.mrap.accesspoint.s3-global.amazonaws.com",
        "media--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com",
        "media.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com",
        "media.s3.cn-north-1.amazonaws.com.cn",
        "media.s3-website.cn-northwest-1.amazonaws.com.cn",
        "media.s3.eusc-de-east-1.amazonaws.eu",
        "Media.S3.amazonaws.com:443",
    ],
)
def test_host_of_s3(host: str) -> None:
    assert is_s3_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "media.example.com",
        "s3.example.com",
        "mys3.amazonaws.com",
        "s3.amazonaws.com.example.com",
        "s3-proxy-123.us-east-1.elb.amazonaws.com",
        "abc.execute-api.us-east-1.amazonaws.com",
        "d111111abcdef8.cloudfront.net",
        "s3." * 5_000 + "amazonaws.com_",
        "s3" + "-a" * 5_000 + ".amazonaws.com_",
    ],
    ids=range(10),
)
def test_other_host_than_of_s3(host: str) -> None:
    """The last two take no time that grows with a power of their length."""
    assert not is_s3_host(host)
