"""What mails say."""

import pytest

from idp.model import CodePurpose, MessageTemplate, Pool
from idp.outbox.messages import build_code_message, build_invitation, mask_email

POOL = Pool("p", "p")


def code_message(pool: Pool, username: str = "ann", purpose: CodePurpose = CodePurpose.SIGN_UP) -> object:
    return build_code_message(pool, purpose, recipient="a@b.c", username=username, code="123456")


def test_codes_have_cognitos_words() -> None:
    mail = build_code_message(
        POOL, CodePurpose.FORGOT_PASSWORD, recipient="a@b.c", username="ann", code="123456"
    )
    assert (mail.subject, mail.body) == ("Your password reset code", "Your password reset code is 123456")
    assert not mail.is_html


def test_a_template_of_the_pool_serves_codes() -> None:
    pool = Pool("p", "p", verification_message=MessageTemplate("Hi", "<p>Hi {username}, {####}</p>"))
    mail = build_code_message(pool, CodePurpose.SIGN_UP, recipient="a@b.c", username="ann", code="123456")
    assert (mail.subject, mail.body, mail.is_html) == ("Hi", "<p>Hi ann, 123456</p>", True)


def test_a_username_is_no_markup() -> None:
    pool = Pool("p", "p", invitation_message=MessageTemplate("Hi", "<p>{username} {####}</p>"))
    mail = build_invitation(pool, recipient="a@b.c", username="<img/src=x>", password="a&b")
    assert mail.body == "<p>&lt;img/src=x&gt; a&amp;b</p>"


def test_a_username_that_spells_a_gap_is_not_filled() -> None:
    mail = build_invitation(POOL, recipient="a@b.c", username="{####}", password="secret")
    assert mail.body == "Your username is {####} and temporary password is secret."


def test_reprs_show_no_code() -> None:
    assert "123456" not in repr(code_message(POOL))


@pytest.mark.parametrize(
    ("address", "masked"),
    [("ann@example.com", "a***@e***"), ("ANN@Example.com", "a***@e***"), ("김@b.c", "김***@b***")],
)
def test_masks_addresses_as_cognito_does(address: str, masked: str) -> None:
    assert mask_email(address) == masked
