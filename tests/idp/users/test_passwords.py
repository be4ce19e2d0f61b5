"""Password policy and hashing."""

import asyncio
import os
import string
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp import texts
from idp.model import PasswordPolicy
from idp.users.passwords import (
    NICENESS,
    SYMBOLS,
    HashCost,
    HasherBusy,
    PasswordHasher,
    find_weakness,
    generate_password,
)

STRICT = PasswordPolicy()
LAX = PasswordPolicy(6, False, False, False, False)


@pytest.mark.parametrize(
    ("password", "text"),
    [
        ("Aa1!aaaa", None),
        ("Aa1!aaa", texts.PASSWORD_TOO_SHORT),
        ("Aa1!" + "a" * 253, texts.PASSWORD_TOO_LONG),
        ("aa1!aaaa", texts.PASSWORD_NEEDS_UPPERCASE),
        ("AA1!AAAA", texts.PASSWORD_NEEDS_LOWERCASE),
        ("Aaa!aaaa", texts.PASSWORD_NEEDS_NUMBER),
        ("Aa1aaaaa", texts.PASSWORD_NEEDS_SYMBOL),
        ("Aa1!aaa ", texts.PASSWORD_HAS_SPACE),
        ("Éa1!aaaa", texts.PASSWORD_NEEDS_UPPERCASE),
        ("Aa١!aaaa", texts.PASSWORD_NEEDS_NUMBER),
        ("Aa1 aaaa", None),
        ("Aa1€aaaa", texts.PASSWORD_NEEDS_SYMBOL),
    ],
)
def test_the_default_policy(password: str, text: object) -> None:
    assert find_weakness(STRICT, password) == text


def test_a_lax_policy_asks_for_length_only() -> None:
    assert find_weakness(LAX, "비밀번호입니다") is None
    assert find_weakness(LAX, "short") is texts.PASSWORD_TOO_SHORT


def test_messages_are_cognitos() -> None:
    assert (
        texts.PASSWORD_TOO_SHORT.english == "Password did not conform with policy: Password not long enough"
    )


def test_symbols_are_cognitos() -> None:
    assert frozenset(string.punctuation) | {" "} == SYMBOLS


@given(st.integers(6, 99))
def test_generated_passwords_satisfy_their_policy(length: int) -> None:
    policy = PasswordPolicy(minimum_length=length)
    password = generate_password(policy)
    assert find_weakness(policy, password) is None
    assert password != generate_password(policy)


async def test_hashes_are_argon2id_with_the_stated_cost() -> None:
    hasher = PasswordHasher()
    hashed = await hasher.hash("secret")
    hasher.close()
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.fixture
def hasher() -> object:
    hasher = PasswordHasher(HashCost(memory_kib=8, passes=1))
    yield hasher
    hasher.close()


async def test_right_wrong_and_none(hasher: PasswordHasher) -> None:
    hashed = await hasher.hash("secret")
    assert await hasher.verify(hashed, "secret")
    assert not await hasher.verify(hashed, "Secret")
    assert not await hasher.verify(None, "secret")
    assert not await hasher.verify("not a hash", "secret")


async def test_nothing_typed_breaks_it(hasher: PasswordHasher) -> None:
    hashed = await hasher.hash("secret")
    for password in ("", "\x00", "\ud800", "a" * 1_000_000):
        assert not await hasher.verify(hashed, password)


async def test_a_very_long_password_does_not_match_its_beginning(hasher: PasswordHasher) -> None:
    hashed = await hasher.hash("a" * 256)
    assert await hasher.verify(hashed, "a" * 256)
    assert not await hasher.verify(hashed, "a" * 257)


async def test_the_same_letters_typed_elsewhere_are_the_same_password(hasher: PasswordHasher) -> None:
    assert await hasher.verify(await hasher.hash("caf\u00e9"), "cafe\u0301")


async def test_hashing_leaves_the_event_loop_free() -> None:
    hasher = PasswordHasher(HashCost(memory_kib=32_768, passes=6), threads=1)
    hashing = asyncio.create_task(hasher.hash("secret"))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    hasher.close()
    assert turns > 3


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have the priority of their process")
async def test_hashing_gives_way_to_the_event_loop(hasher: PasswordHasher) -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    own = niceness()
    assert await hasher.run(niceness) == min(19, own + NICENESS)
    assert niceness() == own


async def test_only_so_many_wait() -> None:
    hasher = PasswordHasher(HashCost(memory_kib=8, passes=1), threads=1)
    outcomes = await asyncio.gather(*(hasher.hash("secret") for _ in range(140)), return_exceptions=True)
    hasher.close()
    assert sum(isinstance(outcome, HasherBusy) for outcome in outcomes) == 12
