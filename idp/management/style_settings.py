"""The settings of a managed login branding style: which of them the pages honour, and the CSS they become.

The document is the caller's and is given back as it came. What is written into CSS is not: colours are
eight hexadecimal digits, lengths are numbers within bounds, words are ours; anything else is refused when it
is set, and passed over when it is read. No text of the document is ever part of a stylesheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from idp.documents import is_storable_document, levels

Settings = Mapping[str, Any]
Path = tuple[str | int, ...]
MODES: Final = {"light": "lightMode", "dark": "darkMode"}
SCHEME: Final = "categories.global.colorSchemeMode"
DEEPEST: Final = 32
MOST_RADIUS: Final = 100
_COLOUR: Final = re.compile(r"#?([0-9A-Fa-f]{6}(?:[0-9A-Fa-f]{2})?)")
_SIDES: Final = ("START", "CENTER", "END")
_ICONS: Final = ("ICO", "SVG")


@dataclass(frozen=True, slots=True)
class Colour:
    """A variable of the pages' own stylesheet, the setting that it follows, and what it is without one."""

    variable: str
    path: str
    """With `*` for the mode; empty where no setting changes it."""
    light: str
    dark: str

    def at(self, mode: str) -> str:
        """Return where the setting is for `light` or `dark`."""
        return self.path.replace("*", MODES[mode])

    def default(self, mode: str) -> str:
        """Return what it is without a setting."""
        return self.light if mode == "light" else self.dark


def _colours(under: str, rows: str) -> tuple[Colour, ...]:
    """Read a table: variable, place below `under`, light, dark."""
    found = (line.split() for line in rows.strip().splitlines())
    return tuple(Colour(name, f"{under}.{place}", light, dark) for name, place, light, dark in found)


