"""Which names lead to which user: plain usernames, aliases, and e-mail or phone as the username (cognito.md
5.2).

Every name a user may sign in with is kept as one normalised login, unique in the pool, whatever kind of
name it is: a preferred_username that equals somebody's username would otherwise be a way into their
counters or their place.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from idp import texts
from idp.model import Pool, User, UserStatus
from idp.texts import Text
from idp.users.schema import CONTACTS

LONGEST_LOGIN: Final = 512
_ATOM: Final = r"[\w!#$%&'*+/=?^`{|}~-]+"
_LABEL: Final = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_EMAIL: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)*{_LABEL}")
_PHONE: Final = re.compile(r"\+[0-9]{1,15}")


def is_email(text: str) -> bool:
    """Whether a text is a mail address: a dot-atom, `@`, a domain (one label will do, for internal hosts)."""
    return len(text) <= 254 and len(text.partition("@")[0]) <= 64 and _EMAIL.fullmatch(text) is not None


def is_phone(text: str) -> bool:
    """Whether a text is a phone number in E.164 form."""
    return _PHONE.fullmatch(text) is not None


_CHECKS: Final = {"email": is_email, "phone_number": is_phone}


def contact_kind(text: str) -> str | None:
    """Name the contact attribute a text could be: `email`, `phone_number`, or None."""
    return next((kind for kind in CONTACTS if _CHECKS[kind](text)), None)


def login_key(pool: Pool, name: str) -> str:
    """Normalise a name for lookup and uniqueness; applying it twice changes nothing.

    A case-insensitive pool folds case and compatibility forms (full width, ligatures), so that no
    look-alike of the same letters passes for another user.
    """
    if pool.case_sensitive:
        return unicodedata.normalize("NFC", name)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", name).casefold())
    return unicodedata.normalize("NFKC", folded.casefold())


def is_username(text: str) -> bool:
    """Whether a text has Cognito's username pattern: letters, marks, symbols, digits and punctuation only."""
    return 1 <= len(text) <= 128 and all(unicodedata.category(character)[0] in "LMSNP" for character in text)


def check_username(pool: Pool, username: str) -> Text | None:
    """Say what keeps a name from being a new user's username in this pool, or None."""
    if pool.username_attributes:
        kind = contact_kind(username)
        return None if kind in pool.username_attributes else _MUST_BE[frozenset(pool.username_attributes)]
    if not is_username(username) or len(login_key(pool, username)) > LONGEST_LOGIN:
        return texts.USERNAME_MALFORMED
    kind = contact_kind(username)
    return _LOOKS_LIKE[kind] if kind in pool.alias_attributes else None


_MUST_BE: Final = {
    frozenset({"email"}): texts.USERNAME_MUST_BE_EMAIL,
    frozenset({"phone_number"}): texts.USERNAME_MUST_BE_PHONE,
    frozenset({"email", "phone_number"}): texts.USERNAME_MUST_BE_EITHER,
}
_LOOKS_LIKE: Final[dict[str | None, Text]] = {
    "email": texts.USERNAME_LOOKS_LIKE_EMAIL,
    "phone_number": texts.USERNAME_LOOKS_LIKE_PHONE,
}


def derive_logins(pool: Pool, user: User) -> tuple[str, ...]:
    """List the normalised names this user signs in with, from what the record says."""
    names = [user.username]
    if pool.username_attributes:
        names += [user.attributes[kind] for kind in pool.username_attributes if user.attributes.get(kind)]
    names += [
        user.attributes[kind]
        for kind in CONTACTS
        if kind in pool.alias_attributes and user.has_verified(kind)
    ]
    preferred = user.attributes.get("preferred_username")
    if preferred and "preferred_username" in pool.alias_attributes and user.status != UserStatus.UNCONFIRMED:
        names.append(preferred)
    return tuple(sorted({login_key(pool, name) for name in names}))
