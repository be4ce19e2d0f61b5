"""The two facts of a TLS handshake that Python's `ssl` does not tell: the client's whole chain as presented,
and the key exchange group. Pure.

Read from handshake messages (RFC 5246 section 7.4, RFC 8446 section 4) as OpenSSL shows them. They arrive
before OpenSSL has judged them: nothing here raises, whatever the bytes.
"""

from __future__ import annotations

SERVER_HELLO = 2
CERTIFICATE = 11
SERVER_KEY_EXCHANGE = 12
TLS_1_3 = 0x0304

_KEY_SHARE = 51
_NAMED_CURVE = 3

# IANA, "TLS Supported Groups".
_GROUPS = {
    23: "secp256r1",
    24: "secp384r1",
    25: "secp521r1",
    29: "x25519",
    30: "x448",
    256: "ffdhe2048",
    257: "ffdhe3072",
    258: "ffdhe4096",
    512: "MLKEM512",
    513: "MLKEM768",
    514: "MLKEM1024",
    4587: "SecP256r1MLKEM768",
    4588: "X25519MLKEM768",
    4589: "SecP384r1MLKEM1024",
}


def read_chain(message: bytes, *, version: int) -> tuple[bytes, ...]:
    """Return the certificates of a Certificate message, DER, leaf first; what is cut short is left out."""
    position = 4
    if version >= TLS_1_3:
        position += 1 + _number(message, position, 1)
    position += 3
    chain = []
    while position + 3 <= len(message):
        size = _number(message, position, 3)
        certificate = message[position + 3 : position + 3 + size]
        if len(certificate) < size or not size:
            break
        chain.append(certificate)
        position += 3 + size
        if version >= TLS_1_3:
            position += 2 + _number(message, position, 2)
    return tuple(chain)


def read_group(kind: int, message: bytes) -> str:
    """Return the IANA name of the key exchange group in a ServerHello or a ServerKeyExchange message.

    Empty when it names none: RSA key exchange, or the ServerHello of TLS 1.2.
    """
    if kind == SERVER_KEY_EXCHANGE:
        return _name(_number(message, 5, 2)) if _number(message, 4, 1) == _NAMED_CURVE else ""
    # Header, version, random; session id; cipher suite, compression; extensions.
    position = 38
    position += 1 + _number(message, position, 1) + 3
    end = position + 2 + _number(message, position, 2)
    position += 2
    while position + 4 <= min(end, len(message)):
        if _number(message, position, 2) == _KEY_SHARE:
            return _name(_number(message, position + 4, 2))
        position += 4 + _number(message, position + 2, 2)
    return ""


def _name(number: int) -> str:
    return _GROUPS.get(number, f"0x{number:04x}")


def _number(message: bytes, position: int, size: int) -> int:
    return int.from_bytes(message[position : position + size], "big")
