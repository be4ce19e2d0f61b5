"""TLS of HTTPS listeners: security policies by their AWS names, and the choice of certificate by SNI.

alb.md 1.2 and 1.3. The tables are ALB's; what this machine's OpenSSL no longer offers (TLS 1.0 and 1.1 at
its default security level) is not forced back on.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

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
POLICIES: Mapping[str, Policy] = {f"ELBSecurityPolicy-{name}": Policy(*rest) for name, *rest in _ROWS}  # type: ignore[arg-type]
