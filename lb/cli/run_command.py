"""`albacore run`: load, say what is wrong or serve until told to stop."""

from __future__ import annotations

import logging
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lb.cli.check import ConfigPath
from lb.cli.terminal import print_problems, say, styled
from lb.logs import configure_logging

if TYPE_CHECKING:
    from lb.addresses import Addresses
    from lb.config import Loaded
    from lb.run_options import RunOptions
    from lb.workers.order import LogOptions

log = logging.getLogger("albacore")


class LogFormat(Enum):
    """How log lines are written."""

    TEXT = "text"
    JSON = "json"


class LogLevel(Enum):
    """From which level log lines are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


LogFormatOption = Annotated[LogFormat, typer.Option("--log-format", help="How to write log lines.")]
LogLevelOption = Annotated[LogLevel, typer.Option("--log-level", help="From which level to write log lines.")]


def _read_workers(text: str) -> int:
    from lb.config.models import MAX_WORKERS
    from lb.workers.cpus import count_cpus

    count = min(count_cpus(), MAX_WORKERS) if text == "auto" else int(text) if text.isdecimal() else 0
    if not 1 <= count <= MAX_WORKERS:
        raise typer.BadParameter(f"a number from 1 to {MAX_WORKERS}, or auto")
    return count


def run(
    config: ConfigPath,
    *,
    ready_file: Annotated[
        Path | None,
        typer.Option(
            "--ready-file", metavar="PATH", help="Write the addresses to PATH, as JSON, once serving."
        ),
    ] = None,
    drain_seconds: Annotated[
        float,
        typer.Option("--drain-seconds", min=0, help="How long requests in flight may take when stopping."),
    ] = 30.0,
    watch: Annotated[
        bool,
        typer.Option("--watch/--no-watch", help="Reload when a configuration or certificate file changes."),
    ] = True,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            metavar="N|auto",
            parser=_read_workers,
            help="How many processes serve; auto: one for each CPU. [default: `Workers` of the file, or 1]",
        ),
    ] = None,
    log_format: LogFormatOption = LogFormat.TEXT,
    log_level: LogLevelOption = LogLevel.INFO,
) -> None:
    """Serve CONFIG until SIGTERM or Ctrl+C. SIGHUP reloads it, SIGUSR1 reopens the access log."""
    from lb.descriptors import warn_of_few_descriptors
    from lb.run_options import RunOptions
    from lb.workers.order import LogOptions

    configure_logging(level=log_level.value, form=log_format.value)
    options = RunOptions(
        path=config,
        announce=_announce,
        ready_file=ready_file,
        drain_seconds=drain_seconds,
        watch=watch,
        workers=workers,
    )
    loaded = options.load()
    print_problems(loaded.warnings, sys.stderr)
    warn_of_few_descriptors()
    if loaded.settings.workers > 1:
        _supervise(options, loaded, LogOptions(log_level.value, log_format.value))
    else:
        _serve(options, loaded)


def _serve(options: RunOptions, loaded: Loaded) -> None:
    from lb.loop import run_loop
    from lb.server import Process

    async def serve() -> None:
        await Process(options, loaded).run()

    run_loop(serve())


def _supervise(options: RunOptions, loaded: Loaded, logs: LogOptions) -> None:
    import asyncio

    from lb.workers.supervisor import Supervisor

    async def supervise() -> None:
        await Supervisor(options, loaded, logs).run()

    asyncio.run(supervise())


def _announce(addresses: Addresses) -> None:
    from importlib.metadata import version

    say(styled(f"albacore {version('albacore')}", sys.stdout, bold=True))
    for line in addresses.lines():
        say(f"  {line}")
    say(f"ready: {' '.join(addresses.listeners.values())} (Ctrl+C stops)")
    sys.stdout.flush()
