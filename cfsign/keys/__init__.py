"""
Private and public keys: load, sign, verify.

Signing and checking both import this package. It knows nothing of URLs and policies.
"""

from __future__ import annotations

from cfsign.keys.loading import choose_backend as choose_backend
from cfsign.keys.loading import generate_private_key_pem as generate_private_key_pem
from cfsign.keys.loading import load_private_key as load_private_key
from cfsign.keys.loading import load_public_key as load_public_key
from cfsign.keys.loading import resolve_private_key as resolve_private_key
from cfsign.keys.protocol import HASH_ALGORITHMS as HASH_ALGORITHMS
from cfsign.keys.protocol import KEY_ALGORITHMS as KEY_ALGORITHMS
from cfsign.keys.protocol import AsyncPrivateKey as AsyncPrivateKey
from cfsign.keys.protocol import HashAlgorithm as HashAlgorithm
from cfsign.keys.protocol import Password as Password
from cfsign.keys.protocol import PrivateKey as PrivateKey
from cfsign.keys.protocol import PublicKey as PublicKey
from cfsign.keys.protocol import Source as Source
from cfsign.keys.protocol import Unpicklable as Unpicklable
from cfsign.keys.protocol import can_recover as can_recover
from cfsign.keys.protocol import get_hash_algorithms as get_hash_algorithms
from cfsign.keys.protocol import is_async as is_async
from cfsign.keys.protocol import is_blocking as is_blocking
from cfsign.keys.protocol import is_gil_bound as is_gil_bound
from cfsign.keys.protocol import is_private_key as is_private_key
from cfsign.keys.source import is_key_path as is_key_path
from cfsign.keys.source import is_key_text as is_key_text
