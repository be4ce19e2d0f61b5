"""What unusual sign-ins lead to, whichever door they come through."""

from __future__ import annotations

from typing import Any

import pytest

from idp.outcomes import Challenged, SignedIn, SignInOutcome, SignInReason, SignInRefused
from idp.protection.origins import Origin, describe_origin
from idp.protection.records import AuthEvent, EventAction, RiskConfiguration, RiskDecision, RiskLevel
from idp.signin.flows.caller import Caller, Door
from idp.signin.flows.names import AuthFlow, ChallengeName
from idp.signin.flows.risk_steps import decide
from idp.signin.flows.triggers import Defined, NoTriggers, Round, TriggerTurn
from tests.support.pools import PASSWORD, OpenScene, Scene

HOME, AWAY = (
    describe_origin("192.0.2.7", user_agent="Chrome"),
    describe_origin("198.51.100.7", user_agent="curl"),
)
ENFORCED = {"UserPoolAddOns": {"AdvancedSecurityMode": "ENFORCED"}}
AUDITED = {"UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"}}
MFA = {"MfaConfiguration": "OPTIONAL", "EnabledMfas": ["SMS_MFA"]}
PHONE = {"phone_number": "+15550100001", "phone_number_verified": "true"}


async def configure(scene: Scene, action: str, **exceptions: list[str]) -> None:
    actions = {f"{level}Action": {"EventAction": action, "Notify": False} for level in RiskLevel}
    await scene.core.threats.configure(
        RiskConfiguration(scene.pool.id, "", 0.0, takeover={"Actions": actions}, exceptions=exceptions)
    )


async def sign_in(scene: Scene, origin: Origin, name: str = "ann", password: str = PASSWORD) -> SignInOutcome:
    caller = Caller(scene.pool, scene.client, origin.address, Door.API, origin, truthful=False)
    parameters = {"USERNAME": name, "PASSWORD": password}
    return await scene.core.signin.start(caller, AuthFlow.USER_PASSWORD_AUTH, parameters)


async def at_home(open_scene: OpenScene, action: str, *, user: Any = None, **members: Any) -> Scene:
    """A pool in which ann has signed in at home, and what it does about every risk."""
    scene = await open_scene(**{**ENFORCED, **members})
    await scene.add("ann", **(user or {}))
    assert isinstance(await sign_in(scene, HOME), SignedIn)
    scene.clock.advance(3600)
    await configure(scene, action)
    return scene


async def events(scene: Scene, name: str = "ann") -> tuple[AuthEvent, ...]:
    async with scene.core.store.reading() as records:
        user = await records.users.by_login(scene.pool.id, name)
    assert user is not None
    return await scene.core.history.of(scene.pool, user.sub, limit=20)


def reason_of(outcome: SignInOutcome) -> SignInReason | None:
    return outcome.reason if isinstance(outcome, SignInRefused) else None


async def test_who_comes_from_somewhere_new_is_blocked_and_who_is_at_home_is_not(
    open_scene: OpenScene,
) -> None:
    scene = await at_home(open_scene, "BLOCK")
    refused = await sign_in(scene, AWAY)
    assert isinstance(refused, SignInRefused)
    assert refused.reason is SignInReason.RISK_BLOCKED
    assert refused.message == "Unable to login because of security reasons."
    (event, _) = await events(scene)
    assert event.response == "Fail"
    assert event.challenges == ({"ChallengeName": "Password", "ChallengeResponse": "Success"},)
    assert event.risk == {
        "RiskDecision": "Block",
        "RiskLevel": "Medium",
        "CompromisedCredentialsDetected": False,
    }
    assert isinstance(await sign_in(scene, HOME), SignedIn)
    assert (
        reason_of(await sign_in(scene, AWAY)) is SignInReason.RISK_BLOCKED
    )  # being refused made nothing known


async def test_a_wrong_password_and_a_name_that_nobody_has_look_alike_from_a_blocked_place(
    open_scene: OpenScene,
) -> None:
    """What is unusual is looked at after the password only: neither answer nor work tells who exists."""
    scene = await at_home(open_scene, "BLOCK")
    told = []
    for name in ("ann", "nobody"):
        before = scene.core.hasher.operations
        told.append(
            (await sign_in(scene, AWAY, name, "Wrong-Horse-9"), scene.core.hasher.operations - before)
        )
    assert told[0] == told[1]
    assert reason_of(told[0][0]) is SignInReason.INCORRECT


