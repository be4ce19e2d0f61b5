"""Mail by SMTP: STARTTLS or TLS with certificate checks, or neither where the operator says so.

Headers are built by the standard library's email package from an address that was parsed, never by joining
texts: a line break in a value is refused there, whatever let it through before.
"""

from __future__ import annotations

import ssl
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid

import aiosmtplib

from idp.model import Mail
from idp.outbox.base import DeliveryFailed
from idp.outbox.messages import Message
from idp.outbox.settings import SmtpSettings

_SPACE = 0x20


class SmtpCarrier:
    """Hands mails to a mail server, one connection per mail."""

    is_inbox = False

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._tls = (
            None if settings.security == "none" else ssl.create_default_context(cafile=settings.ca_file)
        )

    async def deliver(self, message: Message) -> None:
        """Hand a mail over; raises DeliveryFailed."""
        settings = self._settings
        try:
            await aiosmtplib.send(
                build_mail(settings.sender, message),
                hostname=settings.host,
                port=settings.port,
                use_tls=settings.security == "tls",
                start_tls=settings.security == "starttls",
                tls_context=self._tls,
                username=settings.username,
                password=settings.password.reveal() if settings.password else None,
                timeout=settings.timeout_seconds,
            )
        except (aiosmtplib.SMTPException, OSError, ValueError, MessageError) as error:
            raise DeliveryFailed(describe(error)) from error

    async def latest(self, limit: int) -> tuple[Mail, ...]:
        """Nothing stays here."""
        return ()


def build_mail(sender: Address, message: Message) -> EmailMessage:
    """Build the mail; raises ValueError or MessageError on a line break in a header."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = parse_mailbox(message.sender) if message.sender else sender
    mail["To"] = parse_address(message.recipient)
    if message.reply_to:
        mail["Reply-To"] = parse_mailbox(message.reply_to)
    mail["Subject"] = message.subject
    mail["Message-ID"] = make_msgid(domain=sender.domain or None)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office replies stay away
    if message.alternative is not None:
        mail.set_content(message.alternative)
        mail.add_alternative(message.body, subtype="html")
    else:
        mail.set_content(message.body, subtype="html" if message.is_html else "plain")
    return mail


def parse_address(text: str) -> Address:
    """Parse one bare address; raises ValueError, whatever the standard library made of it."""
    try:
        return Address(addr_spec=text)
    except (IndexError, MessageError) as error:
        raise ValueError("not a mail address") from error


def parse_mailbox(text: str) -> Address:
    """Parse an address with or without a name, `Staff login <login@example.com>`; raises ValueError."""
    if any(ord(character) < _SPACE for character in text):
        raise ValueError("a line break in a mail address")
    name, _, rest = text.rpartition("<")
    spec = rest.removesuffix(">") if name or text.startswith("<") else text
    address = parse_address(spec.strip())
    return Address(name.strip().strip('"'), address.username, address.domain)


def describe(error: Exception) -> str:
    """Say what went wrong without what the server or the mail said: both may repeat the code."""
    code = getattr(error, "code", None)
    return f"{type(error).__name__}{f' {code}' if isinstance(code, int) else ''}"
