"""What a style's settings may be, and what they become: nothing of the caller's text reaches a stylesheet."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import idp.pages
from idp.management.style_settings import (
    COLOURS,
    DEEPEST,
    FIXED,
    RADII,
    build_style_css,
    defaults,
    find,
    find_problems,
    merge,
    schemes,
)

EVIL = "url(https://evil.example/x)"


def nest(path: str, value: Any) -> dict[str, Any]:
    """A document with one value."""
    for step in reversed(path.split(".")):
        value = {step: value}
    return dict(value)


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


FORM = "components.form.lightMode.backgroundColor"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (FORM, EVIL),
        (FORM, "red"),
        (FORM, "fffff"),
        (FORM, "ffffffff;}"),
        (FORM, "ffffffff\n"),
        (FORM, 16777215),
        (FORM, ["ffffffff"]),
        ("components.form.borderRadius", "8px"),
        ("components.form.borderRadius", -1),
        ("components.form.borderRadius", 101),
        ("components.form.borderRadius", True),
        ("categories.global.colorSchemeMode", "dark"),
        ("categories.form.location.horizontal", {"START": 1}),
        ("components.form.logo.enabled", "true"),
        ("components.favicon.enabledTypes", ["GIF"]),
        ("components.favicon.enabledTypes", [{}]),
    ],
)
def test_value_that_is_honoured_has_its_type(path: str, value: Any) -> None:
    document = nest(path, value)
    assert [".".join(map(str, place)) for place, _ in find_problems(document)] == [path]
    assert build_style_css(document, {}) == build_style_css({}, {}), "read leniently, it changes nothing"


@pytest.mark.parametrize(
    "document",
    [
        {"later": {"x": EVIL}},
        {"components": EVIL},
        {"components": {"form": [EVIL]}},
        nest("components.form.lightMode.gradient", EVIL),
        nest("categories.form.sessionTimerDisplay", EVIL),
    ],
)
def test_what_is_not_honoured_may_be_anything_and_is_in_no_stylesheet(document: dict[str, Any]) -> None:
    assert list(find_problems(document)) == []
    assert build_style_css(document, {}) == build_style_css({}, {})


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "x",
        nested(DEEPEST + 1),
        nested(5000),
        {"a": [float("inf")]},
        {"a": "\ud800"},
        {"\x00": 1},
        {"a": date(2026, 1, 1)},
    ],
    ids=["nothing", "list", "text", "deep", "very deep", "infinity", "surrogate", "NUL", "date"],
)
def test_document_is_a_mapping_of_sane_depth_that_json_can_spell(document: Any) -> None:
    assert len(list(find_problems(document))) == 1


def test_every_honoured_setting_changes_the_stylesheet() -> None:
    plain = build_style_css({}, {})
    for colour in COLOURS:
        css = build_style_css(nest(colour.at("light"), "0A0B0C0d"), {})
        assert f"--{colour.variable}: #0a0b0c0d" in css, colour
        assert css != plain
    for path, (variable, _) in RADII.items():
        assert f"--{variable}: 3.5px" in build_style_css(nest(path, 3.5), {})
    assert "--place: 0 0 auto auto" in build_style_css(
        nest("categories.form.location", {"horizontal": "END", "vertical": "START"}), {}
    )


def test_modes_are_written_as_they_are_wanted() -> None:
    scheme = "categories.global.colorSchemeMode"
    assert schemes({}) == ("light",), "Cognito's default"
    dynamic = build_style_css(nest(scheme, "DYNAMIC"), {})
    assert "@media (prefers-color-scheme: dark)" in dynamic
    assert "color-scheme: light dark" in dynamic
    dark = build_style_css(nest(scheme, "DARK"), {})
    assert "@media" not in dark
    assert "color-scheme: dark" in dark
    assert "--card: #14222aff" in dark


def test_image_of_one_mode_is_not_behind_the_other() -> None:
    settings = nest("categories.global.colorSchemeMode", "DYNAMIC")
    css = build_style_css(settings, {("FORM_BACKGROUND", "light"): "a.png"})
    light, _, dark = css.partition("@media")
    assert '.card { background: url("a.png") center / cover no-repeat var(--card) }' in light
    assert ".card { background: var(--card) }" in dark
    off = merge(settings, nest("components.form.backgroundImage.enabled", False))
    assert "url(" not in build_style_css(off, {("FORM_BACKGROUND", "light"): "a.png"})


def test_defaults_are_what_the_pages_own_stylesheet_says() -> None:
    """What ReturnMergedResources tells, and what a page shows of a setting that is not there."""
    text = (Path(idp.pages.__file__).parent / "static" / "style.css").read_text("utf-8")
    blocks = re.findall(r":root \{(.*?)\n *\}", text, re.DOTALL)
    light = dict(re.findall(r"--([a-z-]+): ([^;]+);", blocks[0]))
    both = {"light": light, "dark": light | dict(re.findall(r"--([a-z-]+): ([^;]+);", blocks[1]))}
    for mode, found in both.items():
        for colour in (*COLOURS, *FIXED):
            value = found[colour.variable]
            while value.startswith("var("):
                value = found[value[6:-1]]
            written = value.removeprefix("#")
            assert (written + "ff")[:8] == colour.default(mode), (colour.variable, mode)
    for variable, radius in RADII.values():
        assert light[variable] == f"{radius:g}px"


def test_defaults_are_settings_themselves() -> None:
    for provided in (True, False):
        document = defaults(is_provided=provided)
        assert list(find_problems(document)) == []
        assert find(document, "components.pageBackground.lightMode.color") == "eef3f5ff"
    assert schemes(defaults(is_provided=True)) == ("light", "dark")


def test_merging_keeps_what_is_not_said_again() -> None:
    below = {"a": {"b": 1, "c": [1, 2]}, "d": 4}
    assert merge(below, {"a": {"c": [3]}, "d": {"e": 5}}) == {"a": {"b": 1, "c": [3]}, "d": {"e": 5}}
    assert below == {"a": {"b": 1, "c": [1, 2]}, "d": 4}
