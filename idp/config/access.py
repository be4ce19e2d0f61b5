"""Who may call the operations that need a signature: `AccessKeys` and `SignatureCheck` of the pool server.

Names are AWS's own (`AccessKeyId`, `SecretAccessKey`), so that a key goes into any SDK unchanged. A key may
be kept to some user pools, by id or name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from idp.config.reader import InvalidPools, Place, Problem, Reader
from idp.model import Secret

STRICT: Final = "strict"
ACCEPT_ANY: Final = "accept-any"


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key that signs requests (AWS Signature Version 4)."""

    id: str
    secret: Secret
    pools: tuple[str, ...] | None = None
    """Ids or names of the user pools it may manage; None: all, and what belongs to no pool."""


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """The keys, and whether any signature from this machine will do instead."""

    keys: Mapping[str, AccessKey]
    accepts_any: bool = False


NO_ACCESS: Final = AccessSettings({})


def parse_access(document: Mapping[str, object], *, where: Place = ()) -> AccessSettings:
    """Read `AccessKeys` and `SignatureCheck` of a mapping; raises InvalidPools with every problem."""
    problems: list[Problem] = []
    reader = Reader(document, where, problems)
    keys = [_read_key(item) for item in reader.items("AccessKeys")]
    for key_id in sorted({key.id for key in keys if key.id and [k.id for k in keys].count(key.id) > 1}):
        reader.report("AccessKeys", "Duplicate", f"two keys have the id `{key_id}`")
    accepts_any = reader.choice("SignatureCheck", (STRICT, ACCEPT_ANY), STRICT) == ACCEPT_ANY
    if accepts_any and keys:
        reader.report(
            "SignatureCheck", "Conflict", "`accept-any` asks for no key: remove it, or remove AccessKeys"
        )
    reader.finish()
    if problems:
        raise InvalidPools(problems)
    return AccessSettings({key.id: key for key in keys}, accepts_any)


def _read_key(reader: Reader) -> AccessKey:
    key = AccessKey(
        id=reader.required_text("AccessKeyId", pattern=r"\w+", longest=128, shape="letters, digits and `_`"),
        secret=Secret(
            reader.required_text(
                "SecretAccessKey",
                pattern=r"[!-~]{16,256}",
                shape="16 to 256 visible ASCII characters",
            )
        ),
        pools=reader.texts("UserPools") if "UserPools" in reader else None,
    )
    reader.raw("UserPools")
    reader.finish()
    return key
