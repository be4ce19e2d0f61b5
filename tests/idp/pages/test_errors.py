"""What people and programs are told when the server cannot do its work now."""

from __future__ import annotations

import pytest

from idp.users import passwords
from tests.support.hosted_pages import CLIENT, SECRET, House, authorize_path
from tests.support.page_forms import FORMS


async def break_store(house: House) -> None:
    """Take the tables away: the store stays open and can do nothing."""
    async with house.core.store.writing() as records:
        await records.users._connection.exec_driver_sql("ALTER TABLE clients RENAME TO gone")  # type: ignore[attr-defined]


async def test_outage_of_the_store_is_told_and_logged_in_one_line(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await break_store(house)
    page = await house.visitor().get(authorize_path())
    assert page.response.status_code == 503
    assert page.response.headers["retry-after"] == "5"
    assert "Something went wrong on our side" in page.alerts
    assert "clients" not in page.text
    logged = [record for record in caplog.records if record.name == "idp.pages.errors"]
    assert len(logged) == 1
    assert "does not answer: no such table" in logged[0].getMessage()
    assert logged[0].exc_info is None


async def test_outage_is_told_to_programs_as_json(house: House) -> None:
    await break_store(house)
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": CLIENT, "client_secret": SECRET}
    response = await house.visitor().http.post("/oauth2/token", data=form)
    assert (response.status_code, response.json()) == (503, {"error": "temporarily_unavailable"})
    assert response.headers["retry-after"] == "5"


@pytest.mark.parametrize("action", ["/login", "/signup", "/confirmforgotPassword", "/changePassword"])
async def test_too_many_waiting_passwords_are_turned_away_with_503(
    house: House, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = house.visitor()
    page, typed = await FORMS[action](visitor, house)
    monkeypatch.setattr(passwords, "MOST_WAITING", 0)
    refused = await visitor.submit(page, action, typed)
    assert refused.response.status_code == 503
    assert refused.response.headers["retry-after"] == "5"
    assert "This server is busy" in refused.alerts
    monkeypatch.undo()
    again = await visitor.submit(refused, action, typed)
    assert again.response.status_code in {200, 302}, "nothing was used up"
    assert "This server is busy" not in again.alerts
