"""`ListenerProtocol`, the HTTP/1 protocol class for uvicorn's `http=` setting.

uvicorn keeps sockets, TLS, signals and graceful shutdown. Run it with `http=ListenerProtocol, ws="none",
proxy_headers=False, server_header=False, date_header=False, access_log=False, lifespan="off"` and a
`lb.asgi.LoadBalancer` as the application. A server's SNI callback tells what it saw by setting `albacore_sni` (the name asked
for) and `albacore_certificate` (the chosen certificate's ARN or name) on the SSL object that it was given.
"""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class ListenerProtocol(HttpToolsProtocol):
    """One client connection."""
