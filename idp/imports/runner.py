"""Works through import jobs in the background, some rows to a transaction.

The counters and the row one has come to are written with the users they count: a process that is killed in
the middle leaves a job that goes on from there, at the next start or when another node finds it idle.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from idp.factors.records import Factor, MfaPreference
from idp.imports.jobs import CHUNK, RUNNING, ImportDesk, chunk_key
from idp.imports.rows import Imported, UnfitRow, read_header, read_user
from idp.management.pools import IMPORT_JOB
from idp.model import Part, Pool, User
from idp.store.base import AlreadyExists, NotFound, Records

log = logging.getLogger(__name__)
BATCH: Final = 100
IDLE_SECONDS: Final = 60.0
MOST_REPORTED: Final = 200
"""How many rows that were left out a job tells of; all of them are counted."""
TAKEN: Final = "somebody has this name already"
_FIELDS: Final = {"imported": "ImportedUsers", "skipped": "SkippedUsers", "failed": "FailedUsers"}


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    line: str


class ImportRunner:
    """The tasks of this process that import users."""

    def __init__(self, desk: ImportDesk) -> None:
        self._desk = desk
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, job: Part) -> None:
        """Work through a job in the background."""
        task = asyncio.create_task(self._run_safely(job), name=job.key)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def resume(self) -> None:
        """Go on with jobs that nobody works on: those of a process that ended."""
        running = {task.get_name() for task in self._tasks}
        now = self._desk.clock.now()
        async with self._desk.store.reading() as records:
            pools = await records.pools.list()
            jobs = [job for pool in pools for job in await records.parts.list(pool.id, IMPORT_JOB)]
        for job in jobs:
            idle = now - job.updated_at >= IDLE_SECONDS
            if job.document["Status"] in RUNNING and job.key not in running and idle:
                self.begin(job)

    async def close(self) -> None:
        """Stop every task between two transactions, and let whoever comes next go on at once."""
        for task in tuple(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def drain(self) -> None:
        """Wait until every job of this process has ended."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    async def _run_safely(self, job: Part) -> None:
        try:
            await self._run(job)
        except asyncio.CancelledError:
            await self._write(job, {}, updated_at=0.0)
            raise
        except Exception:  # the job must tell of it, and the process go on
            log.exception("import job %s failed", job.key)
            await self._end(job, "Failed", "The import failed for a reason of ours")

    async def _run(self, job: Part) -> None:
        async with self._desk.store.reading() as records:
            pool = await records.pools.find(job.pool_id)
        if pool is None:
            return
        names: tuple[str, ...] = ()
        batch: list[_Row] = []
        try:
            async for row in self._rows(job):
                if row.number == 0:
                    hashed = job.document["PasswordHashingAlgorithm"] is not None
                    names = read_header(pool, row.line, hashed=hashed)
                elif row.number > job.document["Rows"] and row.line:
                    batch.append(row)
                if len(batch) >= BATCH and not await self._take(job, pool, names, batch):
                    return
        except UnfitRow as error:
            log.warning("import job %s: %s", job.key, error)
            await self._end(job, "Failed", str(error))
            return
        if not batch or await self._take(job, pool, names, batch):
            await self._end(job, "Succeeded", "Import Job Completed Successfully")

    async def _rows(self, job: Part) -> AsyncIterator[_Row]:
        """Yield the rows of the job's file."""
        number, chunk = 0, 0
        while True:
            key = chunk_key(job.key, job.document["Upload"], chunk)
            async with self._desk.store.reading() as records:
                part = await records.parts.find(job.pool_id, CHUNK, key)
            if part is None:
                return
            for line in part.document["lines"].removesuffix("\n").split("\n"):
                yield _Row(number, line.removesuffix("\r"))
                number += 1
            chunk += 1

    async def _take(self, job: Part, pool: Pool, names: Sequence[str], batch: list[_Row]) -> bool:
        """Import some rows and count them; False where the job was stopped or someone else works on it."""
        algorithm, now = job.document["PasswordHashingAlgorithm"], self._desk.clock.now()
        read = [(row, _read(pool, names, row, algorithm, now)) for row in batch]
        last = batch[-1].number
        batch.clear()
        async with self._desk.store.writing() as records:
            try:
                held = await records.parts.hold(job.pool_id, IMPORT_JOB, job.key)
            except NotFound:
                return False
            if held.document["Rows"] >= last:
                return False
            if held.document["Status"] != "Stopping":
                counted, left_out = await _import_all(records, job, read)
                counts = {_FIELDS[kind]: held.document[_FIELDS[kind]] + counted[kind] for kind in _FIELDS}
                report = [*held.document.get("Report", ()), *left_out][:MOST_REPORTED]
                progress = {**counts, "Report": report, "Status": "InProgress", "Rows": last}
                document = {**held.document, **progress}
                await _put(records, replace(held, document=document, updated_at=now))
                return True
        await self._end(job, "Stopped", "The job was stopped")
        return False

    async def _end(self, job: Part, status: str, message: str) -> None:
        await self._write(
            job,
            {"Status": status, "CompletionMessage": message, "CompletionDate": self._desk.clock.now()},
            updated_at=self._desk.clock.now(),
        )
        async with self._desk.store.writing() as records:
            await records.parts.clear(job.pool_id, CHUNK, f"{job.key}/")
        log.info("import job %s of user pool %s: %s", job.key, job.pool_id, status)

    async def _write(self, job: Part, members: dict[str, object], *, updated_at: float) -> None:
        with contextlib.suppress(NotFound):  # the pool was removed meanwhile
            async with self._desk.store.writing() as records:
                await records.parts.update(
                    (job.pool_id, IMPORT_JOB, job.key),
                    lambda old: replace(old, document={**old.document, **members}, updated_at=updated_at),
                )


