"""Functions over HTTP: the Lambda Invoke API and signed webhooks.

Every call has a client of its own, so that no cookie of one answer rides on the next; no proxy out of the
environment and no redirect takes an event (a password, in UserMigration) elsewhere; answers are bounded.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx

from idp.outbox.webhook import SIGNATURE, sign
from idp.triggers.outcomes import Answered, Invocation, Unreached, read_failure
from idp.triggers.targets import LambdaFunction, Webhook

LARGEST_ANSWER: Final = 1024 * 1024
INVOKE_PATH: Final = "/2015-03-31/functions/{name}/invocations"
FUNCTION_ERROR: Final = "x-amz-function-error"


async def invoke_lambda(target: LambdaFunction, event: Mapping[str, Any], *, waits: bool) -> Invocation:
    """Invoke a function synchronously, or (`waits` false) hand the event over as an asynchronous one."""
    url = target.endpoint.rstrip("/") + INVOKE_PATH.format(name=quote(target.name, safe=""))
    headers = {"x-amz-invocation-type": "RequestResponse" if waits else "Event"}
    answer = await _post(url, _spell(event), headers, seconds=target.seconds)
    if isinstance(answer, Unreached):
        return answer
    status, given, body = answer
    if not 200 <= status < 300:
        return Unreached(f"the Lambda endpoint answered {status}")
    if not waits:
        return Answered(None)
    value = _read(body)
    # The runtime interface emulator tells errors by the document alone.
    is_error = isinstance(value, dict) and "errorMessage" in value and "response" not in value
    if FUNCTION_ERROR in given or is_error:
        return read_failure(value if isinstance(value, dict) else {})
    return value if isinstance(value, Unreached) else Answered(value)


async def call_webhook(target: Webhook, event: Mapping[str, Any], *, moment: int) -> Invocation:
    """Post a signed event; 2xx answers with the event, 4xx refuses with `errorMessage`."""
    body = _spell(event)
    headers = {SIGNATURE: sign(target.secret.reveal(), moment, body)}
    answer = await _post(target.url, body, headers, seconds=target.seconds)
    if isinstance(answer, Unreached):
        return answer
    status, _, received = answer
    value = _read(received) if received else None
    if 400 <= status < 500 and isinstance(value, dict):
        return read_failure(value)
    if not 200 <= status < 300:
        return Unreached(f"the webhook answered {status}")
    return value if isinstance(value, Unreached) else Answered(value)


async def _post(
    url: str, body: bytes, headers: Mapping[str, str], *, seconds: int
) -> tuple[int, httpx.Headers, bytes] | Unreached:
    headers = {"content-type": "application/json", **headers}
    try:
        async with (
            asyncio.timeout(seconds),
            httpx.AsyncClient(timeout=seconds, trust_env=False) as http,
            http.stream("POST", url, content=body, headers=headers) as response,
        ):
            received = await _read_bounded(response)
            if received is None:
                return Unreached(f"it answered more than {LARGEST_ANSWER} bytes")
            return response.status_code, response.headers, received
    except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
        return Unreached(type(error).__name__)


async def _read_bounded(response: httpx.Response) -> bytes | None:
    received = bytearray()
    async for part in response.aiter_bytes():
        received += part
        if len(received) > LARGEST_ANSWER:
            return None
    return bytes(received)


def _spell(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return Unreached("it answered no JSON")
