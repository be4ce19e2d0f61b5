"""What the pool's mails and text messages say: Cognito's defaults, or the pool's own templates. Pure.

A body with a tag in it is HTML, as Cognito's mails are; then what is filled in is escaped, because a
username may be anything that is printable.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Final

from idp.model import CodePurpose, MessageTemplate, Pool, User

CODE_GAP: Final = "{####}"
USERNAME_GAP: Final = "{username}"

VERIFICATION: Final = MessageTemplate("Your verification code", "Your confirmation code is {####}")
FORGOT_SMS: Final = "Your password reset code is {####}."
VERIFICATION_SMS: Final = "Your verification code is {####}."
FORGOT_PASSWORD: Final = MessageTemplate("Your password reset code", "Your password reset code is {####}")
INVITATION: Final = MessageTemplate(
    "Your temporary password", "Your username is {username} and temporary password is {####}."
)
INVITATION_SMS: Final = INVITATION.body
FACTOR_MAIL: Final = MessageTemplate("Your authentication code", "Your authentication code is {####}")
FACTOR_SMS: Final = "Your authentication code is {####}."
SMS_SUBJECT: Final = "Text message (SMS)"
"""What the development inbox shows in the place of a subject."""
OCCASIONS: Final = {
    CodePurpose.SIGN_UP: "SignUp",
    CodePurpose.FORGOT_PASSWORD: "ForgotPassword",
    CodePurpose.VERIFY_EMAIL: "VerifyUserAttribute",
    CodePurpose.VERIFY_PHONE: "VerifyUserAttribute",
}
_TAG: Final = re.compile(r"<[a-zA-Z/!]")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a message is about."""

    pool: Pool
    user: User
    occasion: str
    """What follows the underscore in the `triggerSource` of CustomMessage, e.g. `SignUp`."""
    code: str = field(repr=False)
    named: str
    """What stands in the place of `{username}`."""


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
    draft: Draft | None = None
    """What the pool's functions need, to word the message or to send it."""
    sender: str | None = None
    """`From`, where it is not the mail server's own; read by `idp.outbox.smtp.parse_mailbox`."""
    reply_to: str | None = None
    alternative: str | None = field(default=None, repr=False)
    """The plain text of a mail whose body is HTML."""


def build_factor_message(pool: Pool, user: User, *, attribute: str, recipient: str, code: str) -> Message:
    """Write the message with a sign-in code, to the address or number in `attribute`."""
    settings, draft = pool.factors, Draft(pool, user, "Authentication", code, user.username)
    if attribute == "phone_number":
        return _text_message(draft, settings.sms_message or FACTOR_SMS, recipient=recipient)
    template = MessageTemplate(
        settings.email_subject or FACTOR_MAIL.subject, settings.email_message or FACTOR_MAIL.body
    )
    return _mail(draft, template, recipient)


def _text_message(draft: Draft, text: str, *, recipient: str) -> Message:
    body, _ = fill(text, username=draft.named, secret=draft.code, is_mail=False)
    return Message(recipient, SMS_SUBJECT, body, pool_id=draft.pool.id, medium="SMS", draft=draft)


def build_code_message(
    pool: Pool,
    purpose: CodePurpose,
    user: User,
    *,
    recipient: str,
    code: str,
    attribute: str = "email",
    occasion: str | None = None,
) -> Message:
    """Write the message that carries a code, to the address or number in `attribute`.

    The pool's template serves all mails, and its text all text messages, as in Cognito. `occasion` where it
    is not the purpose's own, e.g. `ResendCode`.
    """
    draft = Draft(pool, user, occasion or OCCASIONS[purpose], code, user.username)
    if purpose is CodePurpose.VERIFY_PHONE or attribute == "phone_number":
        text = FORGOT_SMS if purpose is CodePurpose.FORGOT_PASSWORD else VERIFICATION_SMS
        return _text_message(draft, pool.verification_sms or text, recipient=recipient)
    default = FORGOT_PASSWORD if purpose is CodePurpose.FORGOT_PASSWORD else VERIFICATION
    return _mail(draft, pool.verification_message or default, recipient)


def build_invitation(
    pool: Pool, user: User, *, recipient: str, username: str, password: str, medium: str = "EMAIL"
) -> Message:
    """Write the mail or text message that invites a user whom an administrator created."""
    draft = Draft(pool, user, "AdminCreateUser", password, username)
    if medium == "SMS":
        return _text_message(draft, pool.invitation_sms or INVITATION_SMS, recipient=recipient)
    return _mail(draft, pool.invitation_message or INVITATION, recipient)


def _mail(draft: Draft, template: MessageTemplate, recipient: str) -> Message:
    body, is_html = fill(template.body, username=draft.named, secret=draft.code)
    return Message(recipient, template.subject, body, is_html, draft.pool.id, draft=draft)


def fill(text: str, *, username: str, secret: str, is_mail: bool = True) -> tuple[str, bool]:
    """Fill the gaps of a text; returns it and whether it is HTML (only a mail can be)."""
    is_html = is_mail and _TAG.search(text) is not None
    values = {CODE_GAP: secret, USERNAME_GAP: username}
    # One pass over the template: a username that spells {####} is not filled again.
    body = re.sub(
        "|".join(map(re.escape, values)),
        lambda gap: html.escape(values[gap.group()]) if is_html else values[gap.group()],
        text,
    )
    return body, is_html


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
