"""Custom flows: what the triggers are told and asked, and what they cannot be made to overlook."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from idp.outcomes import Challenged, SignedIn, SignInOutcome, SignInReason, SignInRefused
from idp.signin.flows.caller import Caller, Door
from idp.signin.flows.names import AuthFlow, ChallengeName
from idp.signin.flows.triggers import (
    Created,
    Defined,
    NoTriggers,
    Round,
    TriggerRefused,
    TriggerTurn,
)
from tests.support.pools import OpenScene, Scene
from tests.support.sign_in_pool import SrpClient

CUSTOM = ChallengeName.CUSTOM_CHALLENGE


@dataclass
class Riddle(NoTriggers):
    """Asks one riddle up to three times."""

    tells: list[Any] = field(default_factory=list)
    answers: tuple[Any, ...] = ()

    async def define_challenge(
        self, turn: TriggerTurn, rounds: tuple[Round, ...]
    ) -> Defined | TriggerRefused | None:
        self.tells.append([(entry.name, entry.result, entry.metadata) for entry in rounds])
        riddles = [entry for entry in rounds if entry.name == CUSTOM]
        if rounds and rounds[-1].name == "SRP_A":
            return Defined(challenge="PASSWORD_VERIFIER")
        if riddles and riddles[-1].result:
            return Defined(issue_tokens=True)
        return Defined(fail=True) if len(riddles) >= 3 else Defined(challenge=CUSTOM)

    async def create_challenge(
        self, turn: TriggerTurn, name: str, rounds: tuple[Round, ...]
    ) -> Created | TriggerRefused | None:
        return Created({"riddle": "6 x 7"}, {"right": "forty-two"}, f"riddle-{len(rounds)}")

    async def verify_challenge(
        self, turn: TriggerTurn, answer: str, private: Mapping[str, str]
    ) -> bool | TriggerRefused | None:
        self.answers = (*self.answers, (turn.user.username if turn.user else None, answer, dict(private)))
        return answer == private["right"]


@pytest.fixture
def riddle(scene: Scene) -> Riddle:
    triggers = Riddle()
    scene.core.signin.use(triggers=triggers)
    return triggers


def caller(scene: Scene, *, hides: bool = False) -> Caller:
    return Caller(scene.pool, scene.client, "192.0.2.1", Door.API, truthful=not hides)


async def start(scene: Scene, username: str = "ann", *, hides: bool = False, **more: str) -> SignInOutcome:
    parameters = {"USERNAME": username, **more}
    return await scene.core.signin.start(caller(scene, hides=hides), AuthFlow.CUSTOM_AUTH, parameters)


async def answer(
    scene: Scene, asked: SignInOutcome, text: str, name: ChallengeName = CUSTOM, **more: str
) -> SignInOutcome:
    assert isinstance(asked, Challenged), asked
    responses = {"ANSWER": text, **more}
    return await scene.core.signin.answer(caller(scene), name, session=asked.session, responses=responses)


def reason_of(outcome: SignInOutcome) -> SignInReason | str:
    return outcome.reason if isinstance(outcome, SignInRefused) else type(outcome).__name__


async def test_a_right_answer_gives_tokens(scene: Scene, riddle: Riddle) -> None:
    user = await scene.add()
    asked = await start(scene)
    assert isinstance(asked, Challenged)
    assert asked.parameters["riddle"] == "6 x 7"
    assert "forty-two" not in repr(asked) + str(asked.parameters)
    assert await answer(scene, asked, "forty-two") == SignedIn(user, int(scene.clock.now()), amr=())
    assert riddle.answers == (("ann", "forty-two", {"right": "forty-two"}),)
    assert riddle.tells == [[], [(CUSTOM, True, "riddle-0")]]


async def test_define_sees_every_wrong_answer_and_gives_up(scene: Scene, riddle: Riddle) -> None:
    await scene.add()
    outcome = await start(scene)
    for _ in range(3):
        outcome = await answer(scene, outcome, "forty-one")
    assert reason_of(outcome) is SignInReason.INCORRECT
    assert [len(told) for told in riddle.tells] == [0, 1, 2, 3]


async def test_no_question_is_answered_twice(scene: Scene, riddle: Riddle) -> None:
    """Otherwise whoever kept a session could guess on, and no trigger would see how often."""
    await scene.add()
    outcome: SignInOutcome = await start(scene)
    for _ in range(2):
        before, outcome = outcome, await answer(scene, outcome, "forty-one")
        assert reason_of(await answer(scene, before, "forty-two")) is SignInReason.SESSION_INVALID
    last = outcome
    outcomes = await asyncio.gather(*(answer(scene, last, "forty-one") for _ in range(4)))
    assert sorted(str(reason_of(entry)) for entry in outcomes) == ["incorrect", *3 * ["session-invalid"]]
    assert reason_of(await answer(scene, last, "forty-two")) is SignInReason.SESSION_INVALID


async def test_a_password_may_come_first(scene: Scene, riddle: Riddle) -> None:
    await scene.add()
    half = SrpClient()
    begun = await start(scene, CHALLENGE_NAME="SRP_A", SRP_A=half.a)
    assert isinstance(begun, Challenged)
    assert begun.name is ChallengeName.PASSWORD_VERIFIER
    claim = half.claim(dict(begun.parameters), now=scene.clock.now())
    asked = await answer(scene, begun, "", ChallengeName.PASSWORD_VERIFIER, **claim)
    assert isinstance(asked, Challenged)
    assert asked.name is CUSTOM
    done = await answer(scene, asked, "forty-two")
    assert isinstance(done, SignedIn)
    assert done.amr == ("pwd",)
    srp, verified = ("SRP_A", True, None), ("PASSWORD_VERIFIER", True, None)
    assert riddle.tells == [[srp], [srp, verified], [srp, verified, (CUSTOM, True, "riddle-2")]]


async def test_nobody_is_told_apart_where_existence_is_hidden(scene: Scene, riddle: Riddle) -> None:
    asked = await start(scene, "ghost", hides=True)
    assert isinstance(asked, Challenged)
    assert asked.user is None
    told = await answer(scene, asked, "forty-two")
    assert reason_of(told) == "Challenged"  # the right answer to a riddle does not make anybody be there
    assert riddle.answers == ((None, "forty-two", {"right": "forty-two"}),)
    assert riddle.tells[-1] == [(CUSTOM, False, "riddle-0")]
    assert reason_of(await start(scene, "ghost")) is SignInReason.UNKNOWN_USER


async def test_a_trigger_that_issues_tokens_to_nobody_issues_none(scene: Scene) -> None:
    class Careless(NoTriggers):
        async def define_challenge(
            self, turn: TriggerTurn, rounds: tuple[Round, ...]
        ) -> Defined | TriggerRefused | None:
            return Defined(issue_tokens=True)

    scene.core.signin.use(triggers=Careless())
    assert reason_of(await start(scene, "ghost", hides=True)) is SignInReason.INCORRECT
    await scene.add()
    assert isinstance(await start(scene), SignedIn)


@pytest.mark.parametrize("status", ["unconfirmed", "disabled"])
async def test_triggers_open_no_account_that_is_closed(scene: Scene, riddle: Riddle, status: str) -> None:
    if status == "unconfirmed":
        await scene.sign_up()
    else:
        await scene.add()
        await scene.core.administration.disable(scene.pool, "ann")
    outcome = await start(scene, hides=True)
    refused = await answer(scene, outcome, "forty-two")
    expected = {"unconfirmed": SignInReason.NOT_CONFIRMED, "disabled": SignInReason.SESSION_INVALID}
    assert reason_of(refused) is expected[status]


@pytest.mark.parametrize(
    ("defined", "code"),
    [
        (Defined(), "InvalidLambdaResponseException"),
        (Defined(challenge="SMS_MFA"), "InvalidLambdaResponseException"),
        (TriggerRefused("UserLambdaValidationException", "DefineAuthChallenge failed with error No."),
         "UserLambdaValidationException"),
        (None, None),
    ],
    ids=["nothing", "unheard-of", "refused", "unconfigured"],
)  # fmt: skip
async def test_what_define_must_not_say(scene: Scene, defined: Any, code: str | None) -> None:
    class Odd(NoTriggers):
        async def define_challenge(
            self, turn: TriggerTurn, rounds: tuple[Round, ...]
        ) -> Defined | TriggerRefused | None:
            return defined  # type: ignore[no-any-return]

    await scene.add()
    scene.core.signin.use(triggers=Odd())
    outcome = await start(scene)
    assert isinstance(outcome, SignInRefused)
    assert outcome.code == code


async def test_a_custom_flow_does_not_go_on_for_ever(scene: Scene) -> None:
    class Endless(Riddle):
        async def define_challenge(
            self, turn: TriggerTurn, rounds: tuple[Round, ...]
        ) -> Defined | TriggerRefused | None:
            return Defined(challenge=CUSTOM)

    await scene.add()
    scene.core.signin.use(triggers=Endless())
    outcome = await start(scene)
    for _ in range(30):
        if not isinstance(outcome, Challenged):
            break
        outcome = await answer(scene, outcome, "forty-one")
    assert isinstance(outcome, SignInRefused)


async def test_more_than_a_session_holds_is_the_triggers_fault(scene: Scene, riddle: Riddle) -> None:
    class Large(Riddle):
        async def create_challenge(
            self, turn: TriggerTurn, name: str, rounds: tuple[Round, ...]
        ) -> Created | TriggerRefused | None:
            return Created({}, {"right": "x" * 5000})

    await scene.add()
    scene.core.signin.use(triggers=Large())
    outcome = await start(scene)
    assert isinstance(outcome, SignInRefused)
    assert outcome.code == "InvalidLambdaResponseException"


async def test_pre_and_post_authentication_may_object(open_scene: OpenScene) -> None:
    scene = await open_scene()
    await scene.add()

    class Objects(NoTriggers):
        def __init__(self, at: str) -> None:
            self.at = at

        async def pre_authentication(self, turn: TriggerTurn) -> TriggerRefused | None:
            return self._object("pre")

        async def post_authentication(self, turn: TriggerTurn) -> TriggerRefused | None:
            return self._object("post")

        def _object(self, where: str) -> TriggerRefused | None:
            return TriggerRefused("UserLambdaValidationException", where) if where == self.at else None

    for at in ("pre", "post"):
        scene.core.signin.use(triggers=Objects(at))
        outcome = await scene.sign_in()
        assert isinstance(outcome, SignInRefused)
        assert (outcome.code, outcome.message) == ("UserLambdaValidationException", at)


async def test_somebody_from_another_directory_is_moved_in_by_their_password(scene: Scene) -> None:
    class Moves(NoTriggers):
        async def migrate_user(self, turn: TriggerTurn, password: str) -> Any:
            if turn.username != "moved":
                return TriggerRefused("UserLambdaValidationException", "not there either")
            return await scene.add("moved", password=password)

    scene.core.signin.use(triggers=Moves())
    outcome = await scene.sign_in("moved", "Brought-Along-7")
    assert isinstance(outcome, SignedIn)
    assert isinstance(await scene.sign_in("moved", "Brought-Along-7"), SignedIn)
    assert reason_of(await scene.sign_in("ghost")) is SignInReason.TRIGGER_REFUSED
