"""HTTP/2 to targets (RFC 9113): groups whose `ProtocolVersion` is HTTP2 or GRPC.

`connection` is one connection, `stream` one request on it, which an exchange uses like a connection of
HTTP/1; `lanes` are the connections to one target and who waits for them; `head` translates heads. Protocol
HTTP means prior knowledge in clear text, HTTPS means ALPN. What both ends of the load balancer need of
HTTP/2 is in `lb.http2`.
"""
