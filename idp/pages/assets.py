"""The pages' own stylesheet, script and logo, held in memory and named by their content.

A name that changes with the content may be cached for a year; nothing is read from a path that a request
names.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOLDER = Path(__file__).parent / "static"
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file."""

    content: bytes
    media_type: str
    versioned_name: str


@cache
def assets() -> dict[str, Asset]:
    """Read all files once, by plain name."""
    return {path.name: _load(path) for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}


def _load(path: Path) -> Asset:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:16]
    return Asset(content, _TYPES[path.suffix], f"{path.stem}-{digest}{path.suffix}")


async def serve_asset(request: Request) -> Response:
    """Serve an asset by its versioned name; any other name is not found."""
    name = request.path_params["name"]
    asset = next((asset for asset in assets().values() if asset.versioned_name == name), None)
    if asset is None:
        raise HTTPException(404)
    return Response(asset.content, headers={"cache-control": FOREVER, "content-type": asset.media_type})
