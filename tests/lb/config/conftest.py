"""Checks of configuration texts: write a file, load it, look at what is said about it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from lb.config import ConfigProblem, InvalidConfig, Loaded, load_settings

GOOD = """\
Listeners:
  - Port: 8080
    Address: 127.0.0.1
    DefaultActions: [{Type: forward, TargetGroupArn: app}]
TargetGroups:
  - Name: app
    Targets: [{Id: 127.0.0.1, Port: 3000}]
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """What loading a text came to."""

    loaded: Loaded | None
    problems: tuple[ConfigProblem, ...]
    warnings: tuple[ConfigProblem, ...]

    @property
    def places(self) -> list[tuple[int, int, str]]:
        """(line, column, code) of each problem."""
        return [(each.line, each.column, each.code) for each in self.problems]

    @property
    def only(self) -> ConfigProblem:
        """The problem, when there is exactly one."""
        assert len(self.problems) == 1, self.problems
        return self.problems[0]


Check = Callable[..., Checked]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Load a YAML text from a file of its own."""

    def run(text: str, *, environ: Mapping[str, str] | None = None) -> Checked:
        path = tmp_path / "albacore.yaml"
        path.write_text(textwrap.dedent(text))
        try:
            loaded = load_settings(path, environ=environ or {})
        except InvalidConfig as invalid:
            return Checked(None, invalid.problems, invalid.warnings)
        return Checked(loaded, (), loaded.warnings)

    return run