@pytest.mark.parametrize("members", [AUDITED, {}], ids=["watching", "without configuration"])
async def test_where_nothing_is_to_be_done_the_level_is_written_down(
    open_scene: OpenScene, members: dict[str, Any]
) -> None:
    scene = await at_home(open_scene, "BLOCK", **members)
    if not members:
        await scene.core.threats.configure(RiskConfiguration(scene.pool.id, "", 0.0))
    assert isinstance(await sign_in(scene, AWAY), SignedIn)
    risk = (await events(scene))[0].risk
    assert (risk["RiskDecision"], risk["RiskLevel"]) == ("NoRisk", "Medium")


async def test_no_history_no_risk_and_no_mode_no_history(open_scene: OpenScene) -> None:
    scene = await open_scene(**ENFORCED)
    await scene.add("ann")
    await configure(scene, "BLOCK")
    assert isinstance(await sign_in(scene, AWAY), SignedIn)
    (event,) = await events(scene)
    assert event.risk == {"RiskDecision": "NoRisk", "CompromisedCredentialsDetected": False}


@pytest.mark.parametrize("action", ["MFA_IF_CONFIGURED", "MFA_REQUIRED"])
async def test_a_factor_that_the_user_has_is_asked_for_and_lets_them_in(
    open_scene: OpenScene, action: str
) -> None:
    """The pool's MFA is optional and the user switched nothing on."""
    scene = await at_home(open_scene, action, user=PHONE, **MFA)
    assert isinstance(await sign_in(scene, HOME), SignedIn)
    scene.clock.advance(1)
    challenged = await sign_in(scene, AWAY)
    assert isinstance(challenged, Challenged)
    assert challenged.name is ChallengeName.SMS_MFA
    caller = Caller(scene.pool, scene.client, AWAY.address, Door.API, AWAY)
    code = await scene.latest_code()
    outcome = await scene.core.signin.answer(
        caller,
        ChallengeName.SMS_MFA,
        session=challenged.session,
        responses={"USERNAME": "ann", "SMS_MFA_CODE": code},
    )
    assert isinstance(outcome, SignedIn)
    event = (await events(scene))[0]
    assert event.response == "Pass"
    assert [answer["ChallengeName"] for answer in event.challenges] == ["Password", "Mfa"]
    assert (event.risk["RiskDecision"], event.risk["RiskLevel"]) == ("AccountTakeover", "Medium")
    assert isinstance(await sign_in(scene, AWAY), SignedIn)  # the place is known from now on


@pytest.mark.parametrize(
    ("action", "reason"),
    [("MFA_IF_CONFIGURED", None), ("MFA_REQUIRED", SignInReason.RISK_BLOCKED)],
    ids=str,
)
@pytest.mark.parametrize("members", [MFA, {}], ids=["optional", "off"])
async def test_who_has_no_factor_sets_none_up_at_a_risk(
    open_scene: OpenScene, action: str, reason: SignInReason | None, members: dict[str, Any]
) -> None:
    scene = await at_home(open_scene, action, **members)
    outcome = await sign_in(scene, AWAY)
    assert reason_of(outcome) is reason
    assert not isinstance(outcome, Challenged)


async def test_a_replaced_temporary_password_does_not_wash_the_risk_off(open_scene: OpenScene) -> None:
    scene = await at_home(open_scene, "MFA_REQUIRED", user=PHONE, **MFA)
    await scene.core.administration.set_password(scene.pool, "ann", "Temporary-Horse-7", permanent=False)
    challenged = await sign_in(scene, AWAY, password="Temporary-Horse-7")
    assert isinstance(challenged, Challenged)
    assert challenged.name is ChallengeName.NEW_PASSWORD_REQUIRED
    outcome = await scene.core.signin.answer(
        Caller(scene.pool, scene.client, AWAY.address, Door.API, AWAY),
        ChallengeName.NEW_PASSWORD_REQUIRED,
        session=challenged.session,
        responses={"USERNAME": "ann", "NEW_PASSWORD": "Chosen-Horse-5"},
    )
    assert isinstance(outcome, Challenged)
    assert outcome.name is ChallengeName.SMS_MFA


