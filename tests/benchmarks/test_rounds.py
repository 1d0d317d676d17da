"""Timing in rounds, and the check of each subject's output."""

import json
import re
from pathlib import Path

import pytest

pytest.importorskip("cryptography")

from benchmarks import javascript
from benchmarks.material import FOLDER, URLS, make_key
from benchmarks.results import Results
from benchmarks.rounds import Pace, Run, Subject, time_all_at_once, time_one_by_one


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return make_key("RSA-2048", tmp_path_factory.mktemp("key"))


@pytest.fixture
def run():
    return Run(Pace(rounds=4, seconds=1.0), Results("", True, {}, {}))


def make_subject(name, log, error=None):
    """Return a subject that reports a tenth of a second for each repetition."""

    def run(times):
        log.append((name, times))
        return times / 10

    def check():
        if error:
            raise ValueError(error)

    return Subject(name, run, check)


def test_subjects_run_in_alternating_order(run):
    log = []
    run.time("case", [(name, lambda name=name: make_subject(name, log)) for name in "abc"])
    assert [name for name, times in log if times == 10] == list("cbaabccbaabc")
    samples = {each.subject: each.samples for each in run.results.measurements}
    assert samples == dict.fromkeys("abc", (0.1,) * 4)


def test_subject_with_wrong_output_is_reported_and_not_timed(run, capsys):
    log = []
    makers = [
        ("good", lambda: make_subject("good", log)),
        ("wrong", lambda: make_subject("wrong", log, "the output is wrong")),
        ("absent", lambda: __import__("no_such_peer")),
    ]
    run.time("case", makers)
    assert {name for name, _ in log} == {each.subject for each in run.results.measurements}
    assert {name for name, _ in log} == {"good"}
    assert list(run.results.failures) == ["case: wrong", "case: absent"]
    assert "FAILED case: wrong: ValueError: the output is wrong" in capsys.readouterr().out


def test_subject_that_fails_in_a_round_is_left_out(run):
    times = iter([0.5, 0.5, 0.5])  # for the calibration and two rounds
    failing = Subject("failing", lambda repetitions: next(times), lambda: None)
    run.time("case", [("failing", lambda: failing), ("good", lambda: make_subject("good", []))])
    assert [each.subject for each in run.results.measurements] == ["good"]
    assert list(run.results.failures) == ["case: failing"]


@pytest.mark.parametrize("timer", ["one", "all"])
def test_timers_cycle_through_the_items(timer):
    items = []
    if timer == "one":
        seconds = time_one_by_one(items.append, ["a", "b", "c"])(7)
    else:
        seconds = time_all_at_once(lambda urls: map(items.append, urls), ["a", "b", "c"])(7)
    assert items == list("abcabca")
    assert seconds > 0


def test_key_refuses_wrong_output(key):
    from benchmarks import ours

    signed = ours.make_signer(key).sign_url(URLS[1], expires_in=60)
    key.check_url(signed)
    for wrong in (URLS[1], signed.replace(URLS[1], URLS[2])):
        with pytest.raises(ValueError, match="the output is refused"):
            key.check_url(wrong)
    cookies = dict(ours.make_signer(key).sign_cookies(FOLDER, expires_in=60))
    key.check_cookies(cookies)
    with pytest.raises(ValueError, match="the output is refused"):
        key.check_cookies({**cookies, "CloudFront-Signature": "AAAA"})


def test_url_without_the_signature_must_equal_botocores():
    pytest.importorskip("botocore")
    from benchmarks import ours, peers

    peers.botocore_own_part().check()
    ours.own_part().check()
    with pytest.raises(ValueError, match="not the one that botocore builds"):
        ours.check_own_part(lambda url: url)


def test_output_of_cfsign_is_allowed(key):
    from benchmarks import ours

    for make in (ours.url, ours.from_path, ours.cookies, ours.many, ours.stable, ours.limit):
        make(key).check()


def test_output_of_other_libraries_is_allowed(key):
    pytest.importorskip("botocore")
    from benchmarks import peers

    for make in (peers.botocore, peers.botocore_policy, peers.key_file):
        make(key).check()
    peers.botocore(key, peers.with_rsa).check()


def test_javascript_libraries_are_pinned_without_naming_a_registry():
    """A lock file would name one."""
    folder = Path(javascript.__file__).parent / "javascript"
    assert sorted(path.name for path in folder.iterdir()) == ["package.json", "peer.cjs"]
    assert "registry" not in (folder / "package.json").read_text()
    assert all(
        re.fullmatch(r"\d+\.\d+\.\d+", version)
        for version in javascript.read_pinned_versions().values()
    )
    assert json.loads((folder / "package.json").read_text())["private"] is True
