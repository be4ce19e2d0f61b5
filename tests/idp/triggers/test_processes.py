"""Python handlers in their processes: what comes back, what is killed, what is started anew."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from pathlib import Path

import pytest

from idp.clock import SystemClock
from idp.triggers.names import Trigger
from idp.triggers.outcomes import Answered, Failed, Unreached
from idp.triggers.runner import Runner
from idp.triggers.targets import FunctionTable, PythonHandler

PRE = Trigger.PRE_SIGN_UP
EVENT = {"request": {"word": "ü"}, "response": {}}


async def test_a_handler_gets_the_event_and_its_answer_comes_back(runner: Runner) -> None:
    assert await runner.invoke(PRE, "echo", EVENT) == Answered(EVENT)


async def test_what_a_handler_prints_is_logged_and_cannot_speak_in_the_protocol(
    runner: Runner, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="idp.triggers"):
        first = await runner.invoke(PRE, "answer", EVENT)
        second = await runner.invoke(PRE, "answer", EVENT)
    await runner.close()
    assert isinstance(first, Answered)
    assert isinstance(second, Answered)
    response = second.value["response"]
    assert (response["said"], response["name"]) == ("first", "answer")
    assert 0 < response["left"] <= 1000
    assert response["pid"] == first.value["response"]["pid"], "one process serves call after call"
    assert "function answer: printed None" in caplog.text


async def test_a_coroutine_function_is_awaited(runner: Runner) -> None:
    answer = await runner.invoke(PRE, "later", EVENT)
    assert isinstance(answer, Answered)
    assert answer.value["response"] == {"awaited": True}


async def test_a_file_that_changed_is_taken_up(runner: Runner, handlers: Path) -> None:
    assert await runner.invoke(PRE, "echo", EVENT) == Answered(EVENT)
    handlers.write_text("def echo(event, context):\n    return 'new'\n")
    os.utime(handlers, (1, 1))
    assert await runner.invoke(PRE, "echo", EVENT) == Answered("new")


@pytest.mark.parametrize(
    ("handler", "outcome"),
    [
        ("refuse", Failed("not today", "ValueError")),
        (
            "leave",
            Unreached(
                "its process is broken: IncompleteReadError 0 bytes read on a total of 4 expected bytes"
            ),
        ),
        ("forget", Answered(None)),
        (
            "crash",
            Unreached(
                "its process is broken: IncompleteReadError 0 bytes read on a total of 4 expected bytes"
            ),
        ),
        ("flood", Unreached("its process is broken: ValueError it answered 2000037 bytes")),
        ("stick", Unreached("it took longer than 1 s")),
    ],
)
async def test_each_way_to_fail_has_its_outcome_and_the_next_call_works(
    runner: Runner, handler: str, outcome: object
) -> None:
    assert await runner.invoke(PRE, handler, EVENT) == outcome
    assert await runner.invoke(PRE, "echo", EVENT) == Answered(EVENT)


async def test_a_process_that_says_more_than_is_read_is_ended_all_the_same(
    runner: Runner, tmp_path: Path
) -> None:
    event = {"file": str(tmp_path / "written")}
    async with asyncio.timeout(30):
        assert await runner.invoke(PRE, "chatter", event) == Answered(None)
        while not (tmp_path / "written").exists():
            await asyncio.sleep(0.01)
        assert await runner.invoke(PRE, "chatter", event) == Unreached(
            "its process is broken: ValueError it answered 4294967295 bytes"
        )


async def test_a_process_whose_child_keeps_its_output_is_ended_all_the_same(
    runner: Runner, tmp_path: Path
) -> None:
    started = tmp_path / "pid"
    async with asyncio.timeout(30):
        assert isinstance(await runner.invoke(PRE, "orphan", {"file": str(started)}), Unreached)
    os.kill(int(started.read_text()), signal.SIGKILL)
    assert await runner.invoke(PRE, "echo", EVENT) == Answered(EVENT)


async def test_what_a_stuck_handler_started_is_gone_with_it(runner: Runner, tmp_path: Path) -> None:
    started = tmp_path / "pid"
    assert isinstance(await runner.invoke(PRE, "family", {"file": str(started)}), Unreached)
    state = Path("/proc", started.read_text(), "stat")
    # Whoever inherits a killed orphan may take a while to bury it.
    assert not state.exists() or state.read_text().rpartition(")")[2].split()[0] in "ZX"


async def test_an_answer_that_is_no_json_is_the_handlers_failure(runner: Runner) -> None:
    answer = await runner.invoke(PRE, "unspeakable", EVENT)
    assert isinstance(answer, Failed)
    assert answer.kind == "TypeError"


async def test_a_stuck_process_is_gone_and_other_calls_do_not_wait_for_it(runner: Runner) -> None:
    stuck = asyncio.create_task(runner.invoke(PRE, "stick", EVENT))
    answers = await asyncio.gather(*(runner.invoke(PRE, "answer", EVENT) for _ in range(6)))
    assert not stuck.done()
    assert isinstance(await stuck, Unreached)
    pids = {answer.value["response"]["pid"] for answer in answers if isinstance(answer, Answered)}
    assert 1 <= len(pids) <= 4


async def test_a_call_that_is_given_up_leaves_no_process(runner: Runner) -> None:
    task = asyncio.create_task(runner.invoke(PRE, "stick", EVENT))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await runner.invoke(PRE, "echo", EVENT) == Answered(EVENT)


@pytest.mark.parametrize(
    ("source", "handler", "kind"),
    [
        ("import nothing_of_this_name", "f", "ModuleNotFoundError"),
        ("def f(:", "f", "SyntaxError"),
        ("g = 1", "f", "AttributeError"),
        ("f = 1", "f", "TypeError"),
    ],
    ids=["missing module", "syntax", "no such handler", "not callable"],
)
async def test_a_file_that_does_not_load_fails_with_its_own_words(
    tmp_path: Path, source: str, handler: str, kind: str
) -> None:
    (tmp_path / "broken.py").write_text(source)
    runner = Runner(
        FunctionTable({"b": PythonHandler("b", handler, file=tmp_path / "broken.py")}), SystemClock()
    )
    try:
        answer = await runner.invoke(PRE, "b", EVENT)
    finally:
        await runner.close()
    assert isinstance(answer, Failed)
    assert answer.kind == kind


async def test_a_module_is_imported_by_name() -> None:
    runner = Runner(FunctionTable({"c": PythonHandler("c", "print", module="builtins")}), SystemClock())
    try:
        assert await runner.invoke(PRE, "c", EVENT) == Answered(None)
    finally:
        await runner.close()


async def test_a_function_that_is_not_configured_is_not_reached(runner: Runner) -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:unheard-of"
    assert isinstance(await runner.invoke(PRE, arn, EVENT), Unreached)


async def test_an_arn_finds_a_function_by_its_name(runner: Runner) -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:echo:live"
    assert await runner.invoke(PRE, arn, EVENT) == Answered(EVENT)
