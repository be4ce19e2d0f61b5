"""`PUT /import/{pool}/{job}`: takes the file of an import job, line by line, within bounds.

The signed address is the key; nothing else of the request is believed. An upload counts only when it came
whole: a broken one leaves the one before in its place.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterable, AsyncIterator
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from idp.imports.jobs import ImportDesk
from idp.imports.rows import LONGEST_ROW
from idp.model import Part
from idp.site import site_of

MOST_BYTES: Final = 100 * 1024 * 1024
MOST_ROWS: Final = 500_000
CHUNK_BYTES: Final = 256 * 1024
_EXPIRES: Final = re.compile(r"[0-9]{1,12}")


class UnfitUpload(ValueError):  # noqa: N818 - a state, said plainly
    """A file that is not taken; the text says why."""


async def put_file(request: Request) -> Response:
    """Serve the upload."""
    desk = site_of(request).core.management.imports
    expires, signature = (request.query_params.get(name, "") for name in ("expires", "signature"))
    if not _EXPIRES.fullmatch(expires):
        return PlainTextResponse("AccessDenied", 403)
    pool_id, job_id = request.path_params["pool"], request.path_params["job"]
    job = await desk.find_upload(pool_id, job_id, expires, signature)
    if job is None:
        return PlainTextResponse("AccessDenied", 403)
    try:
        taken = await take_lines(desk, job, request.stream())
    except ClientDisconnect:
        return Response(status_code=400)
    except UnfitUpload as error:
        return PlainTextResponse(str(error), 400)
    return Response(status_code=200 if taken else 409)


async def take_lines(desk: ImportDesk, job: Part, pieces: AsyncIterable[bytes]) -> bool:
    """Keep a file as a job's; False where the job was started meanwhile. Raises UnfitUpload.

    A file that does not come whole leaves no trace.
    """
    upload = secrets.token_hex(8)
    try:
        await _keep(desk, job, upload, pieces)
    except (ClientDisconnect, UnfitUpload):
        await desk.drop_upload(job, upload)
        raise
    return await desk.finish_upload(job, upload)


async def _keep(desk: ImportDesk, job: Part, upload: str, pieces: AsyncIterable[bytes]) -> None:
    number = rows = 0
    async for lines in _whole_lines(pieces):
        rows += lines.count(b"\n")
        if rows > MOST_ROWS + 1:
            raise UnfitUpload(f"the file has more than {MOST_ROWS} rows")
        await desk.add_lines(job, upload, number, _decode(lines))
        number += 1
    if not number:
        raise UnfitUpload("the file is empty")


async def _whole_lines(pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Yield a file in pieces that end with a line."""
    waiting, size = b"", 0
    async for piece in pieces:
        size += len(piece)
        if size > MOST_BYTES:
            raise UnfitUpload(f"the file is larger than {MOST_BYTES} bytes")
        waiting += piece
        if len(waiting) < CHUNK_BYTES:
            continue
        whole, separator, waiting = waiting.rpartition(b"\n")
        if len(waiting) > 4 * LONGEST_ROW:
            raise UnfitUpload(f"a row is longer than {LONGEST_ROW} characters")
        if separator:
            yield whole + separator
    if waiting:
        yield waiting


def _decode(lines: bytes) -> str:
    try:
        return lines.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnfitUpload("the file is not UTF-8") from error
