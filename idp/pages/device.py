"""The browser's own name among devices: a random id in a cookie, for pools with threat protection.

Many people have the same browser; a copied `User-Agent` must not pass for a known device. The id says
nothing and opens nothing: whoever makes one up is a new device.
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
LIFETIME_SECONDS: Final = 400 * 86_400
"""As long as browsers keep any cookie."""
_ID: Final = re.compile(r"[A-Za-z0-9_-]{22}")


def device_id(request: Request, pool: Pool) -> str:
    """Return the id of this browser for a pool; empty where it has none."""
    found = request.cookies.get(COOKIE, "")
    return f"{pool.id} {found}" if _ID.fullmatch(found) else ""


def keep_device(site: Site, pool: Pool, request: Request, response: Response) -> None:
    """Let the browser have an id before it signs in, and keep the one it has."""
    if pool.threat_mode is ThreatMode.OFF:
        return
    found = request.cookies.get(COOKIE, "")
    kept = found if _ID.fullmatch(found) else secrets.token_urlsafe(16)
    response.set_cookie(
        COOKIE,
        kept,
        max_age=LIFETIME_SECONDS,
        path="/",
        secure=site.is_secure,
        httponly=True,
        samesite="lax",
    )
