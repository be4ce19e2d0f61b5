"""Password sign-in: who gets in, who is told what, and what it costs to guess."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from idp.model import UserStatus
from idp.outcomes import Challenged, SignedIn, SignInReason, SignInRefused
from idp.users.passwords import HashCost, PasswordHasher
from tests.support.pools import CHEAP, OTHER_PASSWORD, PASSWORD, OpenScene, Scene

WRONG = "Wrong-Horse-77"


def reason_of(outcome: object) -> SignInReason | str:
    return outcome.reason if isinstance(outcome, SignInRefused) else type(outcome).__name__


async def test_right_password_signs_in_at_the_clocks_time(scene: Scene) -> None:
    user = await scene.add()
    assert await scene.sign_in() == SignedIn(user, int(scene.clock.now()))


@pytest.mark.parametrize("name", ["ghost", "", "a" * 5000, "nul\x00byte", "half\ud800", "ann "])
async def test_unknown_names_are_just_incorrect(scene: Scene, name: str) -> None:
    await scene.add()
    assert reason_of(await scene.sign_in(name)) is SignInReason.INCORRECT


async def test_unknown_wrong_and_disabled_look_and_cost_the_same(scene: Scene) -> None:
    await scene.add("ann")
    await scene.add("dis")
    await scene.core.administration.disable(scene.pool, "dis")
    answers = []
    for name, password in (("ghost", PASSWORD), ("ann", WRONG), ("dis", PASSWORD), ("dis", WRONG)):
        before = scene.core.hasher.operations
        answers.append((await scene.sign_in(name, password), scene.core.hasher.operations - before))
    assert len({repr(answer) for answer in answers}) == 1
    assert answers[0][1] == 1


async def test_unknown_names_do_as_much_hashing_as_users_without_a_password(scene: Scene) -> None:
    user = await scene.add()
    async with scene.core.store.writing() as records:
        await records.users.update((user.pool_id, user.sub), lambda old: replace(old, password_hash=None))
    before = scene.core.hasher.operations
    assert reason_of(await scene.sign_in()) is SignInReason.INCORRECT
    assert scene.core.hasher.operations == before + 1


@pytest.mark.parametrize("name", ["ann", "ghost"])
async def test_lockout_doubles_for_users_and_for_names_nobody_has(scene: Scene, name: str) -> None:
    await scene.add()
    for _ in range(5):
        assert reason_of(await scene.sign_in(name, WRONG)) is SignInReason.INCORRECT
    for seconds in (1, 2, 4, 8):
        assert reason_of(await scene.sign_in(name, WRONG)) is SignInReason.LOCKED
        scene.clock.advance(seconds - 0.01)
        assert reason_of(await scene.sign_in(name, PASSWORD)) is SignInReason.LOCKED
        scene.clock.advance(0.01)
        assert reason_of(await scene.sign_in(name, WRONG)) is SignInReason.INCORRECT


async def test_a_locked_account_costs_no_hashing(scene: Scene) -> None:
    for _ in range(5):
        await scene.sign_in("ghost", WRONG)
    before = scene.core.hasher.operations
    await scene.sign_in("ghost", WRONG)
    assert scene.core.hasher.operations == before


async def test_success_after_a_lock_starts_over(scene: Scene) -> None:
    await scene.add()
    for _ in range(5):
        await scene.sign_in("ann", WRONG)
    scene.clock.advance(1)
    assert isinstance(await scene.sign_in(), SignedIn)
    for _ in range(5):
        assert reason_of(await scene.sign_in("ann", WRONG)) is SignInReason.INCORRECT


SPELLINGS: dict[str, Callable[[str], str]] = {
    "alias": lambda name: f"{name}@example.com",
    "upper case": str.upper,
    "full width": lambda name: "".join(chr(ord(c) + 0xFEE0) for c in name),
    "alias in upper case": lambda name: f"{name}@example.com".upper(),
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
async def test_no_other_spelling_of_an_account_evades_its_lock(
    open_scene: OpenScene, spell: Callable[[str], str]
) -> None:
    scene = await open_scene(AliasAttributes=["email"], UsernameConfiguration={"CaseSensitive": False})
    await scene.add("ann")
    for _ in range(5):
        await scene.sign_in("ann", WRONG)
    assert reason_of(await scene.sign_in(spell("ann"), PASSWORD)) is SignInReason.LOCKED


async def test_case_spellings_of_an_unknown_name_share_one_lock(open_scene: OpenScene) -> None:
    scene = await open_scene(UsernameConfiguration={"CaseSensitive": False})
    for name in ("ghost", "GHOST", "Ghost", "gHost", "ghosT"):
        await scene.sign_in(name, WRONG)
    assert reason_of(await scene.sign_in("GHOST", WRONG)) is SignInReason.LOCKED


@pytest.mark.parametrize("name", ["ann", "ghost"])
async def test_guesses_in_parallel_buy_nothing(scene: Scene, name: str) -> None:
    await scene.add()
    outcomes = await asyncio.gather(*(scene.sign_in(name, f"{WRONG}-{n}") for n in range(20)))
    reasons = [reason_of(outcome) for outcome in outcomes]
    assert reasons.count(SignInReason.INCORRECT) == 5
    assert reasons.count(SignInReason.LOCKED) == 15


async def test_signing_in_rightly_many_times_at_once_works(scene: Scene) -> None:
    await scene.add()
    outcomes = await asyncio.gather(*(scene.sign_in() for _ in range(12)))
    assert {type(outcome) for outcome in outcomes} == {SignedIn}
    assert len(scene.core.signin.accounts.turns) == 0


async def test_unconfirmed_is_told_only_after_the_right_password(scene: Scene) -> None:
    await scene.sign_up("ann")
    assert reason_of(await scene.sign_in("ann", WRONG)) is SignInReason.INCORRECT
    outcome = await scene.sign_in()
    assert reason_of(outcome) is SignInReason.NOT_CONFIRMED
    assert isinstance(outcome, SignInRefused)
    assert outcome.username == "ann"


async def test_reset_required_is_told_only_after_the_right_password(scene: Scene) -> None:
    await scene.add()
    await scene.core.administration.reset(scene.pool, "ann")
    assert reason_of(await scene.sign_in("ann", WRONG)) is SignInReason.INCORRECT
    assert reason_of(await scene.sign_in()) is SignInReason.RESET_REQUIRED


async def test_a_legacy_api_client_hears_the_truth(scene: Scene) -> None:
    await scene.add("dis")
    await scene.core.administration.disable(scene.pool, "dis")
    assert reason_of(await scene.sign_in("ghost", hide_existence=False)) is SignInReason.UNKNOWN_USER
    assert reason_of(await scene.sign_in("dis", WRONG, hide_existence=False)) is SignInReason.DISABLED


async def add_temporary(scene: Scene) -> None:
    await scene.core.administration.add(scene.pool, username="ann", password=PASSWORD)


async def test_temporary_password_asks_for_a_new_one_and_then_signs_in(scene: Scene) -> None:
    await add_temporary(scene)
    asked = await scene.sign_in()
    assert isinstance(asked, Challenged)
    answer = await scene.core.signin.answer_new_password(
        scene.pool, scene.client, session=asked.session, new_password=OTHER_PASSWORD
    )
    assert isinstance(answer, SignedIn)
    assert answer.user.status is UserStatus.CONFIRMED
    assert isinstance(await scene.sign_in(password=OTHER_PASSWORD), SignedIn)
    assert reason_of(await scene.sign_in(password=PASSWORD)) is SignInReason.INCORRECT


async def test_temporary_password_expires(scene: Scene) -> None:
    await add_temporary(scene)
    scene.clock.advance(7 * 86_400)
    assert reason_of(await scene.sign_in()) is SignInReason.TEMPORARY_EXPIRED
    assert reason_of(await scene.sign_in("ann", WRONG)) is SignInReason.INCORRECT


async def answer(scene: Scene, session: str, password: str = OTHER_PASSWORD, **options: object) -> object:
    return await scene.core.signin.answer_new_password(
        scene.pool,
        options.get("client", scene.client),  # type: ignore[arg-type]
        session=session,
        new_password=password,
        attributes=options.get("attributes", {}),  # type: ignore[arg-type]
    )


async def open_session(scene: Scene) -> str:
    await add_temporary(scene)
    asked = await scene.sign_in()
    assert isinstance(asked, Challenged)
    return asked.session


async def test_a_new_password_session_works_once_even_in_parallel(scene: Scene) -> None:
    session = await open_session(scene)
    outcomes = await asyncio.gather(*(answer(scene, session, f"{OTHER_PASSWORD}-{n}") for n in range(4)))
    assert sorted(map(str, map(reason_of, outcomes))) == ["SignedIn", *3 * ["session-invalid"]]


async def test_a_new_password_session_survives_an_unfit_password(scene: Scene) -> None:
    session = await open_session(scene)
    assert reason_of(await answer(scene, session, "short")) is SignInReason.PASSWORD_UNFIT
    assert isinstance(await answer(scene, session), SignedIn)


async def test_a_new_password_session_ends_with_its_time(scene: Scene) -> None:
    session = await open_session(scene)
    scene.clock.advance(180)
    assert reason_of(await answer(scene, session)) is SignInReason.SESSION_EXPIRED


async def test_a_new_password_session_opens_for_no_other_client(scene: Scene) -> None:
    session = await open_session(scene)
    other = replace(scene.client, id="another")
    assert reason_of(await answer(scene, session, client=other)) is SignInReason.SESSION_INVALID


@pytest.mark.parametrize("session", ["", "x", "AQ" * 40, "é" * 30, "A" * 10_000])
async def test_made_up_sessions_are_invalid(scene: Scene, session: str) -> None:
    assert reason_of(await answer(scene, session)) is SignInReason.SESSION_INVALID


@pytest.mark.parametrize("how", ["disable", "delete"])
async def test_a_user_locked_out_meanwhile_cannot_answer(scene: Scene, how: str) -> None:
    session = await open_session(scene)
    await getattr(scene.core.administration, how)(scene.pool, "ann")
    assert reason_of(await answer(scene, session)) is SignInReason.SESSION_INVALID


async def test_missing_required_attributes_are_asked_for_with_the_password(open_scene: OpenScene) -> None:
    scene = await open_scene(Schema=[{"Name": "name", "Required": True}])
    await add_temporary(scene)
    asked = await scene.sign_in()
    assert isinstance(asked, Challenged)
    assert json.loads(asked.parameters["requiredAttributes"]) == ["userAttributes.name"]
    assert reason_of(await answer(scene, asked.session)) is SignInReason.ATTRIBUTES_UNFIT
    assert isinstance(await answer(scene, asked.session, attributes={"name": "Ann"}), SignedIn)


async def test_nobody_verifies_their_own_address_with_a_new_password(scene: Scene) -> None:
    session = await open_session(scene)
    forged = {"email": "boss@example.com", "email_verified": "true"}
    assert reason_of(await answer(scene, session, attributes=forged)) is SignInReason.ATTRIBUTES_UNFIT


async def test_a_hash_with_older_parameters_is_replaced_at_sign_in(scene: Scene) -> None:
    user = await scene.add()
    hasher = PasswordHasher(HashCost(memory_kib=16, passes=2))
    scene.core.passwords.hasher = hasher
    outcome = await scene.sign_in()
    assert isinstance(outcome, SignedIn)
    assert outcome.user.password_hash != user.password_hash
    assert not hasher.is_outdated(outcome.user.password_hash or "")
    assert isinstance(await scene.sign_in(), SignedIn)
    hasher.close()


async def test_a_flood_of_sign_ins_is_turned_away(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.users.passwords.MOST_WAITING", 0)
    assert reason_of(await scene.sign_in("ghost")) is SignInReason.BUSY


async def test_the_log_names_neither_the_typed_name_nor_the_password(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await scene.add()
    await scene.sign_in("My-Secret-Password-1", "My-Secret-Password-2")
    await scene.sign_in()
    assert "sign-in pool=" in caplog.text
    assert "192.0.2.1" in caplog.text
    for secret in ("My-Secret-Password-1", "My-Secret-Password-2", PASSWORD):
        assert secret not in caplog.text


def test_cheap_hashing_is_for_tests_only() -> None:
    assert HashCost() != CHEAP
    assert HashCost() == HashCost(memory_kib=19_456, passes=2, lanes=1)