COLOURS: Final = (
    *_colours(
        "components",
        """
        page                pageBackground.*.color                   eef3f5ff 0b1418ff
        page-far            pageBackground.*.color                   dde8ecff 0f1d23ff
        card                form.*.backgroundColor                   ffffffff 14222aff
        card-line           form.*.borderColor                       c3d0d6ff 2b3d47ff
        heading             pageText.*.headingColor                  14252dff e7eff2ff
        ink                 pageText.*.bodyColor                     14252dff e7eff2ff
        soft                pageText.*.descriptionColor              4d626cff a3b6bfff
        button              primaryButton.*.defaults.backgroundColor 0b6076ff 74c9deff
        button-ink          primaryButton.*.defaults.textColor       ffffffff 06222bff
        button-hover        primaryButton.*.hover.backgroundColor    084b5dff 9adbeaff
        button-hover-ink    primaryButton.*.hover.textColor          ffffffff 06222bff
        button-active       primaryButton.*.active.backgroundColor   084b5dff 9adbeaff
        button-active-ink   primaryButton.*.active.textColor         ffffffff 06222bff
        quiet               secondaryButton.*.defaults.backgroundColor 00000000 00000000
        quiet-line          secondaryButton.*.defaults.borderColor   71858eff 6b818cff
        quiet-ink           secondaryButton.*.defaults.textColor     0b6076ff 74c9deff
        quiet-hover         secondaryButton.*.hover.backgroundColor  00000000 00000000
        quiet-hover-line    secondaryButton.*.hover.borderColor      0b6076ff 74c9deff
        quiet-hover-ink     secondaryButton.*.hover.textColor        084b5dff 9adbeaff
        quiet-active        secondaryButton.*.active.backgroundColor 00000000 00000000
        quiet-active-line   secondaryButton.*.active.borderColor     0b6076ff 74c9deff
        quiet-active-ink    secondaryButton.*.active.textColor       084b5dff 9adbeaff
        bad-page            alert.*.error.backgroundColor            fdf0eeff 331816ff
        bad-line            alert.*.error.borderColor                e3a9a3ff 7d3b35ff
        header              pageHeader.*.background.color            ffffffff 14222aff
        header-line         pageHeader.*.borderColor                 c3d0d6ff 2b3d47ff
        footer              pageFooter.*.background.color            ffffffff 14222aff
        footer-line         pageFooter.*.borderColor                 c3d0d6ff 2b3d47ff
        """,
    ),
    *_colours(
        "componentClasses",
        """
        field               input.*.defaults.backgroundColor         ffffffff 0e1a20ff
        field-line          input.*.defaults.borderColor             71858eff 6b818cff
        label               inputLabel.*.textColor                   14252dff e7eff2ff
        hint                inputDescription.*.textColor             4d626cff a3b6bfff
        line                divider.*.borderColor                    c3d0d6ff 2b3d47ff
        ring                focusState.*.borderColor                 1e8faeff 74c9deff
        link                link.*.defaults.textColor                0b6076ff 74c9deff
        link-hover          link.*.hover.textColor                   084b5dff 9adbeaff
        bad                 statusIndicator.*.error.indicatorColor   a1221bff ffb3abff
        good                statusIndicator.*.success.indicatorColor 17603aff a4dfbaff
        good-page           statusIndicator.*.success.backgroundColor edf7f0ff 12291cff
        good-line           statusIndicator.*.success.borderColor    a5d0b5ff 356a4aff
        """,
    ),
)
FIXED: Final = (
    Colour("accent", "", "0b6076ff", "74c9deff"),
    Colour("accent-strong", "", "084b5dff", "9adbeaff"),
    Colour("on-accent", "", "ffffffff", "06222bff"),
)
"""What no setting changes, written all the same: a style that is always light is light in a dark browser."""
RADII: Final[Mapping[str, tuple[str, float]]] = {
    "components.form.borderRadius": ("card-radius", 16.0),
    "components.alert.borderRadius": ("notice-radius", 10.0),
    "componentClasses.buttons.borderRadius": ("button-radius", 10.0),
    "componentClasses.input.borderRadius": ("field-radius", 10.0),
}
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    SCHEME: ("LIGHT", "DARK", "DYNAMIC"),
    "categories.form.location.horizontal": _SIDES,
    "categories.form.location.vertical": _SIDES,
    "components.form.logo.location": _SIDES,
    "components.form.logo.position": ("TOP", "BOTTOM"),
    "components.form.logo.formInclusion": ("IN", "OUT"),
    "components.pageHeader.logo.location": _SIDES,
    "components.pageFooter.logo.location": _SIDES,
}
"""Words that are honoured; the first is not the default, see `defaults`."""
SWITCHES: Final[Mapping[str, bool]] = {
    "categories.global.pageHeader.enabled": False,
    "categories.global.pageFooter.enabled": False,
    "components.form.logo.enabled": True,
    "components.form.backgroundImage.enabled": True,
    "components.pageBackground.image.enabled": True,
    "components.pageHeader.logo.enabled": True,
    "components.pageHeader.backgroundImage.enabled": True,
    "components.pageFooter.logo.enabled": True,
    "components.pageFooter.backgroundImage.enabled": True,
}
"""Whether a part is shown without a setting. An image that is there is shown unless it is switched off."""
ICONS: Final = "components.favicon.enabledTypes"
_PLAIN: Final[Mapping[str, str]] = {
    SCHEME: "LIGHT",
    "categories.form.location.horizontal": "CENTER",
    "categories.form.location.vertical": "CENTER",
    "components.form.logo.location": "CENTER",
    "components.form.logo.position": "TOP",
    "components.form.logo.formInclusion": "IN",
    "components.pageHeader.logo.location": "START",
    "components.pageFooter.logo.location": "START",
}
_SHADOWS: Final = {
    "light": "0 1px 2px rgb(16 42 54 / 6%), 0 12px 40px rgb(16 42 54 / 10%)",
    "dark": "0 1px 2px rgb(0 0 0 / 40%), 0 12px 40px rgb(0 0 0 / 35%)",
}
_MARGINS: Final = {"START": ("0", "auto"), "CENTER": ("auto", "auto"), "END": ("auto", "0")}
IMAGES: Final = {
    "body": ("page", "PAGE_BACKGROUND", "components.pageBackground.image.enabled"),
    ".card": ("card", "FORM_BACKGROUND", "components.form.backgroundImage.enabled"),
    ".band.header": ("header", "PAGE_HEADER_BACKGROUND", "components.pageHeader.backgroundImage.enabled"),
    ".band.footer": ("footer", "PAGE_FOOTER_BACKGROUND", "components.pageFooter.backgroundImage.enabled"),
}
"""Selector -> the colour behind the image, the image's category, and the setting that switches it."""


