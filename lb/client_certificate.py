"""A client's certificate (alb.md 1.5): what the load balancer refuses beyond OpenSSL's checks, what it tells
targets and logs. Pure.
"""

from __future__ import annotations

import ssl
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from lb.distinguished_names import write_name
from lb.trust import TrustStore

MAX_DEPTH = 4
"""Authorities that a client may present above its own certificate."""
_CURVES = {"secp256r1", "secp384r1", "secp521r1"}
_HASHES = {"sha256", "sha384", "sha512"}
_SAFE = "+=/"

# OpenSSL's X509_V_ERR_* (openssl/x509_vfy.h) to the codes of ALB's connection log (alb.md 9.2).
_UNTRUSTED = (2, 18, 19, 20, 21, 27)
_CODES = {
    **dict.fromkeys(_UNTRUSTED, "ClientCertUntrusted"),
    9: "ClientCertNotYetValid",
    10: "ClientCertExpired",
    22: "ClientCertMaxChainDepthExceeded",
    26: "ClientCertPurposeInvalid",
    28: "ClientCertRejected",
    66: "ClientCertTypeUnsupported",
    67: "ClientCertTypeUnsupported",
    68: "ClientCertTypeUnsupported",
}
UNMAPPED = "UnmappedConnectionError"


def code_of(error: BaseException) -> str:
    """Return the connection log's code for a handshake that failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CODES.get(error.verify_code, "ClientCertInvalid")
    return UNMAPPED


def judge(chain: Sequence[bytes], trust: TrustStore, *, oversized: bool = False) -> str | None:
    """Say why a chain that OpenSSL verified is still refused, as a code of the connection log; None for not.

    `oversized`: the message that brought it was larger than ALB takes.
    """
    if oversized:
        return "ClientCertMaxSizeExceeded"
    if len(chain) > MAX_DEPTH + 1:
        return "ClientCertMaxChainDepthExceeded"
    try:
        certificates = [x509.load_der_x509_certificate(each) for each in chain]
    except (ValueError, UnsupportedAlgorithm):
        return "ClientCertInvalid"
    if not certificates or not _is_supported(certificates[0]):
        return "ClientCertTypeUnsupported"
    return "ClientCertCrlHit" if any(map(trust.has_revoked, certificates)) else None


def _is_supported(leaf: x509.Certificate) -> bool:
    """X.509v3; RSA of 2,048 to 8,192 bits, or one of three curves; signed with SHA-256, 384 or 512."""
    try:
        key, hashing = leaf.public_key(), leaf.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return False
    if leaf.version is not x509.Version.v3 or hashing is None or hashing.name not in _HASHES:
        return False
    if isinstance(key, rsa.RSAPublicKey):
        return 2048 <= key.key_size <= 8192
    return isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A leaf in words; all of them printable ASCII."""

    serial_number: str
    """Upper-case hex, whole bytes."""
    issuer: str
    subject: str
    validity: str
    """`NotBefore=...;NotAfter=...`, ISO 8601, UTC."""


def describe(leaf: bytes) -> ClientCertificate | None:
    """Describe a DER certificate; None for what nobody can read."""
    try:
        certificate = x509.load_der_x509_certificate(leaf)
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        return ClientCertificate(
            _hex(certificate.serial_number),
            write_name(certificate.issuer),
            write_name(certificate.subject),
            f"NotBefore={begin:%Y-%m-%dT%H:%M:%SZ};NotAfter={end:%Y-%m-%dT%H:%M:%SZ}",
        )
    except ValueError:
        return None


def _hex(number: int) -> str:
    text = f"{abs(number):X}"
    return ("-" if number < 0 else "") + ("0" + text if len(text) % 2 else text)


def quote_pem(chain: Sequence[bytes]) -> str:
    """Write DER certificates as one URL-encoded PEM text; `+`, `=` and `/` stay as they are."""
    return urllib.parse.quote("".join(map(ssl.DER_cert_to_PEM_cert, chain)), safe=_SAFE)
