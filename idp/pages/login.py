"""/login: name and password, or on with the session that the browser has; and where an attempt leads.

Every outcome of the core has one row here. Unknown user, wrong password and disabled user are one outcome
already.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from starlette.responses import Response

from idp.factors.records import FirstFactor
from idp.factors.service import SEED
from idp.oauth.answers import see_other
from idp.oauth.complete import complete
from idp.oauth.flow import is_enough, is_fresh
from idp.oauth.session import LiveSession, find_session, keep_session
from idp.outcomes import Challenged, SignedIn, SignInOutcome, SignInReason, SignInRefused, UserRefused
from idp.pages.device import device_id
from idp.pages.fields import sign_in_field
from idp.pages.leave import leave
from idp.pages.local import client_address
from idp.pages.steps import Step, StepKind
from idp.pages.visit import Visit
from idp.protection.origins import Encoded, Origin
from idp.signin.assurance import is_creditable, may_begin
from idp.signin.dispatch import refuse
from idp.signin.flows.caller import Caller
from idp.signin.flows.names import AuthFlow, ChallengeName
from idp.signin.flows.permissions import allows
from idp.users.attributes import find_missing


async def show_login(visit: Visit) -> Response:
    """Show the sign-in form, filled with what was typed or hinted."""
    was_refused = bool(visit.problems and visit.form.get("continue"))
    live = None if was_refused else await usable_session(visit)
    done = visit.open(StepKind.NOTICE)
    name = visit.form.get("username") or (done[1].username if done else None) or visit.asked.login_hint or ""
    wrong = bool(visit.problems) and not was_refused
    raises = live is not None and not is_enough(visit.asked, live.signed_in)
    return visit.render(
        "login.html",
        "login.title",
        username=sign_in_field(visit.pool, visit.catalogue, value=name, wrong=wrong),
        wrong=wrong,
        notice=visit.say(done[1].notice) if done and done[1].notice and not wrong else None,
        session_name=_shown_name(live) if live else None,
        session_lead="login.prove_more" if raises else "login.signed_in_as",
        can_sign_up=not visit.pool.admin_create_only,
        codes=bool(first_codes(visit)),
        **_passkey_request(visit),
        can_recover=visit.pool.recovery != ("admin_only",),
    )


def may_choose(visit: Visit) -> bool:
    """Whether the client's users may begin with something else than the password.

    A client that lists its flows has to list ALLOW_USER_AUTH; one that lists none has the pages only.
    """
    return not visit.client.explicit_auth_flows or allows(visit.client, AuthFlow.USER_AUTH)


def first_codes(visit: Visit) -> tuple[str, ...]:
    """Name the codes that can take the password's place."""
    offered = visit.pool.factors.first if may_choose(visit) else ()
    return tuple(factor.value for factor in offered if factor in _CODES and _leads_on(visit, factor.value))


_CODES: Final = (FirstFactor.EMAIL_OTP, FirstFactor.SMS_OTP)


def _leads_on(visit: Visit, challenge: str) -> bool:
    """Whether a sign-in that begins like this can come as far as the request wants."""
    return may_begin(ChallengeName(challenge), visit.asked.levels)


def _passkey_request(visit: Visit) -> dict[str, Any]:
    """Ask the browser for whatever passkey it has, where passkeys sign in; nothing is stored for it."""
    offers = may_choose(visit) and _leads_on(visit, ChallengeName.WEB_AUTHN)
    asked = visit.site.core.factors.passkeys.ask_anybody(visit.pool) if offers else None
    if asked is None:
        return {"passkey_options": None}
    options, challenge = asked
    step = visit.seal(Step("", challenge=challenge), StepKind.PASSKEY)
    return {"passkey_options": json.dumps(options), "passkey_step": step, "script": "passkeys.js"}


async def submit_login(visit: Visit) -> Response:
    """Try a password, or go on with the browser's session."""
    if visit.form.get("continue"):
        live = await usable_session(visit)
        return await _continue(visit, live) if live else await show_login(visit)
    username, password = visit.form.text("username").strip(), visit.form.text("password")
    if not username or not password:
        field = sign_in_field(visit.pool, visit.catalogue, value="", wrong=False)
        key = "problem.password_missing" if username else "problem.username_missing"
        return await show_login(visit.with_problems([visit.say(key, field=field.label)]))
    parameters = {"USERNAME": username, "PASSWORD": password}
    outcome = await visit.site.core.signin.start(caller_of(visit), AuthFlow.USER_PASSWORD_AUTH, parameters)
    return await lead_on(visit, outcome, username=username)


def caller_of(visit: Visit) -> Caller:
    """Say to the core who asks."""
    address = client_address(visit.request)
    return Caller(visit.pool, visit.client, address, origin=origin_of(visit), targets=visit.asked.levels)


def origin_of(visit: Visit) -> Origin:
    """Say to the core where the browser is."""
    request = visit.request
    return visit.site.core.threats.see(
        client_address(request),
        user_agent=request.headers.get("user-agent", ""),
        encoded=Encoded(device_id(visit.site, visit.pool, request)),
    )