def find(settings: object, path: str) -> Any:
    """Return the value at a dotted path, or None."""
    value = settings
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def find_problems(settings: object) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong with a document, by place. What is not honoured may be anything that is JSON."""
    if not isinstance(settings, Mapping):
        yield (), "must be a mapping"
        return
    if sum(1 for _ in islice(levels(settings), DEEPEST + 1)) > DEEPEST:
        yield (), f"must be nested at most {DEEPEST} deep"
        return
    if not is_storable_document(settings):
        yield (), "must be what JSON can spell: no NUL, no half of a surrogate pair, no infinity, no date"
        return
    for path, shape, fits in _rules():
        value = find(settings, path)
        if value is not None and not fits(value):
            hint = ": put it in quotes" if isinstance(value, int) and shape.startswith("a colour") else ""
            yield tuple(path.split(".")), f"must be {shape}{hint}"


def _rules() -> Iterator[tuple[str, str, Any]]:
    """Yield every honoured setting with what it must be, in words and as a test."""
    for path in dict.fromkeys(colour.at(mode) for colour in COLOURS for mode in MODES):
        yield path, "a colour of 8 hexadecimal digits, RRGGBBAA", lambda value: bool(_colour(value))
    for path in RADII:
        yield path, f"a number from 0 to {MOST_RADIUS}", _is_radius
    for path, words in WORDS.items():
        yield path, f"one of {', '.join(words)}", lambda value, words=words: value in words
    for path in SWITCHES:
        yield path, "true or false", lambda value: isinstance(value, bool)
    yield ICONS, "a list of ICO and SVG", _are_icons


def _colour(value: object) -> str:
    match = _COLOUR.fullmatch(value) if isinstance(value, str) else None
    return match[1].lower() if match else ""


def _is_radius(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MOST_RADIUS


def _are_icons(value: object) -> bool:
    return isinstance(value, list) and all(each in _ICONS for each in value)


def word(settings: Settings, path: str) -> str:
    """Return a word that is honoured, or its default."""
    value = find(settings, path)
    return value if value in WORDS[path] else _PLAIN[path]


def is_on(settings: Settings, path: str) -> bool:
    """Return a switch, or its default."""
    value = find(settings, path)
    return value if isinstance(value, bool) else SWITCHES[path]


def icon_types(settings: Settings) -> tuple[str, ...]:
    """Return the kinds of favicon that are wanted."""
    value = find(settings, ICONS)
    return tuple(value) if _are_icons(value) else _ICONS


def schemes(settings: Settings) -> tuple[str, ...]:
    """Return the modes that a page may be in: one, or both where the browser decides."""
    return {"LIGHT": ("light",), "DARK": ("dark",)}.get(word(settings, SCHEME), ("light", "dark"))


def defaults(*, is_provided: bool) -> dict[str, Any]:
    """Return the settings that pages have without any; this site's own style follows the browser."""
    found: dict[str, Any] = {}
    for colour in COLOURS:
        for mode in MODES:
            _put(found, colour.at(mode), colour.default(mode))
    for path, (_, radius) in RADII.items():
        _put(found, path, radius)
    for path, text in (*_PLAIN.items(), *SWITCHES.items(), (ICONS, list(_ICONS))):
        _put(found, path, text)
    if is_provided:
        _put(found, SCHEME, "DYNAMIC")
    return found


def _put(document: dict[str, Any], path: str, value: Any) -> None:
    """Set a value that is not there yet: of two variables with one setting, the first has its default."""
    *steps, last = path.split(".")
    for step in steps:
        document = document.setdefault(step, {})
    if path == SCHEME or last not in document:
        document[last] = value


def merge(below: Settings, above: Settings) -> dict[str, Any]:
    """Lay a document over another: mappings are merged, everything else is replaced."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = merge(old, value) if both and isinstance(old, Mapping) else value
    return merged


def build_style_css(settings: Settings, images: Mapping[tuple[str, str], str]) -> str:
    """Write the stylesheet of a style; `images` has names of files by category and `light` or `dark`."""
    modes = schemes(settings)
    root = f":root {{ color-scheme: {' '.join(modes)}; {_layout(settings)} }}"
    lines = [root, *_mode(settings, images, modes[0])]
    if len(modes) > 1:
        dark = " ".join(_mode(settings, images, "dark"))
        lines.append(f"@media (prefers-color-scheme: dark) {{ {dark} }}")
    return "\n".join(lines) + "\n"


def _mode(settings: Settings, images: Mapping[tuple[str, str], str], mode: str) -> Iterator[str]:
    """Yield the rules of one mode. An image is named from here, beside which it is served."""
    yield f":root {{ {_palette(settings, mode)} }}"
    for selector, (colour, category, switch) in IMAGES.items():
        if not is_on(settings, switch):
            continue
        if name := images.get((category, mode)):
            yield f'{selector} {{ background: url("{name}") center / cover no-repeat var(--{colour}) }}'
        elif any(images.get((category, other)) for other in MODES):
            yield f"{selector} {{ background: var(--{colour}) }}"


def _layout(settings: Settings) -> str:
    top, bottom = _MARGINS[word(settings, "categories.form.location.vertical")]
    left, right = _MARGINS[word(settings, "categories.form.location.horizontal")]
    parts = [f"--place: {top} {right} {bottom} {left}"]
    for path, (variable, default) in RADII.items():
        value = find(settings, path)
        parts.append(f"--{variable}: {float(value) if _is_radius(value) else default:g}px")
    return "; ".join(parts)


def _palette(settings: Settings, mode: str) -> str:
    parts = []
    for colour in (*COLOURS, *FIXED):
        chosen = _colour(find(settings, colour.at(mode))) if colour.path else ""
        parts.append(f"--{colour.variable}: #{chosen or colour.default(mode)}")
    return "; ".join([*parts, f"--shadow: {_SHADOWS[mode]}"])
