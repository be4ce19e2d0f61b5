"""JSON from outside."""

import pytest

from lb.authn.jsontext import dump_compact, parse_object

REFUSED = {
    "list": b"[1]",
    "string": b'"a"',
    "empty": b"",
    "cut": b'{"a":',
    "nan": b'{"a":NaN}',
    "infinity": b'{"a":Infinity}',
    "out of range": b'{"a":1e999}',
    "huge integer": b'{"a":' + b"9" * 5000 + b"}",
    "deep": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "name twice": b'{"sub":"a","sub":"b"}',
    "inner name twice": b'{"a":{"b":1,"b":2}}',
    "lone surrogate": b'{"a":"\\ud800"}',
    "not utf-8": b'{"a":"\xff"}',
    "html": b"<html>",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_surprises_are_refused(text: bytes) -> None:
    assert parse_object(text) is None


def test_objects_are_read_and_written_in_utf8() -> None:
    value = parse_object('{"name":"알바코어","n":1.5}'.encode())
    assert value == {"name": "알바코어", "n": 1.5}
    assert dump_compact(value) == '{"name":"알바코어","n":1.5}'.encode()
