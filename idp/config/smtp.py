"""How to reach the mail server: `Host`, `Port`, `Security`, `Username`, `Password`, `From`."""

from __future__ import annotations

from collections.abc import Mapping
from email.headerregistry import Address
from typing import Final

from idp.config.reader import InvalidPools, Place, Problem, Reader
from idp.model import Secret
from idp.outbox.settings import SmtpSettings
from idp.outbox.smtp import parse_mailbox

SECURITY: Final = ("starttls", "tls", "none")


def parse_smtp(document: Mapping[str, object], *, where: Place = ()) -> SmtpSettings:
    """Read the mail server; raises InvalidPools with every problem."""
    problems: list[Problem] = []
    reader = Reader(document, where, problems)
    settings = SmtpSettings(
        host=reader.required_text("Host", pattern=r"[0-9A-Za-z.:_-]+", shape="a host name or address"),
        sender=_read_sender(reader),
        port=reader.integer("Port", 587, 1, 65535),
        security=reader.choice("Security", SECURITY, "starttls"),
        username=_optional(reader, "Username"),
        password=Secret(password) if (password := _optional(reader, "Password")) else None,
        timeout_seconds=reader.integer("TimeoutSeconds", 10, 1, 120),
        ca_file=reader.text("CaFile"),
    )
    if (settings.username is None) != (settings.password is None):
        reader.report("Username", "Conflict", "Username and Password go together")
    if settings.password and settings.security == "none" and settings.host not in _LOCAL:
        message = "a password would cross the network in clear: use `starttls` or `tls`"
        reader.report("Security", "Conflict", message)
    reader.finish()
    if problems:
        raise InvalidPools(problems)
    return settings


_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


def _optional(reader: Reader, key: str) -> str | None:
    """Read a text where an empty one means none."""
    return None if reader.raw(key) == "" else reader.text(key)


def _read_sender(reader: Reader) -> Address:
    text = reader.required_text("From", longest=320)
    try:
        return parse_mailbox(text)
    except ValueError:
        if text:
            reader.report(
                "From", "InvalidValue", "must be an address, e.g. `Staff login <login@example.com>`"
            )
        return Address()
