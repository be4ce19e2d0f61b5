"""HTTP/2 from clients (RFC 9113), on the h2 library: chosen by ALPN on HTTPS listeners.

`choice` hands a connection to HTTP/1 or HTTP/2; `protocol` is one HTTP/2 connection; `stream` is one request
on it, the `Downstream` of its exchange; `outlet` sends what streams have, as windows allow; `gate` looks at
frames before h2 does, and bounds what they may cost; `head` makes an admitted request of a header block;
`session` and `hpack` are h2 as it is used here. Requests take the same decisions and the same `Exchange` as
those of `lb.wire`. Not here: clear-text HTTP/2, server push, WebSocket over HTTP/2 (RFC 8441).
"""

from lb.http2.choice import AlpnProtocol
from lb.http2.protocol import Http2Protocol

__all__ = ["AlpnProtocol", "Http2Protocol"]
