"""Certificate files of HTTPS listeners: found out at check time, not at the first handshake.

ALB user guide, "SSL certificates for your Application Load Balancer": RSA 2048, 3072, 4096 and ECDSA keys.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from lb.settings import CertificateFiles

T = TypeVar("T")
MAX_PEM = 1024 * 1024
Report = Callable[[str, str, str], None]
"""`report(member, code, message)`: a problem with `CertificateFile` or `PrivateKeyFile`."""


def check_certificate(files: CertificateFiles, *, now: dt.datetime, report: Report, warn: Report) -> None:
    """Report what is wrong with a certificate and its key; `now` is aware."""
    chain = _load(files.certificate, "CertificateFile", x509.load_pem_x509_certificates, report)
    key = _load(files.private_key, "PrivateKeyFile", _load_key, report)
    if key is not None and not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        report("PrivateKeyFile", "BadKey", f"{files.private_key}: only RSA and ECDSA keys are supported")
    if not chain:
        return
    if key is not None and _public_bytes(chain[0].public_key()) != _public_bytes(key.public_key()):
        report("PrivateKeyFile", "KeyMismatch", f"{files.private_key} is not the key of {files.certificate}")
    if chain[0].not_valid_after_utc <= now:
        message = f"{files.certificate} expired on {chain[0].not_valid_after_utc:%Y-%m-%d}"
        warn("CertificateFile", "CertificateExpired", message)
    elif chain[0].not_valid_before_utc > now:
        message = (
            f"{files.certificate} is not valid before {chain[0].not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        )
        warn("CertificateFile", "CertificateNotYetValid", message)


def _load_key(content: bytes) -> PrivateKeyTypes:
    return load_pem_private_key(content, None)


def _public_bytes(key: object) -> bytes:
    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return encoded


def _load(path: Path, member: str, parse: Callable[[bytes], T], report: Report) -> T | None:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_PEM)
    except OSError as error:
        report(member, "FileNotReadable", f"cannot read {path}: {error.strerror}")
        return None
    try:
        return parse(content)
    except TypeError:
        report(
            member, "EncryptedKey", f"{path} is encrypted; decrypt it and protect the file by its permissions"
        )
    except (ValueError, UnsupportedAlgorithm):
        report(
            member, "NotPem", f"{path} is not a PEM {'certificate' if member == 'CertificateFile' else 'key'}"
        )
    return None
