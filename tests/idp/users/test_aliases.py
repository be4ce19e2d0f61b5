"""Names: what they look like, how they are folded, which of them sign in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp import texts
from idp.model import Pool, User, UserStatus
from idp.users.aliases import check_username, derive_logins, is_email, is_phone, is_username, login_key

PLAIN = Pool("p", "p")
FOLDING = Pool("p", "p", case_sensitive=False)


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(name: str) -> None:
    for pool in (PLAIN, FOLDING):
        assert login_key(pool, login_key(pool, name)) == login_key(pool, name)


@given(st.text(max_size=60))
def test_case_and_compatibility_make_no_difference_where_case_does_not_count(name: str) -> None:
    assert login_key(FOLDING, name.casefold()) == login_key(FOLDING, name)
    assert login_key(FOLDING, name.lower()) == login_key(FOLDING, name) or "\u0130" in name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ANN", "ann"),
        ("STRASSE", "straße"),
        ("ａｎｎ", "ann"),
        ("\u212aim", "kim"),
        ("e\u0301", "\u00e9"),
        ("ﬁ", "fi"),
    ],
)
def test_look_alikes_are_one_name_where_case_does_not_count(one: str, other: str) -> None:
    assert login_key(FOLDING, one) == login_key(FOLDING, other)


def test_case_counts_where_it_counts() -> None:
    assert login_key(PLAIN, "ANN") != login_key(PLAIN, "ann")
    assert login_key(PLAIN, "e\u0301") == login_key(PLAIN, "\u00e9")


GOOD_EMAILS = ["a@b.c", "ann.lee+x@mail.example.com", "o'hara@example.com", "a@localhost", "ann@corp.local"]
GOOD_EMAILS += ["김철수@example.com", "a@münchen.example", "a@b.test"]
BAD_EMAILS = [
    "",
    "a",
    "@b.c",
    "a@",
    "a@@b.c",
    "a b@c.d",
    "a@b..c",
    ".a@b.c",
    "a.@b.c",
    "a@-b.c",
    "a@b.c\n",
    "a\n@b.c",
]
BAD_EMAILS += ["a@b.c, d@e.f", "<a@b.c>", '"a"@b.c', "a@b.c\r\nBcc: d@e.f", "a@[1.2.3.4]", "a" * 65 + "@b.c"]
BAD_EMAILS += ["a@" + "b." * 130 + "c", "a\x00@b.c"]


@pytest.mark.parametrize("address", GOOD_EMAILS)
def test_is_an_address(address: str) -> None:
    assert is_email(address)


@pytest.mark.parametrize("address", BAD_EMAILS)
def test_is_no_address(address: str) -> None:
    assert not is_email(address)


@pytest.mark.parametrize(
    ("number", "fits"),
    [
        ("+15550100", True),
        ("15550100", False),
        ("+", False),
        ("+1" * 16, False),
        ("+１２３", False),
        ("+123\n", False),
    ],
)
def test_phone_numbers(number: str, fits: bool) -> None:
    assert is_phone(number) is fits


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("ann", True),
        ("김철수", True),
        ("a" * 128, True),
        ("ann@example.com", True),
        ("", False),
        ("a" * 129, False),
        ("a b", False),
        ("a\tb", False),
        ("a\u200bb", False),
        ("a\u202eb", False),
        ("\ud800", False),
    ],
)
def test_usernames(name: str, fits: bool) -> None:
    assert is_username(name) is fits


@pytest.mark.parametrize(
    ("pool", "name", "text"),
    [
        (Pool("p", "p", alias_attributes=("email",)), "a@b.c", texts.USERNAME_LOOKS_LIKE_EMAIL),
        (Pool("p", "p", alias_attributes=("email",)), "+1555", None),
        (Pool("p", "p", alias_attributes=("phone_number",)), "+1555", texts.USERNAME_LOOKS_LIKE_PHONE),
        (Pool("p", "p", username_attributes=("email",)), "ann", texts.USERNAME_MUST_BE_EMAIL),
        (Pool("p", "p", username_attributes=("email",)), "+1555", texts.USERNAME_MUST_BE_EMAIL),
        (Pool("p", "p", username_attributes=("phone_number",)), "a@b.c", texts.USERNAME_MUST_BE_PHONE),
        (Pool("p", "p", username_attributes=("phone_number", "email")), "ann", texts.USERNAME_MUST_BE_EITHER),
        (Pool("p", "p", username_attributes=("phone_number", "email")), "+1555", None),
        (PLAIN, "a@b.c", None),
    ],
)
def test_username_modes(pool: Pool, name: str, text: object) -> None:
    assert check_username(pool, name) == text


def user(status: UserStatus = UserStatus.CONFIRMED, **attributes: str) -> User:
    return User("p", "the-sub", "Ann", status, 0, 0, attributes=attributes)


ALIASED = Pool("p", "p", alias_attributes=("email", "preferred_username"), case_sensitive=False)


@pytest.mark.parametrize(
    ("pool", "who", "logins"),
    [
        (PLAIN, user(email="a@b.c", email_verified="true"), ("Ann",)),
        (ALIASED, user(email="A@b.c", email_verified="true"), ("a@b.c", "ann")),
        (ALIASED, user(email="a@b.c", email_verified="false"), ("ann",)),
        (ALIASED, user(email="a@b.c"), ("ann",)),
        (ALIASED, user(preferred_username="Annie"), ("ann", "annie")),
        (ALIASED, user(UserStatus.UNCONFIRMED, preferred_username="Annie"), ("ann",)),
        (ALIASED, user(phone_number="+1", phone_number_verified="true"), ("ann",)),
        (Pool("p", "p", username_attributes=("email",)), user(email="a@b.c"), ("Ann", "a@b.c")),
    ],
)
def test_which_names_sign_in(pool: Pool, who: User, logins: tuple[str, ...]) -> None:
    assert derive_logins(pool, who) == logins
