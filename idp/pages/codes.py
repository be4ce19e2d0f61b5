"""/login/code: a code by mail or text message in the place of the password (cognito.md 4.6)."""

from __future__ import annotations

from starlette.responses import Response

from idp.oauth.answers import see_other
from idp.outcomes import SignInRefused
from idp.pages.fields import sign_in_field
from idp.pages.login import caller_of, first_codes, lead_on
from idp.pages.visit import Visit
from idp.signin.flows.names import AuthFlow


async def show_code_request(visit: Visit) -> Response:
    """Ask for the name to send a code to."""
    if not first_codes(visit):
        return see_other(visit.link("/login"))
    value = visit.form.get("username") or visit.asked.login_hint or ""
    return visit.render(
        "code.html",
        "code.title",
        username=sign_in_field(visit.pool, visit.catalogue, value=value, wrong=bool(visit.problems)),
        channels=[(name, visit.say(f"code.by.{name}")) for name in first_codes(visit)],
    )


async def submit_code_request(visit: Visit) -> Response:
    """Send a code, if there is whom to send it to, and go on to where it is entered in any case."""
    username, channel = visit.form.text("username").strip(), visit.form.text("channel")
    if channel not in first_codes(visit):
        return await show_code_request(visit)
    if not username:
        label = sign_in_field(visit.pool, visit.catalogue, value="", wrong=False).label
        problem = visit.say("problem.username_missing", field=label)
        return await show_code_request(visit.with_problems([problem]))
    parameters = {"USERNAME": username, "PREFERRED_CHALLENGE": channel}
    outcome = await visit.site.core.signin.start(caller_of(visit), AuthFlow.USER_AUTH, parameters)
    if isinstance(outcome, SignInRefused):
        # Limits and locks: the same for every name.
        return await show_code_request(visit.refused(outcome.text))
    return await lead_on(visit, outcome, username=username, proven=False)
