"""Requests whose decision needs I/O first, fails, or sees the client leave meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from lb.outcomes import Answer, Pending, Proceed
from lb.reasons import Reason
from lb.snapshot import Authentication
from tests.support.data_plane import FORWARD, Conversation, ScriptedTarget, answering, ok, serving

MIB = 1024 * 1024
GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
JWT = {
    "Type": "jwt-validation",
    "Order": 1,
    "JwtValidationConfig": {
        "JwksEndpoint": "https://issuer.example/keys",
        "Issuer": "https://issuer.example",
    },
}
GUARDED = {"actions": (JWT, {**FORWARD, "Order": 2})}
PASSED = Proceed(
    request_headers=((b"x-amzn-oidc-identity", b"ada"),),
    response_headers=((b"Set-Cookie", b"s=1"),),
    action="x",
)
REFUSED = Answer(401, ((b"Content-Type", b"text/html"),), b"no", reason=Reason.JWT_SIGNATURE_INVALID)


class Guard:
    """Authentication whose every pre-action waits for `run`."""

    def __init__(self, run: Callable[[], Awaitable[Answer | Proceed]]) -> None:
        self._run = run

    def compiler(self, settings: object, providers: object) -> Authentication:
        return Authentication(lambda action, arn: self, lambda handlers: self, lambda path: None)

    def handle(self, head: object, now: float) -> Any:
        return Pending(self._run, "test")

    async def aclose(self) -> None:
        """Nothing is held."""


async def test_request_goes_on_when_the_wait_is_over(direct: bool) -> None:
    async def run() -> Proceed:
        await asyncio.sleep(0.01)
        return PASSED

    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct, authentication=Guard(run), **GUARDED) as lb,
    ):
        response = await lb.ask(GET.replace(b"Host", b"X-Amzn-Oidc-Identity: eve\r\nHost"))
        assert (response.status, response.value("set-cookie")) == (200, "s=1")
        assert b"x-amzn-oidc-identity: ada\r\n" in seen[0]
        assert b"eve" not in seen[0]
        assert (await lb.record()).actions == ("x", "forward")
        await lb.idle()


async def test_refusal_after_the_wait_is_answered(direct: bool) -> None:
    async def run() -> Answer:
        return REFUSED

    async with serving([], direct=direct, authentication=Guard(run), **GUARDED) as lb:
        response = await lb.ask(GET)
        assert (response.status, response.body) == (401, b"no")
        assert (await lb.record()).reason is Reason.JWT_SIGNATURE_INVALID
        await lb.idle()


async def test_failure_while_waiting_never_lets_the_request_pass(
    direct: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> Proceed:
        raise RuntimeError("broken on purpose")

    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct, authentication=Guard(run), **GUARDED) as lb,
    ):
        assert (await lb.ask(GET)).status == 500
        assert (await lb.record()).reason is Reason.AUTH_UNHANDLED
        assert seen == []
        assert "broken on purpose" in caplog.text
        await lb.idle()


async def test_failing_rule_never_lets_the_request_pass(
    direct: bool, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Guard):
        def handle(self, head: object, now: float) -> Any:
            raise RuntimeError("broken on purpose")

    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct, authentication=Broken(asyncio.Event), **GUARDED) as lb,  # type: ignore[arg-type]
    ):
        assert (await lb.ask(GET)).status == 500
        assert seen == []
        assert "broken on purpose" in caplog.text


async def test_body_waits_bounded_and_arrives_whole(direct: bool) -> None:
    go = asyncio.Event()
    total = 32 * MIB

    async def run() -> Proceed:
        await go.wait()
        return PASSED

    async def script(conversation: Conversation) -> None:
        await conversation.head()
        size = 0
        while size < total:
            size += len(await conversation.reader.read(MIB))
        await conversation.send(ok(b"%d" % size))

    async with (
        ScriptedTarget(script) as target,
        serving([target.port], direct=direct, authentication=Guard(run), **GUARDED) as lb,
    ):
        client = await lb.connect(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % total)
        sent = [0]

        async def push() -> None:
            while sent[0] < total:
                client.writer.write(b"x" * 65536)
                await client.writer.drain()
                sent[0] += 65536

        pushing = asyncio.create_task(push())
        last = -1
        while sent[0] != last or not sent[0]:
            last = sent[0]
            await asyncio.sleep(0.1)
        assert last < 16 * MIB
        go.set()
        await asyncio.wait_for(pushing, 30)
        assert (await client.response()).body == b"%d" % total


async def test_client_that_leaves_meanwhile_reaches_no_target(direct: bool) -> None:
    waiting, go, over = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def run() -> Proceed:
        waiting.set()
        await go.wait()
        over.set()
        return PASSED

    async with (
        ScriptedTarget(answering(ok(), keep=(seen := []))) as target,
        serving([target.port], direct=direct, authentication=Guard(run), **GUARDED) as lb,
    ):
        client = await lb.connect(GET)
        await waiting.wait()
        client.reset()
        assert (await lb.record()).status == 460
        go.set()
        await over.wait()
        await asyncio.sleep(0.05)
        assert seen == []
        await lb.idle()
