"""The application log: to standard error, one line per event, for people or as JSON.

Access logs are not this: see `lb.observe.access_log`. Libraries are kept to their warnings, and none of
them may add handlers of their own.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import IO

LEVELS = ("debug", "info", "warning", "error")
_QUIET = (
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
    "httpx",
    "httpcore",
    "watchfiles",
    "alembic",
    "aiosqlite",
    "asyncio",
)


class _TextFormatter(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = f"[{process}]" if process else ""

    def format(self, record: logging.LogRecord) -> str:
        moment = (
            datetime.fromtimestamp(record.created, UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z")
        )
        text = f"{moment} {record.levelname.lower():7} {record.name}{self._process}: {_message(record)}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return text


class _JsonFormatter(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        event = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        if self._process:
            event["process"] = self._process
        if record.exc_info:
            event["exception"] = self.formatException(record.exc_info)
        return json.dumps(event, ensure_ascii=False)


def _message(record: logging.LogRecord) -> str:
    # A value from a request may hold control characters that would forge a line or drive a terminal.
    return "".join(
        each if each.isprintable() or each == "\n" else f"\\x{ord(each):02x}" for each in record.getMessage()
    )


def configure_logging(*, level: str, form: str, stream: IO[str] | None = None, process: str = "") -> None:
    """Send every log record from `level` up to `stream` (standard error) as `text` or `json` lines.

    `process` tells the lines of one worker from those of the others.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_JsonFormatter(process) if form == "json" else _TextFormatter(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(max(logging.WARNING, root.level) if level != "debug" else logging.INFO)
