"""Reads a request line that the strict parser refused, or took for something that it is not. Pure.

RFC 9112 section 3 allows a lenient reader to split at any white space; this one splits at spaces alone, and
what it lets pass is a target that any client could have sent escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lb.desync.table import ClassificationReason, Finding
from lb.reasons import Reason

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
"""RFC 9110 section 5.6.2: methods and header names."""
_VERSIONS = {b"HTTP/1.1": "1.1", b"HTTP/1.0": "1.0", b"HTTP/0.9": "0.9"} | {
    b"HTTP/1.%d" % minor: "1.1" for minor in range(2, 10)
}
_COMPLIANT = (b"HTTP/1.1", b"HTTP/1.0")
_NUMBERED = re.compile(rb"HTTP/[0-9](\.[0-9])?")
_ODD = re.compile(rb"[\x01-\x20\x7f]")


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request line as far as it could be read."""

    method: str = ""
    target: bytes = b""
    """As sent, spaces around it aside."""
    version: str = ""
    """The version whose rules hold: `1.1`, `1.0` or, where framing is judged, `0.9`; empty for none."""
    findings: tuple[Finding, ...] = ()
    refusal: Reason = Reason.BAD_REQUEST
    """The answer where the findings let it pass in no mode."""

    @property
    def escaped_target(self) -> bytes:
        """The target with spaces and control characters escaped: rules and target read the same."""
        return _ODD.sub(lambda odd: b"%%%02X" % odd[0][0], self.target)


def read_request_line(line: bytes) -> RequestLine:
    """Read a line without its end; it holds neither NUL, CR nor LF."""
    word = TOKEN.match(line)
    method = word[0] if word else b""
    rest = line[len(method) :]
    if not method or (rest and rest[:1] != b" "):
        return RequestLine(findings=(Finding.of(ClassificationReason.BAD_METHOD),))
    target, version = _split(rest)
    findings = [*_of_version(version), *_of_target(target)]
    if rest != b"".join(b" " + part for part in (target, version) if part):
        findings.append(Finding.of(ClassificationReason.NON_COMPLIANT_VERSION))
    numbered = not version or (version not in _VERSIONS and _NUMBERED.fullmatch(version))
    return RequestLine(
        method.decode("ascii"),
        target,
        _VERSIONS.get(version, ""),
        tuple(findings),
        Reason.VERSION_NOT_SUPPORTED if numbered and target else Reason.BAD_REQUEST,
    )


def _split(rest: bytes) -> tuple[bytes, bytes]:
    """Split what follows the method into target and version, at the last run of spaces."""
    rest = rest.lstrip(b" ").rstrip(b" \t")
    target, _, version = rest.rpartition(b" ")
    if not target:
        # `GET /` is the one line that HTTP/0.9 had; `GET HTTP/1.1` names nothing.
        return (b"", rest) if rest.startswith(b"HTTP/") else (rest, b"")
    return target.rstrip(b" "), version


def _of_version(version: bytes) -> Iterable[Finding]:
    if not version:
        # The answer of HTTP/0.9 is a body without a head: nobody could tell ours from it.
        yield Finding.of(ClassificationReason.NON_COMPLIANT_VERSION, never=True)
    elif version not in _VERSIONS:
        yield Finding.of(ClassificationReason.BAD_VERSION)
    elif version not in _COMPLIANT:
        yield Finding.of(ClassificationReason.NON_COMPLIANT_VERSION)


def _of_target(target: bytes) -> Iterable[Finding]:
    if not target:
        yield Finding.of(ClassificationReason.MISSING_URI)
    odd = set(_ODD.findall(target))
    if odd - {b" "}:
        yield Finding.of(ClassificationReason.AMBIGUOUS_URI)
    if b" " in odd:
        yield Finding.of(ClassificationReason.SPACE_IN_URI)
