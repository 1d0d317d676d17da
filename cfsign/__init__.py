"""Sign URLs and cookies for private files behind Amazon CloudFront, and check them offline."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cfsign.checking.key_group import TrustedKeyGroup as TrustedKeyGroup
    from cfsign.checking.verdict import Reason as Reason
    from cfsign.checking.verdict import Verdict as Verdict
    from cfsign.errors import CfsignError as CfsignError
    from cfsign.errors import CfsignWarning as CfsignWarning
    from cfsign.errors import ConfigurationError as ConfigurationError
    from cfsign.errors import DecisionError as DecisionError
    from cfsign.errors import KeyUnavailableError as KeyUnavailableError
    from cfsign.errors import PolicyError as PolicyError
    from cfsign.errors import Problem as Problem
    from cfsign.errors import ResourceError as ResourceError
    from cfsign.errors import SigningKeyError as SigningKeyError
    from cfsign.explanation import Cause as Cause
    from cfsign.explanation import Explanation as Explanation
    from cfsign.explanation import Mistake as Mistake
    from cfsign.explanation import explain as explain
    from cfsign.keyring.document import KeyPair as KeyPair
    from cfsign.keyring.ring import KeyRing as KeyRing
    from cfsign.keys import AsyncPrivateKey as AsyncPrivateKey
    from cfsign.keys import PrivateKey as PrivateKey
    from cfsign.keys import load_private_key as load_private_key
    from cfsign.keys import load_public_key as load_public_key
    from cfsign.signing.base_signer import BaseSigner as BaseSigner
    from cfsign.signing.cookies import SignedCookies as SignedCookies
    from cfsign.signing.distribution import Distribution as Distribution
    from cfsign.signing.policy import Conditions as Conditions
    from cfsign.signing.policy import Policy as Policy
    from cfsign.signing.signed_policy import SignedPolicy as SignedPolicy
    from cfsign.signing.signer import Signer as Signer
    from cfsign.views.decision import Allow as Allow
    from cfsign.views.decision import Deny as Deny
    from cfsign.views.decision import decide as decide

    __version__: str
else:
    # The module of each public name. It is imported when the name is first used (PEP 562), because
    # each import takes milliseconds from every command and every worker.
    _MODULES = {
        "Allow": "cfsign.views.decision",
        "AsyncPrivateKey": "cfsign.keys",
        "BaseSigner": "cfsign.signing.base_signer",
        "Cause": "cfsign.explanation",
        "CfsignError": "cfsign.errors",
        "CfsignWarning": "cfsign.errors",
        "Conditions": "cfsign.signing.policy",
        "ConfigurationError": "cfsign.errors",
        "DecisionError": "cfsign.errors",
        "Deny": "cfsign.views.decision",
        "Distribution": "cfsign.signing.distribution",
        "Explanation": "cfsign.explanation",
        "KeyPair": "cfsign.keyring.document",
        "KeyRing": "cfsign.keyring.ring",
        "KeyUnavailableError": "cfsign.errors",
        "Mistake": "cfsign.explanation",
        "Policy": "cfsign.signing.policy",
        "PolicyError": "cfsign.errors",
        "PrivateKey": "cfsign.keys",
        "Problem": "cfsign.errors",
        "Reason": "cfsign.checking.verdict",
        "ResourceError": "cfsign.errors",
        "SignedCookies": "cfsign.signing.cookies",
        "SignedPolicy": "cfsign.signing.signed_policy",
        "Signer": "cfsign.signing.signer",
        "SigningKeyError": "cfsign.errors",
        "TrustedKeyGroup": "cfsign.checking.key_group",
        "Verdict": "cfsign.checking.verdict",
        "decide": "cfsign.views.decision",
        "explain": "cfsign.explanation",
        "load_private_key": "cfsign.keys",
        "load_public_key": "cfsign.keys",
    }

    __all__ = list(_MODULES)

    def __getattr__(name):
        if name == "__version__":
            from importlib.metadata import version

            value = version("cloudfront-cfsign")
        elif name in _MODULES:
            from importlib import import_module

            value = getattr(import_module(_MODULES[name]), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value

    def __dir__():
        return sorted({*globals(), *__all__, "__version__"})
