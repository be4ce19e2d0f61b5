"""Client certificates: what is refused beyond OpenSSL's checks, and how they are described."""

from __future__ import annotations

import datetime as dt
import ssl
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from lb.client_certificate import UNMAPPED, code_of, describe, judge, quote_pem
from lb.settings import TrustStoreSettings
from lb.trust import TrustStore, load_trust_store
from tests.support.certificates import Authority, Identity, ec_key, name, rsa_key

CA = Authority(name("ours", ORGANIZATION_NAME="Us"))
MIDDLE = CA.below("middle")
REVOKED = CA.issue("revoked")
REVOKED_MIDDLE = CA.below("revoked middle")


@pytest.fixture
def trust(tmp_path: Path) -> TrustStore:
    crl = CA.revoke(tmp_path / "crl.pem", REVOKED.certificate, REVOKED_MIDDLE.certificate)
    return load_trust_store(TrustStoreSettings("s", CA.save(tmp_path, "ca"), (crl,)))


CASES: dict[str, tuple[Callable[[], Identity], str | None]] = {
    "ec": (lambda: CA.issue("c"), None),
    "p-521": (lambda: CA.issue("c", key=ec_key(ec.SECP521R1())), None),
    "rsa": (lambda: MIDDLE.issue("c", key=rsa_key()), None),
    "sha-512": (lambda: CA.issue("c", hashing=hashes.SHA512()), None),
    "revoked": (lambda: REVOKED, "ClientCertCrlHit"),
    "below revoked": (lambda: REVOKED_MIDDLE.issue("c"), "ClientCertCrlHit"),
    "small rsa": (lambda: CA.issue("c", key=rsa_key(1024)), "ClientCertTypeUnsupported"),
    "other curve": (lambda: CA.issue("c", key=ec_key(ec.SECP256K1())), "ClientCertTypeUnsupported"),
    "sha-224": (lambda: CA.issue("c", hashing=hashes.SHA224()), "ClientCertTypeUnsupported"),
}


def chain_of(identity: Identity) -> list[bytes]:
    return [identity.der, *(each.public_bytes(Encoding.DER) for each in identity.above)]


@pytest.mark.parametrize("case", CASES)
def test_a_verified_chain_is_judged(trust: TrustStore, case: str) -> None:
    make, expected = CASES[case]
    assert judge(chain_of(make()), trust) == expected


def test_size_depth_and_nonsense_are_refused(trust: TrustStore) -> None:
    chain = chain_of(CA.issue("c"))
    assert judge(chain, trust, oversized=True) == "ClientCertMaxSizeExceeded"
    assert judge(chain * 5, trust) is None
    assert judge(chain * 6, trust) == "ClientCertMaxChainDepthExceeded"
    assert judge([b"nonsense"], trust) == "ClientCertInvalid"
    assert judge([], trust) == "ClientCertTypeUnsupported"


def verification_error(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_code = code
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (verification_error(20), "ClientCertUntrusted"),
        (verification_error(10), "ClientCertExpired"),
        (verification_error(7), "ClientCertInvalid"),
        (ssl.SSLError(1, "x"), UNMAPPED),
        (ConnectionResetError(), UNMAPPED),
    ],
)
def test_failures_have_alb_s_codes(error: OSError, code: str) -> None:
    assert code_of(error) == code


def test_a_leaf_is_described() -> None:
    begin, end = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2027, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    identity = CA.issue(name("client", ORGANIZATION_NAME="y", COUNTRY_NAME="US"), begin=begin, end=end)
    described = describe(identity.der)
    assert described is not None
    assert described.subject == "CN=client,C=US,O=y"
    assert described.issuer == "CN=ours,O=Us"
    assert described.validity == "NotBefore=2026-01-01T00:00:00Z;NotAfter=2027-01-02T03:04:05Z"
    assert int(described.serial_number, 16) == identity.certificate.serial_number
    assert len(described.serial_number) % 2 == 0
    assert described.serial_number == described.serial_number.upper()


def test_nonsense_is_not_described() -> None:
    assert describe(b"nonsense") is None


def test_pem_is_quoted_but_for_three_characters() -> None:
    """alb.md 1.5: `+`, `=` and `/` are safe."""
    chain = chain_of(MIDDLE.issue("c"))
    quoted = quote_pem(chain)
    assert quoted.startswith("-----BEGIN%20CERTIFICATE-----%0A")
    assert set(quoted) <= set(urllib.parse.quote(quoted, safe="%+=/"))
    assert not set(quoted) & set(" \n")
    assert urllib.parse.unquote(quoted) == "".join(map(ssl.DER_cert_to_PEM_cert, chain))
