"""Colours are for people at a terminal who want them."""

import io

import pytest

from lb.cli.terminal import print_problems, styled
from lb.config import ConfigProblem


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_a_terminal_gets_colours() -> None:
    assert styled("x", Terminal(), fg="red") == "\x1b[31mx\x1b[0m"


def test_a_pipe_gets_none() -> None:
    assert styled("x", io.StringIO(), fg="red") == "x"


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_the_user_may_refuse_them(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    assert styled("x", Terminal(), fg="red") == "x"


def test_a_problem_is_one_line() -> None:
    stream = io.StringIO()
    print_problems([ConfigProblem("a.yaml", 2, 3, "Code", "no: good", "warning")], stream)
    assert stream.getvalue() == "a.yaml:2:3: warning: no: good\n"
