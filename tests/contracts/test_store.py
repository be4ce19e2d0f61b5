"""What every store must do, whatever keeps the records."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event

from idp import model
from idp.factors import records as factors
from idp.protection.records import AuthEvent, RiskConfiguration
from idp.seal import hash_token
from idp.signin.records import Device, Spent
from idp.store.base import AlreadyExists, NotFound, Store
from idp.store.database import SqlStore, open_store
from tests.support.databases import VAULT, Databases

NOW = 1_800_000_000.0
POOL = model.Pool(id="local_000000001", name="staff", resource_servers=(model.ResourceServer("api", "API"),))
CLIENT = model.Client(id="client-1", pool_id=POOL.id, name="web", secrets=(model.Secret("s" * 30),))


@pytest.fixture
async def store(databases: Databases, tmp_path: Path) -> AsyncIterator[Store]:
    store = await open_store(await databases.create(tmp_path), VAULT)
    async with store.writing() as records:
        await records.pools.create(POOL)
        await records.clients.create(CLIENT)
    yield store
    await store.close()


def make_user(name: str, *logins: str) -> model.User:
    return model.User(
        pool_id=POOL.id,
        sub=str(uuid.uuid4()),
        username=name,
        status=model.UserStatus.CONFIRMED,
        created_at=NOW,
        updated_at=NOW,
        attributes={"email": f"{name}@example.com"},
        logins=logins or (name,),
    )


def make_family(user: model.User, **changes: object) -> model.Family:
    family = model.Family(
        id=str(uuid.uuid4()),
        pool_id=POOL.id,
        client_id=CLIENT.id,
        sub=user.sub,
        event_id=str(uuid.uuid4()),
        scopes=("openid",),
        auth_time=int(NOW),
        nonce=None,
        created_at=NOW,
        expires_at=NOW + 100,
    )
    return replace(family, **changes)  # type: ignore[arg-type]


async def add(store: Store, user: model.User) -> model.User:
    async with store.writing() as records:
        return await records.users.create(user)


async def test_reads_back_what_was_created(store: Store) -> None:
    user = await add(store, make_user("ann", "ann", "ann@example.com"))
    async with store.reading() as records:
        assert await records.pools.get(POOL.id) == POOL
        assert await records.clients.get(CLIENT.id) == CLIENT
        assert await records.users.get(POOL.id, user.sub) == user


async def test_find_is_none_and_the_others_raise_for_what_is_not_there(store: Store) -> None:
    async with store.writing() as records:
        assert await records.users.find(POOL.id, "nobody") is None
        with pytest.raises(NotFound):
            await records.users.get(POOL.id, "nobody")
        with pytest.raises(NotFound):
            await records.users.update((POOL.id, "nobody"), lambda user: user)
        with pytest.raises(NotFound):
            await records.users.delete(POOL.id, "nobody")
        with pytest.raises(NotFound):
            await records.codes.update(("nothing",), lambda code: code)


async def test_a_login_has_one_owner(store: Store) -> None:
    await add(store, make_user("ann", "ann", "shared@example.com"))
    with pytest.raises(AlreadyExists):
        await add(store, make_user("bob", "bob", "shared@example.com"))
    async with store.reading() as records:
        assert await records.users.by_login(POOL.id, "bob") is None
        assert await records.users.count(POOL.id) == 1


async def test_a_login_cannot_be_taken_over_by_an_update(store: Store) -> None:
    ann, bob = await add(store, make_user("ann")), await add(store, make_user("bob"))
    with pytest.raises(AlreadyExists):
        async with store.writing() as records:
            await records.users.update((POOL.id, bob.sub), lambda u: replace(u, logins=("bob", "ann")))
    async with store.reading() as records:
        owner = await records.users.by_login(POOL.id, "ann")
        assert owner is not None
        assert owner.sub == ann.sub


async def test_a_refused_update_changes_nothing_even_where_the_caller_goes_on(store: Store) -> None:
    await add(store, make_user("ann"))
    bob = await add(store, make_user("bob"))
    async with store.writing() as records:
        with pytest.raises(AlreadyExists):
            await records.users.update(
                (POOL.id, bob.sub), lambda u: replace(u, enabled=False, logins=("bob", "ann"))
            )
    async with store.reading() as records:
        assert await records.users.get(POOL.id, bob.sub) == bob


async def test_update_moves_logins(store: Store) -> None:
    ann = await add(store, make_user("ann", "ann", "old@example.com"))
    async with store.writing() as records:
        change = await records.users.update(
            (POOL.id, ann.sub), lambda u: replace(u, logins=("ann", "new@example.com"))
        )
    async with store.reading() as records:
        assert await records.users.by_login(POOL.id, "old@example.com") is None
        assert await records.users.by_login(POOL.id, "new@example.com") == change


async def test_a_refused_insert_leaves_the_transaction_usable(store: Store) -> None:
    async with store.writing() as records:
        with pytest.raises(AlreadyExists):
            await records.pools.create(POOL)
        await records.groups.create(model.Group(POOL.id, "staff"))
    async with store.reading() as records:
        assert await records.groups.find(POOL.id, "staff") is not None


async def test_a_broken_reference_is_not_called_already_existing(store: Store) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key") as caught:
        async with store.writing() as records:
            await records.groups.create(model.Group("local_nowhere00", "staff"))
    assert not isinstance(caught.value, AlreadyExists)


async def test_an_exception_undoes_the_whole_unit_of_work(store: Store) -> None:
    async def fail_halfway() -> None:
        async with store.writing() as records:
            await records.users.create(make_user("ann"))
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        await fail_halfway()
    async with store.reading() as records:
        assert await records.users.count(POOL.id) == 0


async def test_parallel_updates_lose_nothing(store: Store) -> None:
    key = (POOL.id, "somebody")
    async with store.writing() as records:
        await records.failures.create(model.Failures(*key))

    async def count_up() -> None:
        async with store.writing() as records:
            await records.failures.update(key, lambda f: replace(f, count=f.count + 1))

    await asyncio.gather(*(count_up() for _ in range(30)))
    async with store.reading() as records:
        assert (await records.failures.get(*key)).count == 30


async def test_of_parallel_creations_of_one_login_exactly_one_succeeds(store: Store) -> None:
    results = await asyncio.gather(*(add(store, make_user("ann")) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(result, model.User) for result in results) == 1
    assert sum(isinstance(result, AlreadyExists) for result in results) == 7


async def test_a_reader_sees_one_view_while_others_write(store: Store) -> None:
    async with store.reading() as records:
        assert await records.users.count(POOL.id) == 0
        await add(store, make_user("ann"))
        assert await records.users.count(POOL.id) == 0


async def test_a_cancelled_writer_holds_nobody_up(store: Store) -> None:
    inside = asyncio.Event()

    async def hang() -> None:
        async with store.writing() as records:
            await records.users.create(make_user("ann"))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await inside.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert (await add(store, make_user("ann"))).username == "ann"


async def test_lists_users_by_name_from_a_place_on(store: Store) -> None:
    for name in ("dora", "ann", "bob", "carl"):
        await add(store, make_user(name))
    async with store.reading() as records:
        page = await records.users.list(POOL.id, limit=2)
        rest = await records.users.list(POOL.id, limit=10, after=page[-1].username)
    assert [u.username for u in (*page, *rest)] == ["ann", "bob", "carl", "dora"]


async def test_groups_come_strongest_first_and_membership_is_idempotent(store: Store) -> None:
    ann = await add(store, make_user("ann"))
    async with store.writing() as records:
        for name, precedence in (("zeta", 1), ("alpha", None), ("beta", 5)):
            await records.groups.create(model.Group(POOL.id, name, precedence=precedence))
            await records.groups.add_member(POOL.id, name, ann.sub)
            await records.groups.add_member(POOL.id, name, ann.sub)
        await records.groups.remove_member(POOL.id, "beta", ann.sub)
        await records.groups.remove_member(POOL.id, "beta", ann.sub)
        with pytest.raises(NotFound):
            await records.groups.add_member(POOL.id, "nowhere", ann.sub)
    async with store.reading() as records:
        assert [group.name for group in await records.groups.of(POOL.id, ann.sub)] == ["zeta", "alpha"]


async def test_deleting_a_user_takes_everything_of_theirs(store: Store) -> None:
    ann = await add(store, make_user("ann"))
    family = make_family(ann)
    async with store.writing() as records:
        await records.families.create(family)
        await records.refresh_tokens.create(model.RefreshToken("hash", family.id, NOW, NOW + 1))
        await records.sso_sessions.create(model.SsoSession("cookie", POOL.id, ann.sub, int(NOW), NOW + 1))
        await records.users.delete(POOL.id, ann.sub)
    async with store.reading() as records:
        assert await records.users.by_login(POOL.id, "ann") is None
        assert await records.families.find(family.id) is None
        assert await records.refresh_tokens.find("hash") is None
        assert await records.sso_sessions.find("cookie") is None


async def test_lists_the_families_of_one_user(store: Store) -> None:
    ann, bob = await add(store, make_user("ann")), await add(store, make_user("bob"))
    known = {"door": "api", "device_key": "d", "active_at": NOW, "address": "::1", "user_agent": "x" * 512}
    made = [make_family(ann, **known), make_family(ann, revoked_at=NOW), make_family(bob)]
    async with store.writing() as records:
        for family in made:
            await records.families.create(family)
        found = await records.families.of(POOL.id, ann.sub)
    assert found == tuple(sorted(made[:2], key=lambda family: family.id))


async def test_revokes_all_families_of_one_user_only(store: Store) -> None:
    ann, bob = await add(store, make_user("ann")), await add(store, make_user("bob"))
    mine, others = make_family(ann), make_family(bob)
    async with store.writing() as records:
        for family in (mine, make_family(ann), others):
            await records.families.create(family)
        assert await records.families.revoke_all(POOL.id, ann.sub, NOW) == 2
        assert await records.families.revoke_all(POOL.id, ann.sub, NOW) == 0
    async with store.reading() as records:
        assert (await records.families.get(mine.id)).revoked_at == NOW
        assert (await records.families.get(others.id)).revoked_at is None
        assert await records.families.by_event(mine.event_id) is not None


async def test_collect_removes_what_expired_and_nothing_else(store: Store) -> None:
    ann = await add(store, make_user("ann"))
    old, live = make_family(ann, expires_at=NOW - 1), make_family(ann, expires_at=NOW + 1)
    async with store.writing() as records:
        for family in (old, live):
            await records.families.create(family)
            token = model.RefreshToken(f"token-{family.id}", family.id, NOW, family.expires_at)
            await records.refresh_tokens.create(token)
        await records.sso_sessions.create(model.SsoSession("old", POOL.id, ann.sub, 1, NOW - 1))
        await records.sso_sessions.create(model.SsoSession("live", POOL.id, ann.sub, 1, NOW + 1))
        await records.failures.create(model.Failures(POOL.id, "old", 3, NOW - 86_400))
        await records.failures.create(model.Failures(POOL.id, "live", 3, NOW - 60))
    assert await store.collect(NOW) == 4
    async with store.reading() as records:
        assert await records.families.find(old.id) is None
        assert await records.families.find(live.id) is not None
        assert await records.refresh_tokens.find(f"token-{live.id}") is not None
        assert await records.sso_sessions.find("live") is not None
        assert await records.failures.find(POOL.id, "live") is not None
        assert await records.users.count(POOL.id) == 1


async def test_mails_are_numbered_and_newest_first(store: Store) -> None:
    async with store.writing() as records:
        for number in range(3):
            await records.mails.add(model.Mail(0, "a@example.com", f"mail {number}", "text", NOW))
    async with store.reading() as records:
        latest = await records.mails.latest(2)
    assert [mail.subject for mail in latest] == ["mail 2", "mail 1"]
    assert latest[0].id > latest[1].id


async def test_looking_a_login_up_takes_one_statement_whether_or_not_it_is_there(store: Store) -> None:
    """Every statement takes a time that tells."""
    await add(store, make_user("ann", "ann", "ann@example.com", "kim"))
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    assert isinstance(store, SqlStore)
    event.listen(store._engine.sync_engine, "before_cursor_execute", note)
    counts = []
    for login in ("ann", "nobody"):
        async with store.reading() as records:
            statements.clear()
            user = await records.users.by_login(POOL.id, login)
            assert (user.logins if user else None) == (
                ("ann", "ann@example.com", "kim") if login == "ann" else None
            )
            counts.append(sum(text.startswith("SELECT") for text in statements))
    assert counts == [1, 1]


def make_passkey(user: model.User, name: str, created_at: float) -> factors.Passkey:
    return factors.Passkey(
        pool_id=POOL.id,
        id_hash=hash_token(name),
        credential_id="c" * 1364,
        sub=user.sub,
        public_key="pk" * 200,
        sign_count=2**32 - 1,
        relying_party_id="login.example.com",
        name=name,
        created_at=created_at,
        transports=("internal", "hybrid"),
        attachment="platform",
    )


async def test_factors_read_back_and_go_with_their_user(store: Store) -> None:
    user = await add(store, make_user("ann"))
    token = factors.SoftwareToken(POOL.id, user.sub, sealed_pending="sealed", last_step=60_000_000)
    preference = factors.MfaPreference(
        POOL.id, user.sub, (factors.Factor.TOTP, factors.Factor.SMS), factors.Factor.TOTP
    )
    keys = [make_passkey(user, "second", NOW + 1), make_passkey(user, "first", NOW)]
    async with store.writing() as records:
        await records.software_tokens.create(token)
        await records.mfa_preferences.create(preference)
        for key in keys:
            await records.passkeys.create(key)
    async with store.reading() as records:
        assert await records.software_tokens.get(POOL.id, user.sub) == token
        assert await records.mfa_preferences.get(POOL.id, user.sub) == preference
        assert await records.mfa_preferences.of(POOL.id, [user.sub, "nosuch"]) == (preference,)
        assert await records.passkeys.of(POOL.id, user.sub) == tuple(reversed(keys))
    async with store.writing() as records:
        await records.users.delete(POOL.id, user.sub)
    async with store.reading() as records:
        assert await records.software_tokens.find(POOL.id, user.sub) is None
        assert await records.mfa_preferences.find(POOL.id, user.sub) is None
        assert await records.passkeys.of(POOL.id, user.sub) == ()


def make_event(user: model.User, number: int, at: float) -> AuthEvent:
    return AuthEvent(
        pool_id=POOL.id,
        id=f"event-{number}",
        sub=user.sub,
        client_id="client",
        at=at,
        kind="SignIn",
        response="Pass",
        risk={"RiskDecision": "NoRisk", "CompromisedCredentialsDetected": False},
        challenges=({"ChallengeName": "Password", "ChallengeResponse": "Success"},),
        context={"IpAddress": "192.0.2.1"},
        traits={"network": "192.0.2.0/24", "latitude": 52.5},
    )


async def test_events_come_newest_first_in_pages_and_are_trimmed_and_forgotten(store: Store) -> None:
    user, other = await add(store, make_user("ann")), await add(store, make_user("ben"))
    events = [make_event(user, number, NOW + number // 2) for number in range(5)]
    async with store.writing() as records:
        for event in (*events, make_event(other, 9, NOW)):
            await records.auth_events.create(event)
    newest = tuple(reversed(events))
    async with store.reading() as records:
        page = await records.auth_events.of(POOL.id, user.sub, limit=2)
        assert page == newest[:2]
        before = (page[-1].at, page[-1].id)
        assert await records.auth_events.of(POOL.id, user.sub, limit=9, before=before) == newest[2:]
    async with store.writing() as records:
        await records.auth_events.trim(POOL.id, user.sub, passed=True, keep=9)
        # However many others come, they push out none that passed.
        await records.auth_events.trim(POOL.id, user.sub, passed=False, keep=0)
        assert await records.auth_events.of(POOL.id, user.sub, limit=9, passed=True) == newest
        assert await records.auth_events.of(POOL.id, user.sub, limit=9, passed=False) == ()
        await records.auth_events.trim(POOL.id, user.sub, passed=True, keep=1)
        assert await records.auth_events.of(POOL.id, user.sub, limit=9) == newest[:1]
        assert len(await records.auth_events.of(POOL.id, other.sub, limit=9)) == 1
    await store.collect(NOW + 731 * 86_400)
    async with store.reading() as records:
        assert await records.auth_events.of(POOL.id, user.sub, limit=9) == ()


async def test_risk_configurations_read_back_the_pools_first(store: Store) -> None:
    pool = RiskConfiguration(POOL.id, "", NOW, compromised={"Actions": {"EventAction": "BLOCK"}})
    client = RiskConfiguration(POOL.id, "client", NOW, exceptions={"BlockedIPRangeList": ["192.0.2.0/24"]})
    async with store.writing() as records:
        await records.risk_configurations.create(client)
        await records.risk_configurations.create(pool)
    async with store.reading() as records:
        assert await records.risk_configurations.of(POOL.id) == (pool, client)


def make_device(user: model.User, key: str, *, confirmed: bool = True) -> Device:
    return Device(
        pool_id=POOL.id,
        key=key,
        sub=user.sub,
        group_key="g" * 12,
        created_at=NOW,
        updated_at=NOW,
        last_authenticated_at=NOW,
        sealed_verifier="v" * 600 if confirmed else None,
        pending="p" * 4096,
    )


async def test_devices_are_listed_by_key_once_confirmed_and_go_with_their_user(store: Store) -> None:
    ann, bob = await add(store, make_user("ann")), await add(store, make_user("bob"))
    made = [make_device(ann, key) for key in ("c", "a", "b")]
    async with store.writing() as records:
        for device in (*made, make_device(ann, "d", confirmed=False), make_device(bob, "e")):
            await records.devices.create(device)
        with pytest.raises(AlreadyExists):
            await records.devices.create(make_device(bob, "a"))
    async with store.reading() as records:
        assert await records.devices.get(POOL.id, "a") == made[1]
        pages = [await records.devices.of(POOL.id, ann.sub, limit=2, after=after) for after in ("", "b")]
    assert [[device.key for device in page] for page in pages] == [["a", "b"], ["c"]]
    assert await store.collect(NOW + 86_399) == 0
    assert await store.collect(NOW + 86_401) == 1  # what nobody confirmed
    async with store.writing() as records:
        await records.users.delete(POOL.id, ann.sub)
        assert await records.devices.find(POOL.id, "a") is None
        assert await records.devices.find(POOL.id, "e") is not None


async def test_what_is_spent_is_spent_once_and_forgotten_in_time(store: Store) -> None:
    async def spend() -> bool:
        try:
            async with store.writing() as records:
                await records.spent.create(Spent("s" * 22, NOW + 10))
        except AlreadyExists:
            return False
        return True

    assert sorted(await asyncio.gather(*(spend() for _ in range(4)))) == [False, False, False, True]
    assert await store.collect(NOW + 9) == 0
    assert await store.collect(NOW + 11) == 1


async def test_a_credential_and_a_challenge_are_there_once(store: Store) -> None:
    user, other = await add(store, make_user("ann")), await add(store, make_user("bob"))
    ceremony = factors.Ceremony("h" * 64, POOL.id, user.sub, factors.CeremonyKind.AUTHENTICATE, NOW + 1)
    async with store.writing() as records:
        await records.passkeys.create(make_passkey(user, "key", NOW))
        with pytest.raises(AlreadyExists):
            await records.passkeys.create(make_passkey(other, "key", NOW))
        await records.ceremonies.create(ceremony)
        with pytest.raises(AlreadyExists):
            await records.ceremonies.create(ceremony)
    assert await store.collect(NOW) == 0
    assert await store.collect(NOW + 2) == 1


async def all_of(store: Store, wanted: model.UserFilter | None, *, limit: int = 2) -> list[str]:
    """Every page of a list, in its order."""
    names: list[str] = []
    after: tuple[str, ...] | None = ()
    while after is not None:
        async with store.reading() as records:
            page = await records.users.search(POOL.id, wanted, limit=limit, after=after)
        assert len(page.users) <= limit
        assert page.users, "an empty page was promised"
        names += [user.username for user in page.users]
        after = page.after
    return names


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (None, ["50%_off", "Bob", "ann", "bobby", "zoë"]),
        (model.UserFilter("username", ("bob",), is_prefix=True), ["bobby"]),
        (model.UserFilter("username", ("Bob",)), ["Bob"]),
        (model.UserFilter("username", ("50%_",), is_prefix=True), ["50%_off"]),
        (model.UserFilter("username", ("%",), is_prefix=True), None),
        (model.UserFilter("username", ("50__",), is_prefix=True), None),
        (model.UserFilter("email", ("bob",), is_prefix=True), ["Bob", "bobby"]),
        (model.UserFilter("email", ("bob@example.com",)), ["Bob"]),
        (model.UserFilter("name", ("zoë",), is_prefix=True), ["zoë"]),
        (model.UserFilter("status", ("CONFIRMED",)), ["50%_off", "Bob", "ann", "bobby", "zoë"]),
        (model.UserFilter("status", ("UNCONFIRMED",)), None),
        (model.UserFilter("enabled", ("false",)), ["ann"]),
    ],
    ids=lambda value: str(value),
)
async def test_lists_of_users_can_be_narrowed(
    store: Store, wanted: model.UserFilter | None, found: list[str] | None
) -> None:
    for name in ("ann", "Bob", "bobby", "zoë", "50%_off"):
        user = make_user(name)
        await add(store, replace(user, enabled=name != "ann", attributes={**user.attributes, "name": name}))
    if found is None:
        async with store.reading() as records:
            assert await records.users.search(POOL.id, wanted, limit=10) == model.UserPage(())
    else:
        assert sorted(await all_of(store, wanted)) == sorted(found)


async def test_users_of_several_statuses_come_in_one_order_page_by_page(store: Store) -> None:
    statuses = model.UserStatus.CONFIRMED, model.UserStatus.RESET_REQUIRED, model.UserStatus.UNCONFIRMED
    for number in range(9):
        await add(store, replace(make_user(f"user{number}"), status=statuses[number % 3]))
    wanted = model.UserFilter("status", ("CONFIRMED", "RESET_REQUIRED"))
    pages: list[list[str]] = []
    after: tuple[str, ...] | None = ()
    while after is not None:
        async with store.reading() as records:
            page = await records.users.search(POOL.id, wanted, limit=2, after=after)
        pages, after = [*pages, [user.username for user in page.users]], page.after
    assert pages == [["user0", "user1"], ["user3", "user4"], ["user6", "user7"]]
    async with store.reading() as records:
        back = await records.users.search(POOL.id, wanted, limit=2, after=("user6",), backwards=True)
        none = await records.users.search(POOL.id, model.UserFilter("status", ()), limit=2)
    assert [user.username for user in back.users] == ["user3", "user4"]
    assert none == model.UserPage(())


async def test_users_are_found_by_the_beginning_of_their_sub_page_by_page(store: Store) -> None:
    subs = ["abc-0", "abc0", "abcd", "abc", "abd", "ABC", "ab"]
    for number, sub in enumerate(subs):
        await add(store, replace(make_user(f"user{number}"), sub=sub))
    wanted = model.UserFilter("sub", ("abc",), is_prefix=True)
    found: list[str] = []
    after: tuple[str, ...] | None = ()
    while after is not None:
        async with store.reading() as records:
            page = await records.users.search(POOL.id, wanted, limit=2, after=after)
        found, after = [*found, *(user.sub for user in page.users)], page.after
    assert found == ["abc", "abc-0", "abc0", "abcd"], "in the order of the bytes, on every database"
    async with store.reading() as records:
        exact = await records.users.search(POOL.id, model.UserFilter("sub", ("abc",)), limit=9)
    assert [user.sub for user in exact.users] == ["abc"]


async def test_a_list_stays_right_while_users_come_and_go(store: Store) -> None:
    users = {name: await add(store, make_user(name)) for name in ("b", "d", "f", "h")}
    async with store.reading() as records:
        first = await records.users.search(POOL.id, None, limit=2)
    assert [user.username for user in first.users] == ["b", "d"]
    await add(store, make_user("a"))
    await add(store, make_user("e"))
    async with store.writing() as records:
        await records.users.delete(POOL.id, users["d"].sub)
        assert first.after is not None
        rest = await records.users.search(POOL.id, None, limit=10, after=first.after)
    assert [user.username for user in rest.users] == ["e", "f", "h"]
    assert rest.after is None


async def test_a_user_is_found_by_what_they_are_called_now(store: Store) -> None:
    ann = await add(store, make_user("ann"))
    async with store.writing() as records:
        await records.users.update(
            (POOL.id, ann.sub), lambda old: replace(old, attributes={"email": "New@Example.com"})
        )
        old = await records.users.search(POOL.id, model.UserFilter("email", ("ann@example.com",)), limit=5)
        new = await records.users.search(POOL.id, model.UserFilter("email", ("new@example.com",)), limit=5)
    assert old.users == ()
    assert [user.logins for user in new.users] == [("ann",)]


async def test_members_of_a_group_are_listed_page_by_page(store: Store) -> None:
    async with store.writing() as records:
        await records.groups.create(model.Group(POOL.id, "staff"))
        for name in ("ann", "bob", "carl", "dora"):
            user = await records.users.create(make_user(name))
            if name != "dora":
                await records.groups.add_member(POOL.id, "staff", user.sub)
        first = await records.users.of_group(POOL.id, "staff", limit=2)
        assert first.after is not None
        rest = await records.users.of_group(POOL.id, "staff", limit=2, after=first.after)
    assert rest.after is None
    assert sorted(user.username for user in (*first.users, *rest.users)) == ["ann", "bob", "carl"]


async def test_an_account_elsewhere_is_linked_to_one_user(store: Store) -> None:
    ann, bob = await add(store, make_user("ann")), await add(store, make_user("bob"))
    linked = model.LinkedIdentity(POOL.id, "Google", "Cognito_Subject", "123", ann.sub, NOW)
    async with store.writing() as records:
        await records.linked_identities.create(linked)
        with pytest.raises(AlreadyExists):
            await records.linked_identities.create(replace(linked, sub=bob.sub))
        assert await records.linked_identities.of(POOL.id, ann.sub) == (linked,)
        await records.users.delete(POOL.id, ann.sub)
        assert await records.linked_identities.find(POOL.id, "Google", "Cognito_Subject", "123") is None


async def test_parts_are_kept_by_pool_kind_and_key(store: Store) -> None:
    def part(kind: str, key: str) -> model.Part:
        return model.Part(POOL.id, kind, key, {"name": key, "list": ["a"]}, NOW, NOW)

    async with store.writing() as records:
        for kind, key in (("terms", "b"), ("terms", "a"), ("job", "a/1"), ("job", "a/2"), ("job", "ab")):
            await records.parts.create(part(kind, key))
        with pytest.raises(AlreadyExists):
            await records.parts.create(part("terms", "a"))
    async with store.writing() as records:
        await records.parts.update((POOL.id, "terms", "a"), lambda old: replace(old, document={"name": "x"}))
        await records.parts.clear(POOL.id, "job", "a/")
    async with store.reading() as records:
        assert [found.document["name"] for found in await records.parts.list(POOL.id, "terms")] == ["x", "b"]
        assert [found.key for found in await records.parts.list(POOL.id, "job")] == ["ab"]
    async with store.writing() as records:
        await records.pools.delete(POOL.id)
        assert await records.parts.list(POOL.id, "terms") == ()


async def test_several_users_are_added_at_once_or_not_at_all(store: Store) -> None:
    async with store.writing() as records:
        assert await records.users.create_all([make_user("ada"), make_user("bob", "bob", "bob@example.com")])
        # A login of one of them is taken; the transaction goes on.
        assert not await records.users.create_all([make_user("eve"), make_user("dan", "bob@example.com")])
        assert await records.users.create_all([make_user("fay")])
    async with store.reading() as records:
        assert [user.username for user in await records.users.list(POOL.id)] == ["ada", "bob", "fay"]
        found = await records.users.by_login(POOL.id, "bob@example.com")
        assert found is not None
        assert found.username == "bob"
        page = await records.users.search(POOL.id, model.UserFilter("email", ("ada@",), True), limit=5)
        assert [user.username for user in page.users] == ["ada"]
