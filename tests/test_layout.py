"""The shape of the house: file and function sizes, docstrings, names."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for package in ("rules", "lb", "idp") for path in (ROOT / package).rglob("*.py"))
GENERATED = "migrations/versions"
MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 60
VAGUE = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_keeps_the_size_budget(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MAX_FILE_LINES
    tree = ast.parse(text)
    too_long = [
        f"{node.name} ({node.end_lineno - node.lineno + 1} lines)"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > MAX_FUNCTION_LINES
    ]
    assert not too_long
    if GENERATED not in str(path):
        assert ast.get_docstring(tree), "every module says what it owns"
        assert path.stem not in VAGUE
