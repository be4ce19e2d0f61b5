"""Passwords: the pool's policy (pure), and argon2id hashing off the event loop with a bound.

Parameters are the ones OWASP names for argon2id (19 MiB, two passes, one lane: 34 ms on the machine they
were measured on). Hashes made with other parameters are replaced at the next right password. Only a few
hashes run at a time and only so many wait: a flood of sign-ins is turned away instead of starving
everything else in the process. Their threads are of a lower priority than the event loop's: whoever wants a
token or a key set, for which a millisecond is enough, does not wait behind 34 of hashing.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import string
import sys
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from idp import texts
from idp.model import PasswordPolicy
from idp.texts import Text
from idp.users import foreign_hashes

LONGEST: Final = 256
SYMBOLS: Final = frozenset("^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- ")
MOST_WAITING: Final = 128
NICENESS: Final = 10
"""How much the threads that hash give way to everything else (Linux, where each thread has its own)."""
T = TypeVar("T")

_CLASSES: Final[tuple[tuple[str, Callable[[str], bool], Text], ...]] = (
    ("require_lowercase", frozenset(string.ascii_lowercase).__contains__, texts.PASSWORD_NEEDS_LOWERCASE),
    ("require_uppercase", frozenset(string.ascii_uppercase).__contains__, texts.PASSWORD_NEEDS_UPPERCASE),
    ("require_numbers", frozenset(string.digits).__contains__, texts.PASSWORD_NEEDS_NUMBER),
    ("require_symbols", SYMBOLS.__contains__, texts.PASSWORD_NEEDS_SYMBOL),
)


def find_weakness(policy: PasswordPolicy, password: str) -> Text | None:
    """Return the first rule of the policy that a password breaks, or None (cognito.md 5.5)."""
    return next(iter(find_weaknesses(policy, password)), None)


def find_weaknesses(policy: PasswordPolicy, password: str) -> tuple[Text, ...]:
    """Return every rule of the policy that a password breaks, in Cognito's order."""
    shape = (
        (len(password) < policy.minimum_length, texts.PASSWORD_TOO_SHORT),
        (len(password) > LONGEST, texts.PASSWORD_TOO_LONG),
        (password != password.strip(), texts.PASSWORD_HAS_SPACE),
    )
    classes = (
        text for rule, fits, text in _CLASSES if getattr(policy, rule) and not any(map(fits, password))
    )
    return (*(text for broken, text in shape if broken), *classes)


def generate_password(policy: PasswordPolicy) -> str:
    """Make a random temporary password that satisfies the policy and can be read aloud."""
    kinds = ("abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "!#%+-=?@_")
    length = max(12, policy.minimum_length)
    letters = [secrets.choice(kind) for kind in kinds]
    letters += [secrets.choice("".join(kinds)) for _ in range(length - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)


@dataclass(frozen=True, slots=True)
class HashCost:
    """Cost parameters of argon2id; memory in KiB."""

    memory_kib: int = 19_456
    passes: int = 2
    lanes: int = 1


class HasherBusy(RuntimeError):  # noqa: N818 - a state, said plainly
    """Too many passwords are waiting to be hashed."""


class PasswordHasher:
    """Hashes and verifies in a few threads of its own."""

    def __init__(self, cost: HashCost | None = None, *, threads: int | None = None) -> None:
        cost = cost or HashCost()
        self._argon2 = argon2.PasswordHasher(cost.passes, cost.memory_kib, cost.lanes)
        count = threads or min(4, os.cpu_count() or 1)
        self._threads = ThreadPoolExecutor(count, "argon2", initializer=_give_way)
        self._dummy = self._argon2.hash(secrets.token_urlsafe(16))
        self._waiting = 0
        self.operations = 0
        """How many argon2 operations were started; equal work for equal-looking answers shows here."""

    async def hash(self, password: str) -> str:
        """Hash a password with a fresh salt; raises HasherBusy."""
        return await self._run(lambda: self._argon2.hash(_encode(password)))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether a password is right; without a hash the same work is done. Raises HasherBusy."""
        if len(password) > LONGEST:  # nobody has one: no need to hash megabytes
            password_hash, password = None, password[:LONGEST]
        right = await self._run(lambda: self._matches(password_hash or self._dummy, password))
        return right and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Whether a hash was made with other parameters than the present ones."""
        return foreign_hashes.is_foreign(password_hash) or self._argon2.check_needs_rehash(password_hash)

    def close(self) -> None:
        """Stop the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _matches(self, password_hash: str, password: str) -> bool:
        if foreign_hashes.is_foreign(password_hash):
            # No faster than for a name that nobody has.
            right = foreign_hashes.matches(password_hash, _encode(password))
            return not self._matches(self._dummy, password) and right
        try:
            return self._argon2.verify(password_hash, _encode(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        self.operations += 1
        return await self.run(work)

    async def run(self, work: Callable[[], T]) -> T:
        """Do other heavy work of a sign-in (SRP) in the same threads, under the same bound."""
        if self._waiting >= MOST_WAITING:
            raise HasherBusy("too many passwords are waiting to be checked")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _give_way() -> None:
    """Lower the priority of this thread alone; other systems than Linux would lower the process's."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        niceness = os.getpriority(os.PRIO_PROCESS, thread) + NICENESS
        os.setpriority(os.PRIO_PROCESS, thread, niceness)  # the kernel caps it at 19


def _encode(password: str) -> bytes:
    """Spell a password in bytes; the same letters typed on another system are the same password."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
