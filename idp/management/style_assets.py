"""Images of a managed login branding style: what they must be, what they are called, how they are served.

What an image is, its first bytes say; the name that it is served by is the hash of its content. An SVG is a
document that could run scripts where it is opened by itself: it is served with a policy that lets it do
nothing but draw.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from xml.parsers import expat

from idp.management.refusal import invalid

CATEGORIES: Final = (
    "FAVICON_ICO",
    "FAVICON_SVG",
    "EMAIL_GRAPHIC",
    "SMS_GRAPHIC",
    "AUTH_APP_GRAPHIC",
    "PASSWORD_GRAPHIC",
    "PASSKEY_GRAPHIC",
    "PAGE_HEADER_LOGO",
    "PAGE_HEADER_BACKGROUND",
    "PAGE_FOOTER_LOGO",
    "PAGE_FOOTER_BACKGROUND",
    "PAGE_BACKGROUND",
    "FORM_BACKGROUND",
    "FORM_LOGO",
    "IDP_BUTTON_ICON",
)
COLOR_MODES: Final = ("LIGHT", "DARK", "DYNAMIC")
TYPES: Final[Mapping[str, str]] = {
    "ICO": "image/x-icon",
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "SVG": "image/svg+xml",
    "WEBP": "image/webp",
}
FAVICONS: Final = {"FAVICON_ICO": "ICO", "FAVICON_SVG": "SVG"}
"""What favicons are; every other image may be of any type."""
MOST_BYTES: Final = 1_000_000
MOST_ASSETS: Final = 40
RESOURCE_ID: Final = r"[\w\- ]{1,40}"
SVG_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
"""Policy of an SVG that is opened by itself: an origin of its own, no scripts, nothing from anywhere."""
_SVG: Final = "http://www.w3.org/2000/svg svg"


@dataclass(frozen=True, slots=True)
class Asset:
    """One image."""

    category: str
    color_mode: str
    extension: str
    name: str
    """What it is served by."""
    resource_id: str | None = None

    @property
    def slot(self) -> tuple[str, str, str]:
        """What it takes the place of: icons of providers are told apart by their resource."""
        resource = self.resource_id if self.category == "IDP_BUTTON_ICON" else None
        return self.category, self.color_mode, resource or ""

    @property
    def media_type(self) -> str:
        """The type that it is served as."""
        return TYPES[self.extension]

    def describe(self) -> dict[str, str]:
        """Spell it as it is kept and given back, without its bytes."""
        known = {"Category": self.category, "ColorMode": self.color_mode, "Extension": self.extension}
        return known | ({"ResourceId": self.resource_id} if self.resource_id else {})


@dataclass(frozen=True, slots=True)
class Upload:
    """An image that comes in, judged."""

    asset: Asset
    content: bytes = field(repr=False)


def read_upload(members: Mapping[str, Any], known: Iterable[Asset]) -> Upload:
    """Judge an image; without bytes it means the one that is there already. Raises Refused."""
    category, mode, extension = members["Category"], members["ColorMode"], members["Extension"]
    asset = Asset(category, mode, extension, "", members.get("ResourceId"))
    content = members.get("Bytes")
    if not content:
        kept = next((old for old in known if old.slot == asset.slot), None)
        if kept is None or kept.extension != extension:
            raise invalid(f"Assets: {category} for {mode} has no Bytes, and there is no such image yet")
        return Upload(Asset(category, mode, extension, kept.name, asset.resource_id), b"")
    if problem := find_image_problem(category, extension, content):
        raise invalid(f"Assets: {category} for {mode} {problem}")
    name = f"{hashlib.sha256(content).hexdigest()[:32]}.{extension.lower()}"
    return Upload(Asset(category, mode, extension, name, asset.resource_id), content)


def find_image_problem(category: str, extension: str, content: bytes) -> str | None:
    """Say why these bytes cannot be this image. Pure."""
    if len(content) > MOST_BYTES:
        return f"is larger than {MOST_BYTES} bytes"
    wanted = FAVICONS.get(category)
    if wanted is not None and extension != wanted:
        return f"must be of type {wanted}"
    return None if _is_of_type(extension, content) else f"is not a picture of type {extension}"


def _is_of_type(extension: str, content: bytes) -> bool:
    if extension == "SVG":
        return _is_svg(content)
    if extension == "WEBP":
        return content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    begins = {"PNG": b"\x89PNG\r\n\x1a\n", "JPEG": b"\xff\xd8\xff", "ICO": b"\x00\x00\x01\x00"}
    return content.startswith(begins[extension])


def _is_svg(content: bytes) -> bool:
    """Whether it is well-formed XML with `svg` as its root; declared entities can grow and are refused."""
    roots: list[str] = []
    reader = expat.ParserCreate(namespace_separator=" ")

    def begin(name: str, _: object) -> None:
        if not roots:
            roots.append(name)

    reader.StartElementHandler = begin
    reader.EntityDeclHandler = _refuse_entity
    try:
        reader.Parse(content, True)
    except (expat.ExpatError, ValueError):
        return False
    return roots == [_SVG]


def _refuse_entity(*_: object) -> None:
    raise ValueError("entities are declared")


def lay_over(kept: Sequence[Asset], fresh: Iterable[Asset]) -> tuple[Asset, ...]:
    """Put new images in the place of those of the same slot. Pure."""
    slots = {asset.slot: asset for asset in kept}
    slots |= {asset.slot: asset for asset in fresh}
    return tuple(slots.values())


def names_by_mode(assets: Iterable[Asset]) -> dict[tuple[str, str], str]:
    """Return the image of each category in light and dark; one for every mode stands in for either. Pure."""
    found: dict[tuple[str, str], str] = {}
    for asset in sorted(assets, key=lambda each: each.color_mode != "DYNAMIC"):
        modes = ("light", "dark") if asset.color_mode == "DYNAMIC" else (asset.color_mode.lower(),)
        found |= {(asset.category, mode): asset.name for mode in modes}
    return found
