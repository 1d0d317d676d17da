"""Sign URLs and cookies for private files behind Amazon CloudFront, and check them offline."""

from cfsign.configuration import Configuration as Configuration
from cfsign.cookies import SignedCookies as SignedCookies
from cfsign.decision import Allow as Allow
from cfsign.decision import Deny as Deny
from cfsign.decision import decide as decide
from cfsign.delivery import Delivery as Delivery
from cfsign.distribution import Distribution as Distribution
from cfsign.errors import CfsignError as CfsignError
from cfsign.errors import CfsignWarning as CfsignWarning
from cfsign.errors import ConfigurationError as ConfigurationError
from cfsign.errors import DecisionError as DecisionError
from cfsign.errors import PolicyError as PolicyError
from cfsign.errors import ResourceError as ResourceError
from cfsign.errors import SigningKeyError as SigningKeyError
from cfsign.keys import PrivateKey as PrivateKey
from cfsign.keys import choose_backend as choose_backend
from cfsign.keys import load_private_key as load_private_key
from cfsign.policy import Policy as Policy
from cfsign.redirect import Answer as Answer
from cfsign.resource import split_location as split_location
from cfsign.signer import SignedPolicy as SignedPolicy
from cfsign.signer import Signer as Signer
from cfsign.trusted_keys import TrustedKeyGroup as TrustedKeyGroup
from cfsign.verdict import Reason as Reason
from cfsign.verdict import Verdict as Verdict
