"""A visitor without a browser: follows redirects one by one, keeps cookies, fills in forms.

For the tests that look at what happens between the steps of a login. Cookies are kept as browsers keep
them: by host name, shared between ports, `Secure` ones not sent to plain http - loopback aside, which
browsers hold for safe.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx

MAX_REDIRECTS = 20
LOOPBACK = {"localhost", "127.0.0.1"}


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes and the values it would send as it stands."""

    action: str = ""
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)


class _Markup(HTMLParser):
    """The forms and the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.links: dict[str, str] = {}
        self._inside = False
        self._href: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(values.get("action", ""), values.get("method", "get").lower()))
            self._inside = True
        elif tag == "input" and self._inside and values.get("name"):
            self.found[-1].fields[values["name"]] = values.get("value", "")
        elif tag == "a":
            self._href = values.get("href")

    def handle_data(self, data: str) -> None:
        if self._href is not None and data.strip():
            self.links[data.strip()] = self._href

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "a":
            self._href = None


def forms(page: str) -> list[Form]:
    """Return the forms of an HTML page."""
    return _parsed(page).found


def _parsed(page: str) -> _Markup:
    parser = _Markup()
    parser.feed(page)
    return parser


@dataclass(slots=True)
class _Jar:
    """Name to value by host name: what these tests need of RFC 6265, ports ignored as it says."""

    values: dict[str, dict[str, str]] = field(default_factory=dict)

    def take(self, response: httpx.Response) -> None:
        host = self.values.setdefault(response.url.host, {})
        for line in response.headers.get_list("set-cookie"):
            pair, *attributes = line.split(";")
            name, _, value = pair.strip().partition("=")
            if _is_expired(attributes):
                host.pop(name, None)
            else:
                host[name] = value

    def header(self, host: str) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.values.get(host, {}).items())


def _is_expired(attributes: list[str]) -> bool:
    words = dict(word.strip().lower().partition("=")[::2] for word in attributes)
    if "max-age" in words:
        return int(words["max-age"]) <= 0
    return "expires" in words and parsedate_to_datetime(words["expires"]).timestamp() <= time.time()


class Visitor:
    """One browser-like session."""

    def __init__(self, *, verify: object = True) -> None:
        self._client = httpx.Client(trust_env=False, timeout=20, verify=verify)  # type: ignore[arg-type]
        self.cookies = _Jar()
        self.trail: list[httpx.Response] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def step(self, method: str, url: str, **options: object) -> httpx.Response:
        """Send one request with the cookies of its host, follow nothing."""
        # httpx has a jar of its own: emptied, so that only ours counts.
        self._client.cookies.clear()
        headers = dict(options.pop("headers", {}))  # type: ignore[call-overload]
        if cookie := self.cookies.header(urlsplit(url).hostname or ""):
            headers["Cookie"] = cookie
        response = self._client.request(method, url, headers=headers, **options)  # type: ignore[arg-type]
        self.cookies.take(response)
        self.trail.append(response)
        return response

    def visit(self, url: str, *, stop_at: str | None = None, **options: object) -> httpx.Response:
        """GET `url` and follow redirects, up to one whose target starts with `stop_at`."""
        return self._follow(self.step("GET", url, **options), stop_at)

    def submit(
        self, page: httpx.Response, values: Mapping[str, str], *, stop_at: str | None = None
    ) -> httpx.Response:
        """Fill in the page's form that has the names of `values`, send it, follow redirects."""
        form = next(form for form in forms(page.text) if values.keys() <= form.fields.keys())
        url = urljoin(str(page.url), form.action)
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(str(page.url)))
        headers = {"Origin": origin, "Referer": str(page.url)}
        response = self.step(form.method.upper(), url, data={**form.fields, **values}, headers=headers)
        return self._follow(response, stop_at)

    def click(self, page: httpx.Response, text: str) -> httpx.Response:
        """Follow the page's link with this text."""
        return self.visit(urljoin(str(page.url), _parsed(page.text).links[text]))

    def _follow(self, response: httpx.Response, stop_at: str | None) -> httpx.Response:
        for _ in range(MAX_REDIRECTS):
            if response.status_code not in (301, 302, 303, 307):
                return response
            url = urljoin(str(response.url), response.headers["location"])
            if stop_at is not None and url.startswith(stop_at):
                return response
            response = self.step("GET", url)
        raise AssertionError(f"redirected without end: {[str(r.url) for r in self.trail[-5:]]}")

    def log_in(self, url: str, *, username: str, password: str, stop_at: str | None = None) -> httpx.Response:
        """Visit a protected page, sign in on the pool's page, and return where that led."""
        page = self.visit(url)
        return self.submit(page, {"username": username, "password": password}, stop_at=stop_at)
