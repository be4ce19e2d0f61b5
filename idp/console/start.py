"""/admin: which pools this browser administers, or the way into one; and leaving again."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from idp.console.client import admin_group
from idp.console.desk import Desk
from idp.model import Pool
from idp.oauth.answers import found, see_other
from idp.oauth.session import end_session, find_session
from idp.pages.local import is_local
from idp.pages.render import render
from idp.site import Site, site_of


async def show_start(request: Request) -> Response:
    """Lead into the one pool with a console, or let one be named.

    Names of pools are told to their own administrators and to a developer on this machine.
    """
    site = site_of(request)
    every = await site.core.pools()
    open_pools = [pool for pool in every if admin_group(pool)]
    wanted = request.query_params.get("pool", "").strip()
    chosen = [pool for pool in open_pools if wanted in (pool.id, pool.name)] if wanted else open_pools
    if len(chosen) == 1:
        return found(site.path(f"/admin/{chosen[0].id}/users"))
    is_developer = is_local(request, site)
    held = {pool.id for pool in open_pools if await _administers(site, pool, request)}
    rows = [
        {
            "name": pool.name,
            "id": pool.id,
            "href": site.path(f"/admin/{pool.id}/users"),
            "is_held": pool.id in held,
            "is_declared": pool.origin == "config",
        }
        for pool in sorted(open_pools, key=lambda each: (each.name, each.id))
        if is_developer or pool.id in held
    ]
    context = {
        "title": "console.start",
        "is_on": bool(open_pools),
        "pools": rows,
        "wanted": wanted[:128],
        "is_unknown": bool(wanted),
    }
    return render(request, "console/start.html", context)


async def _administers(site: Site, pool: Pool, request: Request) -> bool:
    live = await find_session(site, pool, request)
    if live is None:
        return False
    async with site.core.store.reading() as records:
        groups = await records.groups.of(pool.id, live.user.sub)
    return admin_group(pool) in {group.name for group in groups}


async def show_pool(desk: Desk) -> Response:
    """Lead to the users."""
    return found(desk.path("/users"))


async def sign_out(desk: Desk) -> Response:
    """End the browser's session of this pool."""
    desk.record("leave")
    response = see_other(desk.site.path("/admin"))
    await end_session(desk.site, desk.pool, request=desk.request, response=response)
    return response
