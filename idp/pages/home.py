"""/: what this server is, for whoever opens its bare address, with links for a developer on this machine."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from idp.pages.local import is_local
from idp.pages.render import render
from idp.site import site_of


async def show_home(request: Request) -> Response:
    """Serve the root page; pools are named to this machine only."""
    site = site_of(request)
    developer = is_local(request, site)
    pools = [
        {"name": pool.name, "href": site.path(f"/{pool.id}/.well-known/openid-configuration")}
        for pool in (await site.core.pools() if developer else ())
    ]
    return render(request, "home.html", {"title": "home.title", "developer": developer, "pools": pools})
