"""What a request or the configuration wants of a managed login branding style, judged. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from idp.management.refusal import invalid
from idp.management.style_assets import Asset, Upload, read_upload
from idp.management.style_records import Style
from idp.management.style_settings import find_problems

MOST_REQUEST_BYTES: Final = 2_000_000
MOST_SETTINGS_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request or the configuration wants of a style, judged."""

    is_provided: bool | None
    """UseCognitoProvidedValues, where that is said."""
    settings: Mapping[str, Any]
    uploads: tuple[Upload, ...]


def read_wish(members: Mapping[str, Any], known: Sequence[Asset]) -> Wish:
    """Judge what is wanted of a style that has the images `known`; raises Refused. Pure."""
    is_provided, given = members.get("UseCognitoProvidedValues"), members.get("Assets", ())
    settings = members.get("Settings", {})
    if is_provided and (settings or given):
        raise invalid("Settings and Assets must be omitted when UseCognitoProvidedValues is true")
    for path, message in find_problems(settings):
        raise invalid(".".join(["Settings", *map(str, path)]) + f" {message}")
    size = check_size(settings)
    if size + sum(len(asset.get("Bytes", b"")) for asset in given) > MOST_REQUEST_BYTES:
        raise invalid(f"Settings and Assets of one request are larger than {MOST_REQUEST_BYTES} bytes")
    uploads = tuple(read_upload(asset, known) for asset in given)
    slots = [upload.asset.slot for upload in uploads]
    if len(set(slots)) < len(slots):
        raise invalid("Assets has two images for one Category and ColorMode")
    return Wish(is_provided, settings, uploads)


def new_style(client_id: str, wish: Wish) -> Style:
    """Return a style as it begins; without anything it is this site's own. Pure."""
    assets = tuple(upload.asset for upload in wish.uploads)
    said = wish.is_provided
    return Style(client_id, not (wish.settings or assets) if said is None else said, wish.settings, assets)


def check_size(settings: Mapping[str, Any]) -> int:
    """Return how many bytes of JSON settings are; raises Refused where they are too many. Pure."""
    size = len(json.dumps(settings))
    if size > MOST_SETTINGS_BYTES:
        raise invalid(f"Settings are larger than {MOST_SETTINGS_BYTES} bytes")
    return size
