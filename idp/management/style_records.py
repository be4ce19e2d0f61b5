"""How a managed login branding style is kept, and what a client's pages show of it. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idp.management.style_assets import Asset, names_by_mode
from idp.management.style_settings import build_style_css, schemes
from idp.model import Part

STYLE: Final = "style"
IMAGE: Final = "style-image"


@dataclass(frozen=True, slots=True)
class Style:
    """A client's style."""

    client_id: str
    is_provided: bool
    """UseCognitoProvidedValues: this site's own style."""
    settings: Mapping[str, Any]
    assets: tuple[Asset, ...]

    def to_document(self) -> dict[str, Any]:
        """Spell it as it is kept."""
        return {
            "ClientId": self.client_id,
            "UseCognitoProvidedValues": self.is_provided,
            "Settings": self.settings,
            "Assets": [asset.describe() | {"Name": asset.name} for asset in self.assets],
        }


def read_style(part: Part) -> Style:
    """Read a style as it is kept."""
    document = part.document
    assets = [
        Asset(each["Category"], each["ColorMode"], each["Extension"], each["Name"], each.get("ResourceId"))
        for each in document["Assets"]
    ]
    provided = document["UseCognitoProvidedValues"]
    return Style(document["ClientId"], provided, document["Settings"], tuple(assets))


def image_key(style_id: str, name: str) -> str:
    """Return the key of a style's image."""
    return f"{style_id}/{name}"


@dataclass(frozen=True, slots=True)
class StyleLook:
    """What pages need of a style: in memory, without its images."""

    style_id: str
    style: Style
    schemes: tuple[str, ...]
    """`light`, `dark` or both, where the browser decides."""
    css: bytes = field(repr=False)
    images: Mapping[tuple[str, str], str]
    """Names of images by category and `light` or `dark`."""

    @property
    def css_name(self) -> str:
        """The name that the stylesheet is served by, another for every content."""
        return f"{hashlib.sha256(self.css).hexdigest()[:32]}.css"


def read_style_look(part: Part) -> StyleLook:
    """Read what pages need of a style."""
    style = read_style(part)
    images = names_by_mode(style.assets)
    css = build_style_css(style.settings, images).encode()
    return StyleLook(part.key, style, schemes(style.settings), css, images)


def find_style_css(looks: Iterable[StyleLook], name: str) -> tuple[bytes, str] | None:
    """Return the stylesheet that is served by a name, and its type."""
    found = next((look for look in looks if look.css_name == name), None)
    return (found.css, "text/css; charset=utf-8") if found else None


def find_image(looks: Iterable[StyleLook], name: str) -> tuple[str, str] | None:
    """Return the style that has an image of this name, and the image's type."""
    for look in looks:
        for asset in look.style.assets:
            if asset.name == name:
                return look.style_id, asset.media_type
    return None
