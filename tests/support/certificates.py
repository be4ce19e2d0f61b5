"""Authorities, certificates and revocation lists made for a test, and TLS handshakes in memory."""

from __future__ import annotations

import contextlib
import datetime as dt
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lb.handshake import Handshake
from lb.settings import (
    CertificateFiles,
    ListenerSettings,
    MutualAuthentication,
    MutualMode,
    TrustStoreSettings,
)
from lb.tls import ListenerTls
from rules import FixedResponse, Rule, RuleSet

DAY = dt.timedelta(days=1)
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_RSA: dict[int, rsa.RSAPrivateKey] = {}


def ec_key(curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve or ec.SECP256R1())


def rsa_key(size: int = 2048) -> rsa.RSAPrivateKey:
    """One key of each size serves all tests: making them takes long."""
    if size not in _RSA:
        _RSA[size] = rsa.generate_private_key(65537, size)
    return _RSA[size]


def name(common: str, **others: str) -> x509.Name:
    parts = [x509.NameAttribute(getattr(NameOID, kind), value) for kind, value in others.items()]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common)])


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate, those above it and its key."""

    certificate: x509.Certificate
    above: tuple[x509.Certificate, ...]
    key: Key

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def save(self, folder: Path, file: str, *, bare: bool = False) -> CertificateFiles:
        """Write chain and key; `bare` leaves out what is above."""
        chain = (self.certificate,) if bare else (self.certificate, *self.above)
        pem, key = folder / f"{file}.pem", folder / f"{file}.key"
        pem.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in chain))
        key.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return CertificateFiles(pem, key)


@dataclass(frozen=True, slots=True)
class Authority:
    """Issues certificates; its own is not presented by those it issues to, unless it has a parent."""

    subject: x509.Name
    key: ec.EllipticCurvePrivateKey = field(default_factory=ec_key)
    parent: Authority | None = None
    certificate: x509.Certificate = field(init=False)

    def __post_init__(self) -> None:
        parent = self.parent or self
        certificate = _sign(
            self.subject,
            self.key,
            parent,
            [x509.BasicConstraints(ca=True, path_length=None)],
            dt.datetime.now(dt.UTC) - DAY,
            dt.datetime.now(dt.UTC) + 3650 * DAY,
            hashes.SHA256(),
        )
        object.__setattr__(self, "certificate", certificate)

    def below(self, common: str) -> Authority:
        """Return an intermediate authority."""
        return Authority(name(common), parent=self)

    def issue(
        self,
        subject: str | x509.Name,
        *,
        names: Iterable[str] = (),
        key: Key | None = None,
        purposes: Sequence[x509.ObjectIdentifier] = (CLIENT,),
        begin: dt.datetime | None = None,
        end: dt.datetime | None = None,
        hashing: hashes.HashAlgorithm | None = None,
    ) -> Identity:
        """Issue a certificate, valid now unless told otherwise."""
        now = dt.datetime.now(dt.UTC)
        own = key or ec_key()
        extensions: list[x509.ExtensionType] = [x509.BasicConstraints(ca=False, path_length=None)]
        if purposes:
            extensions.append(x509.ExtendedKeyUsage(purposes))
        if names:
            extensions.append(x509.SubjectAlternativeName([x509.DNSName(each) for each in names]))
        certificate = _sign(
            name(subject) if isinstance(subject, str) else subject,
            own,
            self,
            extensions,
            begin or now - DAY,
            end or now + DAY,
            hashing or hashes.SHA256(),
        )
        return Identity(certificate, (self.certificate,) if self.parent else (), own)

    def serve(self, *names: str, key: Key | None = None, **options: Any) -> Identity:
        """Issue a server's certificate."""
        return self.issue(names[0], names=names, key=key, purposes=(SERVER,), **options)

    def save(self, folder: Path, file: str) -> Path:
        path = folder / f"{file}.pem"
        path.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        return path

    def revoke(self, path: Path, *revoked: x509.Certificate, next_update: dt.datetime | None = None) -> Path:
        """Write a revocation list."""
        now = dt.datetime.now(dt.UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.subject).last_update(now - DAY)
        builder = builder.next_update(next_update or now + DAY)
        for each in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(each.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(now - DAY).build())
        path.write_bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM))
        return path


def _sign(
    subject: x509.Name,
    key: Key,
    issuer: Authority,
    extensions: Sequence[x509.ExtensionType],
    begin: dt.datetime,
    end: dt.datetime,
    hashing: hashes.HashAlgorithm,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(issuer.key, hashing)  # type: ignore[arg-type]


def listener(
    *certificates: CertificateFiles,
    policy: str = "ELBSecurityPolicy-TLS13-1-2-2021-06",
    mutual: MutualAuthentication | None = None,
    **members: Any,
) -> ListenerSettings:
    """Return settings of an HTTPS listener."""
    return ListenerSettings(
        arn="a",
        protocol="HTTPS",
        port=0,
        address="127.0.0.1",
        ruleset=RuleSet((), Rule(0, FixedResponse(200))),
        certificates=certificates,
        ssl_policy=policy,
        mutual=mutual or MutualAuthentication(),
        **members,
    )


def verify(bundle: Path, *revocations: Path, ignore_expiry: bool = False) -> MutualAuthentication:
    """Return mutual TLS in mode verify."""
    store = TrustStoreSettings("store", bundle, revocations)
    return MutualAuthentication(MutualMode.VERIFY, store, ignore_expiry)


PASSTHROUGH = MutualAuthentication(MutualMode.PASSTHROUGH)


def client_context(identity: CertificateFiles | None = None, **members: Any) -> ssl.SSLContext:
    """Return a client's context that trusts everybody; `members` are set on it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if identity is not None:
        context.load_cert_chain(identity.certificate, identity.private_key)
    if "ciphers" in members:
        context.set_ciphers(members.pop("ciphers"))
    if "alpn" in members:
        context.set_alpn_protocols(members.pop("alpn"))
    for member, value in members.items():
        setattr(context, member, value)
    return context


@dataclass(frozen=True, slots=True)
class Shaken:
    """Both sides of a handshake that went well."""

    client: ssl.SSLObject
    server: ssl.SSLObject
    told: Handshake

    @property
    def names(self) -> set[str]:
        """DNS names of the certificate that the server presented."""
        certificate = x509.load_der_x509_certificate(self.client.getpeercert(binary_form=True) or b"")
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return set(extension.value.get_values_for_type(x509.DNSName))


def shake_hands(
    tls: ListenerTls,
    server_name: str | None = None,
    *,
    client: ssl.SSLContext | None = None,
    session: ssl.SSLSession | None = None,
) -> Shaken:
    """Shake hands in memory; raises ssl.SSLError of either side."""
    context, handshake = tls.begin()
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(to_server, to_client, server_side=True)
    side = (client or client_context()).wrap_bio(
        to_client, to_server, server_hostname=server_name, session=session
    )
    for _ in range(6):
        for each in (side, server):
            with contextlib.suppress(ssl.SSLWantReadError):
                each.do_handshake()
    server.write(b"x")  # brings TLS 1.3's tickets along
    side.read(1)
    found = getattr(server, "albacore_handshake", handshake)
    return Shaken(side, server, found)
