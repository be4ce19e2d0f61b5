"""Templates into responses: autoescaped Jinja2, the page's language, its links and its security policy.

A page may load this site's stylesheet and images and nothing else, and can be framed by nobody. It runs no
script, unless it names one of our own files: passkeys cannot be used without.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from idp.oauth.redirects import form_action_source
from idp.pages.assets import assets
from idp.pages.i18n import Catalogue, catalogues, choose_language, known_language
from idp.pages.looks import dress_of
from idp.site import Site, site_of

LANGUAGE_COOKIE = "lang"
RETRY_SECONDS = "5"
_YEAR = 365 * 86400


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """One entry of the language switch."""

    code: str
    name: str
    href: str
    current: bool


@cache
def environment() -> Environment:
    """Return the one template environment."""
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def catalogue_for(request: Request) -> Catalogue:
    """Return the catalogue of the language that a request wishes for."""
    code = choose_language(
        parameter=request.query_params.get("lang"),
        cookie=request.cookies.get(LANGUAGE_COOKIE),
        accept=request.headers.get("accept-language"),
    )
    return catalogues()[code]


def render(
    request: Request,
    template: str,
    context: dict[str, Any],
    *,
    status: int = 200,
    form_targets: Iterable[str] = (),
) -> Response:
    """Render a page; an accepted form of it may redirect to `form_targets` (see `idp.pages.leave`)."""
    site, catalogue = site_of(request), catalogue_for(request)
    defaults: dict[str, Any] = {
        "t": catalogue.text,
        "lang": catalogue.code,
        "path": site.path,
        "static": lambda name: site.path(f"/static/{assets()[name].versioned_name}"),
        "languages": language_links(site, request, catalogue),
        "problems": [],
        "notice": None,
        "script": None,
        **dress_of(request),
    }
    text = environment().get_template(template).render(defaults | context)
    response = HTMLResponse(text, status_code=status)
    targets = () if is_modern_browser(request) else form_targets
    has_script = context.get("script") is not None
    response.headers["content-security-policy"] = content_security_policy(targets, has_script=has_script)
    response.headers["content-language"] = catalogue.code
    if status == 503:
        response.headers["retry-after"] = RETRY_SECONDS
    _remember_language(site, request, response)
    return response


def is_modern_browser(request: Request) -> bool:
    """Whether the client is a browser that tells how it fetches, on https or on this machine."""
    return "sec-fetch-mode" in request.headers


def content_security_policy(form_targets: Iterable[str] = (), *, has_script: bool = False) -> str:
    """Spell the policy of a page."""
    targets = " ".join(dict.fromkeys(["'self'", *map(form_action_source, form_targets)]))
    scripts = "script-src 'self'; " if has_script else ""
    return (
        f"default-src 'none'; {scripts}style-src 'self'; img-src 'self' data:; "
        f"form-action {targets}; base-uri 'none'; frame-ancestors 'none'"
    )


def language_links(site: Site, request: Request, catalogue: Catalogue) -> Sequence[LanguageLink]:
    """Link the same page in every language; a page that a form made links to its plain address."""
    pairs = parse_qsl(request.url.query, keep_blank_values=True, errors="replace")
    kept = [(name, value) for name, value in pairs if name != "lang"]
    return [
        LanguageLink(
            code=code,
            name=other.text("language.name"),
            href=f"{site.path(_own_path(site, request))}?{urlencode([*kept, ('lang', code)])}",
            current=code == catalogue.code,
        )
        for code, other in catalogues().items()
    ]


def _own_path(site: Site, request: Request) -> str:
    path = request.url.path.removeprefix(site.base) if site.base else request.url.path
    # One slash only: a link to `//host` would leave the site.
    return "/" + path.lstrip("/\\")


def _remember_language(site: Site, request: Request, response: Response) -> None:
    code = known_language(request.query_params.get("lang"))
    if code is not None and request.cookies.get(LANGUAGE_COOKIE) != code:
        response.set_cookie(
            LANGUAGE_COOKIE,
            code,
            max_age=_YEAR,
            path="/",
            secure=site.is_secure,
            httponly=True,
            samesite="lax",
        )
