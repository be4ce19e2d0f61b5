"""How a client's pages look beside this site's own style, and `/look/{pool}/{name}`: the files of it.

A name is the hash of its content, so it may be cached for a year; the type is what the first bytes say. All
of it comes from the pool's own origin. An SVG that is opened by itself can run nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from idp.management.style_assets import FAVICONS, SVG_POLICY, TYPES
from idp.management.style_records import StyleLook
from idp.management.style_settings import icon_types, is_on, word
from idp.model import Client, Pool
from idp.pages.assets import FOREVER
from idp.site import Site, site_of

SVG: Final = TYPES["SVG"]
_DRESS: Final = "idp.dress"


@dataclass(frozen=True, slots=True)
class Picture:
    """An image's addresses in light and in dark; empty where there is none."""

    light: str
    dark: str
    at: str = "center"
    """`start`, `center` or `end`."""


@dataclass(frozen=True, slots=True)
class Icon:
    """A favicon; `media` says when it is shown."""

    href: str
    type: str
    media: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """The header or the footer of a page."""

    logo: Picture | None


@dataclass(frozen=True, slots=True)
class PageLook:
    """What the templates show beside this site's own style."""

    css: str = ""
    scheme: str = "light dark"
    is_styled: bool = False
    """A branding style says how the page looks: this site's own mark is not on it."""
    logo: Picture | None = None
    logo_place: str = "above"
    """`above` or `below` the form, or `top` or `bottom` within it."""
    icons: tuple[Icon, ...] = ()
    header: Band | None = None
    footer: Band | None = None


PLAIN: Final = PageLook()


def dress(request: Request, site: Site, pool: Pool, client: Client) -> None:
    """Let every answer to this request look like the client's pages, errors included."""
    request.scope[_DRESS] = {"brand": pool.name, "look": look_of(site, pool, client)}


def dress_of(request: Request) -> dict[str, object]:
    """Return the name and the look of the answers to this request."""
    found: dict[str, object] = request.scope.get(_DRESS, {"brand": "albacore", "look": PLAIN})
    return found


async def serve_look(request: Request) -> Response:
    """Serve an image or a stylesheet by its name; any other name is not found."""
    management = site_of(request).core.management
    found = await management.styles.file(request.path_params["pool"], request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    headers = {"cache-control": FOREVER, "content-type": found[1]}
    if found[1] == SVG:
        headers["content-security-policy"] = SVG_POLICY
    return Response(found[0], headers=headers)


def look_of(site: Site, pool: Pool, client: Client) -> PageLook:
    """Return how a client's pages look: by its branding style, or by the classic customization."""
    catalog = site.core.management.catalog

    def address(name: str) -> str:
        return site.path(f"/look/{pool.id}/{name}") if name else ""

    if style := catalog.style(pool, client.id):
        return _styled(style, address)
    if look := catalog.look(pool, client.id):
        logo = address(look.image_name)
        return PageLook(css=address(look.css_name), logo=Picture(logo, logo, "start") if logo else None)
    return PLAIN


def _styled(look: StyleLook, address: Callable[[str], str]) -> PageLook:
    """Lay out a style's parts. Pure."""
    settings = look.style.settings
    edge = word(settings, "components.form.logo.position") == "TOP"
    inside = word(settings, "components.form.logo.formInclusion") == "IN"
    return PageLook(
        css=address(look.css_name),
        scheme=" ".join(look.schemes),
        is_styled=True,
        logo=_picture(look, address, "FORM_LOGO", "components.form.logo"),
        logo_place=("top" if edge else "bottom") if inside else ("above" if edge else "below"),
        icons=_icons(look, address),
        header=_band(look, address, "PAGE_HEADER_LOGO", "pageHeader"),
        footer=_band(look, address, "PAGE_FOOTER_LOGO", "pageFooter"),
    )


def _picture(look: StyleLook, address: Callable[[str], str], category: str, under: str) -> Picture | None:
    if not is_on(look.style.settings, f"{under}.enabled"):
        return None
    names = {mode: look.images.get((category, mode), "") for mode in look.schemes}
    one = next(iter(names.values()))
    light, dark = address(names.get("light", one)), address(names.get("dark", one))
    at = word(look.style.settings, f"{under}.location").lower()
    return Picture(light, dark, at) if light or dark else None


def _band(look: StyleLook, address: Callable[[str], str], category: str, name: str) -> Band | None:
    if not is_on(look.style.settings, f"categories.global.{name}.enabled"):
        return None
    return Band(_picture(look, address, category, f"components.{name}.logo"))


def _icons(look: StyleLook, address: Callable[[str], str]) -> tuple[Icon, ...]:
    """List favicons; one that is the same in both modes, or the only one, needs no condition."""
    found = []
    for category, kind in FAVICONS.items():
        names = {mode: look.images.get((category, mode), "") for mode in look.schemes}
        if kind not in icon_types(look.style.settings) or not any(names.values()):
            continue
        if len(set(names.values())) == 1:
            found.append(Icon(address(next(iter(names.values()))), TYPES[kind]))
            continue
        media = [(name, f"(prefers-color-scheme: {mode})") for mode, name in names.items() if name]
        found += [Icon(address(name), TYPES[kind], when) for name, when in media]
    return tuple(found)
