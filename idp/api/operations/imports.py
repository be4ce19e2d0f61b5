"""User import jobs (cognito.md 3.6, 5.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.api.call import Call
from idp.api.paging import cut_page
from idp.api.present import present, timestamp
from idp.api.registry import operation
from idp.imports.rows import csv_header
from idp.model import Part

Answer = Mapping[str, object]
MOST: Final = 50
_DATES: Final = ("StartDate", "CompletionDate")
_SHOWN: Final = (
    "JobName",
    "CloudWatchLogsRoleArn",
    "PasswordHashingAlgorithm",
    "Status",
    "ImportedUsers",
    "SkippedUsers",
    "FailedUsers",
    "CompletionMessage",
)


@operation("GetCSVHeader")
async def get_csv_header(call: Call) -> Answer:
    """Return the columns of the pool's file."""
    pool = await call.pool()
    return {"UserPoolId": pool.id, "CSVHeader": list(csv_header(pool))}


@operation("CreateUserImportJob")
async def create_user_import_job(call: Call) -> Answer:
    """Make a job, with the address that its file is put to."""
    return _answer(call, await call.core.management.imports.create(await call.pool(), call.input))


@operation("DescribeUserImportJob")
async def describe_user_import_job(call: Call) -> Answer:
    """Return a job's state and counters."""
    pool = await call.pool()
    return _answer(call, await call.core.management.imports.get(pool.id, call.text("JobId")))


@operation("ListUserImportJobs")
async def list_user_import_jobs(call: Call) -> Answer:
    """List a pool's jobs by id."""
    pool = await call.pool()
    jobs = sorted(await call.core.management.imports.list(pool), key=lambda job: job.key)
    page, following = cut_page(
        call,
        [(job.key, _describe(call, job)) for job in jobs],
        scope=pool.id,
        member="MaxResults",
        token="PaginationToken",  # noqa: S106 - the member's name
        most=MOST,
    )
    return present(UserImportJobs=page, PaginationToken=following)


@operation("StartUserImportJob")
async def start_user_import_job(call: Call) -> Answer:
    """Begin to import in the background."""
    job = await call.core.management.imports.start(await call.pool(), call.text("JobId"))
    call.core.management.import_runner.begin(job)
    return _answer(call, job)


@operation("StopUserImportJob")
async def stop_user_import_job(call: Call) -> Answer:
    """Ask a job to end; what is imported stays."""
    return _answer(call, await call.core.management.imports.stop(await call.pool(), call.text("JobId")))


def _answer(call: Call, job: Part) -> Answer:
    return {"UserImportJob": _describe(call, job)}


def _describe(call: Call, job: Part) -> dict[str, object]:
    document = job.document
    dates = {name: timestamp(document[name]) for name in _DATES if name in document}
    is_open = document["Status"] == "Created"
    return present(
        JobId=job.key,
        UserPoolId=job.pool_id,
        CreationDate=timestamp(job.created_at),
        PreSignedUrl=call.core.public_url + call.core.management.imports.upload_path(job)
        if is_open
        else None,
        **{name: document.get(name) for name in _SHOWN},
        **dates,
    )
