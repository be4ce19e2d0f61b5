"""`albacore demo`: everything at once, to look at."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lb.cli.run_command import LogFormat, LogFormatOption, LogLevel, LogLevelOption
from lb.cli.terminal import say, styled
from lb.exits import CannotStart
from lb.logs import configure_logging

if TYPE_CHECKING:
    from lb.addresses import Addresses

ATTEMPTS = 3
"""How often ports are chosen anew when another process takes one in between."""


def demo(
    *,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=1, max=65535, help="Port of the load balancer. [default: 8080, or a free one]"
        ),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            metavar="DIR",
            help="Keep keys and users in DIR. [default: a folder that is removed]",
        ),
    ] = None,
    ready_file: Annotated[
        Path | None,
        typer.Option(
            "--ready-file", metavar="PATH", help="Write the addresses to PATH, as JSON, once serving."
        ),
    ] = None,
    log_format: LogFormatOption = LogFormat.TEXT,
    log_level: LogLevelOption = LogLevel.WARNING,
) -> None:
    """Run a load balancer, a user pool and a sample app on this machine, and print how to look at them."""
    from lb.demo.launch import choose_ports, launch, lost_ports
    from lb.loop import run_loop

    configure_logging(level=log_level.value, form=log_format.value)
    for attempt in range(ATTEMPTS):
        ports = choose_ports(port)
        try:
            with _folder(data_dir) as folder:
                run_loop(launch(ports, folder, _announce, ready_file=ready_file))
            return
        except CannotStart:
            if attempt == ATTEMPTS - 1 or not lost_ports(ports, port):
                raise


@contextlib.contextmanager
def _folder(data_dir: Path | None) -> Iterator[Path]:
    if data_dir is not None:
        yield data_dir
        return
    with tempfile.TemporaryDirectory(prefix="albacore-demo-") as folder:
        yield Path(folder) / "data"


def _announce(addresses: Addresses) -> None:
    from lb.demo.launch import PASSWORD, USER

    url = next(iter(addresses.listeners.values())).replace("127.0.0.1", "localhost")
    rows = [
        ("open", url),
        ("sign in", f"{USER}   password {PASSWORD}"),
        ("mail", f"{addresses.pool}/dev/inbox   (sign up with any address; codes arrive there)"),
        ("api", f"{addresses.pool}   (Cognito's: AWS CLI and SDKs, as endpoint URL, with any credentials)"),
        ("public", f"{url}/public   (no login)"),
        ("state", f"{addresses.admin}/targets"),
    ]
    say(
        styled(
            "albacore demo: load balancer, user pool and a sample app on two targets", sys.stdout, bold=True
        )
    )
    for name, text in rows:
        say(f"  {name:8} {text}")
    say(f"ready: {url} (Ctrl+C stops)")
    sys.stdout.flush()
