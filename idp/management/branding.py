"""UI customization of the hosted pages: a logo and CSS, for a pool or one of its clients (cognito.md 3.6).

CSS is taken apart and put together again: only the class names of the classic hosted UI, only properties that
change how something looks, and no value that could fetch, run or reach beyond a declaration. What leaves here
is written by us, for our pages' own elements; no text of the caller's is served as it came.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from idp.management.refusal import invalid
from idp.model import Part

UI: Final = "ui"
ALL: Final = "ALL"
MOST_IMAGE_BYTES: Final = 100 * 1024
MOST_RULES: Final = 200
SELECTORS: Final[Mapping[str, str]] = {
    "background-customizable": ".card",
    "banner-customizable": ".brand",
    "errorMessage-customizable": ".notice.bad",
    "idpButton-customizable": ".card button.other",
    "idpDescription-customizable": ".aside",
    "inputField-customizable": ".card input:not([type=hidden]):not([type=checkbox]):not([type=radio])",
    "label-customizable": ".card label",
    "legalText-customizable": ".legal",
    "logo-customizable": ".brand img",
    "passwordCheck-notValid-customizable": ".card .policy",
    "passwordCheck-valid-customizable": ".card .policy",
    "redirect-customizable": ".aside a",
    "socialButton-customizable": ".card button.other",
    "submitButton-customizable": ".card button[type=submit]",
    "textDescription-customizable": ".lead",
}
PROPERTIES: Final = frozenset(
    {
        "background",
        "background-color",
        "border",
        "border-bottom",
        "border-color",
        "border-left",
        "border-radius",
        "border-right",
        "border-style",
        "border-top",
        "border-width",
        "box-shadow",
        "color",
        "font-family",
        "font-size",
        "font-style",
        "font-weight",
        "height",
        "letter-spacing",
        "line-height",
        "margin",
        "margin-bottom",
        "margin-left",
        "margin-right",
        "margin-top",
        "max-height",
        "max-width",
        "min-height",
        "min-width",
        "opacity",
        "padding",
        "padding-bottom",
        "padding-left",
        "padding-right",
        "padding-top",
        "text-align",
        "text-decoration",
        "text-transform",
        "width",
    }
)
_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE: Final = re.compile(r"\s*([^{}]*)\{([^{}]*)\}")
_SELECTOR: Final = re.compile(r"\.([A-Za-z-]+)((?::(?:hover|focus|active|focus-visible))?)")
_VALUE: Final = re.compile(r"""[A-Za-z0-9#%.,\s'"-]{1,200}|(?:rgb|rgba|hsl|hsla)\([0-9.,%\s/]{1,60}\)""")
_MAGIC: Final = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))


@dataclass(frozen=True, slots=True)
class Look:
    """How a client's pages look beside our own style."""

    css: bytes = b""
    image: bytes = field(default=b"", repr=False)
    image_type: str = ""

    @property
    def css_name(self) -> str:
        """The name that the CSS is served by, another for every content; empty where there is none."""
        return f"{_digest(self.css)}.css" if self.css else ""

    @property
    def image_name(self) -> str:
        """Likewise of the logo."""
        return f"{_digest(self.image)}.{self.image_type.removeprefix('image/')}" if self.image else ""


def read_look(part: Part) -> Look:
    """Read what is kept of a customization."""
    image = base64.b64decode(part.document.get("Image", ""))
    css = build_css(part.document.get("CSS", ""))
    return Look(css.encode(), image, find_image_type(image) if image else "")


def find_image_type(image: bytes) -> str:
    """Tell a PNG or JPEG by its first bytes, whatever it is called; raises Refused for anything else."""
    if len(image) > MOST_IMAGE_BYTES:
        raise invalid(f"the image is larger than {MOST_IMAGE_BYTES} bytes")
    for magic, media_type in _MAGIC:
        if image.startswith(magic):
            return media_type
    raise invalid("the image must be a PNG or a JPEG")


def build_css(text: str) -> str:
    """Write the CSS that is served for a caller's; raises Refused where a part of it is not allowed."""
    rest, position, rules = _COMMENT.sub(" ", text), 0, []
    while match := _RULE.match(rest, position):
        rules.append(f"{_selectors(match[1])} {{ {_declarations(match[2])} }}")
        position = match.end()
    if rest[position:].strip():
        raise invalid("the CSS must be a list of rules, each like .submitButton-customizable { color: red; }")
    if len(rules) > MOST_RULES:
        raise invalid(f"the CSS has more than {MOST_RULES} rules")
    return "\n".join(rules)


def _selectors(text: str) -> str:
    return ", ".join(_selector(part.strip()) for part in text.split(","))


def _selector(text: str) -> str:
    match = _SELECTOR.fullmatch(text)
    if match is None or match[1] not in SELECTORS:
        raise invalid(f"the CSS has a selector other than {', '.join(sorted(SELECTORS))}")
    return SELECTORS[match[1]] + match[2]


def _declarations(text: str) -> str:
    return "; ".join(_declaration(part) for part in text.split(";") if part.strip())


def _declaration(text: str) -> str:
    name, _, value = (part.strip() for part in text.partition(":"))
    important = value.removesuffix("!important").strip()
    if name not in PROPERTIES:
        raise invalid("the CSS has a property that is not allowed here")
    if not _VALUE.fullmatch(important) or any(important.count(quote) % 2 for quote in "'\""):
        raise invalid(f"the CSS has a value of {name} that is not allowed here")
    # Ours comes later in the page than this site's own style, whose selectors may be stronger.
    return f"{name}: {' '.join(important.split())} !important"


def choose_look(looks: Mapping[str, Look], client_id: str) -> Look | None:
    """Return a client's own look, or else the pool's."""
    return looks.get(client_id) or looks.get(ALL)


def find_content(looks: Iterable[Look], name: str) -> tuple[bytes, str] | None:
    """Return the content that is served by a name, and its type."""
    for look in looks:
        if name and name == look.css_name:
            return look.css, "text/css; charset=utf-8"
        if name and name == look.image_name:
            return look.image, look.image_type
    return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]
