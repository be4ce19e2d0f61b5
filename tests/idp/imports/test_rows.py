"""Rows of import files, and users out of them and into them."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.config import parse_pools
from idp.factors.records import Factor, MfaPreference
from idp.imports.export import cells_of, spell
from idp.imports.rows import Imported, UnfitRow, csv_header, join_row, read_header, read_user, split_row
from idp.model import Pool, UserStatus
from tests.support.pools import pool_document

NOW = 1_800_000_000.0
BCRYPT = "$2b$04$" + "a" * 53


def pool(**members: Any) -> Pool:
    return parse_pools([pool_document(**members)]).pools[0].pool


def row(found: Pool, *, hashed: bool = False, **values: str) -> tuple[tuple[str, ...], str]:
    names = csv_header(found) + (("password_hash",) if hashed else ())
    given = {"cognito:username": "ada", "email": "ada@example.com", "email_verified": "TRUE"} | {
        name.replace("__", ":"): value for name, value in values.items()
    }
    return names, join_row(given.get(name, "") for name in names)


def read(found: Pool, algorithm: str | None = None, **values: str) -> Imported:
    names, line = row(found, hashed=algorithm is not None, **values)
    return read_user(found, names, line, algorithm, now=NOW)


BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=BREAKS))


@given(st.lists(CELLS, min_size=1, max_size=8))
def test_a_row_that_is_written_reads_the_same(cells: list[str]) -> None:
    assert split_row(join_row(cells)) == cells


def test_a_backslash_before_anything_else_is_itself() -> None:
    assert split_row(r"a\b,c\,d,e\\,f") == [r"a\b", "c,d", "e\\", "f"]


def test_a_user_without_a_hash_must_choose_a_password() -> None:
    user = read(pool(), birthdate="02/28/1990", name="Ada, Countess").user
    assert user.status is UserStatus.RESET_REQUIRED
    assert user.password_hash is None
    assert user.attributes["birthdate"] == "1990-02-28"
    assert user.attributes["name"] == "Ada, Countess"
    assert user.attributes["email_verified"] == "true"


def test_a_user_with_a_hash_is_confirmed() -> None:
    user = read(pool(), "BCRYPT", password_hash=BCRYPT).user
    assert user.status is UserStatus.CONFIRMED
    assert user.password_hash == BCRYPT


def test_a_pool_of_addresses_gives_the_sub_as_username() -> None:
    user = read(pool(UsernameAttributes=["email"]), cognito__username="ada@example.com").user
    assert user.username == user.sub
    assert user.logins


def test_mfa_by_text_message_needs_the_number() -> None:
    found = pool(MfaConfiguration="OPTIONAL", EnabledMfas=["SMS_MFA"])
    values = {"cognito__mfa_enabled": "TRUE", "phone_number": "+15550100"}
    assert read(found, **values, phone_number_verified="TRUE").wants_sms
    with pytest.raises(UnfitRow, match="verified phone_number"):
        read(found, **values)


@pytest.mark.parametrize(
    "values",
    [
        {"cognito__username": ""},
        {"email_verified": "FALSE"},
        {"email_verified": "yes"},
        {"email": "no-address"},
        {"birthdate": "1990-02-28"},
        {"birthdate": "13/28/1990"},
        {"name": "n" * 2049},
        {"name": "n" * 16_001},
    ],
    ids=str,
)
def test_a_row_that_does_not_fit_is_told_without_its_values(values: dict[str, str]) -> None:
    with pytest.raises(UnfitRow) as refusal:
        read(pool(), **values)
    assert "ada@example.com" not in str(refusal.value)


def test_a_required_attribute_must_be_there() -> None:
    with pytest.raises(UnfitRow, match="given_name"):
        read(pool(Schema=[{"Name": "given_name", "Required": True}]))


@pytest.mark.parametrize(
    "change",
    [
        lambda names: names[:-1],
        lambda names: [*names, "admin"],
        lambda names: [*names, "email"],
        lambda names: ["x"],
    ],
    ids=["missing", "unknown", "twice", "other"],
)
def test_a_header_that_does_not_fit_is_refused(change: Any) -> None:
    found = pool()
    with pytest.raises(UnfitRow, match="header"):
        read_header(found, ",".join(change(list(csv_header(found)))), hashed=False)


def test_columns_come_in_any_order_and_a_byte_order_mark_is_no_column() -> None:
    found = pool()
    names = tuple(reversed(csv_header(found)))
    assert read_header(found, "\ufeff" + ",".join(names), hashed=False) == names


def test_an_export_is_imported_again() -> None:
    found = pool(Schema=[{"Name": "plan", "AttributeDataType": "String"}])
    user = read(found, birthdate="02/28/1990", custom__plan="a,b\\c", name="=1+1").user
    names = csv_header(found)
    preference = MfaPreference(found.id, user.sub, (Factor.SMS,), Factor.SMS)
    line = spell(cells_of(found, user, preference), for_spreadsheet=False)
    again = read_user(found, names, line.removesuffix("\n"), None, now=NOW).user
    assert again.attributes == user.attributes
    assert again.username == user.username


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1"])
def test_a_spreadsheet_runs_nothing(cell: str) -> None:
    line = spell(["plain", cell], for_spreadsheet=True)
    plain, armed = next(csv.reader(io.StringIO(line, newline="")))
    assert plain == "plain"
    assert armed.startswith("'")
    assert "'" not in spell(["plain", "=1"], for_spreadsheet=False)


@pytest.mark.parametrize("separator", [";", ",", "\t", "|", '"', "\n", "; "])
def test_no_other_separator_of_cells_brings_a_formula_to_life(separator: str) -> None:
    line = spell([f"a{separator}=1+1"], for_spreadsheet=True)
    assert f"{separator.strip(' ')}=" not in line.replace('""', '"')
    assert "'=1+1" in line
    assert spell(["a-b=c; d"], for_spreadsheet=True) == "a-b=c; d\r\n"
