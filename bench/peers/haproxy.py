"""HAProxy as a peer: one thread."""

from __future__ import annotations

from bench.processes import Program, free_port
from bench.subject import Place, Subject, binary, first_line

CONFIG = """
global
  nbthread 1
  maxconn 9000
defaults
  mode http
  timeout connect 10s
  timeout client 600s
  timeout server 600s
frontend web
  bind 127.0.0.1:{port} backlog 4096
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Port {port}
  default_backend target
backend target
  http-reuse always
  server one 127.0.0.1:{upstream}
"""


def start_haproxy(place: Place) -> list[Subject]:
    """Start Debian's build."""
    port = free_port()
    config = place.folder / "haproxy.cfg"
    config.write_text(CONFIG.format(port=port, upstream=place.upstream_port))
    command = [binary("haproxy", "haproxy"), "-db", "-f", str(config)]
    program = Program(command, cores=place.cores, log=place.folder / "haproxy.log")
    program.wait_for_port(port)
    version = first_line(command[0], "-v").split()[2].partition("-")[0]
    return [Subject("HAProxy", version, program, f"http://127.0.0.1:{port}/plain")]
