"""The archive's own tests: `python -m pytest tests`."""

from __future__ import annotations

from cfsign.testing import Reason

PAPER = "/papers/finance/budget%202026.txt"


def test_a_member_is_sent_to_a_paper_that_cloudfront_serves(ada, edge):
    url = edge.assert_allows(ada.get(PAPER, secure=True))
    assert "Budget" in edge.get(url).text


def test_a_script_gets_a_url_that_cloudfront_serves(ada, edge):
    edge.assert_allows(ada.get(PAPER.replace("papers", "links"), secure=True))


def test_the_link_is_good_for_a_minute(ada, edge, cloudfront_clock):
    url = edge.assert_allows(ada.get(PAPER, secure=True))
    cloudfront_clock.shift(61)
    edge.assert_denies(url, reason=Reason.EXPIRED)


def test_another_groups_paper_is_refused_by_the_site(ada):
    assert ada.get("/papers/people/Geh%C3%A4lter.txt", secure=True).status_code == 403