async def lead_on(
    visit: Visit,
    outcome: SignInOutcome,
    *,
    username: str,
    notice: str | None = None,
    proven: bool = True,
) -> Response:
    """Answer the outcome of a sign-in step: the app, the next page, or the form again.

    `proven`: that there is such an account was proved, and may be shown.
    """
    if isinstance(outcome, SignedIn):
        return await finish(visit, outcome)
    if isinstance(outcome, Challenged):
        return await _put(visit, outcome, Step(username, notice=notice, proven=proven))
    return await _refused(visit, outcome, username)


async def _put(visit: Visit, challenged: Challenged, step: Step) -> Response:
    """Lead to the page that answers a challenge."""
    if challenged.name is ChallengeName.NEW_PASSWORD_REQUIRED and challenged.user is not None:
        missing = find_missing(visit.pool, challenged.user.attributes)
        step = replace(step, proven=True, session=challenged.session, missing=missing)
        return see_other(visit.link("/changePassword", step=visit.seal(step, StepKind.CHANGE)))
    path = _FACTOR_PAGES.get(challenged.name)
    session: str | None = challenged.session
    if challenged.name is ChallengeName.MFA_SETUP:
        session = await _prepare_setup(visit, challenged.session)
    if path is None or not session:
        return await show_login(visit.refused(refuse(SignInReason.SESSION_INVALID).text))
    told = challenged.parameters
    step = replace(
        step,
        destination=told.get("CODE_DELIVERY_DESTINATION"),
        session=session,
        challenge=challenged.name,
        choices=tuple(json.loads(told.get("MFAS_CAN_CHOOSE") or told.get("MFAS_CAN_SETUP") or "[]")),
    )
    return see_other(visit.link(path, step=visit.seal(step, StepKind.FACTOR)))


_FACTOR_PAGES: Final[Mapping[ChallengeName, str]] = {
    ChallengeName.SMS_MFA: "/mfa",
    ChallengeName.SMS_OTP: "/mfa",
    ChallengeName.EMAIL_OTP: "/mfa",
    ChallengeName.SOFTWARE_TOKEN_MFA: "/mfa",
    ChallengeName.SELECT_MFA_TYPE: "/mfa/choose",
    ChallengeName.MFA_SETUP: "/mfa/setup",
}


async def _prepare_setup(visit: Visit, session: str) -> str | None:
    """Hand the seed of an authenticator app out into the session, where one can be set up."""
    core = visit.site.core
    setup = await core.signin.setups.open(session)
    if isinstance(setup, SignInRefused):
        return None
    seed = await core.factors.hand_out_seed(setup.turn)
    return session if isinstance(seed, UserRefused) else core.signin.setups.keep(setup, {SEED: seed})


async def finish(visit: Visit, signed_in: SignedIn) -> Response:
    """Open the browser's session and send it back to the app."""
    token = await visit.site.core.sessions.create(
        visit.pool, signed_in.user, auth_time=signed_in.auth_time, amr=signed_in.amr
    )
    if token is None:  # disabled, deleted or given another password in the moment since
        return await lead_on(visit, refuse(SignInReason.INCORRECT), username="")
    response = await _depart(visit, signed_in)
    await keep_session(visit.site, visit.pool, token, request=visit.request, response=response)
    return response


async def _refused(visit: Visit, refused: SignInRefused, username: str) -> Response:
    if refused.reason is SignInReason.NOT_CONFIRMED:
        step = Step(refused.username or username, proven=refused.username is not None)
        return see_other(visit.link("/confirm", step=visit.seal(step, StepKind.CONFIRM)))
    if refused.reason is SignInReason.RESET_REQUIRED:
        step = Step(username, notice="forgot.reset_required")
        return see_other(visit.link("/forgotPassword", step=visit.seal(step, StepKind.NOTICE)))
    return await show_login(visit.refused(refused.text))


async def _continue(visit: Visit, live: LiveSession) -> Response:
    signed_in = live.signed_in
    if not is_enough(visit.asked, signed_in):
        outcome = await visit.site.core.signin.begin_proven(
            caller_of(visit), live.user, amr=signed_in.amr, is_enough=False
        )
        return await lead_on(visit, outcome, username=_shown_name(live))
    # Silent reuse: the session keeps its time of sign-in and is not extended (cognito.md 1.0).
    return await _depart(visit, signed_in)


async def _depart(visit: Visit, signed_in: SignedIn) -> Response:
    """Lead back to the app, or to the page of our own that the sign-in was for."""
    if visit.asked.then is not None:
        return see_other(visit.link_then(visit.asked.then))
    location = await complete(visit.site, visit.pool, visit.client, request=visit.asked, signed_in=signed_in)
    return leave(visit.request, location)


async def usable_session(visit: Visit, *, for_client: bool = True) -> LiveSession | None:
    """Return the browser's session where it is enough, or one more factor may make it so.

    `for_client`: as long as this client may reuse it; else, of our own pages, for an hour.
    """
    client = visit.client if for_client else None
    live = await find_session(visit.site, visit.pool, visit.request, client=client)
    if live is None or not is_fresh(visit.asked, live.auth_time, now=visit.site.core.clock.now()):
        return None
    return live if is_enough(visit.asked, live.signed_in) or is_creditable(live.amr) else None


def _shown_name(live: LiveSession) -> str:
    return live.user.email or live.user.username
