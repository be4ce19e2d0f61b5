"""People with second factors on the hosted pages, and what their apps and phones show."""

from __future__ import annotations

import re
from typing import Any

import pyotp

from idp.factors.preferences import Wish
from idp.factors.records import Factor
from idp.model import Pool, User
from tests.support.hosted_pages import House, Page
from tests.support.page_forms import add_person

REQUIRED: dict[str, Any] = {"MfaConfiguration": "ON", "EnabledMfas": ["SOFTWARE_TOKEN_MFA"]}


def code_of(house: House, seed: str) -> str:
    """What the authenticator app shows now."""
    return pyotp.TOTP(seed).at(int(house.clock.now()))


async def find(house: House, name: str) -> tuple[Pool, User]:
    """The pool and an account of it."""
    pool = (await house.core.pools())[0]
    user, _ = await house.core.administration.get(pool, name)  # type: ignore[misc]
    return pool, user


async def add_person_with_app(house: House) -> tuple[str, str]:
    """An account whose authenticator app is set up and switched on; returns its name and the seed."""
    name = await add_person(house)
    pool, user = await find(house, name)
    seed = await house.core.factors.tokens.associate(pool, user)
    assert isinstance(seed, str)
    assert await house.core.factors.tokens.verify(pool, user, code_of(house, seed)) is None
    wishes = {Factor.TOTP: Wish(True, True)}
    assert await house.core.factors.preferences.wish(pool, user, wishes) is None
    house.clock.advance(60)
    return name, seed


def seed_on(page: Page) -> str:
    """The key that a set-up page shows."""
    found = re.search(r'id="key">([A-Z2-7 ]+)<', page.text)
    assert found, page.text
    return found.group(1).replace(" ", "")
