"""Which operation is served by which function: every family of operations puts itself into this table.

`@operation("SignUp")` marks an async function from a `Call` to the members of the answer; refusals are
raised as ApiError. An operation that cannot mean anything in a self-hosted pool is declared by `unsupported`
with the reason, which is the answer and a row of docs/api.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from idp.api import shapes
from idp.api.call import Call

Serve = Callable[[Call], Awaitable[Mapping[str, object]]]

SERVED: Final[dict[str, Serve]] = {}
UNSUPPORTED: Final[dict[str, str]] = {}
"""Operation -> why it is answered with OperationNotEnabledException."""


def operation(name: str) -> Callable[[Serve], Serve]:
    """Serve the operation `name` of the service model with the decorated function."""
    _check_free(name)

    def register(serve: Serve) -> Serve:
        SERVED[name] = serve
        return serve

    return register


def unsupported(reason: str, *names: str) -> None:
    """Answer the operations `names` with an error that says `reason`."""
    for name in names:
        _check_free(name)
        UNSUPPORTED[name] = reason


def _check_free(name: str) -> None:
    if name not in shapes.operations():
        raise ValueError(f"the service model has no operation {name}")
    if name in SERVED or name in UNSUPPORTED:
        raise ValueError(f"{name} is there twice")
