"""The application log."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from lb.logs import configure_logging


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def written(form: str, level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    configure_logging(level=level, form=form, stream=stream)
    return stream


def test_a_line_for_people_has_time_level_and_name() -> None:
    stream = written("text")
    logging.getLogger("albacore").warning("port %d", 80)
    time, level, rest = stream.getvalue().split(maxsplit=2)
    assert time.endswith("Z")
    assert (level, rest) == ("warning", "albacore: port 80\n")


def test_a_line_for_programs_is_json() -> None:
    stream = written("json")
    try:
        int("boom")
    except ValueError:
        logging.getLogger("albacore").exception("failed")
    event = json.loads(stream.getvalue())
    assert (event["level"], event["message"]) == ("error", "failed")
    assert "ValueError: invalid literal" in event["exception"]


def test_a_value_cannot_forge_a_line_or_drive_a_terminal() -> None:
    stream = written("text")
    logging.getLogger("albacore").error("path %s", "/\x1b[2J\r")
    assert "\x1b" not in stream.getvalue()
    assert "\\x1b[2J\\x0d" in stream.getvalue()


@pytest.mark.parametrize(("level", "lines"), [("info", 1), ("error", 0)])
def test_the_level_decides_what_is_written(level: str, lines: int) -> None:
    stream = written("text", level)
    logging.getLogger("albacore").info("hello")
    assert len(stream.getvalue().splitlines()) == lines


def test_libraries_are_kept_to_their_warnings() -> None:
    stream = written("text")
    logging.getLogger("httpx").info("request with a secret in its URL")
    logging.getLogger("uvicorn.error").warning("worth knowing")
    assert [line.split(": ")[-1] for line in stream.getvalue().splitlines()] == ["worth knowing"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_line_tells_which_of_several_processes_wrote_it(form: str) -> None:
    stream = io.StringIO()
    configure_logging(level="info", form=form, stream=stream, process="balancer-2")
    logging.getLogger("albacore.targets").info("hello")
    line = stream.getvalue()
    assert (
        json.loads(line)["process"] == "balancer-2"
        if form == "json"
        else "targets[balancer-2]: hello" in line
    )
