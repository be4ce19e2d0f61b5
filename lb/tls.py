"""TLS of HTTPS listeners: security policies by their AWS names, and the choice of certificate by SNI.

alb.md 1.2 and 1.3. The tables are ALB's; what this machine's OpenSSL no longer offers (TLS 1.0 and 1.1 at
its default security level) is not forced back on.
"""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from lb.settings import CertificateFiles, ListenerSettings

_B = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"
_B2 = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"
_C = "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256"
_C2 = "ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384"
_D = "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA"
_D2 = "ECDHE-RSA-AES256-SHA:ECDHE-ECDSA-AES256-SHA"
_E = "AES128-GCM-SHA256:AES128-SHA256"
_E2 = "AES256-GCM-SHA384:AES256-SHA256"
_F = "AES128-SHA"
_F2 = "AES256-SHA"

# The server's order (alb.md 1.3): each letter's 128-bit part stands before every 256-bit part.
_ORDER = (
    ("B", _B),
    ("C", _C),
    ("D", _D),
    ("B", _B2),
    ("C", _C2),
    ("D", _D2),
    ("E", _E),
    ("F", _F),
    ("E", _E2),
    ("F", _F2),
)


@dataclass(frozen=True, slots=True)
class Policy:
    """A security policy: protocol versions, and OpenSSL's names of the ciphers below TLS 1.3."""

    minimum: ssl.TLSVersion
    maximum: ssl.TLSVersion
    sets: str
    """Letters of the cipher sets in alb.md 1.3, without A (TLS 1.3's own)."""

    @property
    def ciphers(self) -> str:
        """OpenSSL cipher list in the server's order; empty for TLS 1.3 only."""
        return ":".join(names for letter, names in _ORDER if letter in self.sets)


_V10, _V11, _V12, _V13 = (
    ssl.TLSVersion.TLSv1,
    ssl.TLSVersion.TLSv1_1,
    ssl.TLSVersion.TLSv1_2,
    ssl.TLSVersion.TLSv1_3,
)

_ROWS: tuple[tuple[str, ssl.TLSVersion, ssl.TLSVersion, str], ...] = (
    ("TLS13-1-3-2021-06", _V13, _V13, ""),
    ("TLS13-1-3-PQ-2025-09", _V13, _V13, ""),
    ("TLS13-1-2-Res-2021-06", _V12, _V13, "B"),
    ("TLS13-1-2-Res-PQ-2025-09", _V12, _V13, "B"),
    ("TLS13-1-2-2021-06", _V12, _V13, "BC"),
    ("TLS13-1-2-PQ-2025-09", _V12, _V13, "BC"),
    ("TLS13-1-2-Ext1-2021-06", _V12, _V13, "BCE"),
    ("TLS13-1-2-Ext1-PQ-2025-09", _V12, _V13, "BCE"),
    ("TLS13-1-2-Ext2-2021-06", _V12, _V13, "BCDEF"),
    ("TLS13-1-2-Ext2-PQ-2025-09", _V12, _V13, "BCDEF"),
    ("TLS13-1-1-2021-06", _V11, _V13, "BCDEF"),
    ("TLS13-1-0-2021-06", _V10, _V13, "BCDEF"),
    ("TLS13-1-0-PQ-2025-09", _V10, _V13, "BCDEF"),
    ("2016-08", _V10, _V12, "BCDEF"),
    ("2015-05", _V10, _V12, "BCDEF"),
    ("TLS-1-2-Ext-2018-06", _V12, _V12, "BCDEF"),
    ("TLS-1-2-2017-01", _V12, _V12, "BCE"),
    ("TLS-1-1-2017-01", _V11, _V12, "BCDEF"),
    ("FS-2018-06", _V10, _V12, "BCD"),
    ("FS-1-1-2019-08", _V11, _V12, "BCD"),
    ("FS-1-2-2019-08", _V12, _V12, "BCD"),
    ("FS-1-2-Res-2019-08", _V12, _V12, "BC"),
    ("FS-1-2-Res-2020-10", _V12, _V12, "B"),
)
POLICIES: Mapping[str, Policy] = {
    f"ELBSecurityPolicy-{name}": Policy(minimum, maximum, sets) for name, minimum, maximum, sets in _ROWS
}


