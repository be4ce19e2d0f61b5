"""Import jobs: made, described, started, stopped; what is uploaded for one (cognito.md 5.8).

A job and the lines of its file are parts of the pool, so that any node may receive the file and any may work
through it. The address of the upload is signed and good for fifteen minutes; it is the only key one needs, as
on AWS.
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from idp.clock import Clock
from idp.management.pools import IMPORT_JOB
from idp.management.refusal import Reason, Refused
from idp.model import Part, Pool
from idp.seal import Vault
from idp.store.base import NotFound, Records, Store

CHUNK: Final = "import-chunk"
UPLOAD_SECONDS: Final = 900
MOST_JOBS: Final = 1000
HASHES: Final = ("BCRYPT", "SCRYPT", "ARGON2ID", "PBKDF2_SHA256")
"""PasswordHashingAlgorithm."""
RUNNING: Final = ("Pending", "InProgress", "Stopping")


class ImportDesk:
    """Keeps import jobs and their uploads."""

    def __init__(self, store: Store, clock: Clock, vault: Vault) -> None:
        self.store = store
        self.clock = clock
        self._vault = vault

    async def create(self, pool: Pool, members: Mapping[str, Any]) -> Part:
        """Make a job that waits for its file; raises Refused."""
        now = self.clock.now()
        document = {
            "JobName": members["JobName"],
            "CloudWatchLogsRoleArn": members["CloudWatchLogsRoleArn"],
            "PasswordHashingAlgorithm": members.get("PasswordHashingAlgorithm"),
            "Status": "Created",
            "ImportedUsers": 0,
            "SkippedUsers": 0,
            "FailedUsers": 0,
            "Rows": 0,
        }
        job = Part(pool.id, IMPORT_JOB, f"import-{uuid.uuid4()}", document, now, now)
        async with self.store.writing(alone=True) as records:
            if len(await records.parts.list(pool.id, IMPORT_JOB)) >= MOST_JOBS:
                raise Refused(Reason.LIMIT, f"a user pool has at most {MOST_JOBS} import jobs")
            return await records.parts.create(job)

    async def get(self, pool_id: str, job_id: str) -> Part:
        """Return a job; raises Refused."""
        async with self.store.reading() as records:
            job = await records.parts.find(pool_id, IMPORT_JOB, job_id)
        if job is None:
            raise no_job(job_id)
        return self.aged(job)

    async def list(self, pool: Pool) -> tuple[Part, ...]:
        """All jobs of a pool."""
        async with self.store.reading() as records:
            return tuple(self.aged(job) for job in await records.parts.list(pool.id, IMPORT_JOB))

    def aged(self, job: Part) -> Part:
        """Return a job as it is by now: one that was not started in time has expired."""
        if job.document["Status"] == "Created" and self.clock.now() >= job.created_at + UPLOAD_SECONDS:
            return replace(job, document={**job.document, "Status": "Expired"})
        return job

    async def start(self, pool: Pool, job_id: str) -> Part:
        """Let a job wait for its turn; raises Refused."""
        now = self.clock.now()

        def change(old: Part) -> Part:
            if self.aged(old).document["Status"] != "Created":
                raise Refused(Reason.PRECONDITION, "The import job is not in the state Created")
            if not old.document.get("Upload"):
                raise Refused(Reason.PRECONDITION, "The CSV file has not been uploaded")
            document = {**old.document, "Status": "Pending", "StartDate": now}
            return replace(old, document=document, updated_at=now)

        async with self.store.writing(alone=True) as records:
            _refuse_second(await records.parts.list(pool.id, IMPORT_JOB))
            return await _update(records, pool, job_id, change)

    async def refuse_second(self, pool: Pool) -> None:
        """Refuse early what `start` would refuse: a second job at the same time."""
        async with self.store.reading() as records:
            _refuse_second(await records.parts.list(pool.id, IMPORT_JOB))

    async def stop(self, pool: Pool, job_id: str) -> Part:
        """Ask a running job to end; raises Refused."""

        def change(old: Part) -> Part:
            if old.document["Status"] not in ("Pending", "InProgress"):
                raise Refused(Reason.PRECONDITION, "The import job is not running")
            return replace(old, document={**old.document, "Status": "Stopping"})

        async with self.store.writing() as records:
            return await _update(records, pool, job_id, change)

    def upload_path(self, job: Part) -> str:
        """Return the signed path and query that the job's file is put to."""
        expires = str(int(job.created_at) + UPLOAD_SECONDS)
        signature = self._sign(job.pool_id, job.key, expires)
        return f"/import/{job.pool_id}/{job.key}?expires={expires}&signature={signature}"

    async def find_upload(self, pool_id: str, job_id: str, expires: str, signature: str) -> Part | None:
        """Return the job that an upload's address opens, or None."""
        good = hmac.compare_digest(
            self._sign(pool_id, job_id, expires).encode(), signature.encode("utf-8", "replace")
        )
        if not good or self.clock.now() >= int(expires):
            return None
        try:
            job = await self.get(pool_id, job_id)
        except Refused:
            return None
        return job if job.document["Status"] == "Created" else None

    async def add_lines(self, job: Part, upload: str, number: int, lines: str) -> None:
        """Keep some of an upload's lines."""
        now = self.clock.now()
        part = Part(job.pool_id, CHUNK, chunk_key(job.key, upload, number), {"lines": lines}, now, now)
        async with self.store.writing() as records:
            await records.parts.create(part)

    async def finish_upload(self, job: Part, upload: str) -> bool:
        """Make an upload the job's file; False where the job has been started meanwhile."""
        async with self.store.writing() as records:
            found = await records.parts.find(job.pool_id, IMPORT_JOB, job.key)
            if found is None or found.document["Status"] != "Created":
                await records.parts.clear(job.pool_id, CHUNK, f"{job.key}/{upload}/")
                return False
            before = found.document.get("Upload")
            if before:
                await records.parts.clear(job.pool_id, CHUNK, f"{job.key}/{before}/")
            await records.parts.update(
                (job.pool_id, IMPORT_JOB, job.key),
                lambda old: replace(old, document={**old.document, "Upload": upload}),
            )
        return True

    async def drop_upload(self, job: Part, upload: str) -> None:
        """Forget an upload that was broken off."""
        async with self.store.writing() as records:
            await records.parts.clear(job.pool_id, CHUNK, f"{job.key}/{upload}/")

    def _sign(self, pool_id: str, job_id: str, expires: str) -> str:
        return self._vault.mac("import-upload", pool_id, job_id, expires)


def _refuse_second(jobs: Sequence[Part]) -> None:
    if any(job.document["Status"] in RUNNING for job in jobs):
        raise Refused(Reason.PRECONDITION, "Another import job of this user pool is running")


def chunk_key(job_id: str, upload: str, number: int) -> str:
    """Name some lines of an upload."""
    return f"{job_id}/{upload}/{number:06d}"


def no_job(job_id: str) -> Refused:
    """The job is not there."""
    return Refused(Reason.NOT_FOUND, f"Import job {job_id} does not exist.")


async def _update(records: Records, pool: Pool, job_id: str, change: Any) -> Part:
    try:
        return await records.parts.update((pool.id, IMPORT_JOB, job_id), change)
    except NotFound as gone:
        raise no_job(job_id) from gone
