"""Trust stores read from files."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from lb.settings import TrustStoreSettings
from lb.trust import BadTrustStore, load_trust_store
from tests.support.certificates import Authority, name

CA = Authority(name("ours"))
OTHER = Authority(name("other"))


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return CA.save(tmp_path, "ca")


def test_a_list_says_which_certificates_are_revoked(bundle: Path, tmp_path: Path) -> None:
    good, bad = CA.issue("good").certificate, CA.issue("bad").certificate
    crl = CA.revoke(tmp_path / "crl.pem", bad)
    store = load_trust_store(TrustStoreSettings("s", bundle, (crl,)))
    assert (store.has_revoked(bad), store.has_revoked(good)) == (True, False)


def test_a_serial_number_counts_for_its_own_issuer_only(tmp_path: Path) -> None:
    bad = CA.issue("bad").certificate
    both = tmp_path / "both.pem"
    both.write_bytes(b"".join(each.certificate.public_bytes(Encoding.PEM) for each in (CA, OTHER)))
    crl = OTHER.revoke(tmp_path / "crl.pem", bad)
    assert not load_trust_store(TrustStoreSettings("s", both, (crl,))).has_revoked(bad)


def test_lists_may_be_several_in_a_file_or_der(bundle: Path, tmp_path: Path) -> None:
    first, second, third = (CA.issue(each).certificate for each in "abc")
    one, two = CA.revoke(tmp_path / "1", first), CA.revoke(tmp_path / "2", second)
    both, raw = tmp_path / "both.pem", tmp_path / "third.crl"
    both.write_bytes(one.read_bytes() + two.read_bytes())
    pem = CA.revoke(tmp_path / "3", third).read_bytes()
    raw.write_bytes(x509.load_pem_x509_crl(pem).public_bytes(Encoding.DER))
    store = load_trust_store(TrustStoreSettings("s", bundle, (both, raw)))
    assert all(map(store.has_revoked, (first, second, third)))


def test_a_revoked_authority_is_no_anchor(tmp_path: Path) -> None:
    middle = CA.below("middle")
    both = tmp_path / "both.pem"
    both.write_bytes(b"".join(each.certificate.public_bytes(Encoding.PEM) for each in (CA, middle)))
    crl = CA.revoke(tmp_path / "crl.pem", middle.certificate)
    assert load_trust_store(TrustStoreSettings("s", both)).anchors.count("BEGIN") == 2
    assert load_trust_store(TrustStoreSettings("s", both, (crl,))).anchors.count("BEGIN") == 1


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("a list of somebody else", "signed by none"),
        ("a forged list", "signed by none"),
        ("no list", "is not a certificate revocation list"),
        ("no bundle", "is not a PEM bundle"),
        ("a client in the bundle", "no authority"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_file(
    bundle: Path, tmp_path: Path, what: str, why: str
) -> None:
    crl = tmp_path / "crl.pem"
    if what == "a list of somebody else":
        OTHER.revoke(crl)
    elif what == "a forged list":
        Authority(CA.subject).revoke(crl)
    elif what == "no list":
        crl.write_text("-----BEGIN X509 CRL-----\nnonsense\n-----END X509 CRL-----\n")
    elif what == "no bundle":
        bundle.write_text("nonsense")
    else:
        bundle.write_bytes(CA.issue("client").certificate.public_bytes(Encoding.PEM))
    crls = (crl,) if crl.exists() else ()
    with pytest.raises(BadTrustStore, match=why) as refusal:
        load_trust_store(TrustStoreSettings("s", bundle, crls))
    assert refusal.value.path == (crl if crls else bundle)
