"""Forms and queries are read one way, and repeats are noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.oauth.parameters import MAX_FIELDS, Parameters, parse_parameters


def test_empty_value_counts_as_omitted() -> None:
    parameters = parse_parameters("state=&code=1")
    assert parameters is not None
    assert parameters.get("state") is None
    assert parameters.get("code") == "1"


def test_repeats_are_told_even_when_one_copy_is_empty() -> None:
    parameters = parse_parameters("code=1&code=&a=1")
    assert parameters is not None
    assert parameters.repeated() == {"code"}


@pytest.mark.parametrize(
    "raw", [b"a=\xff", b"a=%ff", "a=x%00", "%00=a", "&".join(["a=1"] * (MAX_FIELDS + 1)).encode()]
)
def test_what_cannot_be_read_is_none(raw: bytes) -> None:
    assert parse_parameters(raw) is None


def test_repr_shows_no_value() -> None:
    assert "hunter2" not in repr(Parameters((("password", "hunter2"),)))


CHARACTERS = st.characters(codec="utf-8", exclude_characters="\x00")


@given(st.lists(st.tuples(st.text(CHARACTERS, min_size=1), st.text(CHARACTERS))))
def test_encoding_and_reading_is_the_identity(pairs: list[tuple[str, str]]) -> None:
    parameters = Parameters(tuple(pairs[:MAX_FIELDS]))
    assert parse_parameters(parameters.encode()) == parameters
