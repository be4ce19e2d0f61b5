"""Which lines are the known ones with other values."""

from __future__ import annotations

import pytest

from lb.field_lines import FIXED, changed_places

KNOWN = [b"Host: h", b"X-A: 1", b"X-B:2", b"Connection: keep-alive"]
PREFIXES = [FIXED, b"X-A: ", b"X-B: ", FIXED]


def changed(at: int, line: bytes) -> list[int] | None:
    return changed_places([*KNOWN[:at], line, *KNOWN[at + 1 :]], KNOWN, PREFIXES)


def test_same_lines_differ_nowhere() -> None:
    assert changed_places(list(KNOWN), KNOWN, PREFIXES) == []


@pytest.mark.parametrize(
    ("at", "line"),
    [(1, b"X-A: 2"), (1, b'X-A: a b, c;d="e"'), (1, b"X-A: X-B: 1"), (2, b"X-B: 2"), (1, b"X-A: :")],
)
def test_other_value_is_found(at: int, line: bytes) -> None:
    assert changed(at, line) == [at]


UNSOUND = {
    "a fixed line": (0, b"Host: i"),
    "another fixed line": (3, b"Connection: close"),
    "another name": (1, b"X-C: 1"),
    "another spelling": (1, b"x-a: 2"),
    "no space": (1, b"X-A:2"),
    "two spaces": (1, b"X-A:  2"),
    "space behind": (1, b"X-A: 2 "),
    "space in front of the colon": (1, b"X-A : 2"),
    "folded": (1, b" X-A: 2"),
    "no value": (1, b"X-A: "),
    "nothing": (1, b""),
    "tab": (1, b"X-A: 2\t3"),
    "bare CR": (1, b"X-A: 2\rX-C: 3"),
    "bare LF": (1, b"X-A: 2\nX-C: 3"),
    "NUL": (1, b"X-A: 2\x00"),
    "DEL": (1, b"X-A: 2\x7f"),
    "beyond ASCII": (1, b"X-A: \xe4"),
    "next line of Unicode": (1, b"X-A: 2\x85X-C: 3"),
}


@pytest.mark.parametrize(("at", "line"), UNSOUND.values(), ids=UNSOUND.keys())
def test_everything_else_is_not_judged_here(at: int, line: bytes) -> None:
    assert changed(at, line) is None


def test_lines_more_or_fewer_are_other_lines() -> None:
    assert changed_places(KNOWN[:-1], KNOWN, PREFIXES) is None
    assert changed_places([*KNOWN, b"X-C: 1"], KNOWN, PREFIXES) is None
