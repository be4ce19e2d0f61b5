"""The commonest passwords, always at hand: 30,000 from public leaks, and what people make of them.

Policies ask for capitals, digits and symbols, so "password" becomes "Password1!": a password is looked up in
lower case as it is, and without the digits and symbols at its end where these are few. The list is that of
zxcvbn (MIT licence, its notice is beside it).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

LIST: Final = Path(__file__).with_name("common_passwords.txt")
MOST_ADDED: Final = 6
"""Digits and symbols at the end that do not make a common password another one."""
SHORTEST_WORD: Final = 4


def is_common(password: str) -> bool:
    """Whether a password is one of the commonest, or one with a little added."""
    folded = password.casefold()
    word = folded.rstrip("0123456789!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ ")
    is_decorated = len(word) >= SHORTEST_WORD and len(folded) - len(word) <= MOST_ADDED
    return folded in _load() or (is_decorated and word in _load())


@cache
def _load() -> frozenset[str]:
    return frozenset(LIST.read_text("utf-8").splitlines())
