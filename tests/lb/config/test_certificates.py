"""Certificate files are found out at check time."""

import datetime as dt
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from lb.config.certificates import check_certificate
from lb.settings import CertificateFiles

NOW = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)
CA = trustme.CA()


@pytest.fixture
def files(tmp_path: Path) -> CertificateFiles:
    certificate = CA.issue_cert("web.example", not_after=NOW + dt.timedelta(days=9))
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(tmp_path / "cert.pem", append=True)
    return CertificateFiles(tmp_path / "cert.pem", tmp_path / "key.pem")


def findings(files: CertificateFiles, now: dt.datetime = NOW) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    check_certificate(
        files,
        now=now,
        report=lambda member, code, _: found.append(("error", member, code)),
        warn=lambda member, code, _: found.append(("warning", member, code)),
    )
    return found


def pem(key, password: bytes | None = None) -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def test_a_good_pair_raises_nothing(files: CertificateFiles) -> None:
    assert findings(files) == []


def test_missing_files_are_told_each(tmp_path: Path) -> None:
    assert findings(CertificateFiles(tmp_path / "a", tmp_path / "b")) == [
        ("error", "CertificateFile", "FileNotReadable"),
        ("error", "PrivateKeyFile", "FileNotReadable"),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(pem(rsa.generate_private_key(65537, 2048)), "KeyMismatch", id="another key"),
        pytest.param(pem(rsa.generate_private_key(65537, 2048), b"pw"), "EncryptedKey", id="encrypted"),
        pytest.param(b"no key", "NotPem", id="not PEM"),
    ],
)
def test_a_key_that_does_not_serve_is_told(files: CertificateFiles, content: bytes, code: str) -> None:
    files.private_key.write_bytes(content)
    assert findings(files) == [("error", "PrivateKeyFile", code)]


def test_ed25519_keys_are_not_supported_as_in_alb(files: CertificateFiles) -> None:
    files.private_key.write_bytes(pem(ed25519.Ed25519PrivateKey.generate()))
    assert ("error", "PrivateKeyFile", "BadKey") in findings(files)


def test_a_certificate_file_without_a_certificate_is_told(files: CertificateFiles) -> None:
    files.certificate.write_text("nothing")
    assert findings(files) == [("error", "CertificateFile", "NotPem")]


@pytest.mark.parametrize(
    ("days", "code"),
    [(10, "CertificateExpired"), (-15000, "CertificateNotYetValid")],
    ids=["expired", "early"],
)
def test_a_certificate_outside_its_time_is_a_warning(files: CertificateFiles, days: int, code: str) -> None:
    assert findings(files, NOW + dt.timedelta(days=days)) == [("warning", "CertificateFile", code)]
