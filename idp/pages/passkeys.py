"""/login/passkey, and /passkeys/add: signing in with a passkey, and the passkeys of whoever is signed in.

The only pages with a script, which is our own file: browsers give passkeys to scripts alone. A challenge is
sealed into the step of the page that asks for it, for this browser.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from idp.factors.records import Passkey
from idp.oauth.answers import see_other
from idp.oauth.session import LiveSession
from idp.outcomes import SignInRefused, UserRefused
from idp.pages.login import caller_of, lead_on, show_login, usable_session
from idp.pages.steps import Step, StepKind
from idp.pages.visit import Visit


async def show_passkey(visit: Visit) -> Response:
    """Show the sign-in page: a passkey is asked for there."""
    return await show_login(visit)


async def submit_passkey(visit: Visit) -> Response:
    """Sign in with the passkey that the browser presents."""
    opened = visit.open(StepKind.PASSKEY)
    challenge = opened[1].challenge if opened else None
    if challenge is None:
        return await show_login(visit.with_problems([visit.say("text.passkey-challenge")]))
    core = visit.site.core
    taken = await core.factors.take_passkey(
        visit.pool, visit.client, visit.form.text("credential"), challenge
    )
    if isinstance(taken, SignInRefused):
        return await show_login(visit.with_problems([visit.say("passkeys.refused")]))
    outcome = await core.signin.begin_proven(
        caller_of(visit), taken.user, amr=taken.amr, is_enough=taken.is_multi_factor
    )
    return await lead_on(visit, outcome, username=taken.user.email or taken.user.username)


async def show_add(visit: Visit) -> Response:
    """Show the passkeys of whoever is signed in, and how to add one."""
    live = await usable_session(visit, for_client=False)
    if live is None:
        step = Step("", notice="passkeys.sign_in_first")
        link = visit.link("/login", step=visit.seal(step, StepKind.NOTICE))
        return see_other(link if visit.asked.then else f"{link}&then=passkeys")
    return await _show(visit, live)


async def submit_add(visit: Visit) -> Response:
    """Keep a new passkey, or delete one."""
    live = await usable_session(visit, for_client=False)
    if live is None:
        return await show_add(visit)
    passkeys, deleted = visit.site.core.factors.passkeys, visit.form.text("delete")
    if deleted:
        refused = await passkeys.delete(visit.pool, live.user, deleted)
        notice = "passkeys.deleted"
    else:
        kept = await passkeys.complete_registration(visit.pool, live.user, visit.form.text("credential"))
        refused, notice = kept if isinstance(kept, UserRefused) else None, "passkeys.added"
    if refused is not None:
        return await _show(visit.refused(refused.text), live)
    done = visit.seal(Step("", notice=notice), StepKind.NOTICE)
    return see_other(visit.link("/passkeys/add", step=done))


async def _show(visit: Visit, live: LiveSession) -> Response:
    passkeys = visit.site.core.factors.passkeys
    options = await passkeys.start_registration(visit.pool, live.user)
    if isinstance(options, UserRefused) and not visit.problems:
        visit = visit.refused(options.text)
    done = visit.open(StepKind.NOTICE)
    notice = done[1].notice if done and not visit.problems else None
    present = await passkeys.list(visit.pool, live.user)
    return visit.render(
        "passkeys.html",
        "passkeys.title",
        name=live.user.email or live.user.username,
        passkeys=[_shown(visit, passkey) for passkey in present],
        options=None if isinstance(options, UserRefused) else json.dumps(options),
        notice=visit.say(notice) if notice else None,
        back=visit.asked.redirect_uri,
        script="passkeys.js",
    )


def _shown(visit: Visit, passkey: Passkey) -> dict[str, Any]:
    key = {"platform": "passkeys.on_device", "cross-platform": "passkeys.on_key"}
    return {
        "id": passkey.credential_id,
        "name": visit.say(key.get(passkey.attachment or "", "passkeys.some")),
        "date": datetime.fromtimestamp(passkey.created_at, UTC).strftime("%Y-%m-%d"),
    }
