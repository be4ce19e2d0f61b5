"""Where functions run: a Python handler, a Lambda invoke endpoint, or a webhook; by name, for the process.

A pool made through the API names functions by ARN only. What a name means (a file to run, an address to
call) is the operator's to say in the configuration, so that a key for the API is never a way to run code or
to reach addresses inside the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from idp.model import Secret
from idp.triggers.records import function_name

DEFAULT_SECONDS: Final = 5
"""Cognito waits five seconds for a function."""


@dataclass(frozen=True, slots=True)
class PythonHandler:
    """`handler(event, context)` in a file, or in an importable module."""

    name: str
    """The function's name, for logs and the context object."""
    handler: str
    """The attribute to call."""
    file: Path | None = None
    module: str | None = None
    seconds: int = DEFAULT_SECONDS

    @property
    def place(self) -> str:
        """Where the code is, as the worker process takes it."""
        return str(self.file) if self.file is not None else f"module:{self.module}"


@dataclass(frozen=True, slots=True)
class LambdaFunction:
    """A function behind an endpoint that speaks the Lambda Invoke API (RIE, LocalStack, SAM)."""

    name: str
    endpoint: str
    seconds: int = DEFAULT_SECONDS


@dataclass(frozen=True, slots=True)
class Webhook:
    """A function behind a URL: it gets the event as a signed POST and answers with the event."""

    name: str
    url: str
    secret: Secret
    seconds: int = DEFAULT_SECONDS


Target = PythonHandler | LambdaFunction | Webhook


@dataclass(frozen=True, slots=True)
class FunctionTable:
    """Every function that this process can call."""

    named: Mapping[str, Target] = field(default_factory=dict)
    endpoint: str | None = None
    """Where functions are invoked that are not named here."""

    def find(self, reference: str) -> Target | None:
        """Return where a function runs, by name or ARN; None when nothing here says."""
        name = function_name(reference)
        known = self.named.get(reference) or self.named.get(name)
        if known is not None or self.endpoint is None:
            return known
        return LambdaFunction(name, self.endpoint)
