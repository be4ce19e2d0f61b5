"""docs/config.md is what the models say."""

from pathlib import Path

from lb.config.models import ConfigFile, ListenerSection
from lb.config.reference import build_reference

PAGE = Path(__file__).parents[3] / "docs" / "config.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == build_reference(), "run: python -m lb.config.reference > docs/config.md"


def test_every_key_has_a_row_with_a_meaning() -> None:
    rows = [line for line in build_reference().splitlines() if line.startswith("| `")]
    for model in (ConfigFile, ListenerSection):
        for field in model.model_fields.values():
            row = next(row for row in rows if row.startswith(f"| `{field.alias}` |"))
            assert len(row.split("|")[4].strip()) > 10
