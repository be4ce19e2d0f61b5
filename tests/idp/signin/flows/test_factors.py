"""A pool without factors: nothing is offered, nothing is wanted, nothing is silently accepted."""

import pytest

from idp.signin.flows.factors import Factors, FactorTurn, NoFactors, Wanted
from idp.signin.flows.names import ChallengeName
from tests.support.pools import Scene


async def test_without_factors_the_password_is_everything(scene: Scene) -> None:
    factors: Factors = NoFactors()
    user = await scene.add()
    assert await factors.first_factors(scene.pool, scene.client, user) == ()
    assert await factors.wanted(scene.pool, scene.client, user) == Wanted()


async def test_a_factor_that_nobody_offers_is_never_passed(scene: Scene) -> None:
    turn = FactorTurn(scene.pool, scene.client, await scene.add(), "ann")
    with pytest.raises(LookupError, match="SMS_MFA"):
        await NoFactors().start(turn, ChallengeName.SMS_MFA)
    with pytest.raises(LookupError, match="SMS_MFA"):
        await NoFactors().check(turn, ChallengeName.SMS_MFA, answer={}, state={})
