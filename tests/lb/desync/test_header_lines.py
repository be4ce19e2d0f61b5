"""What becomes of odd header lines, and what is said of them."""

from __future__ import annotations

import pytest

from lb.desync.header_lines import classify_values, read_header_lines
from lb.desync.table import Passing

CASES: dict[str, tuple[list[bytes], list[tuple[bytes, bytes]], list[str]]] = {
    "sound": ([b"A:1", b"b: \t2\t ", b"c:"], [(b"A", b"1"), (b"b", b"2"), (b"c", b"")], []),
    "folded": ([b"A: 1", b" 2", b"\t 3"], [(b"A", b"1 2 3")], ["MultilineHeader", "MultilineHeader"]),
    "folded from nothing": ([b"A:", b" 2"], [(b"A", b"2")], ["MultilineHeader"]),
    "folded in front": ([b" A: 1"], [], ["MultilineHeader!"]),
    "folded like a header": ([b"A: 1", b" B: 2"], [(b"A", b"1 B: 2")], ["MultilineHeader"]),
    "folded like a length": (
        [b"A: 1", b" Content-Length : 2"], [(b"A", b"1 Content-Length : 2")],
        ["SuspiciousHeader!", "MultilineHeader"],
    ),
    "folded host": ([b"Host: a", b" b"], [(b"Host", b"a b")], ["MultilineHeader!"]),
    "folded behind what is left out": ([b"A B: 1", b" 2"], [], ["NonCompliantHeader", "MultilineHeader"]),
    "white line": ([b"A: 1", b" \t"], [(b"A", b"1")], ["EmptyHeader!"]),
    "no name": ([b": 1"], [], ["EmptyHeader"]),
    "no colon": ([b"A"], [], ["MissingHeaderColon"]),
    "no colon behind a length": ([b"Content-Length 1"], [], ["MissingHeaderColon!"]),
    "no token": ([b"A(: 1"], [], ["NonCompliantHeader"]),
    "identity, no token": ([b"X-Amzn-Oidc-Data : 1"], [], ["NonCompliantHeader"]),
    "host, no token": ([b"Host\t: a"], [], ["NonCompliantHeader!"]),
    "forwarding, no token": ([b"\x01X-Forwarded-For: a"], [], ["NonCompliantHeader!"]),
    "length, no token": ([b"Content-Length\x0b: 1"], [], ["SuspiciousHeader!"]),
    "length, other letters": (["Tran\u017ffer-Encoding: chunked".encode()], [], ["SuspiciousHeader!"]),
    "control": ([b"A: 1\x0b\x1c2\x01"], [(b"A", b"1  2")], ["NonCompliantHeader"]),
    "tab": ([b"A: 1\t2"], [(b"A", b"1\t2")], []),
    "control in a length": (
        [b"Content-Length: 1\x01"], [(b"Content-Length", b"1\x01")], ["NonCompliantHeader!"],
    ),
    "beyond ASCII": ([b"A: \xe4"], [(b"A", b"\xe4")], ["NonCompliantHeader"]),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "kept", "said"), CASES.values(), ids=CASES.keys())
def test_lines_are_kept_mended_or_left_out(
    lines: list[bytes], kept: list[tuple[bytes, bytes]], said: list[str]
) -> None:
    """An exclamation mark: it passes in no mode."""
    read = read_header_lines(lines)
    assert list(zip(read.names, read.values, strict=True)) == kept
    findings = [each.reason.word + "!" * (each.passing is Passing.NEVER) for each in read.findings]
    assert findings == said
    sent = sum(not line.startswith((b" ", b"\t")) for line in lines)
    assert read.dropped is (sent > len(kept))


def test_values_beyond_ascii_are_one_finding() -> None:
    assert classify_values([b"a", b""]) == []
    assert [each.reason.word for each in classify_values([b"\xe4", b"\xff"])] == ["NonCompliantHeader"]
