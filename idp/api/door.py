"""`POST /`: reads a request of the JSON 1.1 protocol, lets it in, and answers (cognito.md 1.0, 3.1).

Order: target, size, signature (of operations that need one), document, validation, operation. Whatever goes
wrong is a typed error; a failure of ours is told as one and explained in the log only. Browsers may call it
from any origin, because nothing here rests on cookies.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

import idp.api.operations  # noqa: F401 - fills the registry
from idp.api.access import Gate
from idp.api.call import Call
from idp.api.errors import ApiError, serialization, unmanaged
from idp.api.limits import counted, flood
from idp.api.present import read_attributes
from idp.api.registry import SERVED, UNSUPPORTED
from idp.api.shapes import Operation, operations, read_input, read_json, target_prefix
from idp.management.refusal import Refused
from idp.oauth.body import read_at_most
from idp.pages.local import client_address
from idp.pages.render import RETRY_SECONDS
from idp.site import Site, site_of
from idp.store.base import StoreUnavailable
from idp.triggers.origin import note_told

log = logging.getLogger("idp.api")
CONTENT_TYPE: Final = "application/x-amz-json-1.1"
MOST_BYTES: Final = {"public": 256 * 1024, "secret": 256 * 1024, "signed": 4 * 1024 * 1024}
"""What a stranger may make us read; images of pages come with a signature."""
_CORS: Final = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date",
}
_PREFLIGHT: Final = {
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "content-type,x-amz-target,x-amz-user-agent,amz-sdk-request,"
    "amz-sdk-invocation-id,x-amz-date,authorization,cache-control,x-amz-security-token,x-amz-content-sha256,"
    "x-amz-api-version,x-amzn-trace-id",
    "access-control-max-age": "172800",
}


async def api(request: Request) -> Response:
    """Serve the API."""
    if request.method == "OPTIONS":
        return Response(status_code=200, headers=_CORS | _PREFLIGHT)
    request_id = str(request.scope.get("idp.request_id", ""))
    called = "-"
    try:
        operation = find_operation(request.headers.getlist("x-amz-target"))
        called = operation.name
        answer = await _serve(site_of(request), request, operation)
        response = _respond(200, answer)
        outcome = "served"
    except ApiError as error:
        response, outcome = _refuse(error), error.code
    except StoreUnavailable as error:
        log.error("request %s was not served: %s", request_id, error)  # noqa: TRY400 - one line says it
        response, outcome = _refuse(_failure(503)), "unavailable"
        response.headers["retry-after"] = RETRY_SECONDS
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it
    except Exception:  # the last line: what nobody foresaw is told in the log only
        log.exception("request %s to %s failed", request_id, called)
        response, outcome = _refuse(_failure(500)), "failed"
    log.info("%s request=%s address=%s: %s", called, request_id, client_address(request), outcome)
    response.headers.update({**_CORS, "x-amzn-RequestId": request_id})
    return response


def refuse_flood(request: Request) -> Response:
    """Answer somebody who sends too many requests, unread."""
    response = _refuse(flood())
    request_id = str(request.scope.get("idp.request_id", ""))
    response.headers.update({**_CORS, "x-amzn-RequestId": request_id})
    return response


def find_operation(targets: list[str]) -> Operation:
    """Return the operation that `X-Amz-Target` names; raises UnknownOperationException. Pure."""
    prefix, _, name = targets[0].rpartition(".") if len(targets) == 1 else ("", "", "")
    operation = operations().get(name)
    if prefix != target_prefix() or operation is None:
        message = f"X-Amz-Target must be {target_prefix()}. and an operation of the service"
        raise ApiError("UnknownOperationException", message)
    return operation


async def _serve(site: Site, request: Request, operation: Operation) -> Mapping[str, object]:
    gate: Gate = request.app.state.gate
    if operation.auth == "signed":
        gate.check_claim(request)
    body = await _read_body(request, MOST_BYTES[operation.auth])
    key = gate.check(request, body, now=site.core.clock.now()) if operation.auth == "signed" else None
    if reason := UNSUPPORTED.get(operation.name):
        raise ApiError("OperationNotEnabledException", reason)
    serve = SERVED.get(operation.name)
    if serve is None:
        raise ApiError("OperationNotEnabledException", f"{operation.name} is not supported yet")
    members = read_input(operation, read_json(body))
    if key is not None:
        await gate.check_pool(key, operation.name, members, site.core)
    note_told(members.get("ClientMetadata", {}), read_attributes(members.get("ValidationData")))
    call = Call(
        core=site.core,
        operation=operation.name,
        input=members,
        address=client_address(request),
        user_agent=request.headers.get("user-agent", "")[:512],
        region=gate.region(request),
        access_key=key.id if key else None,
    )
    counting = nullcontext() if key is not None else counted(site.core.limiter, call)
    try:
        with counting:
            return await serve(call)
    except Refused as refusal:
        raise unmanaged(refusal) from refusal


async def _read_body(request: Request, limit: int) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != CONTENT_TYPE:
        raise serialization(f"Content-Type must be {CONTENT_TYPE}")
    body = await read_at_most(request, limit)
    if body is None:
        raise ApiError("RequestEntityTooLargeException", f"the body is larger than {limit} bytes", 413)
    return body


def _respond(status: int, members: Mapping[str, Any]) -> Response:
    content = json.dumps(members, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Not `media_type`: Starlette would add a charset, which the protocol does not have.
    return Response(content, status, headers={"content-type": CONTENT_TYPE})


def _refuse(error: ApiError) -> Response:
    response = _respond(error.status, {"__type": error.code, "message": error.message})
    response.headers["x-amzn-ErrorType"] = f"{error.code}:"
    response.headers["x-amzn-ErrorMessage"] = header_text(error.message)
    return response


def header_text(message: str) -> str:
    """Spell a message so that a header can hold it: printable ASCII on one line. Pure."""
    return "".join(c if " " <= c <= "~" else " " if c.isspace() else "?" for c in message)[:1024].strip()


def _failure(status: int) -> ApiError:
    return ApiError("InternalErrorException", "Something went wrong", status)
