"""docs/api.md tells of every operation of the service model, and tells the truth."""

import re
from pathlib import Path

from idp.api.generate import load_model
from idp.api.reference import build_page
from idp.api.registry import SERVED, UNSUPPORTED

PAGE = Path(__file__).parents[3] / "docs" / "api.md"


def test_the_page_is_what_the_registry_prints() -> None:
    assert PAGE.read_text("utf-8") == build_page(), "run `python -m idp.api.reference > docs/api.md`"


def test_the_page_has_a_row_for_every_operation_of_the_model() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(load_model()["operations"])


def test_no_operation_is_both_served_and_refused() -> None:
    assert not SERVED.keys() & UNSUPPORTED.keys()
