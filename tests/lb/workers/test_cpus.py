"""How many workers `auto` gives."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lb.workers.cpus import count_cpus, parse_quota


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        ("max 100000\n", None),
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("10000 100000\n", 1),
        ("", None),
        ("0 0", None),
        ("2 x", None),
        ("nonsense", None),
    ],
)
def test_quota(text: str, cpus: int | None) -> None:
    assert parse_quota(text) == cpus


def test_a_container_s_quota_counts(tmp_path: Path) -> None:
    quota = tmp_path / "cpu.max"
    quota.write_text("50000 100000\n")
    assert count_cpus(quota) == 1


def test_without_a_quota_the_cpus_that_may_be_used_count(tmp_path: Path) -> None:
    assert count_cpus(tmp_path / "none") == len(os.sched_getaffinity(0))
