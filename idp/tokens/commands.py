"""`pool-keys`: an operator's commands for the keys a pool signs tokens with, on the store of this machine.

They may run beside serving processes, which read the keys every ten minutes. Nothing secret is ever printed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from idp.core import Core
from idp.model import Pool, SigningKey
from idp.tokens.keys import LoadedKey
from idp.users.commands import Bench, Load, PoolOption, say

Leaked = Annotated[
    bool,
    typer.Option("--leaked", help="Somebody else got hold of a key: drop it, and every token it signed."),
]


def build(load: Load) -> typer.Typer:
    """Make the command group; `load` is called once per command and names what to work on."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, help="List and rotate a pool's token keys.")
    bench = Bench(load)

    @app.command("list")
    def list_keys(pool: PoolOption = None) -> None:
        """List the keys of a pool, oldest first, and which of them sign now."""
        for key, signs in bench.run(pool, _describe):
            mark = "\tsigns" if signs else ""
            say(f"{key.use}\t{key.kid}\tsince {_as_time(key.signs_from)}{mark}")

    @app.command()
    def rotate(leaked: Leaked = False, pool: PoolOption = None) -> None:
        """Add a new pair of keys. They are published now and sign in an hour; the old ones verify on."""

        async def work(core: Core, found: Pool) -> tuple[SigningKey, ...]:
            return await core.keys.rotate(found, leaked=leaked)

        for key in bench.run(pool, work):
            say(f"{key.use}\t{key.kid}\tfrom {_as_time(key.signs_from)}")
        if leaked:
            say("restart every process that serves this pool now: until then it signs with the old keys")

    return app


async def _describe(core: Core, pool: Pool) -> tuple[tuple[LoadedKey, bool], ...]:
    return core.keys.describe(pool)


def _as_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
