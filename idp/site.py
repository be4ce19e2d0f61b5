"""Where the user pool is reached and what it runs on: what endpoints and pages take from the app.

Addresses are built from the configured public URL and never from the Host header, which the client chooses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from idp.core import Core

ADDRESS: Final = "idp.address"
"""Where the scope has the client's address, put there by `idp.throttle`."""


@dataclass(frozen=True, slots=True)
class Site:
    """The running service."""

    core: Core
    public_url: str
    """Without a trailing slash; may have a path, under which everything then lives."""

    @property
    def base(self) -> str:
        """The path of the public URL, empty for a site of its own."""
        return self.base_of(self.public_url)

    @staticmethod
    def base_of(public_url: str) -> str:
        """Return the path that a public URL puts in front of everything."""
        return urlsplit(public_url).path.rstrip("/")

    @property
    def is_secure(self) -> bool:
        """Whether people come over https; then cookies are Secure."""
        return self.public_url.startswith("https://")

    @property
    def origin(self) -> str:
        """The origin of the public URL."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"

    def path(self, path: str) -> str:
        """Return the path of a page as browsers see it."""
        return f"{self.base}{path}"

    def url(self, path: str) -> str:
        """Return the full address of a page or endpoint."""
        return f"{self.public_url}{path}"


def site_of(request: Request) -> Site:
    """Return the site that serves this request."""
    site = request.app.state.site
    assert isinstance(site, Site)
    return site
