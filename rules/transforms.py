"""Transforms: rewriting host and target of a request after its rule was chosen.

Owns the data and the rewriting; whether the rewritten values may be sent is decided here too, because a
capture group carries text that the client chose. Source: ELB user guide, "Transforms for listener rules"
(October 2025).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Put `replace`, with `$1`, `$2`...

    from the groups of `regex`, in place of the first match of `regex`.
    """

    regex: str
    replace: str


@dataclass(frozen=True, slots=True)
class HostHeaderRewrite:
    """`host-header-rewrite`: rewrites the Host value; the first of `rewrites` that matches is applied."""

    type: ClassVar[str] = "host-header-rewrite"
    rewrites: tuple[Rewrite, ...]


@dataclass(frozen=True, slots=True)
class UrlRewrite:
    """`url-rewrite`: rewrites path and query as one text; the first of `rewrites` that matches is applied."""

    type: ClassVar[str] = "url-rewrite"
    rewrites: tuple[Rewrite, ...]


Transform = HostHeaderRewrite | UrlRewrite
