"""How a request line is split, and what is said of it."""

from __future__ import annotations

import pytest

from lb.desync.request_line import read_request_line
from lb.desync.table import Passing
from lb.reasons import Reason

CASES: dict[bytes, tuple[str, bytes, str, list[str]]] = {
    b"GET / HTTP/1.1": ("GET", b"/", "1.1", []),
    b"GET / HTTP/1.0": ("GET", b"/", "1.0", []),
    b"m-search * HTTP/1.1": ("m-search", b"*", "1.1", []),
    b"GET  / HTTP/1.1": ("GET", b"/", "1.1", ["NonCompliantVersion"]),
    b"GET /  HTTP/1.1": ("GET", b"/", "1.1", ["NonCompliantVersion"]),
    b"GET / HTTP/1.1 \t": ("GET", b"/", "1.1", ["NonCompliantVersion"]),
    b"GET / HTTP/1.7": ("GET", b"/", "1.1", ["NonCompliantVersion"]),
    b"GET / HTTP/0.9": ("GET", b"/", "0.9", ["NonCompliantVersion"]),
    b"GET /": ("GET", b"/", "", ["NonCompliantVersion!"]),
    b"GET / HTTP/2.0": ("GET", b"/", "", ["BadVersion!"]),
    b"GET / HTTP/1.11": ("GET", b"/", "", ["BadVersion!"]),
    b"GET / http/1.1": ("GET", b"/", "", ["BadVersion!"]),
    b"GET / ICE/1.0": ("GET", b"/", "", ["BadVersion!"]),
    b"GET /a b HTTP/1.1": ("GET", b"/a b", "1.1", ["SpaceInUri"]),
    b"GET /a\t\x7fb HTTP/1.1": ("GET", b"/a\t\x7fb", "1.1", ["AmbiguousUri"]),
    b"GET /a\x01 b HTTP/1.1": ("GET", b"/a\x01 b", "1.1", ["AmbiguousUri", "SpaceInUri"]),
    b"GET HTTP/1.1": ("GET", b"", "1.1", ["MissingUri!"]),
    b"GET": ("GET", b"", "", ["NonCompliantVersion!", "MissingUri!"]),
    b" GET / HTTP/1.1": ("", b"", "", ["BadMethod!"]),
    b"GET\t/ HTTP/1.1": ("", b"", "", ["BadMethod!"]),
    b"G\xcbT / HTTP/1.1": ("", b"", "", ["BadMethod!"]),
    b"": ("", b"", "", ["BadMethod!"]),
}


@pytest.mark.parametrize(("line", "expected"), CASES.items(), ids=[repr(line) for line in CASES])
def test_line_is_read(line: bytes, expected: tuple[str, bytes, str, list[str]]) -> None:
    """An exclamation mark: it passes in no mode."""
    read = read_request_line(line)
    said = [each.reason.word + "!" * (each.passing is Passing.NEVER) for each in read.findings]
    assert (read.method, read.target, read.version, said) == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"GET /", Reason.VERSION_NOT_SUPPORTED),
        (b"GET / HTTP/2.0", Reason.VERSION_NOT_SUPPORTED),
        (b"GET / HTTP/3", Reason.VERSION_NOT_SUPPORTED),
        (b"GET / HTTP/1.11", Reason.BAD_REQUEST),
        (b"GET HTTP/1.1", Reason.BAD_REQUEST),
        (b"GET", Reason.BAD_REQUEST),
    ],
)
def test_version_that_is_one_but_not_ours_is_named(line: bytes, reason: Reason) -> None:
    assert read_request_line(line).refusal is reason


def test_what_is_no_part_of_a_target_goes_on_escaped() -> None:
    assert (
        read_request_line(b"GET /a b\t\x01\x7f%41\xc3 HTTP/1.1").escaped_target == b"/a%20b%09%01%7F%41\xc3"
    )
