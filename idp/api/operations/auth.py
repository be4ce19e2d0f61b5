"""Sign-in: InitiateAuth, RespondToAuthChallenge and their Admin twins (cognito.md 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from idp.api.auth_answers import authentication_result, challenge_answer, tokens_answer
from idp.api.call import Call
from idp.api.context import origin_of, origin_told
from idp.api.errors import invalid_parameter, refused
from idp.api.refresh import grant_refused, refresh, require_owners_hash
from idp.api.registry import operation
from idp.api.step_up import read_targets, step_up
from idp.model import Client, Pool
from idp.outcomes import Challenged, GrantRefused, SignInOutcome, SignInReason, SignInRefused
from idp.signin.dispatch import refuse
from idp.signin.flows.caller import Caller, Door
from idp.signin.flows.names import FLOW_ALIASES, AuthFlow, ChallengeName
from idp.signin.flows.permissions import allows

Answer = Mapping[str, object]
REQUIRED: Final[Mapping[AuthFlow, tuple[str, ...]]] = {
    AuthFlow.USER_PASSWORD_AUTH: ("USERNAME", "PASSWORD"),
    AuthFlow.ADMIN_USER_PASSWORD_AUTH: ("USERNAME",),
    AuthFlow.USER_SRP_AUTH: ("USERNAME", "SRP_A"),
    AuthFlow.CUSTOM_AUTH: ("USERNAME",),
    AuthFlow.USER_AUTH: ("USERNAME",),
    AuthFlow.REFRESH_TOKEN_AUTH: ("REFRESH_TOKEN",),
}
ADMIN_FLOWS: Final = frozenset({AuthFlow.ADMIN_USER_PASSWORD_AUTH})


@operation("InitiateAuth")
async def initiate_auth(call: Call) -> Answer:
    """Begin a sign-in, or refresh."""
    return await _initiate(call, *await call.client(), door=Door.API)


@operation("AdminInitiateAuth")
async def admin_initiate_auth(call: Call) -> Answer:
    """Begin a sign-in on behalf of an app's server."""
    return await _initiate(call, *await call.pool_client(), door=Door.ADMIN)


@operation("RespondToAuthChallenge")
async def respond_to_auth_challenge(call: Call) -> Answer:
    """Answer a challenge."""
    return await _respond(call, *await call.client(), door=Door.API)


@operation("AdminRespondToAuthChallenge")
async def admin_respond_to_auth_challenge(call: Call) -> Answer:
    """Answer a challenge on behalf of an app's server."""
    return await _respond(call, *await call.pool_client(), door=Door.ADMIN)


async def _initiate(call: Call, pool: Pool, client: Client, *, door: Door) -> Answer:
    flow = read_flow(call.text("AuthFlow"), client, door=door)
    parameters = _texts(call, "AuthParameters")
    for name in REQUIRED[flow]:
        _require(parameters, name)
    given = parameters.get("SECRET_HASH", "")
    if flow is AuthFlow.REFRESH_TOKEN_AUTH:
        token = parameters["REFRESH_TOKEN"]
        await require_owners_hash(call, pool, client, token=token, given=given)
        tokens = await refresh(call, pool, client, token=token, device_key=parameters.get("DEVICE_KEY"))
        return {"AuthenticationResult": authentication_result(tokens), "ChallengeParameters": {}}
    call.require_secret_hash(client, parameters["USERNAME"], given=given)
    caller = _caller(call, pool, client, door=door)
    if flow is AuthFlow.USER_AUTH:
        return await _answer(call, *await _choose(call, caller, parameters))
    return await _answer(call, caller, await call.core.signin.start(caller, flow, parameters))


async def _choose(call: Call, caller: Caller, parameters: Mapping[str, str]) -> tuple[Caller, SignInOutcome]:
    """Begin USER_AUTH: from a confirmation, from what an access token proved, or afresh."""
    signin, session = call.core.signin, call.input.get("Session")
    caller = replace(caller, targets=read_targets(caller.pool, parameters))
    if session is not None:
        return caller, await signin.start_confirmed(caller, session, parameters)
    raised = await step_up(call, caller, parameters)
    return caller, raised or await signin.start(caller, AuthFlow.USER_AUTH, parameters)


async def _respond(call: Call, pool: Pool, client: Client, *, door: Door) -> Answer:
    responses = _texts(call, "ChallengeResponses")
    _require(responses, "USERNAME")
    call.require_secret_hash(client, responses["USERNAME"], given=responses.get("SECRET_HASH", ""))
    caller = _caller(call, pool, client, door=door)
    outcome = await call.core.signin.answer(
        caller,
        ChallengeName(call.text("ChallengeName")),
        session=call.input.get("Session"),
        responses=responses,
    )
    return await _answer(call, caller, outcome)


def read_flow(name: str, client: Client, *, door: Door) -> AuthFlow:
    """Return the flow asked for, if this door has it and the client allows it; raises ApiError. Pure."""
    flow = FLOW_ALIASES.get(name) or AuthFlow(name)
    if flow in ADMIN_FLOWS and door is not Door.ADMIN:
        raise invalid_parameter("Initiate Auth method not supported.")
    if not allows(client, flow):
        is_plain = flow is AuthFlow.USER_PASSWORD_AUTH
        raise invalid_parameter(f"{f'{flow} flow' if is_plain else 'Auth flow'} not enabled for this client")
    return flow


async def _answer(call: Call, caller: Caller, outcome: SignInOutcome) -> Answer:
    if isinstance(outcome, SignInRefused):
        raise refused(outcome)
    if isinstance(outcome, Challenged):
        return challenge_answer(outcome)
    completed = await call.core.completion.complete(caller, outcome, user_agent=call.user_agent)
    if completed is None:
        raise refused(refuse(SignInReason.INCORRECT))
    if isinstance(completed, GrantRefused):
        raise grant_refused(completed)
    return tokens_answer(completed)


def _caller(call: Call, pool: Pool, client: Client, *, door: Door) -> Caller:
    origin = origin_told(call) if door is Door.ADMIN else origin_of(call, client)
    return Caller(pool, client, call.address, door, origin, metadata=_texts(call, "ClientMetadata"))


def _texts(call: Call, name: str) -> dict[str, str]:
    return dict(call.input.get(name, {}))


def _require(given: Mapping[str, str], name: str) -> None:
    if not given.get(name):
        raise invalid_parameter(f"Missing required parameter {name}")
