"""Transforms: rewriting host and target of a request after its rule was chosen.

Owns the data and the rewriting; whether the rewritten values may be sent is decided here too, because a
capture group carries text that the client chose. Source: ELB user guide, "Transforms for listener rules"
(October 2025); the status words are those of the access log's `request_transform_status`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from rules.authority import is_visible, split_authority
from rules.limits import MAX_REWRITTEN
from rules.regexes import compile_rewrite

SUCCESS = "TransformSuccess"
TOO_LONG = "TransformBufferTooSmall"
BAD_HOST = "TransformInvalidHost"
BAD_PATH = "TransformInvalidPath"


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Put `replace`, with `$1`, `$2`... from the groups of `regex`, in place of its first match."""

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


@dataclass(frozen=True, slots=True)
class Transformed:
    """What the target gets to see. `status` is empty when nothing matched and all is as it was."""

    host: str
    path: str
    query: str
    status: str = ""


@dataclass(frozen=True, slots=True)
class TransformFailure:
    """A rewrite matched, but what it made cannot be sent: AWS answers 500.

    `status` is the access log's word.
    """

    status: str


def apply_transforms(
    transforms: Sequence[Transform], *, host: str, path: str, query: str
) -> Transformed | TransformFailure:
    """Return host, raw path and raw query as the target gets them.

    `host` is the Host value without regard to case; a rewrite of the URL sees `path?query` as one text, of
    the host only the host. Replacing the first match only, and trying further rewrites only when none
    matched, are our choices: AWS documents neither.
    """
    status = ""
    for transform in transforms:
        url = isinstance(transform, UrlRewrite)
        before = (f"{path}?{query}" if query else path) if url else host
        after = _rewrite(transform.rewrites, before, ignore_case=not url)
        if after is None:
            continue
        fault = _find_url_fault(before, after) if url else _find_host_fault(after)
        if fault:
            return TransformFailure(fault)
        status = SUCCESS
        if url:
            path, _, query = after.partition("?")
        else:
            host = after
    return Transformed(host, path, query, status)


def _rewrite(rewrites: Sequence[Rewrite], text: str, *, ignore_case: bool) -> str | None:
    data = text.encode("latin-1", "replace")
    for rewrite in rewrites:
        match = compile_rewrite(rewrite.regex, ignore_case).search(data)
        if match is not None:
            pieces = [
                part if isinstance(part, bytes) else match.group(part) or b"" for part in _template(rewrite)
            ]
            return (data[: match.start()] + b"".join(pieces) + data[match.end() :]).decode("latin-1")
    return None


@lru_cache(maxsize=4096)
def _template(rewrite: Rewrite) -> tuple[bytes | int, ...]:
    """Return the replacement as literal pieces and numbers of groups."""
    groups = compile_rewrite(rewrite.regex, False).groups
    pieces: list[bytes | int] = []
    for literal, number in _GROUP.findall(rewrite.replace):
        pieces.append(
            int(number) if number and int(number) <= groups else (literal or f"${number}").encode("latin-1")
        )
    return tuple(pieces)


_GROUP = re.compile(r"(\$(?![0-9])|[^$]+)|\$([0-9])")


def group_references(replace: str) -> list[int]:
    """Return the numbers of the groups that a replacement refers to: one digit each, `$0` the whole match."""
    return [int(number) for _, number in _GROUP.findall(replace) if number]


def _find_host_fault(host: str) -> str:
    return "" if split_authority(host) else BAD_HOST


def _find_url_fault(before: str, after: str) -> str:
    if len(after) > MAX_REWRITTEN:
        return TOO_LONG
    if not after.startswith("/") or not is_visible(after) or "#" in after:
        return BAD_PATH
    # `/v./secret` rewritten by `^/v(.*)$` to `/.$1` would climb out of the directory that the rule
    # meant: a rewrite must not make a climbing segment, nor a leading `//`, that was not in the request.
    made = [ambiguous for ambiguous in _AMBIGUOUS if ambiguous.search(after) and not ambiguous.search(before)]
    return BAD_PATH if made else ""


_AMBIGUOUS = (
    re.compile(r"^//"),
    re.compile(r"^[^?]*/(?:\.|%2e){1,2}(?:[/?;]|$)", re.IGNORECASE),
    re.compile(r"^[^?]*\\"),
)
