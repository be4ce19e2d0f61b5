"""What mails say."""

import pytest

from idp.model import CodePurpose, MessageTemplate, Pool, User, UserStatus
from idp.outbox.messages import Message, build_code_message, build_invitation, mask_email

POOL = Pool("p", "p")


def user(name: str) -> User:
    return User("p", "sub", name, UserStatus.CONFIRMED, 0, 0)


def code_message(pool: Pool, purpose: CodePurpose = CodePurpose.SIGN_UP) -> Message:
    return build_code_message(pool, purpose, user("ann"), recipient="a@b.c", code="123456")


def invitation(pool: Pool, username: str, password: str) -> Message:
    return build_invitation(pool, user(username), recipient="a@b.c", username=username, password=password)


def test_codes_have_cognitos_words() -> None:
    mail = code_message(POOL, CodePurpose.FORGOT_PASSWORD)
    assert (mail.subject, mail.body) == ("Your password reset code", "Your password reset code is 123456")
    assert not mail.is_html


def test_a_template_of_the_pool_serves_codes() -> None:
    pool = Pool("p", "p", verification_message=MessageTemplate("Hi", "<p>Hi {username}, {####}</p>"))
    mail = code_message(pool)
    assert (mail.subject, mail.body, mail.is_html) == ("Hi", "<p>Hi ann, 123456</p>", True)


def test_a_username_is_no_markup() -> None:
    pool = Pool("p", "p", invitation_message=MessageTemplate("Hi", "<p>{username} {####}</p>"))
    mail = invitation(pool, "<img/src=x>", "a&b")
    assert mail.body == "<p>&lt;img/src=x&gt; a&amp;b</p>"


def test_a_username_that_spells_a_gap_is_not_filled() -> None:
    mail = invitation(POOL, "{####}", "secret")
    assert mail.body == "Your username is {####} and temporary password is secret."


def test_reprs_show_no_code() -> None:
    assert "123456" not in repr(code_message(POOL))


@pytest.mark.parametrize(
    ("address", "masked"),
    [("ann@example.com", "a***@e***"), ("ANN@Example.com", "a***@e***"), ("김@b.c", "김***@b***")],
)
def test_masks_addresses_as_cognito_does(address: str, masked: str) -> None:
    assert mask_email(address) == masked
