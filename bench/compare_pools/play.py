"""A call of the comparison, the stage it plays on, and the verdict about what came back.

What Cognito does is taken from AWS's documentation and from what its SDKs expect. A call that needs what an
earlier one would have made is not judged when that one failed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from bench.compare_pools.subjects import Subject

T = TypeVar("T")
Decision = Callable[[], object]
AS_COGNITO = "✓"
ACCEPTED = "accepted"
NOT_REACHED = "–"
LONGEST_CELL = 60


class DifferenceError(Exception):
    """The call was answered with success, but not with what Cognito answers."""


class NotReachedError(Exception):
    """An earlier call did not leave what this one needs."""


@dataclass(slots=True)
class Stage:
    """One program, and what the calls made there so far."""

    subject: Subject
    signed: Any
    """boto3 with an access key."""
    public: Any
    """boto3 without one, as an app has it."""
    made: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        if name not in self.made:
            raise NotReachedError(name)
        return self.made[name]


@dataclass(frozen=True, slots=True)
class Call:
    """One row of the table."""

    area: str
    title: str
    refusal: str | None
    """The error that Cognito answers; None for success."""
    run: Callable[[Stage], Decision | None]
    """Plays the row; where a refusal is wanted it only prepares, and returns the call to refuse."""


CALLS: list[Call] = []


def call(area: str, title: str, *, refusal: str | None = None) -> Callable[..., Any]:
    """Add the decorated function to the calls, in the order of the file."""

    def add(run: Callable[[Stage], Decision | None]) -> Callable[[Stage], Decision | None]:
        CALLS.append(Call(area, title, refusal, run))
        return run

    return add


def expect(found: object, wanted: object, what: str) -> None:
    """Raise DifferenceError unless both are equal."""
    if found != wanted:
        raise DifferenceError(f"{what}: {found}")


def prepare(work: Callable[[], T]) -> T:
    """Do what a row needs but is not about. Raises NotReachedError where the program refuses it."""
    try:
        return work()
    except (ClientError, KeyError, TypeError) as error:  # a refusal, or an answer without what it must have
        raise NotReachedError from error


def judge(asked: Call, stage: Stage) -> str:
    """Put the call and return the cell: as Cognito, or what came instead."""
    try:
        if asked.refusal is None:
            asked.run(stage)
        else:
            return _judge_refusal(asked.run(stage), asked.refusal)
    except NotReachedError:
        return NOT_REACHED
    except DifferenceError as difference:
        return _cell(str(difference))
    except ClientError as error:
        return _cell(f"`{_code(error)}`")
    # What makes a client fail is an answer, too, and must not end the run.
    except Exception as error:  # noqa: BLE001
        return _cell(f"client fails: {type(error).__name__}: {error}")
    return AS_COGNITO


def _judge_refusal(decide: Decision | None, refusal: str) -> str:
    assert decide is not None, "a row about a refusal returns the call"
    try:
        decide()
    except ClientError as error:
        return AS_COGNITO if _code(error) == refusal else _cell(f"`{_code(error)}`")
    return ACCEPTED


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code") or "error without a code")


def _cell(text: str) -> str:
    words = " ".join(text.replace("|", "/").split())
    return words if len(words) <= LONGEST_CELL else words[: LONGEST_CELL - 1] + "…"
