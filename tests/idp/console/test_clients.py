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
