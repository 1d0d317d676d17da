"""
Explain why CloudFront refuses a request, and how to fix it.

    readers/         the request in pasted text; one module for each form
    context.py       what is known about the request, parsed once
    candidates/      other URLs and policies that may have been signed by mistake
    verification.py  tries the signature against the candidates
    rules/           one file for each group of mistakes; each rule yields causes
    explanation.py   the verdict and the causes, as text and as JSON
"""

from cfsign.explanation.cause import Cause as Cause
from cfsign.explanation.cause import Mistake as Mistake
from cfsign.explanation.explanation import Explanation as Explanation
from cfsign.explanation.explanation import explain as explain
from cfsign.explanation.explanation import explain_response as explain_response
