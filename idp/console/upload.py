"""A form with a file as browsers send it (RFC 7578): within bounds, and on disk where it is large."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from idp.oauth.body import BodyProblem
from idp.oauth.parameters import Parameters

FORM_TYPE: Final = "multipart/form-data"
MOST_FIELDS: Final = 10
PIECE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Sent:
    """A form's fields and its file, to be closed; without a file where none was chosen."""

    form: Parameters
    file: UploadFile | None = field(default=None, repr=False)

    async def close(self) -> None:
        """Let go of the file."""
        if self.file is not None:
            await self.file.close()


async def read_upload(request: Request, most_bytes: int) -> Sent | BodyProblem:
    """Read a form with at most one file; every field is there at most once."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        return BodyProblem.WRONG_TYPE
    parser = MultiPartParser(
        request.headers, _bounded(request, most_bytes), max_files=1, max_fields=MOST_FIELDS
    )
    try:
        data = await parser.parse()
    except _TooLarge:
        return BodyProblem.TOO_LARGE
    except MultiPartException:
        return BodyProblem.MALFORMED
    sent = _sort(data)
    if not isinstance(sent, Sent) or sent.file is None:
        await data.close()
    return sent


async def pieces_of(file: UploadFile) -> AsyncIterator[bytes]:
    """Yield a file's bytes."""
    while piece := await file.read(PIECE):
        yield piece


class _TooLarge(MultiPartException):
    """More bytes than allowed; the parser closes its files on exceptions of its own kind."""


async def _bounded(request: Request, most_bytes: int) -> AsyncGenerator[bytes, None]:
    size = 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > most_bytes:
                raise _TooLarge("too large")
            yield piece
    except ClientDisconnect as gone:
        raise MultiPartException("broken off") from gone


def _sort(data: FormData) -> Sent | BodyProblem:
    pairs = tuple((name, value) for name, value in data.multi_items() if isinstance(value, str))
    files = [value for _, value in data.multi_items() if isinstance(value, UploadFile)]
    form = Parameters(pairs)
    if form.repeated():
        return BodyProblem.REPEATED
    if any("\x00" in part for pair in pairs for part in pair):
        return BodyProblem.MALFORMED
    return Sent(form, files[0] if files and files[0].filename else None)
