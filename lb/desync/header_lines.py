"""Reads header lines that the strict parser refused. Pure.

RFC 9112 section 5. A line stays what it is, is mended (folded lines are joined, control characters become
spaces), or is left out where no target could be trusted to read it as we do. Where one of the headers that
the load balancer itself goes by is hit, nothing is mended: the request passes in no mode.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lb.desync.request_line import TOKEN
from lb.desync.table import ClassificationReason, Finding
from lb.headers import Kind, classify, resembles_framing

_BLANK = b" \t"
_CONTROL = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NO_TOKEN = re.compile(rb"[^!#$%&'*+\-.^_`|~0-9A-Za-z]+")


@dataclass(slots=True)
class HeaderLines:
    """What was made of a head's header lines."""

    names: list[bytes] = field(default_factory=list)
    values: list[bytes] = field(default_factory=list)
    """Parallel to `names`."""
    findings: list[Finding] = field(default_factory=list)
    dropped: bool = False
    """Some line was left out for its name."""
    kept: bool = False
    """The last line was a header that is kept: a folded line continues it."""

    def note(self, reason: ClassificationReason, *, never: bool = False) -> None:
        """Add a finding."""
        self.findings.append(Finding.of(reason, never=never))


def read_header_lines(lines: Sequence[bytes]) -> HeaderLines:
    """Read lines without their ends; they hold neither NUL, CR nor LF, and none is empty."""
    read = HeaderLines()
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            _continue(read, line.strip(_BLANK))
        else:
            _begin(read, line)
    _mend_values(read)
    return read


def _continue(read: HeaderLines, text: bytes) -> None:
    """Take a folded line (RFC 9112 section 5.2: a proxy joins it with a space, or refuses)."""
    if not text:
        # Whoever trims lines before looking at them takes this one for the end of the head.
        read.note(ClassificationReason.EMPTY_HEADER, never=True)
        return
    name, colon, _ = text.partition(b":")
    if colon and resembles_framing(name):
        # Whoever trims lines sees a header of its own that says where the body ends.
        read.note(ClassificationReason.SUSPICIOUS_HEADER, never=True)
    first = not (read.names or read.dropped)
    owned = read.kept and _is_owned(read.names[-1])
    read.note(ClassificationReason.MULTILINE_HEADER, never=first or owned)
    if read.kept:
        read.values[-1] = (read.values[-1] + b" " + text).lstrip(_BLANK)


def _begin(read: HeaderLines, line: bytes) -> None:
    name, colon, value = line.partition(b":")
    read.kept = bool(colon) and TOKEN.fullmatch(name) is not None
    if read.kept:
        read.names.append(name)
        read.values.append(value.strip(_BLANK))
        return
    read.dropped = True
    if not colon:
        read.note(ClassificationReason.MISSING_HEADER_COLON, never=_is_owned(line))
    elif not name.strip(_BLANK):
        read.note(ClassificationReason.EMPTY_HEADER)
    elif resembles_framing(name):
        read.note(ClassificationReason.SUSPICIOUS_HEADER, never=True)
    else:
        read.note(ClassificationReason.NON_COMPLIANT_HEADER, never=_is_owned(name))


def _is_owned(name: bytes) -> bool:
    """Tell whether `name`, whatever does not belong into a name aside, is a header that we go by."""
    first = name.split(None, 1)[:1]
    spellings = (_NO_TOKEN.sub(b"", each) for each in (name, *first))
    return any(classify(each)[1] > Kind.DROPPED for each in spellings)


def _mend_values(read: HeaderLines) -> None:
    for index, value in enumerate(read.values):
        if _CONTROL.search(value):
            owned = _is_owned(read.names[index])
            read.note(ClassificationReason.NON_COMPLIANT_HEADER, never=owned)
            if not owned:
                # RFC 9110 section 5.5; some targets end a line at one of these.
                read.values[index] = _CONTROL.sub(b" ", value).strip(_BLANK)
    read.findings += classify_values(read.values)


def classify_values(values: Iterable[bytes]) -> list[Finding]:
    """Return a finding where a value holds bytes beyond ASCII; they pass as they are."""
    beyond = not all(value.isascii() for value in values)
    return [Finding.of(ClassificationReason.NON_COMPLIANT_HEADER)] if beyond else []
