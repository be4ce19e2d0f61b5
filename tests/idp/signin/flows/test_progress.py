"""Sessions and secret blocks: what they bind, how long they are, and what they do not open for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from idp.outcomes import SignInReason
from idp.seal import Vault
from idp.signin.flows.caller import Caller, Door
from idp.signin.flows.names import AuthFlow, ChallengeName
from idp.signin.flows.progress import (
    LONGEST_SESSION,
    Progress,
    begin,
    find_unfit,
    open_block,
    open_session,
    renewed,
    seal_block,
    seal_session,
)
from idp.signin.flows.triggers import Round
from idp.signin.srp import parse_block
from tests.support.pools import Scene

VAULT = Vault(b"k" * 32)
C = ChallengeName


def caller(scene: Scene, door: Door = Door.API) -> Caller:
    return Caller(scene.pool, scene.client, "192.0.2.1", door)


async def make(scene: Scene) -> Progress:
    user = await scene.add()
    begun = begin(
        caller(scene), AuthFlow.CUSTOM_AUTH, user=user, subject=user.sub, username="ann", typed="Ann"
    )
    full = replace(
        begun,
        amr=("pwd", "sms"),
        rounds=(Round("CUSTOM_CHALLENGE", result=False, metadata="m"),),
        choices=(C.SMS_MFA, C.EMAIL_OTP),
        state={"a": "비밀"},
        device_key="d",
        is_second_done=True,
    )
    return renewed(full, C.CUSTOM_CHALLENGE, expires_at=1000.0)


async def test_both_envelopes_give_back_what_went_in(scene: Scene) -> None:
    progress = await make(scene)
    assert open_session(VAULT, seal_session(VAULT, progress)) == progress
    raw = parse_block(seal_block(VAULT, progress))
    assert raw is not None
    assert open_block(VAULT, raw) == progress


async def test_no_envelope_opens_as_the_other_or_under_another_key(scene: Scene) -> None:
    progress = await make(scene)
    session, raw = seal_session(VAULT, progress), parse_block(seal_block(VAULT, progress))
    assert raw is not None
    assert open_block(VAULT, session.encode()) is None
    assert open_session(VAULT, raw.decode()) is None
    assert open_session(Vault(b"o" * 32), session) is None


async def test_a_session_shows_nothing_of_what_it_holds(scene: Scene) -> None:
    progress = await make(scene)
    assert "비밀" not in repr(progress)


async def test_a_session_that_is_too_long_is_not_made(scene: Scene) -> None:
    progress = await make(scene)
    with pytest.raises(ValueError, match="4096"):
        seal_session(VAULT, replace(progress, state={"a": "x" * LONGEST_SESSION}))


@pytest.mark.parametrize(
    ("door", "challenge", "now", "expected"),
    [
        (Door.API, C.CUSTOM_CHALLENGE, 999.0, None),
        (Door.ADMIN, C.CUSTOM_CHALLENGE, 999.0, None),
        (Door.HOSTED, C.CUSTOM_CHALLENGE, 999.0, SignInReason.SESSION_INVALID),
        (Door.API, C.SMS_MFA, 999.0, SignInReason.SESSION_INVALID),
        (Door.API, C.CUSTOM_CHALLENGE, 1000.0, SignInReason.SESSION_EXPIRED),
    ],
    ids=["api", "admin", "hosted", "challenge", "late"],
)
async def test_who_may_answer(
    scene: Scene, door: Door, challenge: ChallengeName, now: float, expected: SignInReason | None
) -> None:
    progress = await make(scene)
    assert find_unfit(progress, caller(scene, door), challenge, now=now) is expected
    assert find_unfit(None, caller(scene, door), challenge, now=now) is SignInReason.SESSION_INVALID


@pytest.mark.parametrize("session", ["", "x", "é" * 30, "A" * 5000, "\ud800"])
def test_made_up_sessions_and_blocks_open_nothing(session: str) -> None:
    assert open_session(VAULT, session) is None
    assert open_block(VAULT, session.encode("utf-8", "surrogatepass")) is None
