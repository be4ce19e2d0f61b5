"""The comparison: what is a tick, the table's place in the document, and that every call is answered."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bench.compare_pools.__main__ import BEGIN, CHAPTERS, END, lay_out, open_stage, replace_table
from bench.compare_pools.play import CALLS, Call, DifferenceError, Stage, judge
from bench.compare_pools.subjects import start_albacore

# Some seventy calls with real password hashes.
pytestmark = pytest.mark.timeout(400)
DOCUMENT = Path(__file__).parents[2] / "docs" / "compared.md"


def fail(code: str) -> Callable[..., Any]:
    def call(*_: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": ""}}, "Anything")

    return call


def differ(_: Stage) -> None:
    raise DifferenceError("Name: other")


@pytest.mark.parametrize(
    ("refusal", "run", "cell"),
    [
        pytest.param(None, lambda _: None, "✓", id="success wanted and got"),
        pytest.param(None, fail("SomeException"), "`SomeException`", id="success wanted, refused"),
        pytest.param(None, differ, "Name: other", id="success with another answer"),
        pytest.param(None, lambda stage: stage["pool"], "–", id="needs what was never made"),
        pytest.param(
            None, lambda _: {}["User"], "client fails: KeyError: 'User'", id="an answer without a part"
        ),
        pytest.param("Wanted", lambda _: fail("Wanted"), "✓", id="refusal wanted and got"),
        pytest.param("Wanted", lambda _: fail("Other"), "`Other`", id="refused for another reason"),
        pytest.param("Wanted", lambda _: lambda: None, "accepted", id="refusal wanted, accepted"),
        pytest.param("Wanted", fail("Wanted"), "`Wanted`", id="a preparation that is refused is no tick"),
    ],
)
def test_verdict(refusal: str | None, run: Any, cell: str) -> None:
    stage = Stage(subject=None, signed=None, public=None)  # type: ignore[arg-type]
    assert judge(Call("area", "title", refusal, run), stage) == cell


def test_the_table_replaces_the_one_before() -> None:
    once = replace_table(f"before\n{BEGIN}\n{END}\nafter\n", "| a |")
    assert once == f"before\n{BEGIN}\n\n| a |\n\n{END}\nafter\n"
    assert replace_table(once, "| b |") == once.replace("| a |", "| b |")
    with pytest.raises(ValueError, match="no place for the table"):
        replace_table("nothing", "| a |")


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What albacore answers today, by the titles of the calls."""
    for chapter in CHAPTERS:
        import_module(f"bench.compare_pools.{chapter}")
    subject = start_albacore(tmp_path_factory.mktemp("albacore"), None)
    try:
        stage = open_stage(subject)
        return {asked.title: judge(asked, stage) for asked in CALLS}
    finally:
        subject.program.stop()


def test_albacore_answers_as_cognito(verdicts: dict[str, str]) -> None:
    assert {title: cell for title, cell in verdicts.items() if cell != "✓"} == {}


def test_the_document_has_the_rows_of_the_calls(verdicts: dict[str, str]) -> None:
    rows = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("|")]
    titles = [line.split(" | ")[0] for line in lay_out({"albacore": list(verdicts.values())}).splitlines()]
    assert [row.split(" | ")[0] for row in rows][2:] == titles[2:], (
        "run python -m bench.compare_pools --write"
    )
