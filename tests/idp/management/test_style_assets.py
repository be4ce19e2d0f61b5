"""What an image of a style is, by its bytes."""

from typing import Any

import pytest

from idp.management.refusal import Refused
from idp.management.style_assets import (
    MOST_BYTES,
    Asset,
    find_image_problem,
    lay_over,
    names_by_mode,
    read_upload,
)

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
PNG = b"\x89PNG\r\n\x1a\n rest"
DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "https://a.example/svg.dtd">'
BOMB = b'<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + SVG


@pytest.mark.parametrize(
    ("category", "extension", "content"),
    [
        ("FORM_LOGO", "PNG", PNG),
        ("FORM_LOGO", "JPEG", b"\xff\xd8\xff\xe0"),
        ("FORM_LOGO", "WEBP", b"RIFF\x00\x00\x00\x00WEBPVP8 "),
        ("FORM_LOGO", "SVG", SVG),
        ("FORM_LOGO", "SVG", b"<?xml version='1.0' encoding='utf-8'?>\n<!-- x -->" + SVG),
        ("FORM_LOGO", "SVG", DOCTYPE + SVG),
        ("FAVICON_ICO", "ICO", b"\x00\x00\x01\x00\x01\x00"),
        ("FAVICON_SVG", "SVG", SVG),
    ],
)
def test_pictures_are_taken(category: str, extension: str, content: bytes) -> None:
    assert find_image_problem(category, extension, content) is None


@pytest.mark.parametrize(
    ("category", "extension", "content"),
    [
        ("FORM_LOGO", "PNG", SVG),
        ("FORM_LOGO", "SVG", PNG),
        ("FORM_LOGO", "SVG", b"<html><body/></html>"),
        ("FORM_LOGO", "SVG", b'<html xmlns="http://www.w3.org/1999/xhtml">' + SVG + b"</html>"),
        ("FORM_LOGO", "SVG", b"<svg/>"),
        ("FORM_LOGO", "SVG", SVG + b"<script/>"),
        ("FORM_LOGO", "SVG", BOMB),
        ("FORM_LOGO", "SVG", b"\xff\xfe<svg"),
        ("FORM_LOGO", "ICO", b"GIF89a"),
        ("FORM_LOGO", "WEBP", b"RIFF\x00\x00\x00\x00WAVE"),
        ("FAVICON_ICO", "PNG", PNG),
        ("FAVICON_SVG", "ICO", b"\x00\x00\x01\x00"),
        ("FORM_LOGO", "PNG", PNG + b"x" * MOST_BYTES),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else None,
)
def test_what_is_something_else_is_refused(category: str, extension: str, content: bytes) -> None:
    assert find_image_problem(category, extension, content)


def upload(content: bytes | None = PNG, **members: Any) -> dict[str, Any]:
    given = {"Category": "FORM_LOGO", "ColorMode": "LIGHT", "Extension": "PNG", **members}
    return given if content is None else given | {"Bytes": content}


def test_image_without_bytes_is_the_one_that_is_there() -> None:
    first = read_upload(upload(), ()).asset
    assert read_upload(upload(None, ResourceId="x"), (first,)).asset.name == first.name
    for members in (upload(None, ColorMode="DARK"), upload(None, Extension="SVG")):
        with pytest.raises(Refused):
            read_upload(members, (first,))


def test_image_takes_the_place_of_its_category_and_mode() -> None:
    old = Asset("FORM_LOGO", "LIGHT", "PNG", "a.png")
    other = Asset("FORM_LOGO", "DARK", "PNG", "b.png")
    new = Asset("FORM_LOGO", "LIGHT", "SVG", "c.svg")
    assert lay_over((old, other), [new]) == (new, other)
    icons = [Asset("IDP_BUTTON_ICON", "LIGHT", "PNG", "d.png", provider) for provider in ("one", "two")]
    assert lay_over(icons, [new]) == (*icons, new)


def test_image_for_every_mode_gives_way_to_one_for_a_mode() -> None:
    both, dark = Asset("FORM_LOGO", "DYNAMIC", "PNG", "a.png"), Asset("FORM_LOGO", "DARK", "PNG", "b.png")
    found = {("FORM_LOGO", "light"): "a.png", ("FORM_LOGO", "dark"): "b.png"}
    assert names_by_mode([both, dark]) == names_by_mode([dark, both]) == found
