"""Text messages to a real webhook on this machine: what it gets, how it can check that, and when it fails."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from idp.clock import ManualClock
from idp.model import Secret
from idp.outbox.base import DeliveryFailed, Outbox
from idp.outbox.messages import Message, mask_phone
from idp.outbox.settings import SmsSettings
from idp.outbox.webhook import SIGNATURE, WebhookCarrier
from tests.support.serving import serving

SECRET = "the-webhook-secret-of-the-tests"
MESSAGE = Message(
    "+12025550123", "Text message (SMS)", "Your code is 246810 \u2713", pool_id="p", medium="SMS"
)


@dataclass
class Gateway:
    """What the webhook got."""

    url: str = ""
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def carrier(self, path: str = "/send") -> WebhookCarrier:
        return WebhookCarrier(SmsSettings(self.url + path, Secret(SECRET), 5), ManualClock(1_800_000_000.5))


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    gateway = Gateway()

    async def take(request: Request) -> Response:
        gateway.requests.append((dict(request.headers), await request.body()))
        return Response(status_code=202)

    async def elsewhere(request: Request) -> Response:
        return RedirectResponse("/send", status_code=307)

    async def broken(request: Request) -> Response:
        return Response("the code was 246810", status_code=500)

    app = Starlette(
        routes=[
            Route(path, serve, methods=["POST"])
            for path, serve in (("/send", take), ("/moved", elsewhere), ("/broken", broken))
        ]
    )
    async with serving(lambda _: app) as gateway.url:
        yield gateway


async def test_the_webhook_gets_the_message_and_can_check_who_sent_it(gateway: Gateway) -> None:
    await gateway.carrier().deliver(MESSAGE)
    [(headers, body)] = gateway.requests
    sent = json.loads(body)
    assert (sent["to"], sent["message"], sent["userPoolId"]) == (MESSAGE.recipient, MESSAGE.body, "p")
    assert len(sent["id"]) == 36
    expected = hmac.new(SECRET.encode(), b"1800000000." + body, hashlib.sha256).hexdigest()
    assert headers[SIGNATURE] == f"t=1800000000,v1={expected}"


@pytest.mark.parametrize("path", ["/moved", "/broken", "/nowhere"], ids=["redirect", "500", "404"])
async def test_what_is_not_taken_is_a_failure_that_tells_no_code(gateway: Gateway, path: str) -> None:
    """A redirect would carry the code to wherever the receiver says."""
    with pytest.raises(DeliveryFailed) as caught:
        await gateway.carrier(path).deliver(MESSAGE)
    assert "246810" not in str(caught.value)
    assert gateway.requests == []


async def test_a_webhook_that_is_not_there_fails_a_message_and_no_more() -> None:
    carrier = WebhookCarrier(SmsSettings("http://127.0.0.1:1/", Secret(SECRET), 2), ManualClock())
    assert not await Outbox(carrier).send(MESSAGE)


def test_numbers_are_masked_as_cognito_does() -> None:
    assert mask_phone("+12025550123") == "+*******0123"
