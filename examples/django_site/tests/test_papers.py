"""The tests of the site: `python -m pytest tests`."""

from __future__ import annotations

from cfsign.testing import Reason

PAPER = "/papers/finance/budget%202026.txt"


def test_member_gets_a_paper_from_cloudfront(ada, edge):
    url = edge.assert_allows(ada.get(PAPER, secure=True))
    assert "Budget" in edge.get(url).text


def test_script_gets_a_valid_url(ada, edge):
    edge.assert_allows(ada.get(PAPER.replace("papers", "links"), secure=True))


def test_link_expires_after_a_minute(ada, edge, cloudfront_clock):
    url = edge.assert_allows(ada.get(PAPER, secure=True))
    cloudfront_clock.shift(61)
    edge.assert_denies(url, reason=Reason.EXPIRED)


def test_paper_of_another_group_is_refused(ada):
    assert ada.get("/papers/people/Geh%C3%A4lter.txt", secure=True).status_code == 403
