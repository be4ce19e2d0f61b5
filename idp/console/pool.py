"""/admin/POOL/settings: the settings of the pool, to read, and where the API made the pool, to change.

Each section is changed by the service that its operation of the API calls: UpdateUserPool, mostly. A pool of
the configuration file says which key is to be changed there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.responses import Response

from idp.console.client_form import client_settings, describe_client
from idp.console.desk import Desk
from idp.console.paging import moment
from idp.console.pool_form import (
    DOMAIN,
    MFA,
    SECTIONS,
    TAGGED,
    Section,
    changeable,
    describe,
    find_section,
    read_tags,
    with_own_tags,
)
from idp.console.settings import Kind, Row, Unfit, assign, build_members, look_up, rows_of, validate
from idp.management.refusal import Refused
from idp.model import Pool

HERE: Final = "settings"


async def show_settings(desk: Desk) -> Response:
    """Show every setting of the pool."""
    pool = desk.pool
    return desk.render(
        "settings_page.html",
        "console.settings",
        here=HERE,
        is_declared=pool.origin == "config",
        made=moment(pool.created_at),
        changed=moment(pool.updated_at),
        sections_of={section.name: _rows(desk, section) for section in SECTIONS},
        triggers=_triggers(pool),
        lifetimes=await _lifetimes(desk),
    )


async def show_section(desk: Desk) -> Response:
    """Show the form of a section."""
    section = _section(desk)
    if section is None:
        return desk.missing("console.settings", here=HERE)
    if desk.pool.origin == "config":
        return await show_settings(desk.refused(desk.say("console.settings.declared", name=desk.pool.name)))
    return _show_form(desk, section)


async def submit_section(desk: Desk) -> Response:
    """Change a section, unless somebody else changed the pool meanwhile."""
    section, pool = _section(desk), desk.pool
    if section is None:
        return desk.missing("console.settings", here=HERE)
    if pool.origin == "config":
        return await show_settings(desk.refused(desk.say("console.settings.declared", name=pool.name)))
    if desk.form.text("version") != repr(pool.updated_at):
        return _show_form(desk.refused(desk.say("console.refused.changed")), section, as_typed=False)
    before = describe(section, pool)
    try:
        await _SAVERS.get(section.name, _save_pool)(desk, section)
    except (Unfit, Refused) as refusal:
        unfit = refusal if isinstance(refusal, Unfit) else assign(refusal.message, section.settings)
        told = unfit.others or (desk.say("console.refused.fields"),)
        return _show_form(desk.refused("; ".join(told)), section, errors=unfit.errors)
    after = await desk.core.pool(pool.id)
    changed = _changed(section, before, describe(section, after) if after else {})
    desk.record("change-settings", target=pool.id, section=section.name, members=changed)
    return desk.done("/settings", "console.done.saved")


def back_to_section(desk: Desk) -> str:
    """Return the path of the form of a section."""
    return f"/settings/{desk.request.path_params['section']}"


def _section(desk: Desk) -> Section | None:
    return find_section(desk.request.path_params["section"])


async def _save_pool(desk: Desk, section: Section) -> None:
    members = _build(desk, section, "UpdateUserPool")
    await desk.core.management.pools.update(desk.pool, members)


async def _save_mfa(desk: Desk, section: Section) -> None:
    members = _build(desk, section, "SetUserPoolMfaConfig")
    await desk.core.management.pools.set_factors(desk.pool, members)


async def _save_domain(desk: Desk, section: Section) -> None:
    """Give the pool a domain, change its version, or take it away: three operations, one form."""
    domains, pool = desk.core.management.domains, desk.pool
    domain, version = desk.form.text("Domain").strip(), desk.form.text("ManagedLoginVersion")
    if version not in ("1", "2"):
        raise Unfit({"ManagedLoginVersion": "console.set.choose"})
    if domain and pool.domain and domain != pool.domain:
        raise Unfit({"Domain": "console.set.domain_first"})
    if domain:
        validate("CreateUserPoolDomain", {"Domain": domain, "UserPoolId": pool.id}, section.settings)
    if domain and pool.domain is None:
        await domains.create(pool, domain, int(version))
    elif domain:
        await domains.update(pool, domain, int(version))
    elif pool.domain:
        await domains.delete(pool, pool.domain)


async def _save_tags(desk: Desk, section: Section) -> None:
    """Replace the tags, but for those that say who may use the console."""
    lines = [line for line in map(str.strip, desk.form.text("Tags").splitlines()) if line]
    try:
        tags = read_tags(lines)
    except ValueError as error:
        raise Unfit({"Tags": str(error)}) from error
    validate("TagResource", {"ResourceArn": desk.pool.arn, "Tags": tags}, section.settings)
    await desk.core.management.pools.tag(desk.pool, lambda old: with_own_tags(old, tags))


_SAVERS: Final[Mapping[str, Callable[[Desk, Section], Awaitable[None]]]] = {
    MFA: _save_mfa,
    DOMAIN: _save_domain,
    TAGGED: _save_tags,
}


def _build(desk: Desk, section: Section, operation: str) -> dict[str, Any]:
    described = {**describe(section, desk.pool), "UserPoolId": desk.pool.id}
    return build_members(operation, described, changeable(section, desk.pool), desk.form)


def _rows(desk: Desk, section: Section) -> list[Row]:
    settings = (*changeable(section, desk.pool), *section.fixed)
    return rows_of(settings, describe(section, desk.pool), desk.catalogue)


def _show_form(
    desk: Desk, section: Section, *, errors: Mapping[str, str] | None = None, as_typed: bool = True
) -> Response:
    form = desk.form if desk.problems and as_typed else None
    described = describe(section, desk.pool)
    return desk.render(
        "settings_form.html",
        f"console.section.{section.name}",
        here=HERE,
        section=section.name,
        intro=desk.catalogue.texts.get(f"console.intro.{section.name}", ""),
        version=repr(desk.pool.updated_at),
        rows=rows_of(changeable(section, desk.pool), described, desk.catalogue, form=form, errors=errors),
        fixed=rows_of(section.fixed, described, desk.catalogue),
    )


def _triggers(pool: Pool) -> list[tuple[str, str]]:
    return sorted((f"LambdaConfig.{name.value}", of) for name, of in pool.lambda_config.functions.items())


async def _lifetimes(desk: Desk) -> list[tuple[str, str, list[Row]]]:
    """Say how long the tokens of each client live."""
    found = []
    for client in sorted(await desk.core.clients(desk.pool.id), key=lambda each: (each.name, each.id)):
        settings = client_settings(desk.pool, client, ())["client_tokens"]
        spans = [setting for setting in settings if setting.kind is Kind.SPAN]
        found.append((client.name, client.id, rows_of(spans, describe_client(client), desk.catalogue)))
    return found


def _changed(section: Section, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Name the settings that are not what they were; values are nobody's business."""
    paths = [setting.path for setting in section.settings]
    return ",".join(".".join(path) for path in paths if look_up(before, path) != look_up(after, path))
