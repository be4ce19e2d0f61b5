"""albacore as a subject: the installed command with a configuration file, as a user runs it.

Four rows: forwarding with and without a login, each through the direct path that `albacore run` takes
and through the ASGI application under uvicorn. The login happens once, at the built-in pool; its
cookie goes with every request of the authenticated rows.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import yaml

from bench.processes import Program
from bench.subjects import Place, Subject, binary
from tests.support.running import free_ports
from tests.support.stack import ADA, PASSWORD, Ports, authenticate, forward, rule, stack_config
from tests.support.visitor import Visitor

ROOT = Path(__file__).parent.parent
PLAIN, PRIVATE = "/plain", "/private"


def write_config(place: Place, ports: Ports) -> Path:
    """Write the configuration: a dozen rules that do not match, then one without and one with a login."""
    others = [rule(number, f"/api/v{number}/*", forward()) for number in range(1, 11)]
    rules = [*others, rule(20, PLAIN, forward()), rule(30, PRIVATE, authenticate(), forward())]
    config = stack_config(ports, place.upstream_port, rules=rules, default=[forward()])
    del config["AccessLog"]  # the peers write none either
    path = place.folder / "albacore.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path


def session_cookie(url: str) -> str:
    """Log in once; returns the Cookie header of the session."""
    with Visitor() as visitor:
        page = visitor.log_in(url + PRIVATE, username=ADA, password=PASSWORD)
        page.raise_for_status()
        cookies = visitor.cookies.values["localhost"]
        shards = [f"{name}={value}" for name, value in cookies.items() if name.startswith("AWSELBAuth")]
    return "Cookie: " + "; ".join(shards)


def start_albacore(place: Place) -> list[Subject]:
    """Start the command and the ASGI twin; returns their four rows."""
    ports = Ports(*free_ports(3))
    config = write_config(place, ports)
    command = [binary("albacore"), "run", str(config)]
    direct = Program(command, core=place.core, log=place.folder / "albacore.log")
    direct.wait_for_port(ports.web)
    direct.wait_for_port(ports.pool)
    cookie = session_cookie(ports.url)
    rows = rows_of("albacore", direct, f"http://127.0.0.1:{ports.web}", cookie)
    (asgi_port,) = free_ports(1)
    command = [sys.executable, "-m", "bench.asgi_server", str(config), str(asgi_port)]
    log = place.folder / "albacore-asgi.log"
    asgi = Program(command, core=place.core, log=log, env={"PYTHONPATH": str(ROOT)})
    asgi.wait_for_port(asgi_port)
    return rows + rows_of("albacore ASGI", asgi, f"http://127.0.0.1:{asgi_port}", cookie)


def rows_of(name: str, program: Program, url: str, cookie: str) -> list[Subject]:
    """The row without and the row with a login."""
    plain = Subject(f"{name}", version("albacore"), program, url + PLAIN)
    return [plain, replace(plain, name=f"{name}, login", url=url + PRIVATE, headers=(cookie,))]
