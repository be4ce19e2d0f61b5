"""The benchmark itself, run for a moment: a table comes out, and a response that is no success stops it."""

import shutil
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from bench.__main__ import ALL_BLOCKS, QUICK, UNASKED, Choice, parse_arguments, print_tables
from bench.blocks import BLOCKS, Block
from bench.load import Load, LoadError, Variation
from bench.measure import Bench, Effort, require_all_served
from bench.upstream import BIG, SMALL

needs_wrk = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
MOMENT = Effort(rounds=1, seconds=1)


@needs_wrk
@pytest.mark.parametrize(
    "block",
    [Block("varying", SMALL, 4, Variation.LINES), Block("big", BIG, 4)],
    ids=lambda block: block.name,
)
def test_every_row_is_measured(bench: Bench, block: Block) -> None:
    rows = bench.measure(block, MOMENT)
    assert [row.name for row in rows] == ["albacore", "albacore, login"]
    assert all(row.cpu_us > 0 and row.requests_per_second > 0 and row.peak_mib > 10 for row in rows)


@needs_wrk
@pytest.mark.parametrize(
    ("path", "headers"),
    [
        pytest.param("/private", (), id="sent to the login page"),
        pytest.param("/plain/nothing", (), id="not the body that was asked for"),
    ],
)
def test_an_answer_that_is_not_the_targets_stops_it(
    bench: Bench, path: str, headers: tuple[str, ...]
) -> None:
    plain, _ = bench.subjects["albacore"]
    spoilt = replace(plain, url=plain.url.removesuffix("/plain") + path, headers=headers)
    with pytest.raises(LoadError, match="albacore, small"):
        replace(bench, subjects={"albacore": [spoilt]}).measure(Block("small", SMALL, 4), MOMENT)


def test_answers_that_the_target_never_gave_are_no_measurement() -> None:
    load = Load(requests=100, seconds=1.0, p50_ms=1.0, p99_ms=1.0)
    require_all_served(load, arrived=100)
    with pytest.raises(LoadError, match="only 99 came from the target"):
        require_all_served(load, arrived=99)


@needs_wrk
def test_a_table_is_printed_for_each_block(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ExitStack() as stack:
        print_tables(Choice(["nginx"], ["small-32"], MOMENT), tmp_path, stack)
    printed = capsys.readouterr().out
    assert BLOCKS["small-32"].title in printed
    assert "| nginx " in printed


def test_everything_is_asked_for_unless_told_otherwise() -> None:
    assert parse_arguments([]) == Choice(UNASKED, ALL_BLOCKS, Effort(rounds=3, seconds=3))
    words = ["--quick", "--only", "nginx", "--only", "albacore", "--block", "big-32"]
    assert parse_arguments(words) == Choice(["nginx", "albacore"], ["big-32"], QUICK, quick=True)
