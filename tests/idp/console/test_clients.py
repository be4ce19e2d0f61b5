"""App clients in the console: read, and a secret changed without an outage."""

from __future__ import annotations

import logging
import re

import pytest

from idp.model import Client
from tests.support.console import HOME, OTHER_ADMIN, OTHER_POOL, sign_in
from tests.support.hosted_pages import CLIENT, ORIGIN, SECRET, House


async def make_client(house: House) -> Client:
    pool = await house.core.find_pool("demo")
    members = {"ClientName": "made <b>", "GenerateSecret": True}
    return await house.core.management.clients.create(pool, members)


async def test_declared_client_is_shown_without_its_secret_and_not_changed(house: House) -> None:
    visitor = house.visitor()
    page = await sign_in(visitor, at=f"{HOME}/clients")
    assert f"{HOME}/clients/{CLIENT}" in page.text
    page = await visitor.get(f"{HOME}/clients/{CLIENT}")
    assert "https://app.example/cb" in page.text
    assert SECRET not in page.text
    token = page.form("/leave").fields["_csrf"]
    answer = await visitor.http.post(
        f"{HOME}/clients/{CLIENT}/add-secret", data={"_csrf": token}, headers={"origin": ORIGIN}
    )
    assert answer.status_code == 400
    known = await house.core.client(CLIENT)
    assert known is not None
    assert len(known[1].secrets) == 1