class ListenerTls:
    """The TLS side of one HTTPS listener; certificates and policy can be replaced while it serves.

    `context` stays the same object, because the listening socket keeps it; each handshake then takes the
    certificate that its server name asks for. Connections made before a replacement keep what they
    negotiated.
    """

    def __init__(self, settings: ListenerSettings) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._choices = Choices({}, self.context, "")
        self.apply(settings)
        self.context.sni_callback = self._choose

    def apply(self, settings: ListenerSettings) -> None:
        """Take the certificates and the policy of `settings`; raises OSError or ssl.SSLError, and then
        changes nothing.
        """
        choices = build_choices(settings)
        _configure(self.context, POLICIES[settings.ssl_policy])
        first = settings.certificates[0]
        self.context.load_cert_chain(first.certificate, first.private_key)
        self._choices = choices

    def _choose(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        context, certificate = self._choices.find(name)
        connection.context = context
        # For the access log (`domain_name`, `chosen_cert_arn`): the protocol reads them off the connection.
        connection.albacore_sni = name  # type: ignore[attr-defined]
        connection.albacore_certificate = certificate  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Choices:
    """Which certificate answers for which server name."""

    by_name: Mapping[str, tuple[ssl.SSLContext, str]]
    """Lower-case name, or `*.` and the name without its first label -> context and the certificate's file."""
    default: ssl.SSLContext
    default_certificate: str

    def find(self, name: str | None) -> tuple[ssl.SSLContext, str]:
        """Return the context and the certificate for a server name; a wildcard stands for one label."""
        if name:
            asked = name.lower().removesuffix(".")
            found = self.by_name.get(asked) or self.by_name.get("*." + asked.partition(".")[2])
            if found is not None:
                return found
        return self.default, self.default_certificate


def build_choices(settings: ListenerSettings) -> Choices:
    """Load a listener's certificates.

    The first is the default and answers when none of the others fits (alb.md 1.2).
    """
    policy = POLICIES[settings.ssl_policy]
    default, *others = (_Certificate.load(files) for files in settings.certificates)
    names = {name for certificate in others for name in certificate.names}
    by_name = {}
    for name in names:
        fitting = [each for each in others if each.names & {name, "*." + name.partition(".")[2]}]
        by_name[name] = (
            _context(policy, fitting),
            str(max(fitting, key=_Certificate.rank).files.certificate),
        )
    return Choices(by_name, _context(policy, [default]), str(default.files.certificate))


@dataclass(frozen=True, slots=True)
class _Certificate:
    files: CertificateFiles
    names: frozenset[str]
    is_ecdsa: bool
    key_size: int
    not_after: float

    @classmethod
    def load(cls, files: CertificateFiles) -> _Certificate:
        leaf = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        key = leaf.public_key()
        return cls(
            files,
            frozenset(name.lower() for name in _names(leaf)),
            isinstance(key, ec.EllipticCurvePublicKey),
            getattr(key, "key_size", 0),
            leaf.not_valid_after_utc.timestamp(),
        )

    def rank(self) -> tuple[bool, int, float]:
        """ALB's order of preference: ECDSA before RSA, then longer keys, then longer validity."""
        return self.is_ecdsa, self.key_size, self.not_after


def _names(leaf: x509.Certificate) -> list[str]:
    try:
        alternatives = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [str(each.value) for each in leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    return alternatives.get_values_for_type(x509.DNSName)


def _context(policy: Policy, certificates: Sequence[_Certificate]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _configure(context, policy)
    # The best of each key type: OpenSSL then takes ECDSA where the client can, and RSA where it cannot.
    for is_ecdsa in (False, True):
        fitting = [each for each in certificates if each.is_ecdsa is is_ecdsa]
        if fitting:
            files = max(fitting, key=_Certificate.rank).files
            context.load_cert_chain(files.certificate, files.private_key)
    return context


def _configure(context: ssl.SSLContext, policy: Policy) -> None:
    with warnings.catch_warnings():
        # TLS 1.0 and 1.1 are deprecated in `ssl`; a policy that names them asks for them.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = policy.minimum
        context.maximum_version = policy.maximum
    if policy.ciphers:
        context.set_ciphers(policy.ciphers)
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
