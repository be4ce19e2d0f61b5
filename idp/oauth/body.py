"""Reading a form body within limits, once, into a record.

Not Starlette's form parser: it keeps one of several equal names without a word, and takes multipart
uploads, which no form here has.
"""

from __future__ import annotations

from enum import Enum

from starlette.requests import Request

from idp.oauth.parameters import Parameters, parse_parameters

MAX_BODY = 64 * 1024
FORM_TYPE = "application/x-www-form-urlencoded"


class BodyProblem(Enum):
    """Why a body was not read."""

    TOO_LARGE = "too large"
    WRONG_TYPE = "not a form"
    MALFORMED = "malformed"
    REPEATED = "repeated field"


async def read_form(request: Request) -> Parameters | BodyProblem:
    """Read the form of a POST; every field is there at most once."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        return BodyProblem.WRONG_TYPE
    body = await read_at_most(request, MAX_BODY)
    if body is None:
        return BodyProblem.TOO_LARGE
    parameters = parse_parameters(body)
    if parameters is None:
        return BodyProblem.MALFORMED
    return BodyProblem.REPEATED if parameters.repeated() else parameters


async def read_at_most(request: Request, limit: int) -> bytes | None:
    """Read a body, or None where it is larger than `limit` bytes."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            # The declared length is the client's word; the count is ours.
            return None
    return bytes(body)
