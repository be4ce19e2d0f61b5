"""Two processes' worth of user pool on one database: what must happen once happens once."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from idp.clock import ManualClock
from idp.config import parse_pools
from idp.core import KEY_FILE, Core
from idp.management.catalog import LOOK_AGAIN_SECONDS
from idp.outcomes import Confirmed, GrantRefused, SignedIn, SignedUp, TokenSet, UserReason, UserRefused
from idp.seal import Vault, load_or_create_key
from idp.store.base import StoreUnusable
from idp.store.database import database_url, open_store
from tests.support.databases import Databases
from tests.support.pools import CHEAP, OTHER_PASSWORD, PASSWORD, PUBLIC_URL, Scene, pool_document

ROTATION = {"RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}}


async def open_node(database: str, folder: Path, clock: ManualClock) -> Scene:
    core = await Core.open(
        parse_pools([pool_document(client=ROTATION)]),
        public_url=PUBLIC_URL,
        data_directory=folder,
        database=database,
        clock=clock,
        hash_cost=CHEAP,
    )
    pool = (await core.pools())[0]
    return Scene(core, pool, (await core.clients(pool.id))[0], clock)


@dataclass
class Place:
    """A database and the data directories of two nodes, which hold the same instance key."""

    database: str
    folders: tuple[Path, Path]
    clock: ManualClock


@pytest.fixture
async def empty_place(databases: Databases, tmp_path: Path, prepared_directory: Path) -> Place:
    folders = (tmp_path / "one", tmp_path / "two")
    for folder in folders:
        folder.mkdir()
        shutil.copy(prepared_directory / KEY_FILE, folder)
    return Place(await databases.create(tmp_path), folders, ManualClock())


@pytest.fixture
async def place(empty_place: Place, prepared_directory: Path) -> Place:
    """With a pool's signing keys in it already: making them takes half a second."""
    vault = Vault(load_or_create_key(prepared_directory / KEY_FILE))
    source = await open_store(database_url(prepared_directory), vault)
    async with source.reading() as records:
        pools, keys = await records.pools.list(), await records.signing_keys.list()
    await source.close()
    store = await open_store(empty_place.database, vault)
    async with store.writing() as records:
        for pool in pools:
            await records.pools.create(pool)
        for key in keys:
            await records.signing_keys.create(key)
    await store.close()
    return empty_place


@contextlib.asynccontextmanager
async def opened(place: Place) -> AsyncIterator[tuple[Scene, Scene]]:
    async with contextlib.AsyncExitStack() as stack:
        nodes = await asyncio.gather(
            *(open_node(place.database, folder, place.clock) for folder in place.folders)
        )
        for node in nodes:
            stack.push_async_callback(node.core.close)
        yield nodes[0], nodes[1]


@pytest.fixture
async def nodes(place: Place) -> AsyncIterator[tuple[Scene, Scene]]:
    async with opened(place) as nodes:
        yield nodes


Nodes = tuple[Scene, Scene]


async def test_nodes_that_start_together_on_nothing_have_the_same_keys_and_clients(
    empty_place: Place,
) -> None:
    async with opened(empty_place) as (first, second):
        assert first.core.tokens.jwks(first.pool) == second.core.tokens.jwks(second.pool)
        assert (first.pool, first.client) == (second.pool, second.client)


async def test_a_node_with_another_instance_key_is_refused(place: Place, nodes: Nodes) -> None:
    (place.folders[1] / KEY_FILE).write_bytes(b"x" * 32)
    with pytest.raises(StoreUnusable, match=r"another instance\.key"):
        await open_node(place.database, place.folders[1], place.clock)


async def test_a_code_redeemed_at_both_nodes_gives_tokens_at_one_and_they_end(nodes: Nodes) -> None:
    first, second = nodes
    for number in range(3):
        code = await first.code_for(await first.add(f"ann{number}"))
        outcomes = await asyncio.gather(*(node.redeem(code) for node in (first, second) * 2))
        given = [outcome for outcome in outcomes if isinstance(outcome, TokenSet)]
        assert len(given) == 1
        assert given[0].refresh_token is not None
        again = await second.core.tokens.refresh(
            second.pool, second.client, refresh_token=given[0].refresh_token
        )
        assert isinstance(again, GrantRefused), "the second use took back what the first one gave"


async def test_a_refresh_token_used_at_both_nodes_gives_tokens_at_one(nodes: Nodes) -> None:
    first, second = nodes
    for number in range(3):
        tokens = await first.tokens_for(await first.add(f"ann{number}"))
        assert tokens.refresh_token is not None
        outcomes = await asyncio.gather(
            *(
                node.core.tokens.refresh(node.pool, node.client, refresh_token=tokens.refresh_token)
                for node in (first, second) * 2
            )
        )
        assert sum(isinstance(outcome, TokenSet) for outcome in outcomes) == 1


