"""Distinguished names as text: RFC 2253 as OpenSSL writes it, as ALB's headers and logs hold it. Pure.

The last attribute comes first. All that is not printable ASCII is escaped byte by byte, so that a name, which
is its certificate's choice, can end neither a header nor a log field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cryptography import x509

# The names that OpenSSL gives to attribute types ("short names").
_SHORT_NAMES = {
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
    "1.2.840.113549.1.9.2": "unstructuredName",
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.13": "description",
    "2.5.4.15": "businessCategory",
    "2.5.4.17": "postalCode",
    "2.5.4.20": "telephoneNumber",
    "2.5.4.41": "name",
    "2.5.4.42": "GN",
    "2.5.4.43": "initials",
    "2.5.4.44": "generationQualifier",
    "2.5.4.45": "x500UniqueIdentifier",
    "2.5.4.46": "dnQualifier",
    "2.5.4.65": "pseudonym",
    "2.5.4.97": "organizationIdentifier",
    "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
    "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
    "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
}
_ENCODINGS = {
    12: "utf-8",
    18: "latin-1",  # NumericString
    19: "latin-1",  # PrintableString
    20: "latin-1",  # T61String, read as everybody does
    22: "latin-1",  # IA5String
    26: "latin-1",  # VisibleString
    28: "utf-32-be",
    30: "utf-16-be",
}
_SPECIAL = re.compile(rb'[,+"\\<>;]|[^ -~]')


def write_name(name: x509.Name) -> str:
    """Write a name; ASCII, empty for an empty name."""
    groups = [_write_group(group) for group in _items(name.public_bytes())]
    return ",".join(reversed(groups))


def _write_group(group: bytes) -> str:
    return "+".join(reversed([_write_attribute(item) for _, item in _children(group)]))


def _items(encoded: bytes) -> Iterator[bytes]:
    """Yield the RDNs, each the content of its SET."""
    for _, content in _children(encoded):
        yield from (group for _, group in _children(content))


def _children(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (tag, content) of the DER elements in `content`.

    It was encoded by our own library: definite lengths.
    """
    position = 0
    while position < len(content):
        tag, size = content[position], content[position + 1]
        position += 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(content[position : position + count], "big")
            position += count
        yield tag, content[position : position + size]
        position += size


def _write_attribute(attribute: bytes) -> str:
    (_, kind), (tag, value) = _children(attribute)
    dotted = _dotted(kind)
    short = _SHORT_NAMES.get(dotted)
    text = _decode(tag, value)
    if short is None or text is None:
        return f"{short or dotted}=#{_element(tag, value).hex().upper()}"
    return f"{short}={_escape(text.encode())}"


def _decode(tag: int, value: bytes) -> str | None:
    encoding = _ENCODINGS.get(tag)
    try:
        return value.decode(encoding) if encoding else None
    except UnicodeDecodeError:
        return None


def _element(tag: int, value: bytes) -> bytes:
    size = len(value)
    if size < 0x80:
        return bytes((tag, size)) + value
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + value


def _dotted(encoded: bytes) -> str:
    numbers, current = [], 0
    for byte in encoded:
        current = current << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(current)
            current = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def _escape(value: bytes) -> str:
    text = _SPECIAL.sub(_escape_one, value).decode("ascii")
    if text.startswith(("#", " ")):
        text = "\\" + text
    if text.endswith(" ") and len(value) > 1:
        text = text[:-1] + "\\ "
    return text


def _escape_one(match: re.Match[bytes]) -> bytes:
    byte = match[0]
    return b"\\" + byte if b" " <= byte <= b"~" else b"\\%02X" % byte[0]
