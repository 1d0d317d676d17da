"""A key pair for tests, made on the spot."""

from __future__ import annotations

from dataclasses import dataclass, field

from cfsign.keys import generate_private_key_pem, load_private_key


@dataclass(frozen=True, slots=True)
class MadeKeyPair:
    """
    A key pair as CloudFront knows it.

    Attributes:
        key_pair_id: Its id.
        private_key: The private key, PEM: the site's.
        public_key: The public key, PEM: the edge's.
    """

    key_pair_id: str
    private_key: str = field(repr=False)
    public_key: str

    @classmethod
    def generate(cls, key_pair_id: str = "KTESTING") -> MadeKeyPair:
        """Make an RSA key of 2048 bits, which takes a moment: once a session is enough."""
        private_key = generate_private_key_pem()
        return cls(key_pair_id, private_key, load_private_key(private_key).public_key_pem())

    @property
    def config(self) -> dict[str, str]:
        """What a site's `CLOUDFRONT_CONFIG` needs of it."""
        return {"key_pair_id": self.key_pair_id, "private_key": self.private_key}
