"""Known passwords at every door of a pool that switched threat protection on."""

from __future__ import annotations

from typing import Any

import pytest

from idp.model import UserStatus
from idp.outcomes import Challenged, SignedIn, SignInReason, SignInRefused, UserReason, UserRefused
from idp.protection.records import RiskConfiguration
from tests.support.pools import PASSWORD, OpenScene, Scene

KNOWN = "Password1!"
ON = {"UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}}
AUDITED = {"UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}}


async def configure(scene: Scene, client_id: str = "", **members: Any) -> None:
    async with scene.core.store.writing() as records:
        await records.risk_configurations.create(RiskConfiguration(scene.pool.id, client_id, 0.0, **members))


async def sign_up(scene: Scene, password: str) -> object:
    return await scene.core.registration.sign_up(
        scene.pool, scene.client, username="bob", password=password, attributes={"email": "bob@example.com"}
    )


async def test_sign_up_with_a_known_password_is_refused_and_makes_nobody(open_scene: OpenScene) -> None:
    scene = await open_scene(**ON)
    refused = await sign_up(scene, KNOWN)
    assert isinstance(refused, UserRefused)
    assert refused.reason is UserReason.INVALID_PASSWORD
    assert refused.message == "Provided password cannot be used for security reasons."
    assert not isinstance(await sign_up(scene, PASSWORD), UserRefused)


@pytest.mark.parametrize("members", [{}, AUDITED], ids=["off", "audit"])
async def test_nobody_is_refused_where_it_is_off_or_only_watching(
    open_scene: OpenScene, members: dict[str, Any]
) -> None:
    scene = await open_scene(**members)
    assert not isinstance(await sign_up(scene, KNOWN), UserRefused)
    await scene.add("ann", password=KNOWN)
    assert isinstance(await scene.sign_in("ann", KNOWN), SignedIn)


async def test_a_known_password_that_was_right_must_be_reset_and_opens_nothing_more(
    open_scene: OpenScene,
) -> None:
    scene = await open_scene(**ON)
    await scene.add("ann", password=KNOWN)
    await scene.add("ben")
    for _ in range(2):
        refused = await scene.sign_in("ann", KNOWN)
        assert isinstance(refused, SignInRefused)
        assert (refused.reason, refused.username) == (SignInReason.RESET_REQUIRED, "ann")
    assert isinstance(await scene.sign_in("ben"), SignedIn)


async def test_a_wrong_password_tells_nothing_about_lists(open_scene: OpenScene) -> None:
    scene = await open_scene(**ON)
    await scene.add("ann")
    told = [await scene.sign_in(name, KNOWN) for name in ("ann", "nobody")]
    assert told[0] == told[1]
    assert isinstance(told[0], SignInRefused)
    assert told[0].reason is SignInReason.INCORRECT


async def test_equal_work_with_and_without_a_hit_and_for_nobody(open_scene: OpenScene) -> None:
    """At a forgotten password, nothing tells known names, by answer or by hashing."""
    scene = await open_scene(**ON)
    await scene.add("ann")
    before = scene.core.hasher.operations
    told = [
        await scene.core.recovery.confirm_forgot(
            scene.pool, scene.client, username=name, code="123456", new_password=KNOWN
        )
        for name in ("ann", "nobody")
    ]
    assert told[0] == told[1]
    assert isinstance(told[0], UserRefused)
    assert told[0].reason is UserReason.INVALID_PASSWORD
    assert scene.core.hasher.operations == before


async def test_a_forgotten_password_is_not_replaced_by_a_known_one_and_the_code_stays_good(
    open_scene: OpenScene,
) -> None:
    scene = await open_scene(**ON)
    await scene.add("ann", password=KNOWN)
    await scene.sign_in("ann", KNOWN)
    await scene.core.recovery.forgot(scene.pool, scene.client, username="ann")
    code = await scene.latest_code()
    for new_password, is_refused in ((KNOWN, True), (PASSWORD, False)):
        outcome = await scene.core.recovery.confirm_forgot(
            scene.pool, scene.client, username="ann", code=code, new_password=new_password
        )
        assert isinstance(outcome, UserRefused) is is_refused
    assert isinstance(await scene.sign_in("ann"), SignedIn)


async def test_passwords_are_not_changed_to_known_ones(open_scene: OpenScene) -> None:
    scene = await open_scene(**ON)
    ann = await scene.add("ann")
    change = scene.core.own_account.change_password
    refused = await change(scene.pool, scene.client, ann, previous=PASSWORD, proposed=KNOWN)
    assert refused is not None
    assert refused.reason is UserReason.INVALID_PASSWORD


async def test_a_temporary_password_is_not_replaced_by_a_known_one(open_scene: OpenScene) -> None:
    scene = await open_scene(**ON)
    await scene.core.administration.add(
        scene.pool, username="ann", attributes={}, password="Dragon77!", permanent=False
    )
    # A temporary password may be a common one: it has to be replaced anyway.
    challenged = await scene.sign_in("ann", "Dragon77!")
    assert isinstance(challenged, Challenged)
    for new_password, expected in ((KNOWN, SignInRefused), (PASSWORD, SignedIn)):
        outcome = await scene.core.signin.answer_new_password(
            scene.pool, scene.client, session=challenged.session, new_password=new_password
        )
        assert isinstance(outcome, expected)


async def test_the_risk_configuration_decides(open_scene: OpenScene) -> None:
    scene = await open_scene(**ON)
    block = {"Actions": {"EventAction": "BLOCK"}}
    await configure(scene, compromised={**block, "EventFilter": ["SIGN_UP"]})
    await scene.add("ann", password=KNOWN)
    assert isinstance(await scene.sign_in("ann", KNOWN), SignedIn)
    assert isinstance(await sign_up(scene, KNOWN), UserRefused)
    # The client's own goes before the pool's.
    await configure(scene, scene.client.id, compromised={"Actions": {"EventAction": "NO_ACTION"}})
    assert not isinstance(await sign_up(scene, KNOWN), UserRefused)


async def test_who_is_told_to_reset_has_that_status(open_scene: OpenScene) -> None:
    scene = await open_scene(**ON)
    ann = await scene.add("ann", password=KNOWN)
    await scene.sign_in("ann", KNOWN)
    async with scene.core.store.reading() as records:
        assert (await records.users.get(scene.pool.id, ann.sub)).status is UserStatus.RESET_REQUIRED
