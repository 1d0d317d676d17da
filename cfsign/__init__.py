"""Sign URLs and cookies for private files behind Amazon CloudFront, and check them offline."""

from typing import TYPE_CHECKING

from cfsign.base_signer import BaseSigner
from cfsign.cookies import SignedCookies
from cfsign.errors import (
    CfsignError,
    CfsignWarning,
    ConfigurationError,
    DecisionError,
    KeyUnavailableError,
    PolicyError,
    ResourceError,
    SigningKeyError,
)
from cfsign.keys import AsyncPrivateKey, PrivateKey, choose_backend, load_private_key
from cfsign.policy import Policy
from cfsign.resource import split_location
from cfsign.signed_policy import SignedPolicy
from cfsign.signer import Signer

if TYPE_CHECKING:
    from cfsign.cautions import Caution, cautions_of
    from cfsign.configuration import Configuration
    from cfsign.decision import Allow, Deny, decide
    from cfsign.delivery import Delivery
    from cfsign.desk import Asked, Desk
    from cfsign.distribution import Distribution
    from cfsign.explanation import Cause, Explanation, Mistake, explain
    from cfsign.key_pair import KeyPair
    from cfsign.key_ring import KeyRing
    from cfsign.options import ViewOptions
    from cfsign.redirect import Answer
    from cfsign.site import Site
    from cfsign.trusted_keys import TrustedKeyGroup
    from cfsign.verdict import Reason, Verdict
else:
    # A Signer and what it signs are imported at once. The rest, which not everybody needs, is
    # imported where it is first used, since each import takes milliseconds from every command and
    # every worker (PEP 562).
    _LATER = {
        "Allow": "cfsign.decision",
        "Answer": "cfsign.redirect",
        "Asked": "cfsign.desk",
        "Caution": "cfsign.cautions",
        "Cause": "cfsign.explanation",
        "Configuration": "cfsign.configuration",
        "Delivery": "cfsign.delivery",
        "Deny": "cfsign.decision",
        "Desk": "cfsign.desk",
        "Distribution": "cfsign.distribution",
        "Explanation": "cfsign.explanation",
        "KeyPair": "cfsign.key_pair",
        "KeyRing": "cfsign.key_ring",
        "Mistake": "cfsign.explanation",
        "Reason": "cfsign.verdict",
        "Site": "cfsign.site",
        "TrustedKeyGroup": "cfsign.trusted_keys",
        "Verdict": "cfsign.verdict",
        "ViewOptions": "cfsign.options",
        "cautions_of": "cfsign.cautions",
        "decide": "cfsign.decision",
        "explain": "cfsign.explanation",
    }

    def __getattr__(name):
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        globals()[name] = getattr(import_module(_LATER[name]), name)
        return globals()[name]

    def __dir__():
        return sorted({*globals(), *_LATER})


__all__ = [
    "Allow",
    "Answer",
    "Asked",
    "AsyncPrivateKey",
    "BaseSigner",
    "Cause",
    "Caution",
    "CfsignError",
    "CfsignWarning",
    "Configuration",
    "ConfigurationError",
    "DecisionError",
    "Delivery",
    "Deny",
    "Desk",
    "Distribution",
    "Explanation",
    "KeyPair",
    "KeyRing",
    "KeyUnavailableError",
    "Mistake",
    "Policy",
    "PolicyError",
    "PrivateKey",
    "Reason",
    "ResourceError",
    "SignedCookies",
    "SignedPolicy",
    "Signer",
    "SigningKeyError",
    "Site",
    "TrustedKeyGroup",
    "Verdict",
    "ViewOptions",
    "cautions_of",
    "choose_backend",
    "decide",
    "explain",
    "load_private_key",
    "split_location",
]
