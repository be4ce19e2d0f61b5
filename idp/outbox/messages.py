"""What the pool's mails say: Cognito's default subjects and bodies, or the pool's own templates. Pure.

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
FORGOT_PASSWORD: Final = MessageTemplate("Your password reset code", "Your password reset code is {####}")
INVITATION: Final = MessageTemplate(
    "Your temporary password", "Your username is {username} and temporary password is {####}."
)
_TAG: Final = re.compile(r"<[a-zA-Z/!]")


@dataclass(frozen=True, slots=True)
class Message:
    """A mail to one person; the body holds a code or a password and stays out of reprs."""

    recipient: str
    subject: str
    body: str = field(repr=False)
    is_html: bool = False
    pool_id: str | None = None


def build_code_message(
    pool: Pool, purpose: CodePurpose, *, recipient: str, username: str, code: str
) -> Message:
    """Write the mail that carries a code. The pool's template serves both purposes, as in Cognito."""
    default = VERIFICATION if purpose is CodePurpose.SIGN_UP else FORGOT_PASSWORD
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
