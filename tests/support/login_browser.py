"""A browser as the load balancer sees one: it keeps cookies, and carries redirects to the provider and
back."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from lb.outcomes import Answer, Pending, Proceed
from rules.request import RequestHead


def build_head(
    url: str, *, method: str = "GET", headers: tuple[tuple[bytes, bytes], ...] = ()
) -> RequestHead:
    """The head of a request for `url`."""
    parts = urlsplit(url)
    return RequestHead(
        method=method,
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=parts.port or 443,
        path=parts.path or "/",
        query=parts.query,
        headers=((b"host", parts.netloc.encode()), *headers),
        peer="192.0.2.1",
        authority=parts.netloc.lower(),
    )


@dataclass
class LoginBrowser:
    """Cookies, a handler to visit and the callback that finishes logins."""

    handler: object
    callback: object
    clock: object
    jar: dict[bytes, bytes] = field(default_factory=dict)
    set_cookies: list[bytes] = field(default_factory=list)

    async def get(self, url: str, *, headers: tuple[tuple[bytes, bytes], ...] = (), method: str = "GET"):
        """Send one request to the handler, or to the callback on its path; gives what came of it in the
        end."""
        sent = ((b"cookie", self.cookie_header()),) if self.jar else ()
        head = build_head(url, method=method, headers=(*sent, *headers))
        door = self.callback if head.path == "/oauth2/idpresponse" else self.handler
        outcome = door.handle(head, self.clock())
        if isinstance(outcome, Pending):
            outcome = await outcome.run()
        self._take(outcome)
        return outcome

    def cookie_header(self) -> bytes:
        return b"; ".join(name + b"=" + value for name, value in self.jar.items())

    async def log_in(self, url: str = "https://app.example/start?x=1"):
        """Go from an anonymous request to the answer of the callback."""
        return await self.get(await self.callback_url(url))

    async def callback_url(self, url: str = "https://app.example/start?x=1") -> str:
        """Start a login and have the provider send the browser back; gives the callback's URL, not yet
        fetched."""
        started = await self.get(url)
        return await at_provider(location(started))

    def _take(self, outcome: Answer | Proceed) -> None:
        pairs = outcome.headers if isinstance(outcome, Answer) else outcome.response_headers
        lines = [value for name, value in pairs if name == b"Set-Cookie"]
        self.set_cookies = lines
        for line in lines:
            name, _, rest = line.partition(b"=")
            value = rest.partition(b";")[0]
            if value and b"Max-Age=0" not in line:
                self.jar[name] = value
            else:
                self.jar.pop(name, None)


def location(answer: Answer) -> str:
    """The Location of a redirect."""
    assert answer.status == 302, (answer.status, answer.reason)
    return dict(answer.headers)[b"Location"].decode()


async def at_provider(url: str) -> str:
    """Follow an authorization request at the provider; gives where it redirects to."""
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        response = await client.get(url)
    assert response.status_code == 302, response.text
    return response.headers["location"]
