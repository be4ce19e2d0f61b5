"""How to reach a mail server, and whatever sends text messages, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.headerregistry import Address

from idp.model import Secret


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """A mail server."""

    host: str
    sender: Address
    port: int = 587
    security: str = "starttls"
    username: str | None = None
    password: Secret | None = None
    timeout_seconds: int = 10
    ca_file: str | None = None
    """PEM file of certificate authorities to trust instead of the system's."""


@dataclass(frozen=True, slots=True)
class SmsSettings:
    """A webhook that sends text messages."""

    url: str = field(repr=False)
    """May hold a token of its receiver."""
    secret: Secret
    """Signs every request."""
    timeout_seconds: int = 10
