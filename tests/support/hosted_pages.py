"""A pool to visit, and a visitor without JavaScript who reads its pages as forms.

The visitor is one browser: it keeps cookies, sends what a form holds plus what a person types, and follows
redirects only inside the pool.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx
from starlette.applications import Starlette

from idp.clock import ManualClock
from idp.core import Core
from tests.support.pools import POOL_ID

ORIGIN = "http://login.example"
CALLBACK = "https://app.example/cb"
CLIENT, SECRET = "webclient", "s" * 52
PASSWORD, NEW_PASSWORD = "Correct-Horse-1", "Better-Staple-2"

FACTORS: dict[str, Any] = {
    "MfaConfiguration": "OPTIONAL",
    "EnabledMfas": ["SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"],
    "Policies": {
        "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"]}
    },
}
"""Second factors for whoever switches one on, and every way to begin."""


def pools_document(**changes: Any) -> list[dict[str, Any]]:
    """One pool with a confidential client, in CloudFormation's words."""
    client = {
        "ClientName": "web",
        "ClientId": CLIENT,
        "ClientSecret": SECRET,
        "AllowedOAuthFlowsUserPoolClient": True,
        "AllowedOAuthFlows": ["code"],
        "AllowedOAuthScopes": ["openid", "email", "profile"],
        "CallbackURLs": [CALLBACK],
        "LogoutURLs": ["https://app.example/bye"],
        "SupportedIdentityProviders": ["COGNITO"],
    }
    pool = {
        "UserPoolName": "demo",
        "UserPoolId": POOL_ID,
        "UsernameAttributes": ["email"],
        "AutoVerifiedAttributes": ["email"],
        "UserPoolClients": [client],
        "UserPoolUsers": [
            {
                "Username": "mina@example.com",
                "Password": PASSWORD,
                "Attributes": {"email": "mina@example.com", "email_verified": "true"},
            }
        ],
    }
    return [pool | changes]


@dataclass(slots=True)
class Form:
    """A form as it stands."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Page:
    """What is on a page, for somebody who does not see it."""

    response: httpx.Response
    forms: list[Form]
    alerts: str
    tags: list[tuple[str, dict[str, str]]]

    def form(self, action: str) -> Form:
        """Return the last form that goes to this path."""
        return next(form for form in reversed(self.forms) if urlsplit(form.action).path.endswith(action))

    @property
    def text(self) -> str:
        """The markup."""
        return self.response.text

    @property
    def heading(self) -> str:
        """The text of the first h1."""
        found = re.search(r"<h1>(.*?)</h1>", self.text, re.DOTALL)
        return found.group(1).strip() if found else ""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.alerts: list[str] = []
        self._alert_depth = 0
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.append((tag, values))
        if tag == "form":
            self.forms.append(Form(values["action"]))
        elif self.forms:
            self._fill(tag, values)
        if values.get("role") == "alert" or (self._alert_depth and tag not in {"input", "br"}):
            self._alert_depth += 1

    def _fill(self, tag: str, values: dict[str, str]) -> None:
        """Take what a browser would send of a form as it stands."""
        fields = self.forms[-1].fields
        if tag == "input" and (values.get("type") != "checkbox" or "checked" in values):
            fields[values["name"]] = values.get("value", "")
        elif tag in {"select", "textarea"}:
            self._open = values["name"]
            if tag == "textarea":
                fields[self._open] = ""
        elif tag == "option" and ("selected" in values or self._open not in fields):
            fields[self._open] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._open = ""
        self._alert_depth = max(0, self._alert_depth - 1)

    def handle_data(self, data: str) -> None:
        if self._open and self.lasttag == "textarea":
            self.forms[-1].fields[self._open] += data.removeprefix("\n")
        if self._alert_depth and data.strip():
            self.alerts.append(data.strip())


def read_page(response: httpx.Response) -> Page:
    """Parse a page."""
    reader = _Reader()
    reader.feed(response.text)
    return Page(response, reader.forms, " ".join(reader.alerts), reader.tags)


class PageVisitor:
    """One browser."""

    def __init__(self, app: Starlette, *, address: str = "203.0.113.9", origin: str = ORIGIN) -> None:
        transport = httpx.ASGITransport(app, client=(address, 50_000), raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url=origin)
        self.origin = origin

    async def get(self, path: str, **options: Any) -> Page:
        """GET a path of the pool and follow its redirects to itself."""
        return await self._follow(await self.http.get(path, **options))

    async def submit(
        self, page: Page, action: str, typed: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> Page:
        """Fill in the page's form for `action`, send it, and follow redirects inside the pool."""
        form = page.form(action)
        sent = {"origin": self.origin, "sec-fetch-site": "same-origin"} if headers is None else headers
        response = await self.http.post(form.action, data={**form.fields, **typed}, headers=sent)
        return await self._follow(response)

    async def sign_in(self, username: str = "mina@example.com", password: str = PASSWORD) -> Page:
        """Sign in from an authorization request."""
        page = await self.get(authorize_path())
        return await self.submit(page, "/login", {"username": username, "password": password})

    async def _follow(self, response: httpx.Response) -> Page:
        for _ in range(5):
            location = response.headers.get("location")
            if response.status_code not in {302, 303} or location is None:
                break
            target = urljoin(str(response.url), location)
            if not target.startswith(self.origin + "/"):
                break
            response = await self.http.get(target)
        return read_page(response)


def authorize_query(**changes: str | None) -> str:
    """Spell an authorization request of the client."""
    asked: dict[str, str | None] = {
        "client_id": CLIENT,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid email",
        "state": "a state/&=1",
    }
    return urlencode({name: value for name, value in (asked | changes).items() if value is not None})


def authorize_path(**changes: str | None) -> str:
    """Return where an app sends a browser that has to sign in."""
    return f"/oauth2/authorize?{authorize_query(**changes)}"


def answer_of(page: Page) -> dict[str, str]:
    """Return the query with which the pool sent the browser back to the app."""
    location = page.response.headers["location"]
    assert location.startswith(f"{CALLBACK}?"), location
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


async def newest_code(core: Core, recipient: str) -> str:
    """Read the newest code that was mailed to `recipient`."""
    await core.outbox.drain()
    mails = [mail for mail in await core.outbox.messages() if mail.recipient == recipient]
    found = re.search(r"(?<!\d)(\d{6}|\d{8})(?!\d)", mails[0].body)
    assert found, "no code in the newest mail"
    return found.group()


@dataclass(slots=True)
class House:
    """An open pool with its clock."""

    app: Starlette
    clock: ManualClock

    @property
    def core(self) -> Core:
        """The core behind the pages."""
        core = self.app.state.core
        assert isinstance(core, Core)
        return core

    def visitor(self, **options: Any) -> PageVisitor:
        """A browser that was never here."""
        return PageVisitor(self.app, **options)
