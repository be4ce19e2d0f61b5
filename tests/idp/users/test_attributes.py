"""Attributes against the schema."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.model import Client, DataType, Pool, SchemaAttribute
from idp.users.attributes import find_missing, find_unfit, find_unwritable, merge, refuse_missing
from idp.users.schema import STANDARD_NAMES, build_schema

DECLARED = (
    SchemaAttribute("custom:level", DataType.NUMBER, min_value=1, max_value=9),
    SchemaAttribute("custom:on", DataType.BOOLEAN),
    SchemaAttribute("custom:when", DataType.DATE_TIME),
    SchemaAttribute("nickname", min_length=2, max_length=5),
    SchemaAttribute("name", required=True),
)
POOL = Pool("p", "p", schema=build_schema(DECLARED))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("email", "a@b.c"),
        ("phone_number", "+15550100"),
        ("birthdate", "1990-02-28"),
        ("updated_at", "1700000000"),
        ("nickname", "annie"),
        ("nickname", ""),
        ("address", "1 Road\nTown"),
        ("custom:level", "9"),
        ("custom:on", "true"),
        ("custom:when", "2026-11-25T10:00:00Z"),
        ("custom:when", "1700000000"),
    ],
)
def test_fits(name: str, value: str) -> None:
    assert find_unfit(POOL, {name: value}) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("email", "nobody"),
        ("phone_number", "555"),
        ("birthdate", "1990-02-30"),
        ("birthdate", "1990/02/28"),
        ("updated_at", "-1"),
        ("updated_at", "soon"),
        ("nickname", "a"),
        ("nickname", "annika"),
        ("name", "a\x00b"),
        ("name", "\ud800"),
        ("name", "é" * 1025),
        ("custom:level", "10"),
        ("custom:level", "1e3"),
        ("custom:level", "٣"),
        ("custom:on", "True"),
        ("custom:when", "yesterday"),
        ("custom:other", "x"),
        ("sub", "x"),
        ("email_verified", "true"),
        ("phone_number_verified", "true"),
    ],
)
def test_does_not_fit(name: str, value: str) -> None:
    text = find_unfit(POOL, {name: value})
    assert text is not None
    assert text.english.startswith(f"Attributes did not conform to the schema: {name}: ")


@given(st.sampled_from(sorted(STANDARD_NAMES)), st.text(max_size=30))
def test_any_value_fits_or_is_refused(name: str, value: str) -> None:
    text = find_unfit(POOL, {name: value}, reserved=())
    assert text is None or text.key == "attribute-unfit"
    if text is None:
        value.encode()


def test_required_attributes() -> None:
    assert find_missing(POOL, {}) == ("name",)
    assert find_missing(POOL, {"name": ""}) == ("name",)
    assert find_missing(POOL, {"name": "Ann"}) == ()
    text = refuse_missing(("name",))
    assert text is not None
    assert text.english == "Attributes did not conform to the schema: name: The attribute is required\n"


def test_unwritable() -> None:
    client = Client("c", "p", "web", write_attributes=("name",))
    assert find_unwritable(client, ["name"]) is None
    text = find_unwritable(client, ["name", "email"])
    assert text is not None
    assert text.english == "A client attempted to write unauthorized attribute: email"


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({"email": "new@b.c"}, {"email": "new@b.c"}),
        ({"email": "a@b.c"}, {"email": "a@b.c", "email_verified": "true"}),
        ({"email": "new@b.c", "email_verified": "true"}, {"email": "new@b.c", "email_verified": "true"}),
        ({"email": ""}, {}),
        ({"name": "Ann"}, {"email": "a@b.c", "email_verified": "true", "name": "Ann"}),
    ],
)
def test_a_new_address_is_not_verified(changes: dict[str, str], result: dict[str, str]) -> None:
    assert merge({"email": "a@b.c", "email_verified": "true"}, changes) == result
