"""albacore as a subject: the installed command with a configuration file, as a user runs it.

Rows in pairs, without and with a login, for one worker, for two, and for the ASGI application under uvicorn.
The login happens once, at the built-in pool; its cookie goes with every request of the authenticated rows.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import yaml

from bench.login import session_cookie
from bench.processes import Program
from bench.subject import Place, Subject, binary
from tests.support.running import free_ports
from tests.support.stack import ARN, Ports, authenticate, forward, rule, stack_config

ROOT = Path(__file__).parent.parent
PLAIN, PRIVATE = "/plain", "/private"
SESSION = "AWSELBAuth"


def write_config(folder: Path, ports: Ports, upstream_port: int) -> Path:
    """Write the configuration: ten rules that do not match, then one without and one with a login."""
    others = [rule(number, f"/api/v{number}/*", forward()) for number in range(1, 11)]
    rules = [
        *others,
        rule(20, f"{PLAIN}/*", forward()),
        rule(30, f"{PRIVATE}/*", authenticate(), forward()),
    ]
    config = stack_config(ports, upstream_port, rules=rules, default=[forward()])
    del config["AccessLog"]  # the peers write none either
    # As long as the peers': thousands of connections take their time to be opened.
    attributes = [{"Key": "idle_timeout.timeout_seconds", "Value": "600"}]
    config["LoadBalancer"] = {"LoadBalancerArn": ARN, "LoadBalancerAttributes": attributes}
    path = folder / "albacore.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return path


def start_albacore(place: Place) -> list[Subject]:
    """Start the command with one worker."""
    return _start(place, "albacore", workers=1)


def start_two_workers(place: Place) -> list[Subject]:
    """Start the command with two workers, on the proxy's core and on the one that makes the load.

    A machine with two cores has no third for the load: what compares is the cost of a request, all processes
    of the command together, and not requests per second.
    """
    both = f"{place.cores},{place.load_cores}"
    return _start(replace(place, cores=both), "albacore, 2 workers", workers=2)


def start_asgi(place: Place) -> list[Subject]:
    """Start the ASGI application under uvicorn; the command beside it serves the pool for the login."""
    command, ports, config = _run(place, "albacore-asgi", workers=1, cores=place.load_cores)
    (port,) = free_ports(1)
    arguments = [sys.executable, "-m", "bench.asgi_server", str(config), str(port)]
    log = place.folder / "asgi-server.log"
    program = Program(arguments, cores=place.cores, log=log, env={"PYTHONPATH": str(ROOT)})
    program.wait_for_port(port)
    cookie = session_cookie(f"{ports.url}{PRIVATE}/small", SESSION)
    return _rows("albacore ASGI", program, port, cookie, companions=(command,))


def _start(place: Place, name: str, *, workers: int) -> list[Subject]:
    program, ports, _ = _run(place, name.replace(", ", "-").replace(" ", "-"), workers=workers)
    cookie = session_cookie(f"{ports.url}{PRIVATE}/small", SESSION)
    return _rows(name, program, ports.web, cookie)


def _run(place: Place, name: str, *, workers: int, cores: str | None = None) -> tuple[Program, Ports, Path]:
    folder = place.folder / name
    folder.mkdir()
    ports = Ports(*free_ports(3))
    config = write_config(folder, ports, place.upstream_port)
    program = run_albacore(config, "--workers", str(workers), cores=cores or place.cores)
    return program, ports, config


def run_albacore(config: Path, *options: str, cores: str) -> Program:
    """Start `albacore run` and wait until it serves: its ports take connections well before."""
    ready = config.with_suffix(".ready")
    command = [binary("albacore"), "run", str(config), "--ready-file", str(ready), *options]
    program = Program(command, cores=cores, log=config.with_suffix(".log"))
    program.wait_for_file(ready)
    return program


def _rows(
    name: str, program: Program, port: int, cookie: str, *, companions: tuple[Program, ...] = ()
) -> list[Subject]:
    """The row without and the row with a login."""
    url = f"http://127.0.0.1:{port}"
    plain = Subject(name, version("albacore"), program, url + PLAIN, companions=companions)
    return [plain, replace(plain, name=f"{name}, login", url=url + PRIVATE, headers=(cookie,))]


OURS = {
    "albacore": start_albacore,
    "albacore-workers": start_two_workers,
    "albacore-asgi": start_asgi,
}
