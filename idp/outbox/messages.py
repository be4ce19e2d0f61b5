"""What the pool's mails and text messages say: Cognito's defaults, or the pool's own templates. Pure.

A body with a tag in it is HTML, as Cognito's mails are; then what is filled in is escaped, because a
username may be anything that is printable.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Final

from idp.model import CodePurpose, MessageTemplate, Pool

CODE_GAP: Final = "{####}"
USERNAME_GAP: Final = "{username}"

VERIFICATION: Final = MessageTemplate("Your verification code", "Your confirmation code is {####}")
FORGOT_SMS: Final = "Your password reset code is {####}."
VERIFICATION_SMS: Final = "Your verification code is {####}."
FORGOT_PASSWORD: Final = MessageTemplate("Your password reset code", "Your password reset code is {####}")
INVITATION: Final = MessageTemplate(
    "Your temporary password", "Your username is {username} and temporary password is {####}."
)
FACTOR_MAIL: Final = MessageTemplate("Your authentication code", "Your authentication code is {####}")
FACTOR_SMS: Final = "Your authentication code is {####}."
SMS_SUBJECT: Final = "Text message (SMS)"
"""What the development inbox shows in the place of a subject."""
_TAG: Final = re.compile(r"<[a-zA-Z/!]")


@dataclass(frozen=True, slots=True)
class Message:
    """A mail or text message to one person; the body holds a code or a password and stays out of reprs."""

    recipient: str
    """A mail address or a phone number, as `medium` says."""
    subject: str
    body: str = field(repr=False)
    is_html: bool = False
    pool_id: str | None = None
    medium: str = "EMAIL"
    """`EMAIL` or `SMS`, as in CodeDeliveryDetails."""


def build_factor_message(pool: Pool, *, attribute: str, recipient: str, username: str, code: str) -> Message:
    """Write the message with a sign-in code, to the address or number in `attribute`."""
    settings = pool.factors
    if attribute == "phone_number":
        return _text_message(pool, settings.sms_message or FACTOR_SMS, recipient=recipient, code=code)
    template = MessageTemplate(
        settings.email_subject or FACTOR_MAIL.subject, settings.email_message or FACTOR_MAIL.body
    )
    return _fill(pool, template, recipient=recipient, username=username, secret=code)


def _text_message(pool: Pool, text: str, *, recipient: str, code: str) -> Message:
    body = text.replace(CODE_GAP, code)
    return Message(recipient, SMS_SUBJECT, body, pool_id=pool.id, medium="SMS")


def build_code_message(
    pool: Pool,
    purpose: CodePurpose,
    *,
    recipient: str,
    username: str,
    code: str,
    attribute: str = "email",
) -> Message:
    """Write the message that carries a code, to the address or number in `attribute`.

    The pool's template serves all mails, and its text all text messages, as in Cognito.
    """
    if purpose is CodePurpose.VERIFY_PHONE or attribute == "phone_number":
        text = FORGOT_SMS if purpose is CodePurpose.FORGOT_PASSWORD else VERIFICATION_SMS
        return _text_message(pool, pool.verification_sms or text, recipient=recipient, code=code)
    default = FORGOT_PASSWORD if purpose is CodePurpose.FORGOT_PASSWORD else VERIFICATION
    template = pool.verification_message or default
    return _fill(pool, template, recipient=recipient, username=username, secret=code)


def build_invitation(pool: Pool, *, recipient: str, username: str, password: str) -> Message:
    """Write the mail that invites a user whom an administrator created."""
    template = pool.invitation_message or INVITATION
    return _fill(pool, template, recipient=recipient, username=username, secret=password)


def _fill(pool: Pool, template: MessageTemplate, *, recipient: str, username: str, secret: str) -> Message:
    is_html = _TAG.search(template.body) is not None
    values = {CODE_GAP: secret, USERNAME_GAP: username}
    # One pass over the template: a username that spells {####} is not filled again.
    body = re.sub(
        "|".join(map(re.escape, values)),
        lambda gap: html.escape(values[gap.group()]) if is_html else values[gap.group()],
        template.body,
    )
    return Message(recipient, template.subject, body, is_html, pool.id)


def mask_email(address: str) -> str:
    """Mask an address as Cognito does: first letters only, `a***@e***`."""
    local, _, domain = address.lower().partition("@")
    return f"{local[:1]}***@{domain[:1]}***"


def mask_phone(number: str) -> str:
    """Mask a phone number as Cognito does: all but the last four digits, `+*******1234`."""
    return f"+{'*' * max(0, len(number) - 5)}{number[-4:]}"


def mask(attribute: str, value: str) -> str:
    """Mask a mail address or phone number."""
    return mask_phone(value) if attribute == "phone_number" else mask_email(value)