async def test_a_flood_of_failures_makes_nobody_a_newcomer(
    open_scene: OpenScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever could push the owner's sign-ins out of the history would be compared with nothing."""
    monkeypatch.setattr("idp.protection.history.MOST_OTHERS", 3)
    scene = await at_home(open_scene, "BLOCK")
    for _ in range(8):
        await sign_in(scene, AWAY, password="Wrong-Horse-9")
        scene.clock.advance(600)
    assert len(await events(scene)) == 4
    assert reason_of(await sign_in(scene, AWAY)) is SignInReason.RISK_BLOCKED


@pytest.mark.parametrize(
    ("ranges", "reason"),
    [
        ({"SkippedIPRangeList": ["198.51.100.0/24"]}, None),
        ({"SkippedIPRangeList": ["::ffff:198.51.100.0/120"]}, None),
        ({"SkippedIPRangeList": ["198.51.101.0/24"]}, SignInReason.RISK_BLOCKED),
        ({"BlockedIPRangeList": ["::ffff:0:0/96"]}, SignInReason.ADDRESS_BLOCKED),
        (
            {"SkippedIPRangeList": ["198.51.100.0/24"], "BlockedIPRangeList": ["198.51.100.7/32"]},
            SignInReason.ADDRESS_BLOCKED,
        ),
    ],
    ids=["skipped", "skipped as IPv6", "another range", "blocked as IPv6", "blocked and skipped"],
)
@pytest.mark.parametrize("address", ["198.51.100.7", "::ffff:198.51.100.7"])
async def test_ranges_skip_and_block_however_an_address_is_spelt(
    open_scene: OpenScene, ranges: dict[str, list[str]], reason: SignInReason | None, address: str
) -> None:
    scene = await at_home(open_scene, "BLOCK")
    await configure(scene, "BLOCK", **ranges)
    assert reason_of(await sign_in(scene, describe_origin(address, user_agent="curl"))) is reason


async def test_a_blocked_address_goes_on_with_nothing_begun_elsewhere(open_scene: OpenScene) -> None:
    scene = await at_home(open_scene, "MFA_REQUIRED", user=PHONE, **MFA)
    challenged = await sign_in(scene, AWAY)
    assert isinstance(challenged, Challenged)
    await configure(scene, "MFA_REQUIRED", BlockedIPRangeList=["203.0.113.0/24"])
    elsewhere = describe_origin("203.0.113.7")
    caller = Caller(scene.pool, scene.client, elsewhere.address, Door.API, elsewhere)
    session, name = challenged.session, ChallengeName.SMS_MFA
    code = {"USERNAME": "ann", "SMS_MFA_CODE": await scene.latest_code()}
    user = await scene.core.administration.get(scene.pool, "ann")
    outcomes = [
        await scene.core.signin.answer(caller, name, session=session, responses=code),
        await scene.core.signin.ask_again(caller, name, session=session),
        await scene.core.signin.begin_proven(caller, user[0], amr=("swk",), is_enough=True),  # type: ignore[index]
    ]
    assert [reason_of(outcome) for outcome in outcomes] == [SignInReason.ADDRESS_BLOCKED] * 3


async def test_the_address_that_an_apps_server_tells_is_barred_like_its_own(open_scene: OpenScene) -> None:
    scene = await at_home(open_scene, "NO_ACTION")
    await configure(scene, "NO_ACTION", BlockedIPRangeList=["198.51.100.0/24"])
    caller = Caller(scene.pool, scene.client, "10.0.0.1", Door.ADMIN, AWAY)
    parameters = {"USERNAME": "ann", "PASSWORD": PASSWORD}
    outcome = await scene.core.signin.start(caller, AuthFlow.ADMIN_USER_PASSWORD_AUTH, parameters)
    assert reason_of(outcome) is SignInReason.ADDRESS_BLOCKED


async def test_a_known_password_that_is_only_watched_is_written_down(open_scene: OpenScene) -> None:
    scene = await open_scene(**AUDITED)
    await scene.add("ann", password="Password1!")
    assert isinstance(await sign_in(scene, HOME, password="Password1!"), SignedIn)
    assert (await events(scene))[0].risk["CompromisedCredentialsDetected"] is True


async def test_a_known_password_that_is_refused_is_a_block(open_scene: OpenScene) -> None:
    scene = await open_scene(**ENFORCED)
    await scene.add("ann", password="Password1!")
    assert reason_of(await sign_in(scene, HOME, password="Password1!")) is SignInReason.RESET_REQUIRED
    (event,) = await events(scene)
    assert event.risk == {"RiskDecision": "Block", "CompromisedCredentialsDetected": True}
    assert event.response == "Fail"


@pytest.mark.parametrize(
    ("action", "has_second", "decision"),
    [
        (EventAction.NO_ACTION, True, RiskDecision.NO_RISK),
        (EventAction.MFA_IF_CONFIGURED, True, RiskDecision.ACCOUNT_TAKEOVER),
        (EventAction.MFA_IF_CONFIGURED, False, RiskDecision.NO_RISK),
        (EventAction.MFA_REQUIRED, True, RiskDecision.ACCOUNT_TAKEOVER),
        (EventAction.MFA_REQUIRED, False, RiskDecision.BLOCK),
        (EventAction.BLOCK, True, RiskDecision.BLOCK),
    ],
    ids=str,
)
def test_what_was_decided_is_what_was_done(
    action: EventAction, has_second: bool, decision: RiskDecision
) -> None:
    assert decide(action, has_second=has_second, is_told=False) is decision
    expected = RiskDecision.ACCOUNT_TAKEOVER if decision is RiskDecision.NO_RISK else decision
    assert decide(action, has_second=has_second, is_told=True) is expected


async def test_passkeys_and_codes_in_the_passwords_place_are_judged_too(open_scene: OpenScene) -> None:
    """A code that came first rules a second factor out: MFA_REQUIRED blocks it; two factors in one pass."""
    scene = await at_home(open_scene, "MFA_REQUIRED", **MFA)
    found = await scene.core.administration.get(scene.pool, "ann")
    caller = Caller(scene.pool, scene.client, AWAY.address, Door.HOSTED, AWAY)
    by_code, by_passkey = [
        await scene.core.signin.begin_proven(caller, found[0], amr=amr, is_enough=True)  # type: ignore[index]
        for amr in (("email_otp",), ("swk",))
    ]
    assert reason_of(by_code) is SignInReason.RISK_BLOCKED
    assert isinstance(by_passkey, SignedIn)


class Trusting(NoTriggers):
    """Asks nothing and lets everybody in."""

    async def define_challenge(self, turn: TriggerTurn, rounds: tuple[Round, ...]) -> Defined:
        return Defined(issue_tokens=True)


@pytest.mark.parametrize(
    ("mode", "reason", "is_judged"),
    [({}, None, False), ("AUDIT", None, True), ("ENFORCED", SignInReason.RISK_BLOCKED, True)],
    ids=["unset", "audit", "enforced"],
)
async def test_custom_flows_have_a_mode_of_their_own(
    open_scene: OpenScene, mode: Any, reason: SignInReason | None, is_judged: bool
) -> None:
    flows = {"CustomAuthMode": mode} if mode else {}
    add_ons = {"AdvancedSecurityMode": "ENFORCED", "AdvancedSecurityAdditionalFlows": flows}
    scene = await at_home(open_scene, "BLOCK", UserPoolAddOns=add_ons)
    scene.core.signin.use(triggers=Trusting())
    caller = Caller(scene.pool, scene.client, AWAY.address, Door.API, AWAY)
    outcome = await scene.core.signin.start(caller, AuthFlow.CUSTOM_AUTH, {"USERNAME": "ann"})
    assert reason_of(outcome) is reason
    assert ("RiskLevel" in (await events(scene))[0].risk) is is_judged


async def test_what_was_judged_at_home_is_not_taken_elsewhere(open_scene: OpenScene) -> None:
    """A session that was begun at home and ends elsewhere makes the place known where it ended: nobody
    ends it without the factor that was asked for.
    """
    scene = await at_home(open_scene, "MFA_REQUIRED", user=PHONE, **MFA)
    challenged = await sign_in(scene, AWAY)
    assert isinstance(challenged, Challenged)
    thief = describe_origin("203.0.113.7", user_agent="curl")
    caller = Caller(scene.pool, scene.client, thief.address, Door.API, thief)
    outcome = await scene.core.signin.answer(
        caller,
        ChallengeName.SMS_MFA,
        session=challenged.session,
        responses={"USERNAME": "ann", "SMS_MFA_CODE": "000000"},
    )
    assert reason_of(outcome) is SignInReason.CODE_MISMATCH
    (event, _) = await events(scene)
    assert event.response == "Fail"
    assert event.challenges[-1] == {"ChallengeName": "Mfa", "ChallengeResponse": "Failure"}
    assert event.risk["RiskDecision"] == "AccountTakeover"
