"""nginx as a peer: one worker, kept upstream connections."""

from __future__ import annotations

from bench.nginx import nginx_binary, start_nginx_with
from bench.processes import free_port
from bench.subject import Place, Subject, first_line

HTTP = """
  upstream target {{ server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port} backlog=4096; location / {{
    proxy_pass http://target; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Port $server_port;
    {extra}
  }} }}"""


def start_nginx(place: Place) -> list[Subject]:
    """Start it as it comes: bodies beyond its buffers would go to a temporary file."""
    return [_start(place, "nginx", extra="")]


def start_unbuffered_nginx(place: Place) -> list[Subject]:
    """Start it with `proxy_buffering off`: as it streams bodies, memory bounded and no file written."""
    return [_start(place, "nginx, unbuffered", extra="proxy_buffering off;")]


def _start(place: Place, name: str, *, extra: str) -> Subject:
    port = free_port()
    http = HTTP.format(upstream=place.upstream_port, port=port, extra=extra)
    program = start_nginx_with("nginx", http, folder=place.folder, cores=place.cores, port=port)
    version = first_line(nginx_binary(), "-v").rpartition("/")[2]
    return Subject(name, version, program, f"http://127.0.0.1:{port}/plain")
