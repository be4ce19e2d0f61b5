"""Who is told of risky sign-ins, and how often."""

from __future__ import annotations

from typing import Any

import pytest

from idp.outcomes import SignedIn, SignInRefused
from idp.protection.origins import describe_origin
from idp.protection.records import RiskConfiguration
from tests.support.pools import PASSWORD, OpenScene, Scene

ON = {"UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}}
AUDITED = {"UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}}


async def surprise(scene: Scene, action: str, *, times: int = 1, name: str = "ann") -> None:
    """Sign in at home, then elsewhere, in a pool that tells of every risk."""
    for origin in ("192.0.2.7", *["198.51.100.7"] * times):
        where = describe_origin(origin, user_agent="Chrome")
        outcome = await scene.core.signin.with_password(
            scene.pool, scene.client, username=name, password=PASSWORD, address=origin, origin=where
        )
        assert isinstance(outcome, SignedIn | SignInRefused)
        scene.clock.advance(1)
        actions = {f"{level}Action": {"EventAction": action, "Notify": True} for level in ("Low", "Medium")}
        await scene.core.threats.configure(
            RiskConfiguration(scene.pool.id, "", 0.0, takeover={"Actions": actions})
        )


async def test_a_mail_tells_of_it_and_the_event_says_that_the_user_was_told(open_scene: OpenScene) -> None:
    scene = await open_scene(**ON)
    ann = await scene.add("ann")
    await surprise(scene, "NO_ACTION")
    assert await scene.mail_count() == 1
    (mail,) = await scene.core.outbox.messages()
    assert mail.recipient == "ann@example.com"
    (event, _) = await scene.core.history.of(scene.pool, ann.sub, limit=9)
    assert event.risk["RiskDecision"] == "AccountTakeover"
    assert event.response == "Pass"


@pytest.mark.parametrize(
    ("members", "attributes"),
    [(AUDITED, {}), (ON, {"email_verified": "false"})],
    ids=["only watching", "an address that nobody verified"],
)
async def test_nobody_else_is_told(
    open_scene: OpenScene, members: dict[str, Any], attributes: dict[str, str]
) -> None:
    scene = await open_scene(**members)
    ann = await scene.add("ann", **attributes)
    await surprise(scene, "NO_ACTION")
    assert await scene.mail_count() == 0
    (event, _) = await scene.core.history.of(scene.pool, ann.sub, limit=9)
    assert event.risk["RiskDecision"] == "NoRisk"


async def test_nobodys_mailbox_is_filled(open_scene: OpenScene) -> None:
    scene = await open_scene(**ON)
    await scene.add("ann")
    await surprise(scene, "BLOCK", times=12)
    assert await scene.mail_count() == 10
