"""`albacore check`: every problem of a configuration, and nothing else happens."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lb.cli.terminal import print_json, print_problems, say
from lb.exits import Exit

if TYPE_CHECKING:
    from lb.config import ConfigProblem, Loaded


class Format(Enum):
    """How problems are printed."""

    TEXT = "text"
    JSON = "json"


ConfigPath = Annotated[Path, typer.Argument(metavar="CONFIG", help="The YAML file.", show_default=False)]


def check(
    config: ConfigPath,
    form: Annotated[Format, typer.Option("--format", help="How to print what is found.")] = Format.TEXT,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail the check too.")] = False,
) -> None:
    """Check CONFIG and print every problem as file:line:column. Ends with 1 when there is one."""
    loaded, problems, warnings = _load(config)
    failed = bool(problems) or (strict and bool(warnings))
    if form is Format.JSON:
        print_json({"ok": not failed, "problems": [each.as_dict() for each in (*problems, *warnings)]})
    else:
        print_problems((*problems, *warnings), sys.stdout)
        say(_summary(loaded, problems, warnings))
    if failed:
        raise typer.Exit(Exit.CONFIGURATION)


def _load(path: Path) -> tuple[Loaded | None, tuple[ConfigProblem, ...], tuple[ConfigProblem, ...]]:
    from lb.config import InvalidConfig, load_settings

    try:
        loaded = load_settings(path)
    except InvalidConfig as invalid:
        return None, invalid.problems, invalid.warnings
    return loaded, (), loaded.warnings


def _summary(
    loaded: Loaded | None, problems: tuple[ConfigProblem, ...], warnings: tuple[ConfigProblem, ...]
) -> str:
    counted = _count(len(warnings), "warning")
    if loaded is None:
        return f"{_count(len(problems), 'problem')}, {counted}"
    settings = loaded.settings
    rules = sum(len(listener.ruleset.rules) for listener in settings.listeners)
    parts = [
        _count(len(settings.listeners), "listener"),
        _count(rules, "rule"),
        _count(len(settings.target_groups), "target group"),
    ]
    return f"ok: {', '.join(parts)}; {counted}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
