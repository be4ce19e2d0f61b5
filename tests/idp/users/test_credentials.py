"""A password's hash and its SRP verifier: made together wherever a password is set, useless apart."""

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from idp.model import User, UserStatus
from idp.outcomes import Confirmed
from idp.signin import srp
from idp.users.credentials import Credentials
from tests.support.pools import OTHER_PASSWORD, PASSWORD, OpenScene, Scene

ROOT = Path(__file__).parents[3] / "idp"
NO_SRP = {"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}


async def stored(scene: Scene, sub: str) -> User:
    async with scene.core.store.reading() as records:
        return await records.users.get(scene.pool.id, sub)


async def proves(scene: Scene, sub: str, password: str) -> bool:
    """Whether the kept verifier is the one of this password."""
    user = await stored(scene, sub)
    kept = scene.core.passwords.open_verifier(user)
    identity = srp.user_identity(scene.pool.id, user.username)
    return kept is not None and srp.make_verifier(identity, password, kept.salt) == kept


async def test_sign_up_makes_a_verifier(scene: Scene) -> None:
    assert await proves(scene, (await scene.sign_up()).user_sub, PASSWORD)


async def test_an_administrators_password_makes_a_verifier(scene: Scene) -> None:
    user = await scene.add()
    assert await proves(scene, user.sub, PASSWORD)
    for permanent in (False, True):
        await scene.core.administration.set_password(scene.pool, "ann", OTHER_PASSWORD, permanent=permanent)
        assert await proves(scene, user.sub, OTHER_PASSWORD)


async def test_recovery_makes_a_verifier(scene: Scene) -> None:
    user = await scene.add()
    await scene.core.recovery.forgot(scene.pool, scene.client, username="ann@example.com")
    await scene.core.recovery.forgot(scene.pool, scene.client, username="ann")
    outcome = await scene.core.recovery.confirm_forgot(
        scene.pool, scene.client, username="ann", code=await scene.latest_code(), new_password=OTHER_PASSWORD
    )
    assert isinstance(outcome, Confirmed)
    assert await proves(scene, user.sub, OTHER_PASSWORD)


async def test_no_verifier_where_no_client_signs_in_by_srp(open_scene: OpenScene) -> None:
    scene = await open_scene(client=NO_SRP)
    assert (await scene.add()).srp_verifier is None
    await scene.sign_in()
    assert (await stored(scene, (await scene.add("bob")).sub)).srp_verifier is None


async def test_the_first_plain_sign_in_makes_up_for_a_missing_verifier(scene: Scene) -> None:
    user = await scene.add()
    async with scene.core.store.writing() as records:
        await records.users.update((user.pool_id, user.sub), lambda old: replace(old, srp_verifier=None))
    await scene.sign_in()
    assert await proves(scene, user.sub, PASSWORD)


async def test_a_verifier_goes_when_no_client_wants_it_any_more(open_scene: OpenScene) -> None:
    user = await (await open_scene()).add()
    scene = await open_scene(client=NO_SRP)
    assert (await stored(scene, user.sub)).srp_verifier is not None
    await scene.sign_in()
    assert (await stored(scene, user.sub)).srp_verifier is None


async def test_a_verifier_does_not_outlive_its_password(scene: Scene) -> None:
    """Whoever replaces a hash and forgets the verifier must not leave the old password working by SRP."""
    user = await scene.add()
    other = await scene.core.passwords.make(scene.pool, "ann", OTHER_PASSWORD)
    careless = replace(user, password_hash=other.password_hash)
    assert scene.core.passwords.open_verifier(careless) is None


async def test_a_verifier_opens_for_its_own_user_only(scene: Scene) -> None:
    ann, bob = await scene.add("ann"), await scene.add("bob")
    assert scene.core.passwords.open_verifier(replace(bob, srp_verifier=ann.srp_verifier)) is None
    swapped = replace(bob, srp_verifier=ann.srp_verifier, password_hash=ann.password_hash)
    assert scene.core.passwords.open_verifier(swapped) is None


async def test_verifiers_are_sealed_and_show_in_no_repr(scene: Scene, tmp_path: Path) -> None:
    user = await scene.add()
    kept = scene.core.passwords.open_verifier(user)
    assert kept is not None
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert f"{kept.value:x}"[:64].encode() not in content
    assert user.srp_verifier is not None
    assert user.srp_verifier not in repr(user)


@pytest.mark.parametrize("attribute", ["hash"])
def test_nothing_else_hashes_passwords(attribute: str) -> None:
    """A password that is hashed elsewhere has no verifier: who sets it could not sign in by SRP."""
    callers = {
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == attribute
        and "hasher" in ast.unparse(node.func.value)
    }
    assert callers == {"users/credentials.py"}


def test_earlier_passwords_are_remembered_as_many_as_wanted() -> None:
    user = User("local_000000001", "1", "ann", UserStatus.CONFIRMED, 0, 0)
    for number in range(1, 5):
        user = Credentials(f"hash{number}", remembered=3).given_to(user)
    assert (user.password_hash, user.password_history) == ("hash4", ("hash3", "hash2"))
    renewed = Credentials("hash4 at another cost", remembered=None).given_to(user)
    assert renewed.password_history == user.password_history
    assert Credentials("hash5").given_to(renewed).password_history == ()
