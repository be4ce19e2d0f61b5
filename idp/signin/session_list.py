"""A user's token sessions: the refresh-token families that are alive, as ListUserSessions shows them
(cognito.md 1.13). Pure but for the reading; revoking is the token service's.
"""

from __future__ import annotations

import hashlib
import string
from typing import Final

from idp.model import Family

_ALPHABET: Final = string.digits + string.ascii_lowercase
_DIGITS: Final = 25


def session_id(family: Family) -> str:
    """Name a family as a session: `tkn` and 25 letters and digits.

    A family's id is in every token as `origin_jti`; a session's id tells it to nobody.
    """
    number = int.from_bytes(hashlib.sha256(f"session {family.id}".encode()).digest(), "big")
    letters = []
    for _ in range(_DIGITS):
        number, digit = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    return "tkn" + "".join(letters)


def find_session(families: tuple[Family, ...], wanted: str) -> Family | None:
    """Return the family that a session id names."""
    return next((family for family in families if session_id(family) == wanted), None)
