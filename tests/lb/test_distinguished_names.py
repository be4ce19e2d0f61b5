"""Names as text, compared with OpenSSL's own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID, ObjectIdentifier

from lb.distinguished_names import write_name
from tests.support.certificates import Authority, name

UNKNOWN = ObjectIdentifier("1.2.3.4.5")
BIG = ObjectIdentifier("2.999.1234567")


def attribute(oid: ObjectIdentifier, value: str, kind: _ASN1Type | None = None) -> x509.NameAttribute:
    return x509.NameAttribute(oid, value, kind)


NAMES = {
    "usual": [
        attribute(NameOID.COUNTRY_NAME, "US"),
        attribute(NameOID.STATE_OR_PROVINCE_NAME, "Washington"),
        attribute(NameOID.ORGANIZATION_NAME, "mTLS"),
        attribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "rootCA"),
        attribute(NameOID.COMMON_NAME, "client"),
    ],
    "mail": [attribute(NameOID.COMMON_NAME, "a"), attribute(NameOID.EMAIL_ADDRESS, "a@example.com")],
    "special": [attribute(NameOID.COMMON_NAME, 'a,b+c"d\\e<f>g;h=i/j')],
    "edges": [attribute(NameOID.COMMON_NAME, " # a "), attribute(NameOID.LOCALITY_NAME, "#b")],
    "one space": [attribute(NameOID.COMMON_NAME, " ")],
    "forged": [attribute(NameOID.COMMON_NAME, "a\r\nX-Admin: 1\x00\x7f")],
    "beyond ascii": [attribute(NameOID.COMMON_NAME, "Łódź 東京 \U0001f512")],
    "bmp": [attribute(NameOID.COMMON_NAME, "Łódź", _ASN1Type.BMPString)],
    "unknown": [attribute(UNKNOWN, "x"), attribute(BIG, "y" * 300)],
    "rarer": [
        attribute(NameOID.USER_ID, "u"),
        attribute(NameOID.DOMAIN_COMPONENT, "example"),
        attribute(NameOID.SERIAL_NUMBER, "7"),
        attribute(NameOID.STREET_ADDRESS, "s"),
        attribute(NameOID.SURNAME, "sn"),
        attribute(NameOID.GIVEN_NAME, "gn"),
        attribute(NameOID.TITLE, "t"),
        attribute(NameOID.POSTAL_CODE, "p"),
        attribute(NameOID.BUSINESS_CATEGORY, "b"),
        attribute(NameOID.JURISDICTION_COUNTRY_NAME, "DE"),
        attribute(NameOID.ORGANIZATION_IDENTIFIER, "o"),
        attribute(NameOID.PSEUDONYM, "ps"),
        attribute(NameOID.DN_QUALIFIER, "q"),
    ],
}
CA = Authority(name("ours"))


@pytest.mark.parametrize("case", NAMES)
def test_names_are_written_as_openssl_writes_them(tmp_path: Path, case: str) -> None:
    assert write_name(x509.Name(NAMES[case])) == by_openssl(tmp_path, x509.Name(NAMES[case]))


def test_attributes_of_one_step_are_joined(tmp_path: Path) -> None:
    step = [attribute(NameOID.COMMON_NAME, "a"), attribute(NameOID.USER_ID, "1")]
    both = x509.Name(
        [x509.RelativeDistinguishedName([NAMES["usual"][0]]), x509.RelativeDistinguishedName(step)]
    )
    assert write_name(both) == by_openssl(tmp_path, both)


@pytest.mark.parametrize("case", NAMES)
def test_a_name_is_printable_ascii(case: str) -> None:
    text = write_name(x509.Name(NAMES[case]))
    assert text.isascii()
    assert text.isprintable()


def test_an_empty_name_is_empty() -> None:
    assert write_name(x509.Name([])) == ""


def by_openssl(folder: Path, subject: x509.Name) -> str:
    path = folder / "c.pem"
    path.write_bytes(CA.issue(subject).certificate.public_bytes(Encoding.PEM))
    command = ["openssl", "x509", "-in", str(path), "-noout", "-subject", "-nameopt", "RFC2253"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.removeprefix("subject=").removesuffix("\n")
