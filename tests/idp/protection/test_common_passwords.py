"""The commonest passwords, and what policies make of them."""

import pytest

from idp.protection.common_passwords import is_common
from tests.support.pools import OTHER_PASSWORD, PASSWORD


@pytest.mark.parametrize(
    "password", ["123456", "password", "Password", "Password1!", "DRAGON2024!!", "qwerty", "Monkey."]
)
def test_common_passwords_are_known_also_dressed_up(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize(
    "password",
    [
        "",
        "!!!!",
        "a1",
        PASSWORD,
        OTHER_PASSWORD,
        "password-9317264",
        "correct horse battery staple",
        "Zq7!vKp2",
    ],
)
def test_others_are_not(password: str) -> None:
    assert not is_common(password)
