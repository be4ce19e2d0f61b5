"""Trust stores: the authorities whose client certificates a listener accepts, and what they have revoked.

alb.md 1.5. OpenSSL's own revocation check refuses every certificate whose authority has no list; in ALB a
list only says which certificates are bad. So the lists are read here and looked up per connection.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from lb.settings import TrustStoreSettings

_CRL = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)
Revoked = frozenset[tuple[bytes, int]]


class BadTrustStore(ValueError):  # noqa: N818 -- says what is wrong
    """A file of a trust store cannot be used."""

    def __init__(self, path: Path, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path}: {why}")


@dataclass(frozen=True, slots=True)
class TrustStore:
    """Authorities and revocations, read."""

    authorities: tuple[x509.Certificate, ...]
    revoked: Revoked = field(repr=False)
    """(issuer's name, DER; serial number)."""

    @property
    def anchors(self) -> str:
        """The authorities that are not revoked themselves, PEM."""
        kept = (each for each in self.authorities if not self.has_revoked(each))
        return "".join(ssl.DER_cert_to_PEM_cert(der(each)) for each in kept)

    def has_revoked(self, certificate: x509.Certificate) -> bool:
        """Tell whether a list of its issuer names this certificate."""
        return (certificate.issuer.public_bytes(), certificate.serial_number) in self.revoked


def load_trust_store(settings: TrustStoreSettings) -> TrustStore:
    """Read a trust store; raises OSError or `BadTrustStore`."""
    authorities = read_bundle(settings.bundle)
    revoked: set[tuple[bytes, int]] = set()
    for path in settings.revocations:
        for crl in read_crls(path):
            if not _is_signed_by_one_of(crl, authorities):
                raise BadTrustStore(path, "is signed by none of the trust store's authorities")
            issuer = crl.issuer.public_bytes()
            revoked.update((issuer, each.serial_number) for each in crl)
    return TrustStore(authorities, frozenset(revoked))


def read_bundle(path: Path) -> tuple[x509.Certificate, ...]:
    """Read a bundle of authorities; raises OSError or `BadTrustStore`."""
    try:
        authorities = tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadTrustStore(path, "is not a PEM bundle of certificates") from error
    for each in authorities:
        # Every certificate of the bundle is an anchor: a client's own in it would vouch for itself for good.
        if not _is_authority(each):
            raise BadTrustStore(path, f"holds a certificate that is no authority ({each.subject})")
    return authorities


def read_crls(path: Path) -> tuple[x509.CertificateRevocationList, ...]:
    """Read a file of revocation lists, PEM or one in DER; raises OSError or `BadTrustStore`."""
    content = path.read_bytes()
    try:
        found = tuple(x509.load_pem_x509_crl(each) for each in _CRL.findall(content))
        return found or (x509.load_der_x509_crl(content),)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadTrustStore(path, "is not a certificate revocation list") from error


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        # Roots of before X.509v3 have no extensions at all.
        return certificate.version is x509.Version.v1 and certificate.subject == certificate.issuer
    except ValueError:
        return False


def _is_signed_by_one_of(
    crl: x509.CertificateRevocationList, authorities: Sequence[x509.Certificate]
) -> bool:
    return any(each.subject == crl.issuer and _is_signed_by(crl, each) for each in authorities)


def _is_signed_by(crl: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    try:
        return crl.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
    except (TypeError, UnsupportedAlgorithm):
        return False


def der(certificate: x509.Certificate) -> bytes:
    """Return a certificate's DER."""
    return certificate.public_bytes(Encoding.DER)
