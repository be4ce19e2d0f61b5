"""/admin/POOL/import: users out of a CSV file with a report of every row that did not fit, and into one.

The jobs are those of the API (CreateUserImportJob and the like), worked through by the same runner. An export
is written while it is read, a page of users at a time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from idp.api.pool_shapes import ACCOUNT
from idp.console.desk import Desk
from idp.console.paging import moment
from idp.console.upload import pieces_of
from idp.imports.export import export_lines
from idp.imports.jobs import HASHES, RUNNING
from idp.imports.rows import LONGEST_ROW, UnfitRow, csv_header, join_row, read_header
from idp.imports.upload import UnfitUpload, take_lines
from idp.management.refusal import Refused
from idp.model import Part

HERE: Final = "import"
SHOWN: Final = 20
MARK: Final = "\ufeff"
"""Tells spreadsheets that the file is UTF-8."""
COUNTS: Final = ("ImportedUsers", "SkippedUsers", "FailedUsers")


async def show_imports(desk: Desk) -> Response:
    """Show the latest jobs, and the forms for a file in and a file out."""
    jobs = sorted(await desk.core.management.imports.list(desk.pool), key=lambda job: -job.created_at)
    return desk.render(
        "imports.html",
        "console.import",
        here=HERE,
        jobs=[_row(desk, job) for job in jobs[:SHOWN]],
        hashes=HASHES,
        chosen=desk.form.text("hash"),
    )


async def show_header(desk: Desk) -> Response:
    """Hand out an empty file of the pool: its header."""
    return _attached(desk, PlainTextResponse(join_row(csv_header(desk.pool)) + "\n"), "import-template")


async def submit_import(desk: Desk) -> Response:
    """Take a file, hold its header against the pool, and begin to import."""
    file, algorithm = desk.file, desk.form.text("hash")
    if algorithm and algorithm not in HASHES:
        return await show_imports(desk.refused(desk.say("console.set.choose")))
    if file is None:
        return await show_imports(desk.refused(desk.say("console.refused.no_file")))
    try:
        await _check_header(desk, file, hashed=bool(algorithm))
        job = await _begin(desk, file, algorithm)
    except (UnfitRow, UnfitUpload) as error:
        return await show_imports(desk.refused(desk.say("console.refused.file", why=str(error))))
    except Refused as refusal:
        return await show_imports(desk.refused(refusal.message))
    desk.record("import-users", target=job.key)
    return desk.done(f"/import/{job.key}", "console.done.import_begun")


async def show_job(desk: Desk) -> Response:
    """Show what came of a job."""
    try:
        job = await desk.core.management.imports.get(desk.pool.id, desk.request.path_params["job"])
    except Refused:
        return desk.missing("console.import", here=HERE)
    return desk.render(
        "import_job.html",
        "console.import_job",
        here=HERE,
        job=_row(desk, job),
        report=job.document.get("Report", []),
        message=job.document.get("CompletionMessage", ""),
    )


async def submit_stop(desk: Desk) -> Response:
    """Ask a job to end; what is imported stays."""
    job_id = desk.request.path_params["job"]
    try:
        job = await desk.core.management.imports.stop(desk.pool, job_id)
    except Refused as refusal:
        return await show_imports(desk.refused(refusal.message))
    desk.record("stop-import", target=job.key)
    return desk.done(f"/import/{job.key}", "console.done.import_stopping")


async def submit_export(desk: Desk) -> Response:
    """Send every user as CSV, while they are read."""
    for_spreadsheet = desk.form.get("format") != "import"
    desk.record("export-users", target=desk.pool.id, format="spreadsheet" if for_spreadsheet else "import")
    lines = _marked(
        export_lines(desk.core.store, desk.pool, for_spreadsheet=for_spreadsheet), for_spreadsheet
    )
    return _attached(desk, StreamingResponse(lines, media_type="text/csv; charset=utf-8"), "users")


def back_to_imports(_: Desk) -> str:
    """Return the path of the page with the forms."""
    return "/import"


async def _check_header(desk: Desk, file: UploadFile, *, hashed: bool) -> None:
    """Hold the first line against the pool before a job is made; raises UnfitRow or UnfitUpload."""
    head = (await file.read(4 * LONGEST_ROW)).partition(b"\n")[0]
    await file.seek(0)
    try:
        line = head.decode("utf-8").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise UnfitUpload("the file is not UTF-8") from error
    read_header(desk.pool, line, hashed=hashed)


async def _begin(desk: Desk, file: UploadFile, algorithm: str) -> Part:
    imports, pool = desk.core.management.imports, desk.pool
    await imports.refuse_second(pool)
    now = datetime.fromtimestamp(desk.core.clock.now(), UTC)
    members = {
        "JobName": f"console {now:%Y-%m-%d %H.%M.%S}",
        "CloudWatchLogsRoleArn": f"arn:aws:iam::{ACCOUNT}:role/admin-console",
        **({"PasswordHashingAlgorithm": algorithm} if algorithm else {}),
    }
    job = await imports.create(pool, members)
    await take_lines(imports, job, pieces_of(file))
    job = await imports.start(pool, job.key)
    desk.core.management.import_runner.begin(job)
    return job


async def _marked(lines: AsyncIterator[str], for_spreadsheet: bool) -> AsyncIterator[str]:
    if for_spreadsheet:
        yield MARK
    async for part in lines:
        yield part


def _attached(desk: Desk, response: Response, name: str) -> Response:
    response.headers["content-disposition"] = f'attachment; filename="{name}-{desk.pool.id}.csv"'
    return response


def _row(desk: Desk, job: Part) -> dict[str, Any]:
    document = job.document
    return {
        "id": job.key,
        "name": document["JobName"],
        "status": desk.say(f"console.job.{document['Status']}"),
        "is_running": document["Status"] in RUNNING,
        "is_bad": document["Status"] in ("Failed", "Expired"),
        "at": moment(job.created_at),
        "ended": moment(document.get("CompletionDate")),
        "counts": [(desk.say(f"console.job.{name}"), document[name]) for name in COUNTS],
    }
