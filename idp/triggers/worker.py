"""The child process of a Python handler: reads events from its standard input, answers on its output.

Started as a script with the place of the code (a file, or `module:NAME`) and the handler's name; it imports
nothing of the pool. A frame is four bytes of length (big-endian) and JSON. Whatever the handler prints goes
to standard error, which the parent logs: the real output is moved away first, so that no print can speak in
the protocol's place.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import io
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO


class Context:
    """What a handler is told beside the event: the names of AWS's context object that mean something here."""

    def __init__(self, function_name: str, call: dict[str, Any]) -> None:
        self.function_name = function_name
        self.function_version = "$LATEST"
        self.invoked_function_arn: str = call["arn"]
        self.aws_request_id: str = call["id"]
        self.memory_limit_in_mb = "128"
        self._ends = time.monotonic() + float(call["seconds"])

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the handler may still take."""
        return max(0, int((self._ends - time.monotonic()) * 1000))


def load(place: str, handler: str) -> Callable[[Any, Context], Any]:
    """Import the code and return the handler; whatever importing raises, and TypeError if it is none."""
    if place.startswith("module:"):
        sys.path.insert(0, str(Path.cwd()))
        module = importlib.import_module(place.removeprefix("module:"))
    else:
        path = Path(place)
        sys.path.insert(0, str(path.parent))
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            raise ImportError(f"{path} is no Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[path.stem] = module
        spec.loader.exec_module(module)
    found: Any = module
    for name in handler.split("."):
        found = getattr(found, name)
    if not callable(found):
        raise TypeError(f"{handler} is not callable")
    return found  # type: ignore[no-any-return]


def call(function: Callable[[Any, Context], Any], event: Any, context: Context) -> Any:
    """Call a handler, a coroutine function too."""
    answer = function(event, context)
    return asyncio.run(_wait(answer)) if inspect.isawaitable(answer) else answer


async def _wait(answer: Any) -> Any:
    return await answer


def describe(error: BaseException) -> dict[str, str]:
    """Spell an error as Lambda does."""
    return {"errorType": type(error).__name__, "errorMessage": str(error)}


def read_frame(stream: BinaryIO) -> Any | None:
    """Read one frame; None at the end."""
    head = stream.read(4)
    if len(head) < 4:
        return None
    return json.loads(stream.read(int.from_bytes(head, "big")))


def write_frame(stream: BinaryIO, value: Any) -> None:
    """Write one frame."""
    body = json.dumps(value).encode()
    stream.write(len(body).to_bytes(4, "big") + body)
    stream.flush()


def serve(place: str, handler: str, name: str, *, requests: BinaryIO, answers: BinaryIO) -> None:
    """Import the handler once, then answer events until there are no more."""
    try:
        function = load(place, handler)
    except BaseException as error:  # noqa: BLE001 - a broken file is told to whoever calls
        traceback.print_exc()
        write_frame(answers, {"broken": describe(error)})
        return
    write_frame(answers, {"ready": True})
    while (request := read_frame(requests)) is not None:
        try:
            answer = {"event": call(function, request["event"], Context(name, request))}
            json.dumps(answer)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - the handler's own failure is an answer, too
            traceback.print_exc()
            answer = {"error": describe(error)}
        sys.stderr.flush()
        write_frame(answers, answer)


def main() -> None:
    """Move standard output away, then serve."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), encoding="utf-8", line_buffering=True)
    requests = os.fdopen(os.dup(0), "rb")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    place, handler, name = sys.argv[1:4]
    serve(place, handler, name, requests=requests, answers=answers)


if __name__ == "__main__":
    main()
