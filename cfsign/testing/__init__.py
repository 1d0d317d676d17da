"""
A test kit for sites that sign: a CloudFront of your own, with a clock that can be moved.

With pytest its fixtures are there by themselves: `cloudfront_edge`, `cloudfront_clock` and
`cloudfront_key_pair` (see `cfsign_pytest`). Other runners make an `Edge`:

    pair = MadeKeyPair.generate()
    with Edge("bucket", pair) as edge:
        site = create_app(CLOUDFRONT_DOMAIN=edge.domain, CLOUDFRONT_CONFIG=edge.config)
        url = edge.assert_allows(site.test_client().get("/content/a.txt"))
        assert edge.get(url).text == "..."
        edge.clock.shift(61)
        edge.assert_denies(url, reason=Reason.EXPIRED)
"""

from cfsign.checking.verdict import Reason as Reason
from cfsign.testing.clock import Clock as Clock
from cfsign.testing.edge import Edge as Edge
from cfsign.testing.key_pair import MadeKeyPair as MadeKeyPair
