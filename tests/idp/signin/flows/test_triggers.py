"""A pool without triggers: nothing objects, nothing is defined."""

from idp.signin.flows.triggers import NoTriggers, Triggers, TriggerTurn
from tests.support.pools import Scene


async def test_without_triggers_nothing_objects_and_nothing_is_defined(scene: Scene) -> None:
    triggers: Triggers = NoTriggers()
    turn = TriggerTurn(scene.pool, scene.client, await scene.add(), "ann")
    assert await triggers.migrate_user(turn, "a password") is None
    assert await triggers.pre_authentication(turn) is None
    assert await triggers.post_authentication(turn) is None
    assert await triggers.define_challenge(turn, ()) is None
    assert await triggers.create_challenge(turn, "CUSTOM_CHALLENGE", ()) is None
    assert await triggers.verify_challenge(turn, "an answer", {}) is None
