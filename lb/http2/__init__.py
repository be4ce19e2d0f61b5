"""HTTP/2 (RFC 9113) on the h2 library: from clients, chosen by ALPN on HTTPS listeners.

`choice` hands a connection to HTTP/1 or HTTP/2; `protocol` is one HTTP/2 connection; `stream` is one
request on it, the `Downstream` of its exchange; `outlet` sends what streams (`outbound`) have, as windows
allow; `gate` looks at frames before h2 does, and bounds what they may cost; `head` makes an admitted
request of a header block; `session` and `hpack` are h2 as it is used here. Requests take the same decisions
and the same `Exchange` as those of `lb.wire`. Connections to targets (`lb.upstream.http2`) use `outlet`,
`gate` and `session`, too. Not here: clear-text HTTP/2, server push, WebSocket over HTTP/2 (RFC 8441).
"""
