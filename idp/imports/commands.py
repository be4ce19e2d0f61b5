"""`albacore users import` and `albacore users export`: files of users at the terminal."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from idp.core import Core
from idp.imports.export import export_lines
from idp.imports.firebase import read_export, read_firebase_user, read_key
from idp.imports.jobs import HASHES
from idp.imports.rows import Imported, UnfitRow, read_header, read_user
from idp.imports.runner import BATCH, add_imported
from idp.model import Pool

Read = Callable[[], Imported]
PoolOption = Annotated[
    str | None,
    typer.Option("--pool", "-p", metavar="POOL", help="Name or id; needed where there are several."),
]


def define(app: typer.Typer, bench: Any) -> None:
    """Add the two commands to a group; `bench` runs work on an opened core."""
    _define_import(app, bench)
    _define_export(app, bench)


def _define_import(app: typer.Typer, bench: Any) -> None:
    @app.command("import")
    def import_users(
        file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, or Firebase's JSON.")],
        hashes: Annotated[
            str | None, typer.Option("--hash", metavar="ALGORITHM", help=f"One of {', '.join(HASHES)}.")
        ] = None,
        firebase_key: Annotated[
            Path | None,
            typer.Option("--firebase-key", exists=True, dir_okay=False, help="JSON of its hash parameters."),
        ] = None,
        pool: PoolOption = None,
    ) -> None:
        """Import users; without hashes, they choose a password by a code at their first sign-in."""
        if hashes is not None and hashes not in HASHES:
            raise typer.BadParameter(f"must be one of {', '.join(HASHES)}", param_hint="--hash")
        text = file.read_text("utf-8")
        key = firebase_key.read_text("utf-8") if firebase_key else None

        async def work(core: Core, found: Pool) -> Counter[str]:
            now = core.clock.now()
            rows = _csv(found, text, hashes, now) if key is None else _firebase(found, text, key, now)
            return await _import_all(core, rows)

        try:
            counted: Counter[str] = bench.run(pool, work)
        except UnfitRow as error:
            sys.stderr.write(f"error: {error}\n")
            raise typer.Exit(1) from error
        sys.stdout.write(", ".join(f"{counted[kind]} {kind}" for kind in ("imported", "skipped", "failed")))
        sys.stdout.write("\n")
        if counted["failed"]:
            raise typer.Exit(1)


def _csv(pool: Pool, text: str, algorithm: str | None, now: float) -> Iterator[Read]:
    header, *lines = text.split("\n")
    names = read_header(pool, header.removesuffix("\r"), hashed=algorithm is not None)
    for line in lines:
        row = line.removesuffix("\r")
        if row:
            yield lambda row=row: read_user(pool, names, row, algorithm, now=now)  # type: ignore[misc]


def _firebase(pool: Pool, text: str, key_text: str, now: float) -> Iterator[Read]:
    key = read_key(key_text)
    for entry in read_export(text):
        yield lambda entry=entry: read_firebase_user(pool, entry, key, now=now)  # type: ignore[misc]


async def _import_all(core: Core, rows: Iterator[Read]) -> Counter[str]:
    counted: Counter[str] = Counter()
    batch: list[Imported] = []
    for number, read in enumerate(rows, 1):
        try:
            batch.append(read())
        except UnfitRow as error:
            counted["failed"] += 1
            sys.stderr.write(f"row {number} was not imported: {error}\n")
        if len(batch) >= BATCH:
            counted += await _write(core, batch)
    return counted + await _write(core, batch)


async def _write(core: Core, batch: list[Imported]) -> Counter[str]:
    async with core.store.writing() as records:
        counted = await add_imported(records, batch)
    batch.clear()
    return counted


def _define_export(app: typer.Typer, bench: Any) -> None:
    @app.command("export")
    def export_users(
        for_spreadsheet: Annotated[
            bool,
            typer.Option("--for-spreadsheet", help="Quoted, and nothing in it can be run as a formula."),
        ] = False,
        pool: PoolOption = None,
    ) -> None:
        """Write the users as CSV that an import reads; no password hashes."""
        bench.run(pool, lambda core, found: _export_all(core, found, for_spreadsheet))


async def _export_all(core: Core, pool: Pool, for_spreadsheet: bool) -> None:
    async for lines in export_lines(core.store, pool, for_spreadsheet=for_spreadsheet):
        sys.stdout.write(lines)
