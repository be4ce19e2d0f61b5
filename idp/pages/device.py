"""The browser's own name among devices: a random id in a cookie, for pools with threat protection.

Many people have the same browser; a copied `User-Agent` must not pass for a known device. The id says
nothing and opens nothing: whoever makes one up is a new device. Over https its name begins with `__Host-`,
so that no other site of the domain can plant an id that it knows.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from idp.model import Pool
from idp.protection.records import ThreatMode
from idp.site import Site

COOKIE: Final = "device"
HOST_ONLY: Final = "__Host-"
LIFETIME_SECONDS: Final = 400 * 86_400
"""As long as browsers keep any cookie."""
_ID: Final = re.compile(r"[A-Za-z0-9_-]{22}")


def cookie_of(site: Site) -> str:
    """Return the cookie's name."""
    return HOST_ONLY + COOKIE if site.is_secure else COOKIE


def device_id(site: Site, pool: Pool, request: Request) -> str:
    """Return the id of this browser for a pool; empty where it has none."""
    found = request.cookies.get(cookie_of(site), "")
    return f"{pool.id} {found}" if _ID.fullmatch(found) else ""


def keep_device(site: Site, pool: Pool, request: Request, response: Response) -> None:
    """Let the browser have an id before it signs in, and keep the one it has."""
    if pool.threat_mode is ThreatMode.OFF:
        return
    found = request.cookies.get(cookie_of(site), "")
    kept = found if _ID.fullmatch(found) else secrets.token_urlsafe(16)
    response.set_cookie(
        cookie_of(site),
        kept,
        max_age=LIFETIME_SECONDS,
        path="/",
        secure=site.is_secure,
        httponly=True,
        samesite="lax",
    )
