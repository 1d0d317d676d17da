"""How subjects are timed, and that nobody is timed who does something else."""

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("cryptography")

from benchmarks import javascript
from benchmarks.material import FOLDER, URLS, make_key
from benchmarks.results import Results
from benchmarks.rounds import Pace, Run, Subject, all_at_once, one_by_one


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return make_key("RSA-2048", tmp_path_factory.mktemp("key"))


@pytest.fixture
def run():
    return Run(Pace(rounds=4, seconds=1.0), Results("", True, {}, {}))


def subject(name, log, fault=None):
    """Make a subject that takes a tenth of a second each time, by its own account."""

    def timed(times):
        log.append((name, times))
        return times / 10

    def check():
        if fault:
            raise ValueError(fault)

    return Subject(name, timed, check)


def test_subjects_are_timed_in_turn_forth_and_back(run):
    """For about as long as the pace says; each round is a sample."""
    log = []
    run.time("case", [(name, lambda name=name: subject(name, log)) for name in "abc"])
    assert [name for name, times in log if times == 10] == list("cbaabccbaabc")
    found = {each.subject: each.samples for each in run.results.measurements}
    assert found == dict.fromkeys("abc", (0.1,) * 4)


def test_who_makes_something_else_is_not_timed(run, capsys):
    """It is said, and the others are timed."""
    log = []
    makers = [
        ("good", lambda: subject("good", log)),
        ("wrong", lambda: subject("wrong", log, "what it made does not open")),
        ("absent", lambda: __import__("no_such_peer")),
    ]
    run.time("case", makers)
    assert {name for name, _ in log} == {each.subject for each in run.results.measurements}
    assert {name for name, _ in log} == {"good"}
    assert list(run.results.failures) == ["case: wrong", "case: absent"]
    assert "FAILED case: wrong: ValueError: what it made does not open" in capsys.readouterr().out


def test_who_fails_under_way_is_left_out(run):
    """And the run goes on."""
    timed = iter([0.5, 0.5, 0.5])  # for the calibration and two rounds
    failing = Subject("failing", lambda times: next(timed), lambda: None)
    run.time("case", [("failing", lambda: failing), ("good", lambda: subject("good", []))])
    assert [each.subject for each in run.results.measurements] == ["good"]
    assert list(run.results.failures) == ["case: failing"]


@pytest.mark.parametrize("timer", ["one", "all"])
def test_each_url_is_signed_as_often_as_it_says(timer):
    """Round and round through the list."""
    seen = []
    if timer == "one":
        took = one_by_one(seen.append, ["a", "b", "c"])(7)
    else:
        took = all_at_once(lambda urls: map(seen.append, urls), ["a", "b", "c"])(7)
    assert seen == list("abcabca")
    assert took > 0


def test_the_judge_refuses_what_does_not_open(key):
    """An unsigned URL, and one for another file."""
    from benchmarks import ours

    signed = ours.signer(key).sign_url(URLS[1], expires_in=60)
    key.check_url(signed)
    for wrong in (URLS[1], signed.replace(URLS[1], URLS[2])):
        with pytest.raises(ValueError, match="does not open"):
            key.check_url(wrong)
    cookies = dict(ours.signer(key).sign_cookies(FOLDER, expires_in=60))
    key.check_cookies(cookies)
    with pytest.raises(ValueError, match="does not open"):
        key.check_cookies({**cookies, "CloudFront-Signature": "AAAA"})


def test_the_stubs_judge_wants_the_same_bytes_as_botocores():
    """So that what is timed with no signature is a right URL too."""
    pytest.importorskip("botocore")
    from benchmarks import ours, peers

    peers.botocore_own_part().check()
    ours.own_part().check()
    with pytest.raises(ValueError, match="not what botocore makes"):
        ours.check_own_part(lambda url: url)


def test_our_subjects_make_what_opens(key):
    """As the command sees before it times them."""
    from benchmarks import ours

    for make in (ours.url, ours.from_path, ours.cookies, ours.many, ours.stable, ours.limit):
        make(key).check()


def test_the_peers_make_what_opens(key):
    """By the same judge."""
    pytest.importorskip("botocore")
    from benchmarks import peers

    for make in (peers.botocore, peers.botocore_policy, peers.key_file):
        make(key).check()
    peers.botocore(key, peers.with_rsa).check()


def test_the_peers_in_javascript_are_pinned_and_from_no_registry_by_name():
    """No lock file, which would name one."""
    folder = Path(javascript.__file__).parent / "javascript"
    assert sorted(path.name for path in folder.iterdir()) == ["package.json", "peer.cjs"]
    assert "registry" not in (folder / "package.json").read_text()
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in javascript.pinned().values())
    assert json.loads((folder / "package.json").read_text())["private"] is True
