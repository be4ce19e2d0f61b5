"""Which certificate answers for which server name, as ALB chooses (alb.md 1.2).

The first certificate of a listener is its default: it answers only when none of the others fits. Several
that fit compete: ECDSA before RSA as far as the client can, then SHA before MD5, the longer key, the longer
validity. Certificates and keys are read once; what changes in a file is taken up by a reload, never between.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from lb.settings import CertificateFiles

ContextFactory = Callable[[], ssl.SSLContext]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its chain and key, in memory."""

    file: str
    """Its file, as the access log names it."""
    chain: bytes = field(repr=False)
    key: bytes = field(repr=False)
    names: frozenset[str]
    """DNS names, lower case; `*.` stands for one label."""
    is_ecdsa: bool
    uses_md5: bool
    key_size: int
    not_after: float

    @classmethod
    def load(cls, files: CertificateFiles) -> Certificate:
        """Read both files; raises OSError, or ValueError for what is no certificate."""
        chain = files.certificate.read_bytes()
        try:
            leaf = x509.load_pem_x509_certificate(chain)
            key = leaf.public_key()
        except (ValueError, UnsupportedAlgorithm) as error:
            raise ValueError(f"{files.certificate} is not a PEM certificate") from error
        return cls(
            file=str(files.certificate),
            chain=chain,
            key=files.private_key.read_bytes(),
            names=frozenset(name.lower() for name in _dns_names(leaf)),
            is_ecdsa=isinstance(key, ec.EllipticCurvePublicKey),
            uses_md5=_uses_md5(leaf),
            key_size=getattr(key, "key_size", 0),
            not_after=leaf.not_valid_after_utc.timestamp(),
        )

    @property
    def rank(self) -> tuple[bool, bool, int, float]:
        """ALB's order of preference, the greatest first."""
        return self.is_ecdsa, not self.uses_md5, self.key_size, self.not_after


def _dns_names(leaf: x509.Certificate) -> list[str]:
    try:
        alternatives = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return [str(each.value) for each in leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    return alternatives.get_values_for_type(x509.DNSName)


def _uses_md5(leaf: x509.Certificate) -> bool:
    try:
        return isinstance(leaf.signature_hash_algorithm, hashes.MD5)
    except UnsupportedAlgorithm:
        return False


@dataclass(frozen=True, slots=True)
class Choice:
    """The certificates that answer for a name: at most one of each kind of key, the best first."""

    certificates: tuple[Certificate, ...]
    context: ssl.SSLContext

    def covers(self, name: str) -> bool:
        """Tell whether the certificates are for this server name."""
        wanted = _spellings(name)
        return any(not each.names.isdisjoint(wanted) for each in self.certificates)

    @property
    def certificate(self) -> str:
        """File of the certificate that the access log names."""
        return self.certificates[0].file


@dataclass(frozen=True, slots=True)
class Choices:
    """All choices of one listener."""

    by_name: Mapping[str, Choice]
    """Lower-case name, or `*.` and the name without its first label."""
    default: Choice

    def find(self, name: str | None) -> Choice:
        """Return the choice for a server name; a wildcard stands for exactly one label."""
        if name:
            exact, wildcard = _spellings(name)
            return self.by_name.get(exact) or self.by_name.get(wildcard) or self.default
        return self.default


def _spellings(name: str) -> tuple[str, str]:
    """Return the names in certificates that fit a server name: itself, and the wildcard of one label."""
    asked = name.lower().removesuffix(".")
    return asked, "*." + asked.partition(".")[2]


def build_choices(files: Sequence[CertificateFiles], new_context: ContextFactory) -> Choices:
    """Load a listener's certificates; raises OSError or ValueError, naming the file."""
    default, *others = (Certificate.load(each) for each in files)
    made: dict[tuple[Certificate, ...], Choice] = {}

    def choose(fitting: Sequence[Certificate]) -> Choice:
        best = best_of_each_kind(fitting)
        if best not in made:
            made[best] = Choice(best, load_into(new_context(), best))
        return made[best]

    by_name = {}
    for name in {name for certificate in others for name in certificate.names}:
        by_name[name] = choose([each for each in others if not each.names.isdisjoint(_spellings(name))])
    return Choices(by_name, choose([default]))


def best_of_each_kind(fitting: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """Return the best ECDSA and the best RSA certificate, as far as there are any, in this order.

    OpenSSL then takes ECDSA where the client can, and RSA where it cannot.
    """
    best = [
        max(kind, key=lambda each: each.rank)
        for is_ecdsa in (True, False)
        if (kind := [each for each in fitting if each.is_ecdsa is is_ecdsa])
    ]
    return tuple(best)


def load_into(context: ssl.SSLContext, certificates: Sequence[Certificate]) -> ssl.SSLContext:
    """Let `context` present `certificates`; raises ValueError, naming the file."""
    for each in certificates:
        with _as_files(each.chain, each.key) as (chain, key):
            try:
                # Without a password OpenSSL would ask for one on the terminal.
                context.load_cert_chain(chain, key, password=b"")
            except ssl.SSLError as error:
                raise ValueError(f"{each.file} and its key: {error.reason or error}") from error
    return context


@contextlib.contextmanager
def _as_files(*contents: bytes) -> Iterator[list[str]]:
    """Give contents as paths, which is all that `ssl` reads keys from; on Linux they stay in memory."""
    with contextlib.ExitStack() as stack:
        if hasattr(os, "memfd_create") and Path("/proc/self/fd").exists():
            paths = []
            for content in contents:
                file = stack.enter_context(os.fdopen(os.memfd_create("key"), "wb"))
                file.write(content)
                file.flush()
                paths.append(f"/proc/self/fd/{file.fileno()}")
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))  # for its owner only
            paths = [str(folder / str(index)) for index, _ in enumerate(contents)]
            for path, content in zip(paths, contents, strict=True):
                Path(path).write_bytes(content)
        yield paths
