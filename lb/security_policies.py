"""TLS security policies by their AWS names, as data: protocol versions, ciphers and what differs here. Pure.

ALB user guide, "Security policies" (alb.md 1.3). A policy that OpenSSL, or Python's `ssl`, cannot follow to
the letter is mapped to the nearest; `differences` says in words what is lost, and `check` shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ssl import TLSVersion
from types import MappingProxyType

PREFIX = "ELBSecurityPolicy-"

# The server's order (alb.md 1.3): each letter's 128-bit part stands before every 256-bit part.
_ORDER = (
    ("B", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"),
    ("C", "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256"),
    ("D", "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA"),
    ("Bb", "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"),
    ("C", "ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384"),
    ("D", "ECDHE-RSA-AES256-SHA:ECDHE-ECDSA-AES256-SHA"),
    ("E", "AES128-GCM-SHA256:AES128-SHA256"),
    ("F", "AES128-SHA"),
    ("Ee", "AES256-GCM-SHA384"),
    ("E", "AES256-SHA256"),
    ("F", "AES256-SHA"),
    ("3", "DES-CBC3-SHA"),
)
"""Letters of a set (alb.md 1.3; small letters: only its 256-bit GCM part; 3: triple DES) and its ciphers."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A security policy: protocol versions, and OpenSSL's names of the ciphers below TLS 1.3."""

    name: str
    minimum: TLSVersion
    maximum: TLSVersion
    sets: str
    """Letters of `_ORDER`; A, the ciphers of TLS 1.3 itself, is not written."""
    post_quantum: bool = False
    fips: bool = False
    suite: str = ""
    """`RFC9151` where only P-384 and 256-bit ciphers may be used."""

    @property
    def ciphers(self) -> str:
        """OpenSSL cipher list in the server's order; empty for TLS 1.3 only."""
        names = [names for letters, names in _ORDER if set(letters) & set(self.sets)]
        if self.minimum < TLSVersion.TLSv1_2:
            # OpenSSL 3 counts the SHA-1 signatures of TLS 1.0 and 1.1 as level 0.
            names.append("@SECLEVEL=0")
        return ":".join(names)

    @property
    def curve(self) -> str | None:
        """The only key exchange curve, by OpenSSL's name; None: OpenSSL's usual ones."""
        return "secp384r1" if self.suite else None


_V10, _V11, _V12, _V13 = TLSVersion.TLSv1, TLSVersion.TLSv1_1, TLSVersion.TLSv1_2, TLSVersion.TLSv1_3

_ROWS: tuple[tuple[str, TLSVersion, TLSVersion, str], ...] = (
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
    ("TLS-1-0-2015-04", _V10, _V12, "BCDEF3"),
    ("FS-2018-06", _V10, _V12, "BCD"),
    ("FS-1-1-2019-08", _V11, _V12, "BCD"),
    ("FS-1-2-2019-08", _V12, _V12, "BCD"),
    ("FS-1-2-Res-2019-08", _V12, _V12, "BC"),
    ("FS-1-2-Res-2020-10", _V12, _V12, "B"),
    ("TLS13-1-3-FIPS-2023-04", _V13, _V13, ""),
    ("TLS13-1-2-Res-FIPS-2023-04", _V12, _V13, "B"),
    ("TLS13-1-2-FIPS-2023-04", _V12, _V13, "BC"),
    ("TLS13-1-2-Ext0-FIPS-2023-04", _V12, _V13, "BCD"),
    ("TLS13-1-2-Ext1-FIPS-2023-04", _V12, _V13, "BCE"),
    ("TLS13-1-2-Ext2-FIPS-2023-04", _V12, _V13, "BCDEF"),
    ("TLS13-1-1-FIPS-2023-04", _V11, _V13, "BCDEF"),
    ("TLS13-1-0-FIPS-2023-04", _V10, _V13, "BCDEF"),
    ("TLS13-1-3-FIPS-PQ-2025-09", _V13, _V13, ""),
    ("TLS13-1-2-Res-FIPS-PQ-2025-09", _V12, _V13, "B"),
    ("TLS13-1-2-FIPS-PQ-2025-09", _V12, _V13, "BC"),
    ("TLS13-1-2-Ext0-FIPS-PQ-2025-09", _V12, _V13, "BCD"),
    ("TLS13-1-2-Ext1-FIPS-PQ-2025-09", _V12, _V13, "BCE"),
    ("TLS13-1-2-Ext2-FIPS-PQ-2025-09", _V12, _V13, "BCDEF"),
    ("TLS13-1-0-FIPS-PQ-2025-09", _V10, _V13, "BCDEF"),
    ("TLS13-1-3-RFC9151-FIPS-2023-07", _V13, _V13, ""),
    ("TLS13-1-2-RFC9151-FIPS-2023-07", _V12, _V13, "b"),
    ("TLS13-1-2-RFC9151-INTEROP1-FIPS-2023-07", _V12, _V13, "b"),
    ("TLS13-1-2-RFC9151-INTEROP2-FIPS-2023-07", _V12, _V13, "b"),
    ("TLS13-1-2-RFC9151-INTEROP3-FIPS-2023-07", _V12, _V13, "b"),
    ("TLS13-1-2-RFC9151-INTEROP4-FIPS-2023-07", _V12, _V13, "b"),
    ("TLS13-1-2-Ext0-RFC9151-FIPS-2023-07", _V12, _V13, "be"),
)


def _policy(name: str, minimum: TLSVersion, maximum: TLSVersion, sets: str) -> Policy:
    parts = name.split("-")
    suite = "RFC9151" if "RFC9151" in parts else ""
    return Policy(name, minimum, maximum, sets, "PQ" in parts, "FIPS" in parts, suite)


POLICIES: Mapping[str, Policy] = MappingProxyType({PREFIX + row[0]: _policy(*row) for row in _ROWS})
"""By full name, `ELBSecurityPolicy-...`."""

HYBRID_GROUPS_SINCE = (3, 5)
"""The OpenSSL that brings ML-KEM; from then on X25519MLKEM768 is among its usual groups."""


def differences(policy: Policy, *, openssl: tuple[int, int]) -> list[str]:
    """Say what `policy` does here otherwise than at AWS, one sentence each, for this (major, minor)
    OpenSSL; empty for the ordinary policies.
    """
    found = []
    if policy.post_quantum and openssl < HYBRID_GROUPS_SINCE:
        version = ".".join(map(str, openssl))
        found.append(
            f"OpenSSL {version} has no post-quantum key exchange (3.5 brings it): classical groups only"
        )
    if policy.fips:
        found.append("the cryptography is OpenSSL as installed, validated by FIPS only if that build is")
    if policy.suite:
        found.append("TLS 1.3 also offers 128-bit ciphers, which RFC 9151 forbids")
    elif policy.fips and policy.maximum is _V13:
        found.append("TLS 1.3 also offers TLS_CHACHA20_POLY1305_SHA256, which FIPS policies leave out")
    if "INTEROP" in policy.name or "Ext0-RFC9151" in policy.name:
        found.append("AWS allows more ciphers below TLS 1.3 in this variant than are offered here")
    if "3" in policy.sets:
        found.append("DES-CBC3-SHA is offered only by an OpenSSL built with weak ciphers")
    return found
