"""What clients say on one connection, and what targets answer: good, odd and malicious.

Every conversation means one thing, however the network cuts it into pieces.
"""

from __future__ import annotations

HOST = b"Host: app.example.com\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST
POST = b"POST /post HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
PLAIN = b"GET /plain?a=b HTTP/1.1\r\n" + HOST + b"\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"

# fmt: off
# ruff: noqa: E501 -- one row, one conversation
GOOD: dict[str, bytes] = {
    "get": PLAIN,
    "get twice": PLAIN * 2,
    "other targets, same lines": b"".join(b"GET /%d HTTP/1.1\r\n" % n + HOST + b"X-A: 1\r\n\r\n" for n in range(4)),
    "same lines, other methods": b"".join(m + b" /x HTTP/1.1\r\n" + HOST + b"\r\n" for m in (b"GET", b"HEAD", b"DELETE", b"OPTIONS", b"GET")),
    "same lines, absolute target between": PLAIN + b"GET http://other.example/ HTTP/1.1\r\n" + HOST + b"\r\n" + PLAIN,
    "head": b"HEAD / HTTP/1.1\r\n" + HOST + b"\r\n" + PLAIN,
    "length": POST + b"Content-Length: 5\r\n\r\nhello" + PLAIN,
    "length of none": POST + b"Content-Length: 0\r\n\r\n" + PLAIN,
    "post without a body": POST + b"\r\n" + PLAIN,
    "body like a request": POST + b"Content-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED + PLAIN,
    "chunked": CHUNKED + b"3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n" + PLAIN,
    "chunked and empty": CHUNKED + b"0\r\n\r\n" + PLAIN,
    "chunk extensions": CHUNKED + b"3;a=b\r\nabc\r\n2;c=\"d;e\"\r\nde\r\n0;last\r\n\r\n" + PLAIN,
    "chunk sizes with zeros and capitals": CHUNKED + b"0003\r\nabc\r\nA\r\n0123456789\r\n000\r\n\r\n" + PLAIN,
    "chunks like requests": CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED) + PLAIN,
    "trailers": CHUNKED + b"3\r\nabc\r\n0\r\nX-Amzn-Oidc-Data: forged\r\nHost: evil\r\n\r\n" + PLAIN,
    "continue": POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc" + PLAIN,
    "continue, chunked": CHUNKED.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n") + b"1\r\na\r\n0\r\n\r\n" + PLAIN,
    "many": b"".join(b"GET /%d HTTP/1.1\r\n" % n + HOST + b"\r\n" for n in range(20)),
    "all kinds": PLAIN + POST + b"Content-Length: 2\r\n\r\nhi" + b"HEAD /h HTTP/1.1\r\n" + HOST + b"\r\n" + CHUNKED + b"1\r\na\r\n0\r\n\r\n" + PLAIN,
    "old version": b"GET /old HTTP/1.0\r\n" + HOST + b"\r\n",
    "old version, no host": b"GET /old HTTP/1.0\r\n\r\n",
    "old version with a body": b"POST /old HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
    "last by its own word": PLAIN + GET + b"Connection: close\r\n\r\n" + SMUGGLED,
    "last one with a body": POST + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi" + SMUGGLED,
    "get with a body": GET + b"Content-Length: 3\r\n\r\nabc" + SMUGGLED,
    "get in chunks": GET + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n" + SMUGGLED,
    "upgrade that is not agreed to": GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "upgrade not listed": GET + b"Upgrade: websocket\r\n\r\n" + PLAIN,
    "upgrade with a body": POST + b"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 3\r\n\r\nabc" + PLAIN,
    "upgrade in chunks": CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n") + b"3\r\nabc\r\n0\r\n\r\n" + PLAIN,
    "h2c": b"".join(m + b" /c HTTP/1.1\r\n" + HOST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n" + rest for m, rest in ((b"GET", b"\r\n"), (b"POST", b"Content-Length: 3\r\n\r\nabc"), (b"GET", b"\r\n"))) + PLAIN,
    "empty lines before": b"\r\n\r\n" + PLAIN,
    "empty lines between": PLAIN + b"\r\n" + PLAIN,
    "odd values": GET + b"A:\r\nB:  \t x \t \r\nC: \xff\xfe\r\nD: a,b\r\nD: c\r\nE: \"a\\\"\r\n\r\n" + PLAIN,
    "hop by hop": GET + b"Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\nKeep-Alive: 1\r\n\r\n" + PLAIN,
    "forged": GET + b"X-Amzn-Oidc-Data: a\r\nx_amzn_oidc_data: b\r\nX-Forwarded-Proto: c\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n" + PLAIN,
    "folded": GET + b"X-A: 1\r\n 2\r\n\r\n" + SMUGGLED,
    "equal lengths": POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc" + SMUGGLED,
    "no names": GET + b": 1\r\nX B: 2\r\nXC\r\n\r\n" + SMUGGLED,
    "unknown method": b"PURGE-ALL / HTTP/1.1\r\n" + HOST + b"\r\n" + PLAIN,
    "spaces": b"GET  /a b HTTP/1.1 \r\n" + HOST + b"X-A: \x01\r\n\r\n" + PLAIN,
    "spaces, again and again": (b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n") * 3 + PLAIN,
    "odd ones between": POST + b"Content-Length: 5\r\n\r\n\r\n\r\nG" + (ODD := b"POST /a b HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\n\r\n\r\n\r\n") + CHUNKED + b"4\r\n\r\n\r\n\r\n0\r\n\r\n\r\n" + ODD + PLAIN + ODD,
    "odd one in chunks": b"POST /a b HTTP/1.7\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n" + PLAIN,
    "large head": GET + b"".join(b"X-%d: %b\r\n" % (n, b"a" * 7000) for n in range(8)) + b"\r\n" + PLAIN,
    "large body": POST + b"Content-Length: 70000\r\n\r\n" + b"x" * 70000 + PLAIN,
}

BAD: dict[str, bytes] = {
    "length and coding": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "list of lengths": POST + b"Content-Length: 2, 2\r\n\r\nab",
    "coding of another name": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "coding hidden by a tab": POST + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n",
    "coding twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding in an old version": b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding on a folded line": POST + b"X-A: 1\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare line feeds": b"GET / HTTP/1.1\n" + HOST + b"\n",
    "bare carriage return": GET + b"X-A: 1\rX-B: 2\r\n\r\n",
    "zero byte": GET + b"X-A: 1\x002\r\n\r\n",
    "two hosts": GET + HOST + b"\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "fragment": b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n",
    "dot segments": b"GET /a/../b HTTP/1.1\r\n" + HOST + b"\r\n",
    "trace": b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n",
    "tunnel": b"CONNECT a:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    "no version": b"GET /\r\n\r\n",
    "future version": b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "long target": b"GET /" + b"a" * 17000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "long header": GET + b"X-A: " + b"a" * 16384 + b"\r\n\r\n",
    "many headers": GET + b"A: 1\r\n" * 300 + b"\r\n",
    "head too large": GET + (b"A: " + b"a" * 9000 + b"\r\n") * 8 + b"\r\n",
    "size that is none": CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n",
    "size too large": CHUNKED + b"FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n",
    "negative size": CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n",
    "size with a space": CHUNKED + b"3 \r\nabc\r\n0\r\n\r\n",
    "chunk longer than its size": CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
    "bare line feed behind a size": CHUNKED + b"3\nabc\r\n0\r\n\r\n",
    "bare line feed behind a chunk": CHUNKED + b"3\r\nabc\n0\r\n\r\n",
    "line feed in an extension": CHUNKED + b"3;a\nb\r\nabc\r\n0\r\n\r\n",
    "length in a trailer": CHUNKED + b"0\r\nContent-Length: 9\r\n\r\n",
    "malformed trailer": CHUNKED + b"0\r\nX A: 1\r\n\r\n",
}
"""Each is refused, and nothing behind it is a request."""

CONVERSATIONS: dict[str, bytes] = {
    **GOOD,
    **{f"{name}, refused": data + SMUGGLED for name, data in BAD.items()},
    **{f"{name}, refused behind a good one": PLAIN + data + SMUGGLED for name, data in BAD.items()},
}

DATE = b"Date: Wed, 25 Nov 2026 10:00:00 GMT\r\n"
OK = b"HTTP/1.1 200 OK\r\n" + DATE
LATER = OK + b"Content-Length: 5\r\n\r\nlater"

WHOLE_ANSWERS: dict[str, bytes] = {
    "length": OK + b"Content-Length: 5\r\n\r\nhello",
    "empty": OK + b"Content-Length: 0\r\n\r\n",
    "chunked": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3;x=y\r\nabc\r\n0\r\n\r\n",
    "chunked and empty": OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "trailers": OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nSet-Cookie: no\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\n" + DATE + b"\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\n" + DATE + b"Content-Length: 99\r\n\r\n",
    "interim first": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nhi",
    "continue first": b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + OK + b"Content-Length: 2\r\n\r\nhi",
    "last one": OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi",
    "odd headers": b"HTTP/1.1 299 \xed\x95\x9c\r\nA:\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\nKeep-Alive: 1\r\nContent-Length: 2\r\n\r\nhi",
    "no phrase": b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nhi",
    "old version": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    "body like an answer": OK + b"Content-Length: %d\r\n\r\n" % len(LATER) + LATER,
    "large": OK + b"Content-Length: 70000\r\n\r\n" + b"x" * 70000,
    "large head": OK + b"".join(b"X-%d: %b\r\n" % (n, b"a" * 6000) for n in range(5)) + b"Content-Length: 2\r\n\r\nhi",
}
"""Each is one response; the target keeps the connection open behind it."""

ENDED_ANSWERS: dict[str, bytes] = {
    "end of the connection": OK + b"\r\nhello",
    "end of the connection, nothing before": OK + b"\r\n",
    "end of an old connection": b"HTTP/1.0 200 OK\r\n\r\nhello",
}
"""Each ends with the connection."""

BROKEN_ANSWERS: dict[str, bytes] = {
    "nothing": b"",
    "half a status line": b"HTTP/1.1 20",
    "half a head": OK + b"Content-Le",
    "too little": OK + b"Content-Length: 9\r\n\r\nhello",
    "no last chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "half a last chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    "bad chunk size": OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n",
    "chunk longer than its size": OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n",
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "length and coding": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "foreign coding": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "not HTTP": b"SSH-2.0-OpenSSH\r\n",
    "folded header": OK + b"A: 1\r\n 2\r\nContent-Length: 2\r\n\r\nhi",
    "space in a name": OK + b"A b: 1\r\nContent-Length: 2\r\n\r\nhi",
    "zero byte": OK + b"A: \0\r\nContent-Length: 2\r\n\r\nhi",
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
    "status beyond all": b"HTTP/1.1 700 Odd\r\nContent-Length: 2\r\n\r\nhi",
    "switch that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhi",
    "interim with a body": b"HTTP/1.1 199 Odd\r\nContent-Length: 2\r\n\r\nhi" + OK + b"Content-Length: 2\r\n\r\nhi",
    "interim in chunks": b"HTTP/1.1 103 Odd\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nhi",
    "status below all": b"HTTP/1.1 051 Odd\r\n\r\nhi",
    "status of nothing": b"HTTP/1.1 000 Odd\r\nContent-Length: 2\r\n\r\nhi",
    "switch to nothing": b"HTTP/1.1 101 Odd\r\nX-A: 1\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nhi",
    "switch with a body": b"HTTP/1.1 101 Odd\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 2\r\n\r\nhi",
    "interim for ever": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 70,
    "head too large": OK + b"A: %b\r\n" % (b"a" * 9000) * 4 + b"Content-Length: 2\r\n\r\nhi",
}
"""None of these is a response; the target closes behind them."""
# fmt: on
