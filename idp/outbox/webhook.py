"""Text messages through a webhook: one signed POST for each, to whatever sends SMS where this runs.

The body is JSON: `id` (the same for every try of one message), `to`, `message`, `userPoolId`. The header
`x-albacore-signature: t=<Unix seconds>,v1=<hex>` carries HMAC-SHA256 over `<t>.<body>` under the shared
secret, so that the receiver can refuse forged and old requests. Any 2xx means taken.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from typing import Final

import httpx

from idp.clock import Clock
from idp.model import Mail
from idp.outbox.base import DeliveryFailed
from idp.outbox.messages import Message
from idp.outbox.settings import SmsSettings

SIGNATURE: Final = "x-albacore-signature"


class WebhookCarrier:
    """Hands text messages to a webhook."""

    is_inbox = False

    def __init__(self, settings: SmsSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock

    async def deliver(self, message: Message) -> None:
        """Hand a message over; raises DeliveryFailed."""
        body = build_body(message, str(uuid.uuid4()))
        moment = int(self._clock.now())
        headers = {
            "content-type": "application/json",
            SIGNATURE: sign(self._settings.secret.reveal(), moment, body),
        }
        try:
            # Bare: no proxy out of the environment, no redirect that would carry a code elsewhere.
            async with (
                httpx.AsyncClient(timeout=self._settings.timeout_seconds, trust_env=False) as http,
                http.stream("POST", self._settings.url, content=body, headers=headers) as response,
            ):
                status = response.status_code  # what it says beyond that is not read: it may be endless
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise DeliveryFailed(type(error).__name__) from error
        if not 200 <= status < 300:
            raise DeliveryFailed(f"the webhook answered {status}")

    async def latest(self, limit: int) -> tuple[Mail, ...]:
        """Nothing stays here."""
        return ()


def build_body(message: Message, message_id: str) -> bytes:
    """Spell a message for the webhook."""
    members = {
        "id": message_id,
        "to": message.recipient,
        "message": message.body,
        "userPoolId": message.pool_id,
    }
    return json.dumps(members, ensure_ascii=False).encode()


def sign(secret: str, moment: int, body: bytes) -> str:
    """Sign a body at a time in Unix seconds."""
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"
