"""Faults on our own side: whatever raises, the client gets an answer and every count goes back to zero."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from lb.outcomes import Pending, Proceed
from lb.reasons import Reason
from lb.settings import TargetSettings
from lb.snapshot import Authentication
from lb.upstream.pool import UpstreamPool
from tests.support.data_plane import (
    FORWARD,
    Conversation,
    ScriptedTarget,
    answering,
    build_settings,
    ok,
    serving,
)

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
BAD = b"GET / HTTP/1.1\r\nHost: h\r\nX-Bad: 1\r\n\r\n"
JWT = {
    "Type": "jwt-validation",
    "Order": 1,
    "JwtValidationConfig": {
        "JwksEndpoint": "https://issuer.example/keys",
        "Issuer": "https://issuer.example",
    },
}
# Text where bytes belong: joining the request's head raises.
UNSENDABLE = Proceed(request_headers=cast(Any, (("x", "y"),)))


async def _unsendable() -> Proceed:
    return UNSENDABLE


class Guard:
    """Authentication that lets requests pass with what cannot be sent, where they say `X-Bad`."""

    def __init__(self, outcome: Any) -> None:
        self._outcome = outcome

    def compiler(self, settings: object, providers: object) -> Authentication:
        return Authentication(lambda action, arn: self, lambda handlers: self, lambda path: None)

    def handle(self, head: Any, now: float) -> Any:
        return self._outcome if head.header(b"x-bad") else Proceed()

    async def aclose(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize(
    "outcome", [UNSENDABLE, Pending(_unsendable, "test")], ids=["at once", "after a wait"]
)
async def test_request_that_cannot_be_built_is_answered_with_500(
    direct: bool, outcome: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        ScriptedTarget(answering(ok())) as target,
        serving(
            [target.port],
            direct=direct,
            authentication=Guard(outcome),
            actions=(JWT, {**FORWARD, "Order": 2}),
        ) as lb,
    ):
        client = await lb.connect(BAD)
        assert (await client.response()).status == 500
        assert (await lb.record()).reason is Reason.INTERNAL
        await lb.idle()
        await client.send(GET)
        assert (await client.response()).status == 200
        assert "TypeError" in caplog.text


async def test_target_whose_name_cannot_be_looked_up_answers_502(direct: bool) -> None:
    """`a..b` is no host name to the resolver: UnicodeError, which is no OSError."""
    async with serving([], direct=direct) as lb:
        settings = build_settings([], port=lb.port)
        group = replace(settings.target_groups["app"], targets=(TargetSettings("a..b", 80),))
        lb.runtime.apply(replace(settings, target_groups={"app": group}))
        assert (await lb.ask(GET)).status == 502
        assert (await lb.record()).reason is Reason.TARGET_CONNECTION_REFUSED
        await lb.idle()


async def test_fault_while_a_request_goes_out_on_a_new_connection_is_answered(
    direct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = UpstreamPool.open

    def broken(self: UpstreamPool, target: Any, opened: Callable[..., None], failed: Any) -> None:
        def raising(connection: object) -> None:
            raise RuntimeError("broken on purpose")

        opening(self, target, raising, failed)

    async def script(conversation: Conversation) -> None:
        assert await conversation.closed()

    async with ScriptedTarget(script) as target, serving([target.port], direct=direct) as lb:
        with monkeypatch.context() as patched:
            patched.setattr(UpstreamPool, "open", broken)
            assert (await lb.ask(GET)).status == 500
        await lb.idle()
        await asyncio.sleep(0.05)
        assert "open=0" in repr(lb.runtime.pool)
