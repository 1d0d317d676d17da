"""The tests of the site, with a local CloudFront: `python -m pytest tests`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from falcon.testing import TestClient
from itsdangerous import URLSafeTimedSerializer

from cfsign.testing import Edge, Reason

BUCKET = Path(__file__).parents[1] / "bucket"
SECRET_KEY = "0123456789abcdef"
HANDOUT, PLAYLIST = "/handouts/algebra/handout.txt", "/recordings/algebra/01/index.m3u8"


def test_c9_the_students_file_is_private(tmp_path, monkeypatch):
    """Also if the file could be read before, or someone has placed a link there."""
    from lectures.students import load_students, main

    path, other = tmp_path / "students.json", tmp_path / "other"
    monkeypatch.setenv("STUDENTS_FILE", str(path))
    other.write_text("{}")
    path.symlink_to(other)
    main("ada", "algebra")
    assert other.read_text() == "{}"
    path.chmod(0o644)
    main("ben", "history")
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_students(path).keys() == {"ada", "ben"}
    assert sorted(each.name for each in tmp_path.iterdir()) == ["other", "students.json"]


@pytest.fixture
def edge(cloudfront_edge) -> Edge:
    """A local CloudFront in front of the bucket; its domain shares a parent with the site."""
    return cloudfront_edge(BUCKET, domain="https://media.school.example")


@pytest.fixture
def site(edge, cloudfront_key_pair, tmp_path, monkeypatch) -> TestClient:
    """The site, with Ada in algebra and Ben in history."""
    from lectures.students import Student

    courses = {"ada": ["algebra"], "ben": ["history"]}
    students = {name: asdict(Student.with_password("x", taken)) for name, taken in courses.items()}
    (tmp_path / "students.json").write_text(json.dumps(students))
    monkeypatch.setenv("STUDENTS_FILE", str(tmp_path / "students.json"))
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("COOKIE_DOMAIN", "school.example")
    monkeypatch.setenv("CLOUDFRONT_DOMAIN", edge.domain)
    monkeypatch.setenv("CLOUDFRONT_KEY_PAIR_ID", cloudfront_key_pair.key_pair_id)
    monkeypatch.setenv("CLOUDFRONT_PRIVATE_KEY", cloudfront_key_pair.private_key)
    from lectures.app import create_app

    return TestClient(create_app())


def get(site: TestClient, path: str, student: str):
    """Request *path* with *student* logged in."""
    cookie = URLSafeTimedSerializer(SECRET_KEY, salt="student").dumps(student)
    return site.simulate_get(path, cookies={"student": cookie})


def test_student_gets_a_handout_from_cloudfront(site, edge):
    url = edge.assert_allows(get(site, HANDOUT, "ada"))
    assert edge.get(url).content == (BUCKET / "algebra" / "handout.txt").read_bytes()


def test_link_expires_after_a_minute(site, edge, cloudfront_clock):
    url = edge.assert_allows(get(site, HANDOUT, "ada"))
    cloudfront_clock.shift(61)
    edge.assert_denies(url, reason=Reason.EXPIRED)


def test_cookies_of_a_recording_expire_after_three_hours(site, edge, cloudfront_clock):
    response = get(site, PLAYLIST, "ada")
    cloudfront_clock.shift(3 * 60 * 60 - 5)
    edge.assert_allows(response)
    cloudfront_clock.shift(10)
    edge.assert_denies(response, reason=Reason.EXPIRED)


@pytest.mark.parametrize("path", [HANDOUT, PLAYLIST])
def test_student_of_another_course_is_refused(site, path):
    assert get(site, path, "ben").status_code == 403
