"""Users out of a file and into one: uploads, reports, and files that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import logging
from typing import Any

import httpx
import pytest

from idp.console.desk import FILLING_SECONDS, RECENT_SECONDS
from idp.console.imports import MARK
from idp.imports.rows import csv_header, join_row
from idp.model import Pool
from tests.support.console import ADMIN, HOME, MINA, OTHER_ADMIN, OTHER_POOL, find, sign_in
from tests.support.hosted_pages import ORIGIN, House, PageVisitor, read_page

OWN = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}


def spell(pool: Pool, *rows: dict[str, str]) -> bytes:
    names = csv_header(pool)
    usual = {"email_verified": "TRUE", "cognito:mfa_enabled": "FALSE"}
    lines = [names, *([{**usual, **row}.get(name, "") for name in names] for row in rows)]
    return "".join(join_row(line) + "\r\n" for line in lines).encode()


def person(who: str, **values: str) -> dict[str, str]:
    return {"cognito:username": f"{who}@example.com", "email": f"{who}@example.com", **values}


async def send(
    visitor: PageVisitor, token: str, content: bytes | None, at: str = HOME, **typed: str
) -> httpx.Response:
    """Send the form with a file as a browser does."""
    files = None if content is None else {"file": ("users.csv", content, "text/csv")}
    fields: Any = {"_csrf": (None, token), **{name: (None, value) for name, value in typed.items()}}
    return await visitor.http.post(f"{at}/import", files={**fields, **(files or {})}, headers=OWN)


async def begin(house: House) -> tuple[PageVisitor, str, Pool]:
    visitor = house.visitor()
    page = await sign_in(visitor, at=f"{HOME}/import")
    return visitor, page.form("/import").fields["_csrf"], await house.core.find_pool("demo")


async def test_file_is_imported_and_rows_that_do_not_fit_are_reported(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "idp.console.desk")
    visitor, token, pool = await begin(house)
    rows = [person("new1", name="New, One"), person("bad", email_verified="perhaps"), person("mina")]
    answer = await send(visitor, token, spell(pool, *rows, person("new2")))
    assert answer.status_code == 303
    await house.core.management.import_runner.drain()
    page = await visitor.get(answer.headers["location"])
    facts = page.text.replace("\n", "")
    for told in ("<dd>2</dd>", "<td>email_verified must be TRUE or FALSE</td>", '<th scope="row">3</th>'):
        assert told in facts
    assert '<th scope="row">4</th><td>somebody has this name already</td>' in facts
    assert (await find(house, "new1@example.com")).attributes["name"] == "New, One"
    assert "action=import-users" in caplog.text
    assert "new1@" not in caplog.text


@pytest.mark.parametrize(
    "content",
    [b"", b"name,email\r\nx,y\r\n", b"\xff\xfe\x00", b"x" * 100_000, None],
    ids=["empty", "other columns", "no text", "one long line", "no file"],
)
async def test_file_that_does_not_fit_is_refused_before_a_job_is_made(
    house: House, content: bytes | None
) -> None:
    visitor, token, pool = await begin(house)
    answer = await send(visitor, token, content)
    assert answer.status_code == 400
    assert read_page(answer).alerts
    assert await house.core.management.imports.list(pool) == ()


@pytest.mark.parametrize("attack", ["no token", "wrong token", "other origin", "urlencoded", "two fields"])
async def test_upload_that_is_no_form_of_ours_is_refused(house: House, attack: str) -> None:
    visitor, token, pool = await begin(house)
    content = spell(pool, person("new1"))
    sent = {"no token": "", "wrong token": "x" * 64}.get(attack, token)
    if attack == "urlencoded":
        answer = await visitor.http.post(f"{HOME}/import", data={"_csrf": sent}, headers=OWN)
    else:
        parts: Any = [("_csrf", (None, sent)), ("file", ("u.csv", content, "text/csv"))]
        parts += [("hash", (None, "")), ("hash", (None, "BCRYPT"))] if attack == "two fields" else []
        headers = {"origin": "https://evil.example"} if attack == "other origin" else OWN
        answer = await visitor.http.post(f"{HOME}/import", files=parts, headers=headers)
    assert answer.status_code in (400, 403)
    assert await house.core.management.imports.list(pool) == ()


async def test_old_sign_in_neither_imports_nor_exports(house: House) -> None:
    visitor, token, pool = await begin(house)
    house.clock.advance(RECENT_SECONDS + FILLING_SECONDS + 1)
    answers = [await send(visitor, token, spell(pool, person("new1")))]
    answers += [await visitor.http.post(f"{HOME}/export", data={"_csrf": token}, headers=OWN)]
    for answer in answers:
        assert answer.status_code == 303
        assert "prompt=login" in answer.headers["location"]
    assert await house.core.management.imports.list(pool) == ()
    page = await visitor.get(f"{HOME}/import")
    assert "Sign in again to do this" in page.text


async def test_job_of_another_pool_is_not_found(house: House) -> None:
    visitor, token, pool = await begin(house)
    answer = await send(visitor, token, spell(pool, person("new1")))
    await house.core.management.import_runner.drain()
    job = answer.headers["location"].rpartition("/")[2]
    other = house.visitor()
    page = await sign_in(other, OTHER_ADMIN, at=f"/admin/{OTHER_POOL}/import")
    assert job not in page.text
    assert (await other.get(f"/admin/{OTHER_POOL}/import/{job}")).response.status_code == 404


async def test_template_is_the_header_of_the_pool(house: House) -> None:
    visitor, _, pool = await begin(house)
    answer = await visitor.http.get(f"{HOME}/import/template.csv")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.text.strip().split(",") == list(csv_header(pool))


@pytest.mark.parametrize("name", ["=1+1", "@SUM(A1)", "a;=1+1", 'a"=1', "a\t=1", "＝1+1", "a,-1"])
async def test_export_holds_nothing_that_a_spreadsheet_runs(house: House, name: str) -> None:
    visitor, token, pool = await begin(house)
    mina = await find(house, MINA)
    await house.core.profile.update(pool, mina.sub, {"name": name}, client=None)
    answer = await visitor.http.post(f"{HOME}/export", data={"_csrf": token}, headers=OWN)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.text.startswith(MARK)
    [_, *rows] = csv.reader(io.StringIO(answer.text.removeprefix(MARK)))
    assert len(rows) == 2
    for separator in (",", ";", "\t", '"'):
        for cell in answer.text.replace("\n", separator).split(separator):
            assert not cell.strip(' "').startswith(("=", "+", "-", "@", "＝")), separator


async def test_export_of_one_pool_is_imported_into_another(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "idp.console.desk")
    visitor, token, _ = await begin(house)
    answer = await visitor.http.post(f"{HOME}/export", data={"_csrf": token, "format": "import"}, headers=OWN)
    assert "action=export-users" in caplog.text
    other = house.visitor()
    page = await sign_in(other, OTHER_ADMIN, at=f"/admin/{OTHER_POOL}/import")
    sent = await send(other, page.form("/import").fields["_csrf"], answer.content, at=f"/admin/{OTHER_POOL}")
    assert sent.status_code == 303
    await house.core.management.import_runner.drain()
    for name in (ADMIN, MINA):
        assert (await find(house, name, OTHER_POOL)).email == name
