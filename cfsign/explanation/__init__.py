"""
"403, but why?": the reason of a refusal, and its hint.

One request is read into a `Case`; small finders, grouped by topic, each look at it and name the
mistakes that they know; a trial by signature tells what was signed in its place.
"""

from cfsign.explanation.cause import Cause as Cause
from cfsign.explanation.cause import Mistake as Mistake
from cfsign.explanation.explanation import Explanation as Explanation
from cfsign.explanation.explanation import explain as explain
from cfsign.explanation.explanation import explain_response as explain_response
