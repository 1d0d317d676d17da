"""Sign URLs and cookies for private files behind Amazon CloudFront, and check them offline."""

from typing import TYPE_CHECKING

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
from cfsign.signing.cookies import SignedCookies
from cfsign.signing.policy import Policy
from cfsign.signing.signed_policy import SignedPolicy
from cfsign.signing.signer import BaseSigner, Signer

if TYPE_CHECKING:
    from cfsign.checking.key_group import TrustedKeyGroup
    from cfsign.checking.verdict import Reason, Verdict
    from cfsign.config.configuration import Configuration
    from cfsign.explanation import Cause, Explanation, Mistake, explain
    from cfsign.keyring.document import KeyPair
    from cfsign.keyring.ring import KeyRing
    from cfsign.signing.distribution import Distribution
    from cfsign.views.decision import Allow, Deny, decide
else:
    # A Signer and what it signs are imported at once. The rest, which not everybody needs, is
    # imported where it is first used, since each import takes milliseconds from every command and
    # every worker (PEP 562).
    _LATER = {
        "Allow": "cfsign.views.decision",
        "Cause": "cfsign.explanation",
        "Configuration": "cfsign.config.configuration",
        "Deny": "cfsign.views.decision",
        "Distribution": "cfsign.signing.distribution",
        "Explanation": "cfsign.explanation",
        "KeyPair": "cfsign.keyring.document",
        "KeyRing": "cfsign.keyring.ring",
        "Mistake": "cfsign.explanation",
        "Reason": "cfsign.checking.verdict",
        "TrustedKeyGroup": "cfsign.checking.key_group",
        "Verdict": "cfsign.checking.verdict",
        "decide": "cfsign.views.decision",
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
    "AsyncPrivateKey",
    "BaseSigner",
    "Cause",
    "CfsignError",
    "CfsignWarning",
    "Configuration",
    "ConfigurationError",
    "DecisionError",
    "Deny",
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
    "TrustedKeyGroup",
    "Verdict",
    "choose_backend",
    "decide",
    "explain",
    "load_private_key",
]
