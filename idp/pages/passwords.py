"""A new password as typed into a form: every problem with it at once, before the core is asked."""

from __future__ import annotations

from idp.pages.fields import translate
from idp.pages.visit import Visit
from idp.users.passwords import find_weaknesses


def new_password_problems(visit: Visit) -> list[str]:
    """Return what is wrong with `password` and with its repetition, where the form has one."""
    password = visit.form.text("password")
    if not password:
        return [visit.say("problem.password_missing")]
    weaknesses = find_weaknesses(visit.pool.password_policy, password)
    problems = [translate(text, visit.catalogue) for text in weaknesses]
    repeated = visit.form.get("confirm_password")
    if repeated is not None and repeated != password:
        problems.append(visit.say("problem.password_repeat"))
    return problems
