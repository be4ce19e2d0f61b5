"""Mail to a real mail server on this machine: in clear, with STARTTLS, with TLS, and when it fails."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from idp.model import Secret
from idp.outbox.base import DeliveryFailed, Outbox
from idp.outbox.messages import Message
from idp.outbox.settings import SmtpSettings
from idp.outbox.smtp import SmtpCarrier, build_mail, parse_mailbox
from idp.outcomes import Delivery, UserReason, UserRefused
from tests.support.pools import PASSWORD, OpenScene

MESSAGE = Message("kim@example.com", "Your verification code", "Your confirmation code is 123456")


@dataclass
class Mailbox:
    """What the mail server got, and how it answers."""

    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    users: list[bytes] = field(default_factory=list)
    answer: str = "250 OK"

    async def handle_DATA(self, _server: object, _session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.mails.append(cast(EmailMessage, message_from_bytes(envelope.content, policy=default)))
        self.recipients += envelope.rcpt_tos
        return self.answer

    def authenticate(self, *arguments: Any) -> AuthResult:
        credentials = arguments[-1]
        assert isinstance(credentials, LoginPassword)
        self.users.append(credentials.login)
        return AuthResult(success=credentials.password == b"mail-password")


@dataclass
class MailServer:
    """A running mail server and the settings that reach it."""

    mailbox: Mailbox
    settings: SmtpSettings


@contextlib.asynccontextmanager
async def serve(security: str, folder: Path, **options: Any) -> AsyncIterator[MailServer]:
    mailbox = Mailbox()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    if security == "starttls":
        options["tls_context"] = context
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(mailbox, hostname="mail.example.com", **options),
        "127.0.0.1",
        0,
        ssl=context if security == "tls" else None,
    )
    port = server.sockets[0].getsockname()[1]
    sender = Address("Staff login", addr_spec="login@example.com")
    ca_file = str(folder / "ca.pem")
    try:
        yield MailServer(mailbox, SmtpSettings("127.0.0.1", sender, port, security, ca_file=ca_file))
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
async def test_a_mail_arrives(security: str, tmp_path: Path) -> None:
    async with serve(security, tmp_path) as server:
        await SmtpCarrier(server.settings).deliver(MESSAGE)
    mail = server.mailbox.mails[0]
    assert server.mailbox.recipients == ["kim@example.com"]
    assert mail["From"] == "Staff login <login@example.com>"
    assert mail["To"] == "kim@example.com"
    assert mail["Subject"] == "Your verification code"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.com>")
    assert mail.get_content().strip() == "Your confirmation code is 123456"


async def test_any_script_arrives(tmp_path: Path) -> None:
    message = replace(MESSAGE, subject="확인 코드", body="<b>코드 123456</b>", is_html=True)
    async with serve("none", tmp_path) as server:
        await SmtpCarrier(server.settings).deliver(message)
    mail = server.mailbox.mails[0]
    assert (mail["Subject"], mail.get_content_type()) == ("확인 코드", "text/html")
    assert "코드 123456" in mail.get_content()


async def test_signs_in_at_the_mail_server(tmp_path: Path) -> None:
    mailbox = Mailbox()
    async with serve("starttls", tmp_path, auth_required=True, authenticator=mailbox.authenticate) as server:
        good = replace(server.settings, username="me", password=Secret("mail-password"))
        await SmtpCarrier(good).deliver(MESSAGE)
        # The server of these tests answers a wrong password's last try with silence: wait a second for it.
        wrong = replace(good, password=Secret("wrong"), timeout_seconds=1)
        with pytest.raises(DeliveryFailed):
            await SmtpCarrier(wrong).deliver(MESSAGE)
    assert set(mailbox.users) == {b"me"}
    assert len(server.mailbox.mails) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_server_that_nobody_vouches_for_gets_nothing(security: str, tmp_path: Path) -> None:
    async with serve(security, tmp_path) as server:
        with pytest.raises(DeliveryFailed):
            await SmtpCarrier(replace(server.settings, ca_file=None)).deliver(MESSAGE)
    assert server.mailbox.mails == []


async def test_a_server_without_starttls_gets_nothing(tmp_path: Path) -> None:
    async with serve("none", tmp_path) as server:
        with pytest.raises(DeliveryFailed):
            await SmtpCarrier(replace(server.settings, security="starttls")).deliver(MESSAGE)
    assert server.mailbox.mails == []


@pytest.mark.parametrize(
    "change",
    [
        {"recipient": "kim@example.com\r\nBcc: eve@example.com"},
        {"recipient": "kim@example.com, eve@example.com"},
        {"recipient": ""},
        {"subject": "Hello\r\nBcc: eve@example.com"},
    ],
)
async def test_no_header_can_be_injected(change: dict[str, str], tmp_path: Path) -> None:
    async with serve("none", tmp_path) as server:
        with pytest.raises(DeliveryFailed):
            await SmtpCarrier(server.settings).deliver(replace(MESSAGE, **change))
    assert server.mailbox.mails == []


async def test_a_line_of_dots_does_not_end_the_mail(tmp_path: Path) -> None:
    async with serve("none", tmp_path) as server:
        await SmtpCarrier(server.settings).deliver(
            replace(MESSAGE, body="one\r\n.\r\nMAIL FROM:<x@y.z>\r\ntwo")
        )
    assert server.mailbox.mails[0].get_content().splitlines() == ["one", ".", "MAIL FROM:<x@y.z>", "two"]


async def test_a_refused_mail_is_logged_without_code_and_recipient(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serve("none", tmp_path) as server:
        server.mailbox.answer = "550 no 123456 for kim@example.com"
        assert not await Outbox(SmtpCarrier(server.settings)).send(MESSAGE)
    assert "was not delivered: " in caplog.text
    for private in ("123456", "kim@example.com"):
        assert private not in caplog.text


async def test_a_sign_up_whose_mail_cannot_leave_is_refused_and_not_lost(
    open_scene: OpenScene, tmp_path: Path
) -> None:
    async with serve("none", tmp_path) as server:
        scene = await open_scene(core_options={"smtp": server.settings})
        server.mailbox.answer = "451 later"
        refused = await scene.core.registration.sign_up(
            scene.pool,
            scene.client,
            username="ann",
            password=PASSWORD,
            attributes={"email": "ann@example.com"},
        )
        assert isinstance(refused, UserRefused)
        assert refused.reason is UserReason.DELIVERY_FAILED
        server.mailbox.answer = "250 OK"
        again = await scene.core.registration.resend(scene.pool, scene.client, username="ann")
        assert again == Delivery("a***@e***")
        await scene.core.outbox.drain()
    assert len(server.mailbox.mails) == 2
    assert not scene.core.outbox.is_inbox
    assert await scene.core.outbox.messages() == ()


async def test_nobody_waits_for_the_mail_server_where_that_would_tell_who_exists(
    open_scene: OpenScene, tmp_path: Path
) -> None:
    arrived, release = asyncio.Event(), asyncio.Event()

    class SlowCarrier:
        is_inbox = False

        async def deliver(self, _message: Message) -> None:
            arrived.set()
            await release.wait()

        async def latest(self, _limit: int) -> tuple[()]:
            return ()

    scene = await open_scene()
    await scene.add()
    scene.core.recovery.outbox = Outbox(SlowCarrier())
    assert isinstance(await scene.core.recovery.forgot(scene.pool, scene.client, username="ann"), Delivery)
    await arrived.wait()
    release.set()
    await scene.core.recovery.outbox.drain()


async def test_a_mail_may_have_another_sender_an_address_for_answers_and_two_bodies() -> None:
    message = Message(
        "kim@example.com",
        "New sign-in",
        "<p>Hello</p>",
        is_html=True,
        sender="Staff <staff@example.org>",
        reply_to="help@example.org",
        alternative="Hello",
    )
    mail = build_mail(Address("Login", "login", "example.com"), message)
    assert (mail["From"], mail["Reply-To"]) == ("Staff <staff@example.org>", "help@example.org")
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize(
    "text", ["", "nobody", "a@b@c", "Staff <a@example.com>\r\nBcc: x@example.com", "\x00"]
)
def test_what_is_no_address_sends_nothing(text: str) -> None:
    with pytest.raises(ValueError, match="addr"):
        parse_mailbox(text)


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("login@example.com", "login@example.com"),
        ("Staff login <login@example.com>", "Staff login <login@example.com>"),
        ('"Staff, all" <login@example.com>', '"Staff, all" <login@example.com>'),
    ],
    ids=["bare", "named", "quoted"],
)
def test_addresses_have_names_or_none(text: str, spelt: str) -> None:
    assert str(parse_mailbox(text)) == spelt
