"""
A test kit for sites that sign URLs: a local CloudFront edge with a clock that tests can move.

With pytest, use the fixtures `cloudfront_edge`, `cloudfront_clock` and `cloudfront_key_pair`
(see `cfsign_pytest`). With other test runners, create an `Edge`:

    key_pair = GeneratedKeyPair.generate()
    with Edge("bucket", key_pair) as edge:
        site = create_app(CLOUDFRONT_DOMAIN=edge.domain, CLOUDFRONT_CONFIG=edge.config)
        url = edge.assert_allows(site.test_client().get("/content/a.txt"))
        assert edge.get(url).text == "..."
        edge.clock.shift(61)
        edge.assert_denies(url, reason=Reason.EXPIRED)
"""

from cfsign.checking.verdict import Reason as Reason
from cfsign.testing.clock import Clock as Clock
from cfsign.testing.edge import Edge as Edge
from cfsign.testing.edge import GeneratedKeyPair as GeneratedKeyPair
