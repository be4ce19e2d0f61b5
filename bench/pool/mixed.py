"""How long short requests wait while others sign up and in.

An event loop that argon2 or SRP kept busy, or a queue that all share, shows here. The load comes from a
process of its own, so that it does not hold up the one that takes the times.
"""

from __future__ import annotations

import itertools
import multiprocessing
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from bench.measure import tell
from bench.pool.caller import Caller, Pace, Work, repeat
from bench.pool.flows import get_machine_token, refresh_by_form, refresh_token, sign_in, sign_in_by_srp
from bench.pool.served import CLIENT, PASSWORD, POOL, PoolServer, running_pool
from bench.report import columns

TITLES: Final = ("request", "beside", "median ms", "p99 ms", "slowest ms", "x alone")
PAUSE_SECONDS: Final = 0.02
HURRIED_SECONDS: Final = 3600.0


def mixed_table(folder: Path, *, seconds: float, loaders: int) -> str:
    """Ask for short things beside each kind of load, and lay out the table."""
    with running_pool(folder) as server:
        paces = {name: measure(server, name, seconds=seconds, loaders=loaders) for name in LOADS}
    tell("")
    rows = []
    for request in paces["nothing"]:
        alone = paces["nothing"][request].percentile(0.5)
        for load, found in paces.items():
            pace = found[request]
            usual, most = pace.percentile(0.5), pace.percentile(1.0)
            rows.append(
                [
                    request,
                    load,
                    f"{usual:.1f}",
                    f"{pace.percentile(0.99):.1f}",
                    f"{most:.1f}",
                    f"{usual / alone:.2f}",
                ]
            )
    return f"mixed: SQLite; {loaders} callers make the load\n\n{columns(TITLES, rows)}"


def measure(server: PoolServer, load: str, *, seconds: float, loaders: int) -> Mapping[str, Pace]:
    """Take the times of each short request beside one load."""
    token = refresh_token(server.url)
    short: dict[str, Work] = {
        "JWKS": lambda caller: caller.get(f"/{POOL}/.well-known/jwks.json"),
        "sign-in page": lambda caller: caller.get(
            f"/login?client_id={CLIENT}&response_type=code&redirect_uri=http://localhost:9/callback"
        ),
        "client_credentials": get_machine_token,
        "refresh_token": partial(refresh_by_form, token=token),
    }
    paces = {}
    with loading(server.url, load, loaders):
        for name, work in short.items():
            tell(f"mixed: {name} beside {load}")
            paces[name] = repeat(work, server.url, seconds=seconds, callers=1, pause=PAUSE_SECONDS)
    return paces


_NUMBERS = itertools.count()
_MARK = secrets.token_hex(4)


def sign_up(caller: Caller) -> object:
    """Sign somebody up."""
    name = f"new-{_MARK}-{next(_NUMBERS)}"
    address = {"Name": "email", "Value": f"{name}@example.com"}
    return caller.api("SignUp", ClientId=CLIENT, Username=name, Password=PASSWORD, UserAttributes=[address])


LOADS: Final[Mapping[str, tuple[Work, ...]]] = {
    "nothing": (),
    "sign-ins, sign-ups": (sign_in, sign_up),
    "sign-ins by SRP": (sign_in_by_srp,),
}


@contextmanager
def loading(url: str, load: str, loaders: int) -> Iterator[None]:
    """Keep callers busy in another process until the block is left. Raises RuntimeError if they failed."""
    if not LOADS[load]:
        yield
        return
    context: Any = multiprocessing.get_context("spawn")
    begun = context.Event()
    process = context.Process(target=_load, args=(url, load, loaders, begun), daemon=True)
    process.start()
    try:
        if not begun.wait(60):
            raise RuntimeError(f"{load}: the load did not begin")
        yield
        if not process.is_alive():
            raise RuntimeError(f"{load}: the load broke off")
    finally:
        process.terminate()
        process.join()


def _load(url: str, load: str, loaders: int, begun: Any) -> None:
    works = LOADS[load]
    turns = itertools.count()

    def work(caller: Caller) -> None:
        works[next(turns) % len(works)](caller)
        begun.set()

    repeat(work, url, seconds=HURRIED_SECONDS, callers=loaders)
