"""Declared parts in the store: written at every start, removed when undeclared, closed to the API."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from idp.config import parse_pools
from idp.core import Core
from idp.management.branding import ALL
from idp.management.refusal import Refused
from idp.management.style_records import IMAGE
from idp.model import Pool
from tests.support.pools import CHEAP, CLIENT_ID, POOL_ID, pool_document

PNG = b"\x89PNG\r\n\x1a\n and so on"
LOGO = {"Category": "FORM_LOGO", "ColorMode": "LIGHT", "Extension": "PNG"}
LOGO["Bytes"] = base64.b64encode(PNG).decode()
GOOGLE = {
    "ProviderName": "Google",
    "ProviderType": "Google",
    "ProviderDetails": {"client_id": "a", "client_secret": "b", "authorize_scopes": "openid"},
}
LINKS = {"cognito:default": "https://a.example/terms"}
DECLARED: dict[str, Any] = {
    "ManagedLoginBrandings": [{"ClientId": "web", "Assets": [LOGO]}],
    "UserPoolUICustomizationAttachments": [{"ClientId": "ALL", "CSS": ".label-customizable { color: red }"}],
    "Terms": [
        {"ClientId": "web", "TermsName": name, "Links": LINKS} for name in ("terms-of-use", "privacy-policy")
    ],
    "UserPoolIdentityProviders": [GOOGLE],
}


async def start(folder: Path, **members: Any) -> tuple[Core, Pool]:
    config = parse_pools([pool_document(**members)])
    core = await Core.open(config, public_url="http://localhost:9000", data_directory=folder, hash_cost=CHEAP)
    pool = await core.pool(POOL_ID)
    assert pool
    return core, pool


async def names(core: Core, pool: Pool) -> dict[str, int]:
    """How many parts of each kind the pool has."""
    async with core.store.reading() as records:
        kinds = ("style", IMAGE, "ui", "terms", "identity-provider")
        return {kind: len(await records.parts.list(pool.id, kind)) for kind in kinds}


async def test_declared_parts_are_served_and_keep_their_ids(tmp_path: Path) -> None:
    core, pool = await start(tmp_path, **DECLARED)
    style = await core.management.styles.of_client(pool, CLIENT_ID)
    terms = {part.key for part in await core.management.looks.terms(pool)}
    look = core.management.catalog.style(pool, CLIENT_ID)
    assert look
    name = look.images["FORM_LOGO", "light"]
    assert await core.management.styles.image(POOL_ID, name) == (PNG, "image/png")
    assert core.management.catalog.terms(POOL_ID, CLIENT_ID, "en") == (LINKS["cognito:default"],) * 2
    await core.close()
    core, pool = await start(tmp_path, **DECLARED)
    assert (await core.management.styles.of_client(pool, CLIENT_ID)) == style, "nothing changed"
    assert {part.key for part in await core.management.looks.terms(pool)} == terms
    assert await names(core, pool) == {"style": 1, IMAGE: 1, "ui": 1, "terms": 2, "identity-provider": 1}
    await core.close()


async def test_what_is_no_longer_declared_goes_and_what_the_api_made_stays(tmp_path: Path) -> None:
    core, pool = await start(tmp_path, **DECLARED)
    made = {key: value for key, value in GOOGLE.items() if key != "ProviderName"}
    await core.management.providers.create(pool, "Other", made)
    await core.close()
    core, pool = await start(tmp_path)
    assert await names(core, pool) == {"style": 0, IMAGE: 0, "ui": 0, "terms": 0, "identity-provider": 1}
    await core.management.styles.create(pool, CLIENT_ID, {"Assets": [LOGO | {"Bytes": PNG + b"2"}]})
    await core.close()
    core, pool = await start(tmp_path, ManagedLoginBrandings=DECLARED["ManagedLoginBrandings"])
    style = await core.management.styles.of_client(pool, CLIENT_ID)
    described = await core.management.styles.describe(style)
    assert base64.b64decode(described["Assets"][0]["Bytes"]) == PNG, "the file's has the API's place"
    assert await names(core, pool) == {"style": 1, IMAGE: 1, "ui": 0, "terms": 0, "identity-provider": 1}
    await core.close()


async def test_the_api_does_not_change_what_is_declared(tmp_path: Path) -> None:
    core, pool = await start(tmp_path, **DECLARED)
    desk = core.management
    style = await desk.styles.of_client(pool, CLIENT_ID)
    terms = (await desk.looks.terms(pool))[0]
    attempts = [
        desk.styles.update(pool, style.key, {"UseCognitoProvidedValues": True}),
        desk.styles.delete(pool, style.key),
        desk.looks.set_ui(pool, ALL, "", None),
        desk.looks.update_terms(pool, terms.key, {"Links": LINKS}),
        desk.looks.delete_terms(pool, terms.key),
        desk.providers.update(pool, "Google", {"AttributeMapping": {}}),
        desk.providers.delete(pool, "Google"),
    ]
    for attempt in attempts:
        with pytest.raises(Refused, match="configuration file"):
            await attempt
    await desk.looks.set_ui(pool, CLIENT_ID, ".label-customizable { color: green }", None)
    assert await names(core, pool) == {"style": 1, IMAGE: 1, "ui": 2, "terms": 2, "identity-provider": 1}
    await core.close()