async def test_one_name_is_signed_up_once(nodes: Nodes) -> None:
    for number in range(3):
        outcomes = await asyncio.gather(
            *(
                node.core.registration.sign_up(
                    node.pool,
                    node.client,
                    username=f"ann{number}",
                    password=PASSWORD,
                    attributes={"email": f"ann{number}@example.com"},
                )
                for node in nodes * 2
            )
        )
        assert sum(isinstance(outcome, SignedUp) for outcome in outcomes) == 1
        refused = [outcome.reason for outcome in outcomes if isinstance(outcome, UserRefused)]
        assert refused == [UserReason.USERNAME_EXISTS] * 3


async def test_a_mailed_code_is_used_once(nodes: Nodes) -> None:
    first, second = nodes
    await first.add("ann")
    await first.core.recovery.forgot(first.pool, first.client, username="ann")
    code = await first.latest_code()
    outcomes = await asyncio.gather(
        *(
            node.core.recovery.confirm_forgot(
                node.pool, node.client, username="ann", code=code, new_password=OTHER_PASSWORD
            )
            for node in (first, second) * 2
        )
    )
    assert sum(isinstance(outcome, Confirmed) for outcome in outcomes) == 1


async def test_guesses_at_both_nodes_are_all_counted(nodes: Nodes) -> None:
    first, second = nodes
    await first.add("ann")
    await first.core.recovery.forgot(first.pool, first.client, username="ann")
    code = await first.latest_code()
    wrong = "000000" if code != "000000" else "111111"

    async def guess(node: Scene, what: str) -> Confirmed | UserRefused:
        return await node.core.recovery.confirm_forgot(
            node.pool, node.client, username="ann", code=what, new_password=OTHER_PASSWORD
        )

    await asyncio.gather(*(guess(node, wrong) for node in nodes * 3))
    outcome = await guess(second, code)
    assert isinstance(outcome, UserRefused), "five wrong guesses end a code, wherever they were made"


async def test_failed_sign_ins_at_both_nodes_are_all_counted(nodes: Nodes) -> None:
    first, second = nodes
    user = await first.add("ann")
    await asyncio.gather(*(node.sign_in("ann", "Wrong-Horse-1") for node in nodes * 2))
    async with second.core.store.reading() as records:
        assert (await records.failures.get(user.pool_id, user.sub)).count == 4


async def test_disabling_a_user_while_codes_of_theirs_are_redeemed_ends_well(nodes: Nodes) -> None:
    """Each takes locks that the other needs; they must not wait for each other."""
    first, second = nodes
    for number in range(4):
        name = f"ann{number}"
        user = await first.add(name)
        codes = [await first.code_for(user) for _ in range(3)]
        await asyncio.gather(
            second.core.administration.disable(second.pool, name), *(first.redeem(code) for code in codes)
        )
        found, _groups = await first.core.administration.get(first.pool, name)  # type: ignore[misc]
        assert not found.enabled  # type: ignore[union-attr]


async def test_sign_ins_at_both_nodes_leave_as_many_sessions_as_the_pool_allows(
    place: Place, nodes: Nodes
) -> None:
    first, _ = nodes
    kept = {"UserSessionTracking": "ENABLED", "TokenSession": {"MaxPerUser": 2}}
    async with first.core.store.writing() as records:
        tracked = await records.pools.update((first.pool.id,), lambda old: replace(old, kept=kept))
    for node in nodes:
        node.pool = tracked
    user = await first.add()
    oldest = await first.tokens_for(user)
    place.clock.advance(1)  # among sessions of one moment none is the oldest
    codes = [await first.code_for(user) for _ in range(4)]

    async def sign_in(node: Scene) -> object:
        signed_in = SignedIn(user, int(node.clock.now()))
        return await node.core.tokens.issue(
            node.pool, node.client, signed_in, device_key=None, address="192.0.2.1", user_agent=""
        )

    both = nodes * 2
    redeemed = (node.redeem(code) for node, code in zip(both, codes, strict=True))
    outcomes = await asyncio.gather(*redeemed, *(sign_in(node) for node in both))
    assert all(isinstance(outcome, TokenSet) for outcome in outcomes)
    assert len(await first.core.tokens.alive(tracked, user)) == 2
    gone = await first.core.tokens.refresh(tracked, first.client, refresh_token=oldest.refresh_token or "")
    assert isinstance(gone, GrantRefused)


async def test_look_that_one_node_has_been_given_is_served_by_the_other(place: Place, nodes: Nodes) -> None:
    """Its page names files; the browser's next request may come to either node."""
    first, second = nodes
    logo = {"Category": "FORM_LOGO", "ColorMode": "LIGHT", "Extension": "PNG", "Bytes": b"\x89PNG\r\n\x1a\n"}
    await first.core.management.styles.create(first.pool, first.client.id, {"Assets": [logo]})
    look = first.core.management.catalog.style(first.pool, first.client.id)
    assert look
    place.clock.advance(LOOK_AGAIN_SECONDS)
    assert await second.core.management.styles.file(second.pool.id, "nothing.png") is None
    for name in (look.css_name, look.images["FORM_LOGO", "light"]):
        assert await second.core.management.styles.file(second.pool.id, name)
    assert not await second.core.management.catalog.look_again(), "a stranger's names cost one look"