async def _put(records: Records, job: Part) -> None:
    await records.parts.update((job.pool_id, IMPORT_JOB, job.key), lambda _: job)


def _read(
    pool: Pool, names: Sequence[str], row: _Row, algorithm: str | None, now: float
) -> Imported | UnfitRow:
    try:
        return read_user(pool, names, row.line, algorithm, now=now)
    except UnfitRow as error:
        return error


async def _import_all(
    records: Records, job: Part, read: Sequence[tuple[_Row, Imported | UnfitRow]]
) -> tuple[Counter[str], list[tuple[int, str]]]:
    """Add the users of some rows; returns how many are counted as what, and which lines were left out why."""
    added = await write_imported(records, [entry for _, entry in read if isinstance(entry, Imported)])
    imported = {id(entry) for entry in added}
    counted, left_out = Counter(imported=len(added)), []
    for row, entry in read:
        if id(entry) in imported:
            continue
        is_unfit = isinstance(entry, UnfitRow)
        counted["failed" if is_unfit else "skipped"] += 1
        left_out.append((row.number + 1, str(entry) if is_unfit else TAKEN))
        if is_unfit:
            log.info("import job %s: row %d was not imported: %s", job.key, row.number, entry)
    return counted, left_out


async def add_imported(records: Records, entries: Sequence[Imported]) -> Counter[str]:
    """Write users; returns how many were imported and how many skipped, because they were there already."""
    added = await write_imported(records, entries)
    return Counter(imported=len(added), skipped=len(entries) - len(added))


async def write_imported(records: Records, entries: Sequence[Imported]) -> list[Imported]:
    """Write users, at once or, where some are there already, one by one; returns those that are new."""
    added = list(entries)
    if entries and not await records.users.create_all([entry.user for entry in entries]):
        added = [entry for entry in entries if await _add(records, entry.user)]
    for user in (entry.user for entry in added if entry.wants_sms):
        await records.mfa_preferences.create(MfaPreference(user.pool_id, user.sub, (Factor.SMS,), Factor.SMS))
    return added


async def _add(records: Records, user: User) -> bool:
    try:
        await records.users.create(user)
    except AlreadyExists:
        return False
    return True
