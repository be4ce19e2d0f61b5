"""`/look/{pool}/{name}`: logos and CSS of pools, as this site writes them, from its own origin.

A name is the hash of its content, so it may be cached for a year; the type is what the first bytes say.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from idp.model import Client, Pool
from idp.pages.assets import FOREVER
from idp.site import Site, site_of


async def serve_look(request: Request) -> Response:
    """Serve a logo or CSS by its name; any other name is not found."""
    catalog = site_of(request).core.management.catalog
    found = catalog.content(request.path_params["pool"], request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    return Response(found[0], headers={"cache-control": FOREVER, "content-type": found[1]})


def look_of(site: Site, pool: Pool, client: Client) -> Mapping[str, str]:
    """Return the addresses of a client's CSS and logo; absent ones are empty."""
    look = site.core.management.catalog.look(pool.id, client.id)
    names = {"css": look.css_name, "logo": look.image_name} if look else {"css": "", "logo": ""}
    return {kind: site.path(f"/look/{pool.id}/{name}") if name else "" for kind, name in names.items()}
