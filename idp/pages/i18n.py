"""The languages of the hosted pages: one catalogue file each, and how a request's language is chosen.

`lang` parameter, then the `lang` cookie, then Accept-Language, then English (cognito.md 1.0; Cognito names
a dozen languages, of which this ships English and Korean). Adding a language is adding
`locales/<code>.json`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DEFAULT = "en"
_LOCALES = Path(__file__).parent / "locales"


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """The texts of one language."""

    code: str
    texts: Mapping[str, str]

    def text(self, key: str, **values: object) -> str:
        """Return the text of `key` with its `{name}` places filled. Raises KeyError for an unknown key."""
        return self.texts[key].format_map(values)


@cache
def catalogues() -> Mapping[str, Catalogue]:
    """Read every catalogue that is shipped, by language code; English first."""
    found = {
        path.stem: Catalogue(path.stem, json.loads(path.read_text("utf-8")))
        for path in _LOCALES.glob("*.json")
    }
    return {code: found[code] for code in sorted(found, key=lambda code: (code != DEFAULT, code))}


def choose_language(*, parameter: str | None, cookie: str | None, accept: str | None) -> str:
    """Return the code of the catalogue to use; anything unknown falls through to the next source."""
    asked = [parameter or "", cookie or "", *_accepted(accept or "")]
    known = catalogues()
    return next((code for code in map(_primary, asked) if code in known), DEFAULT)


def known_language(parameter: str | None) -> str | None:
    """Return the catalogue that a `lang` parameter names, or None."""
    code = _primary(parameter or "")
    return code if code in catalogues() else None


def _primary(tag: str) -> str:
    return tag.strip().replace("_", "-").split("-", 1)[0].lower()


def _accepted(header: str) -> list[str]:
    """Return the tags of an Accept-Language header (RFC 9110 12.5.4), best first, refused ones left out."""
    weighted = [_weighted(item) for item in header[:500].split(",")]
    return [tag for tag, weight in sorted(weighted, key=lambda pair: -pair[1]) if weight > 0]


def _weighted(item: str) -> tuple[str, float]:
    tag, _, parameter = item.partition(";")
    name, _, value = parameter.strip().partition("=")
    try:
        return tag, float(value) if name == "q" else 1.0
    except ValueError:
        return tag, 0.0
