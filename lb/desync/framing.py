"""Classifies what tells where a request's body ends. Pure.

RFC 9112 section 6.3: Content-Length, Transfer-Encoding, and header names that somebody could take for one of
the two. It judges; `lb.admission` reads the values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lb.desync.table import ClassificationReason, Finding, worst
from lb.headers import Kind

MAX_LENGTH_DIGITS = 18
"""More do not fit into the integers that targets count with."""
_KNOWN_CODINGS = frozenset({b"chunked", b"compress", b"deflate", b"gzip", b"identity"})


def classify_framing(method: str, version: str, specials: Sequence[tuple[int, bytes]]) -> Finding | None:
    """Return the worst that can be said of a request's framing, or None.

    `specials` are (`lb.headers.Kind`, value) of the headers that the load balancer reads itself.
    """
    lengths = [value for kind, value in specials if kind == Kind.CONTENT_LENGTH]
    codings = [value for kind, value in specials if kind == Kind.TRANSFER_ENCODING]
    findings = [Finding.of(reason) for reason in (*_of_lengths(lengths), *_of_codings(codings))]
    if any(kind == Kind.SUSPICIOUS for kind, _ in specials):
        findings.append(Finding.of(ClassificationReason.SUSPICIOUS_HEADER))
    if lengths and codings:
        findings.append(Finding.of(ClassificationReason.BOTH_TE_CL_PRESENT))
    findings += _of_old_versions(version, lengths, codings)
    if method in ("GET", "HEAD"):
        findings += _of_bodiless_methods(lengths, codings)
    return worst(findings)


def _of_lengths(lengths: Sequence[bytes]) -> Iterable[ClassificationReason]:
    if not all(value.isdigit() and len(value) <= MAX_LENGTH_DIGITS for value in lengths):
        yield ClassificationReason.BAD_CONTENT_LENGTH
    elif len(set(lengths)) > 1:
        # `2` and `02`, too: who reads octal sees two numbers.
        yield ClassificationReason.MULTIPLE_CONTENT_LENGTH
    elif len(lengths) > 1:
        yield ClassificationReason.DUPLICATE_CONTENT_LENGTH


def _of_codings(codings: Sequence[bytes]) -> Iterable[ClassificationReason]:
    named = [each.strip(b" \t").lower() for value in codings for each in value.split(b",")]
    if not _KNOWN_CODINGS.issuperset(named) or b"chunked" in named[:-1]:
        chunked_only = bool(named) and set(named) == {b"chunked"}
        yield (
            ClassificationReason.MULTIPLE_TRANSFER_ENCODING_CHUNKED
            if chunked_only
            else ClassificationReason.BAD_TRANSFER_ENCODING
        )


def _of_old_versions(version: str, lengths: Sequence[bytes], codings: Sequence[bytes]) -> Iterable[Finding]:
    """An HTTP/1.0 reader does not know chunks, one of HTTP/0.9 no headers: each sees another end."""
    if version in ("1.0", "0.9") and codings:
        yield Finding.of(ClassificationReason.UNDEFINED_TRANSFER_ENCODING_SEMANTICS, never=True)
    if version == "0.9" and lengths:
        yield Finding.of(ClassificationReason.UNDEFINED_CONTENT_LENGTH_SEMANTICS, never=True)


def _of_bodiless_methods(lengths: Sequence[bytes], codings: Sequence[bytes]) -> Iterable[Finding]:
    if codings:
        yield Finding.of(ClassificationReason.UNDEFINED_TRANSFER_ENCODING_SEMANTICS)
    if any(value.strip(b"0") for value in lengths):
        yield Finding.of(ClassificationReason.UNDEFINED_CONTENT_LENGTH_SEMANTICS)
    elif lengths:
        yield Finding.of(ClassificationReason.GET_HEAD_ZERO_CONTENT_LENGTH)
