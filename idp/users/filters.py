r"""The Filter of ListUsers: `AttributeName = "value"` or `AttributeName ^= "prefix"` (cognito.md 3.5). Pure.

One condition. A backslash in the value stands before a quote or a backslash that is meant.
"""

from __future__ import annotations

import re
from typing import Final

from idp.model import SEARCHED, UserFilter, UserStatus

_FILTER: Final = re.compile(r'\s*"?([\w:]+)"?\s*(\^?=)\s*"((?:[^"\\]|\\.)*)"\s*', re.DOTALL)
_ENABLED: Final = {"Enabled": "true", "Disabled": "false"}


class BadFilter(ValueError):  # noqa: N818 - a state, said plainly
    """A filter that cannot be understood; the text is Cognito's."""


def parse_filter(text: str) -> UserFilter | None:
    """Read a filter; an empty one is none. Raises BadFilter."""
    if not text.strip():
        return None
    match = _FILTER.fullmatch(text)
    if match is None:
        raise BadFilter("Error while parsing filter.")
    name, operator, quoted = match.groups()
    value, is_prefix = re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL), operator == "^="
    if name == "cognito:user_status":
        return UserFilter("status", _choose([*UserStatus], value.upper(), is_prefix=is_prefix))
    if name == "status":
        words = _choose(list(_ENABLED), value, is_prefix=is_prefix)
        return UserFilter("enabled", tuple(_ENABLED[word] for word in words))
    if name in ("username", "sub"):
        return UserFilter(name, (value,), is_prefix)
    if name in SEARCHED:
        return UserFilter(name, (value.casefold(),), is_prefix)
    raise BadFilter(f"Invalid search attribute: {name}")


def _choose(words: list[str], value: str, *, is_prefix: bool) -> tuple[str, ...]:
    return tuple(str(word) for word in words if (word.startswith(value) if is_prefix else word == value))
