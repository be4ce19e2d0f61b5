"""Functions over HTTP: the Lambda Invoke API and signed webhooks, against a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from idp.clock import SystemClock
from idp.model import Secret
from idp.outbox.webhook import sign
from idp.triggers.names import Trigger
from idp.triggers.outcomes import Answered, Failed, Unreached
from idp.triggers.runner import Runner
from idp.triggers.targets import FunctionTable, LambdaFunction, Webhook
from tests.support.serving import serving

PRE = Trigger.PRE_SIGN_UP
EVENT: dict[str, Any] = {"request": {"name": "김"}, "response": {}}
SECRET = "the-secret-of-the-webhook"


@dataclass
class Endpoint:
    """A Lambda endpoint and webhook, and what it received."""

    url: str = ""
    received: list[Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    seen: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: Request) -> Response:
        self.received.append(request)
        self.bodies.append(await request.body())
        self.seen.set()
        name = request.path_params["name"]
        if name == "slow":
            await asyncio.sleep(5)  # the function has one second; the server ends with it
        return {
            "echo": lambda: Response(self.bodies[-1], headers={"set-cookie": "of=another-user"}),
            "raise": lambda: JSONResponse(
                {"errorMessage": "no", "errorType": "Refused"},
                headers={"x-amz-function-error": "Unhandled"},
            ),
            "emulator": lambda: JSONResponse({"errorMessage": "no", "errorType": "Refused"}),
            "text": lambda: Response("not json"),
            "empty": lambda: Response(""),
            "null": lambda: Response("null"),
            "huge": lambda: Response(json.dumps({"response": {"x": "y" * 1_100_000}})),
            "away": lambda: RedirectResponse(self.url),
            "broken": lambda: Response(status_code=500),
            "refuse": lambda: JSONResponse({"errorMessage": "not you"}, status_code=403),
            "slow": lambda: Response(""),
        }[name]()


@pytest_asyncio.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    found = Endpoint()
    routes = [
        Route("/2015-03-31/functions/{name}/invocations", found.answer, methods=["POST"]),
        Route("/hooks/{name}", found.answer, methods=["POST"]),
    ]
    async with serving(lambda _: Starlette(routes=routes)) as url:
        found.url = url
        yield found


def runner_for(endpoint: Endpoint) -> Runner:
    names = ("echo", "refuse", "broken", "empty", "huge", "away", "text")
    hooks = {
        f"hook-{name}": Webhook(f"hook-{name}", f"{endpoint.url}/hooks/{name}", Secret(SECRET))
        for name in names
    }
    slow = {"slow": LambdaFunction("slow", endpoint.url, seconds=1)}
    return Runner(FunctionTable({**hooks, **slow}, endpoint.url), SystemClock())


@pytest.mark.parametrize(
    ("function", "outcome"),
    [
        ("arn:aws:lambda:us-east-1:123456789012:function:echo", Answered(EVENT)),
        ("raise", Failed("no", "Refused")),
        ("emulator", Failed("no", "Refused")),
        ("null", Answered(None)),
        ("text", Unreached("it answered no JSON")),
        ("huge", Unreached("it answered more than 1048576 bytes")),
        ("away", Unreached("the Lambda endpoint answered 307")),
        ("broken", Unreached("the Lambda endpoint answered 500")),
        ("slow", Unreached("TimeoutError")),
        ("hook-echo", Answered(EVENT)),
        ("hook-empty", Answered(None)),
        ("hook-refuse", Failed("not you")),
        ("hook-broken", Unreached("the webhook answered 500")),
        ("hook-away", Unreached("the webhook answered 307")),
        ("hook-huge", Unreached("it answered more than 1048576 bytes")),
        ("hook-text", Unreached("it answered no JSON")),
    ],
)
async def test_what_comes_back_from_an_endpoint(endpoint: Endpoint, function: str, outcome: object) -> None:
    assert await runner_for(endpoint).invoke(PRE, function, EVENT) == outcome


async def test_a_webhook_can_check_who_called(endpoint: Endpoint) -> None:
    await runner_for(endpoint).invoke(PRE, "hook-echo", EVENT)
    header = endpoint.received[0].headers["x-albacore-signature"]
    moment = int(header.partition(",")[0].removeprefix("t="))
    assert header == sign(SECRET, moment, endpoint.bodies[0])


async def test_no_cookie_of_one_answer_rides_on_the_next_call(endpoint: Endpoint) -> None:
    runner = runner_for(endpoint)
    for _ in range(2):
        await runner.invoke(PRE, "echo", EVENT)
    assert "cookie" not in endpoint.received[1].headers


async def test_an_event_may_be_handed_over_without_waiting(endpoint: Endpoint) -> None:
    runner = runner_for(endpoint)
    runner.post(Trigger.CUSTOM_EMAIL_SENDER, "echo", EVENT)
    await asyncio.wait_for(endpoint.seen.wait(), 10)
    assert endpoint.received[0].headers["x-amz-invocation-type"] == "Event"
    await runner.close()


async def test_nobody_at_the_endpoint_is_not_reached(endpoint: Endpoint) -> None:
    runner = Runner(FunctionTable(endpoint="http://127.0.0.1:1"), SystemClock())
    assert isinstance(await runner.invoke(PRE, "echo", EVENT), Unreached)
