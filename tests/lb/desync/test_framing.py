"""What is said of headers that tell where a body ends."""

from __future__ import annotations

import pytest

from lb.desync.framing import classify_framing
from lb.desync.table import Passing
from lb.headers import classify

CASES: dict[str, tuple[str, str, str, str]] = {
    "nothing": ("GET", "1.1", "", ""),
    "a length": ("POST", "1.1", "Content-Length: 2", ""),
    "chunks": ("POST", "1.1", "Transfer-Encoding: Chunked", ""),
    "a known coding, then chunks": ("POST", "1.1", "Transfer-Encoding: gzip, chunked", ""),
    "GET of length 0": ("GET", "1.1", "Content-Length: 0", "GetHeadZeroContentLength"),
    "HEAD of length 00": ("HEAD", "1.1", "Content-Length: 00", "GetHeadZeroContentLength"),
    "DELETE of length 0": ("DELETE", "1.1", "Content-Length: 0", ""),
    "GET with a length": ("GET", "1.1", "Content-Length: 5", "UndefinedContentLengthSemantics"),
    "HEAD in chunks": ("HEAD", "1.1", "Transfer-Encoding: chunked", "UndefinedTransferEncodingSemantics"),
    "equal lengths": ("POST", "1.1", "Content-Length: 2|Content-Length: 2", "DuplicateContentLength"),
    "different lengths": ("POST", "1.1", "Content-Length: 2|Content-Length: 3", "MultipleContentLength!"),
    "one number, two ways": ("POST", "1.1", "Content-Length: 2|Content-Length: 02", "MultipleContentLength!"),
    "a list": ("POST", "1.1", "Content-Length: 2, 2", "BadContentLength!"),
    "a sign": ("POST", "1.1", "Content-Length: +2", "BadContentLength!"),
    "no number": ("POST", "1.1", "Content-Length: ", "BadContentLength!"),
    "too large a number": ("POST", "1.1", "Content-Length: 1234567890123456789", "BadContentLength!"),
    "length and chunks": ("POST", "1.1", "Content-Length: 2|Transfer-Encoding: chunked", "BothTeClPresent!"),
    "an unknown coding": ("POST", "1.1", "Transfer-Encoding: xchunked", "BadTransferEncoding!"),
    "chunks, then another": ("POST", "1.1", "Transfer-Encoding: chunked, gzip", "BadTransferEncoding!"),
    "chunks in a list": (
        "POST", "1.1", "Transfer-Encoding: chunked, chunked", "MultipleTransferEncodingChunked!",
    ),
    "chunks twice": (
        "POST", "1.1", "Transfer-Encoding: chunked|Transfer-Encoding: chunked",
        "MultipleTransferEncodingChunked!",
    ),
    "chunks in HTTP/1.0": (
        "POST", "1.0", "Transfer-Encoding: chunked", "UndefinedTransferEncodingSemantics!",
    ),
    "a length in HTTP/1.0": ("POST", "1.0", "Content-Length: 2", ""),
    "a length in HTTP/0.9": ("POST", "0.9", "Content-Length: 2", "UndefinedContentLengthSemantics!"),
    "an underscore": ("POST", "1.1", "Content_Length: 2", "SuspiciousHeader"),
    "more hyphens": ("POST", "1.1", "Transfer---Encoding: chunked", "SuspiciousHeader"),
    "near-miss and GET with length": (
        "GET", "1.1", "Content-Length: 2|Transfer_Encoding: chunked", "SuspiciousHeader",
    ),
    "a name that only begins so": ("POST", "1.1", "Content-Length-Hint: 2", ""),
}  # fmt: skip


@pytest.mark.parametrize(("method", "version", "lines", "expected"), CASES.values(), ids=CASES.keys())
def test_framing_is_classified(method: str, version: str, lines: str, expected: str) -> None:
    """An exclamation mark: it passes in no mode."""
    sent = [line.partition(": ") for line in lines.split("|") if line]
    specials = [(classify(name.encode())[1], value.encode()) for name, _, value in sent]
    finding = classify_framing(method, version, specials)
    word = finding.reason.word + "!" * (finding.passing is Passing.NEVER) if finding else ""
    assert word == expected