async def test_secret_is_changed_without_an_outage_and_shown_once(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client, visitor = await make_client(house), house.visitor()
    house.clock.advance(1)  # secrets are called by the millisecond
    former = client.secrets[0].reveal()
    page = await sign_in(visitor, at=f"{HOME}/clients/{client.id}")
    once = await visitor.submit(page, "/add-secret", {})
    found = re.search(r'data-testid="secret">([^<]+)<', once.text)
    assert found
    known = await house.core.client(client.id)
    assert known is not None
    assert known[1].accepts_secret(found.group(1))
    assert known[1].accepts_secret(former)
    page = await visitor.get(f"{HOME}/clients/{client.id}")
    assert found.group(1) not in page.text
    await visitor.submit(page, "/delete-secret", {})  # the last form is the older secret's
    known = await house.core.client(client.id)
    assert known is not None
    assert known[1].accepts_secret(found.group(1))
    assert not known[1].accepts_secret(former)
    assert found.group(1) not in caplog.text
    assert former not in caplog.text


@pytest.mark.parametrize("action", ["edit", "delete", "delete-secret"])
async def test_client_of_another_pool_is_not_reached(house: House, action: str) -> None:
    client, visitor = await make_client(house), house.visitor()
    page = await sign_in(visitor, OTHER_ADMIN, at=f"/admin/{OTHER_POOL}/clients")
    token = page.form("/leave").fields["_csrf"]
    typed = {"confirmation": client.name, "version": repr(client.updated_at), **CHOICES}
    path = f"/admin/{OTHER_POOL}/clients/{client.id}/{action}"
    answer = await visitor.http.post(path, data={"_csrf": token, **typed}, headers={"origin": ORIGIN})
    assert answer.status_code == 404
    known = await house.core.client(client.id)
    assert known is not None
    assert known[1] == client


async def test_client_of_another_pool_is_not_found(house: House) -> None:
    client, visitor = await make_client(house), house.visitor()
    page = await sign_in(visitor, OTHER_ADMIN, at=f"/admin/{OTHER_POOL}/clients")
    path = f"/admin/{OTHER_POOL}/clients/{client.id}"
    assert (await visitor.get(path)).response.status_code == 404
    token = page.form("/leave").fields["_csrf"]
    answer = await visitor.http.post(f"{path}/add-secret", data={"_csrf": token}, headers={"origin": ORIGIN})
    assert answer.status_code == 404
    known = await house.core.client(client.id)
    assert known is not None
    assert len(known[1].secrets) == 1


async def test_client_is_made_and_its_secret_shown_once(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    visitor = house.visitor()
    page = await sign_in(visitor, at=f"{HOME}/new-client")
    typed = {"ClientName": "Shop", "CallbackURLs": "https://shop.example/cb\r\nhttp://localhost:3000/"}
    once = await visitor.submit(page, "/new-client", typed)
    found = re.search(r'data-testid="secret">([^<]+)<', once.text)
    assert found, once.alerts
    client = await house.core.find_client(await house.core.find_pool("demo"), "Shop")
    assert client.accepts_secret(found.group(1))
    assert client.callback_urls == ("https://shop.example/cb", "http://localhost:3000/")
    assert client.oauth_flows == ("code",)
    assert client.explicit_auth_flows == ("ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")
    page = await visitor.get(f"{HOME}/clients/{client.id}")
    assert found.group(1) not in page.text
    assert found.group(1) not in caplog.text
    assert f"action=create-client target='{client.id}'" in caplog.text


@pytest.mark.parametrize(
    ("typed", "marked"),
    [
        ({"ClientName": ""}, "ClientName"),
        ({"CallbackURLs": "http://shop.example/cb"}, "CallbackURLs"),
        ({"CallbackURLs": "javascript:alert(1)"}, "CallbackURLs"),
        ({"AccessTokenValidity": "1", "AccessTokenValidity:unit": "seconds"}, "AccessTokenValidity"),
        ({"RefreshTokenValidity": "x"}, "RefreshTokenValidity"),
        ({"ReadAttributes": "nosuch"}, "ReadAttributes"),
    ],
    ids=str,
)
async def test_unfit_setting_is_told_beside_its_field_and_nothing_is_made(
    house: House, typed: dict[str, str], marked: str
) -> None:
    visitor, pool = house.visitor(), await house.core.find_pool("demo")
    page = await sign_in(visitor, at=f"{HOME}/new-client")
    usual = {"ClientName": "Shop", "CallbackURLs": "https://shop.example/cb"}
    page = await visitor.submit(page, "/new-client", {**usual, **typed})
    assert page.response.status_code == 400
    wrong = [values["id"] for _, values in page.tags if values.get("class") == "wrong"]
    assert wrong == [f"set-{marked}-error"]
    assert len(await house.core.clients(pool.id)) == 1


async def test_settings_are_changed_and_the_rest_stays(house: House) -> None:
    client, visitor = await make_client(house), house.visitor()
    pool = await house.core.find_pool("demo")
    members = {"ReadAttributes": ["email"], "AnalyticsConfiguration": {"ApplicationId": "a" * 32}}
    await house.core.management.clients.update(pool, client, {"ClientName": "kept", **members})
    page = await sign_in(visitor, at=f"{HOME}/clients/{client.id}/edit")
    typed = {"RefreshTokenValidity": "90", "RefreshTokenValidity:unit": "minutes"}
    page = await visitor.submit(page, "/edit", typed)
    assert "The changes are saved" in page.text, page.alerts
    known = await house.core.client(client.id)
    assert known is not None
    assert known[1].refresh_token_seconds == 5400
    assert known[1].read_attributes == ("email",)
    assert known[1].kept["AnalyticsConfiguration"] == {"ApplicationId": "a" * 32}
    assert known[1].secrets == client.secrets


CHOICES = {"PreventUserExistenceErrors": "ENABLED", "RefreshTokenRotation.Feature": "DISABLED"}


async def test_change_of_somebody_else_is_not_written_over(house: House) -> None:
    client, visitor = await make_client(house), house.visitor()
    page = await sign_in(visitor, at=f"{HOME}/clients/{client.id}/edit")
    house.clock.advance(1)
    pool = await house.core.find_pool("demo")
    await house.core.management.clients.update(pool, client, {"ClientName": "theirs"})
    page = await visitor.submit(page, "/edit", {"ClientName": "mine"})
    assert "somebody else changed this" in page.alerts
    assert 'value="theirs"' in page.text
    known = await house.core.client(client.id)
    assert known is not None
    assert known[1].name == "theirs"


async def test_client_is_deleted_by_its_name(house: House) -> None:
    client, visitor = await make_client(house), house.visitor()
    page = await sign_in(visitor, at=f"{HOME}/clients/{client.id}")
    refused = await visitor.submit(page, "/delete", {"confirmation": "made"})
    assert "Nothing was deleted" in refused.alerts
    await visitor.submit(page, "/delete", {"confirmation": "made <b>"})
    assert await house.core.client(client.id) is None


async def test_declared_client_is_neither_changed_nor_deleted(house: House) -> None:
    visitor = house.visitor()
    page = await sign_in(visitor, at=f"{HOME}/clients/{CLIENT}/edit")
    assert page.alerts
    token = page.form("/leave").fields["_csrf"]
    before = await house.core.client(CLIENT)
    assert before is not None
    for action, typed in (("delete", {"confirmation": "web"}), ("edit", {**CHOICES, "ClientName": "mine"})):
        sent = {"_csrf": token, "version": repr(before[1].updated_at), **typed}
        path = f"{HOME}/clients/{CLIENT}/{action}"
        answer = await visitor.http.post(path, data=sent, headers={"origin": ORIGIN})
        assert answer.status_code == 400, action
    assert await house.core.client(CLIENT) == before
