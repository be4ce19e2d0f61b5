"""/dev/inbox: mail that was not sent because no mail server is configured, for a developer on this machine.

Codes and temporary passwords are in there, so it opens on this machine only (see `idp.pages.local`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from idp.model import Mail
from idp.pages.errors import error_page
from idp.pages.local import is_local
from idp.pages.render import catalogue_for, render
from idp.site import site_of

_CODE = re.compile(r"(?<!\d)\d{6,8}(?!\d)")


@dataclass(frozen=True, slots=True)
class ShownMail:
    """One message as the page shows it."""

    recipient: str
    subject: str
    body: str
    code: str | None
    time: str


async def show_inbox(request: Request) -> Response:
    """Serve the inbox, newest first."""
    site = site_of(request)
    if not is_local(request, site):
        return error_page(request, "inbox_denied", status=403)
    catalogue = catalogue_for(request)
    mails = [_shown(mail) for mail in await site.core.outbox.messages()]
    key = "inbox.intro" if site.core.outbox.is_inbox else "inbox.smtp"
    context = {
        "title": "inbox.title",
        "mails": mails,
        "intro": catalogue.text(key),
        "empty": catalogue.text("inbox.empty"),
    }
    return render(request, "inbox.html", context)


def _shown(mail: Mail) -> ShownMail:
    code = _CODE.search(mail.body)
    time = datetime.fromtimestamp(mail.sent_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return ShownMail(mail.recipient, mail.subject, mail.body, code.group() if code else None, time)
