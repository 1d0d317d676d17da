"""A self-signed certificate for the local edge; this module imports `cryptography`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Browsers resolve every name below localhost to this machine.
_NAMES = ("localhost", "*.localhost", "127.0.0.1", "::1")
_VALIDITY = timedelta(days=30)


def make_certificate(host: str) -> tuple[bytes, str]:
    """
    Make a certificate for *host* and for this machine's own names.

    Returns:
        The private key and the certificate, as PEM; and the SHA-256 fingerprint in hexadecimal
        digits, with a colon between bytes.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cfsign edge, for development")])
    names = [_build_name(each) for each in dict.fromkeys((*_NAMES, host))]
    # A clock of another machine may be a little behind.
    start = datetime.now(UTC) - timedelta(hours=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _VALIDITY)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        # Who trusts this certificate trusts no other one by it.
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    return pem + certificate.public_bytes(serialization.Encoding.PEM), fingerprint


def _build_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
