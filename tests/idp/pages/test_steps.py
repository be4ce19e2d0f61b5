"""A step opens for the page, pool, client and browser it was made for, and only for a while."""

from dataclasses import replace

import pytest

from idp.pages.steps import Step, StepBinding, StepKind, open_step, seal_step
from idp.seal import Vault

VAULT = Vault(b"k" * 32)
BINDING = StepBinding("local_one", "app", "browser")
STEP = Step("mina", destination="m***@e***", proven=True, session="session", missing=("name",))
NOW = 1000.0


def seal(kind: StepKind = StepKind.CONFIRM) -> str:
    return seal_step(VAULT, STEP, kind, binding=BINDING, now=NOW)


@pytest.mark.parametrize("kind", list(StepKind))
def test_step_opens_where_it_belongs(kind: StepKind) -> None:
    assert open_step(VAULT, seal(kind), kind, binding=BINDING, now=NOW) == STEP


@pytest.mark.parametrize(
    "binding",
    [
        replace(BINDING, pool_id="two"),
        replace(BINDING, client_id="b"),
        replace(BINDING, browser_id="b"),
    ],
    ids=["pool", "client", "browser"],
)
def test_step_of_another_place_does_not_open(binding: StepBinding) -> None:
    assert open_step(VAULT, seal(), StepKind.CONFIRM, binding=binding, now=NOW) is None


def test_one_kind_of_step_is_no_other() -> None:
    assert open_step(VAULT, seal(StepKind.NOTICE), StepKind.CHANGE, binding=BINDING, now=NOW) is None


def test_step_ends() -> None:
    end = NOW + StepKind.CONFIRM.lifetime
    assert open_step(VAULT, seal(), StepKind.CONFIRM, binding=BINDING, now=end) is not None
    assert open_step(VAULT, seal(), StepKind.CONFIRM, binding=BINDING, now=end + 1) is None


@pytest.mark.parametrize("text", [None, "", "x", "é", "../", "A" * 400])
def test_anything_else_is_no_step(text: str | None) -> None:
    assert open_step(VAULT, text, StepKind.CONFIRM, binding=BINDING, now=NOW) is None


def test_changed_step_does_not_open() -> None:
    sealed = seal()
    changed = ("A" if sealed[40] != "A" else "B").join((sealed[:40], sealed[41:]))
    assert open_step(VAULT, changed, StepKind.CONFIRM, binding=BINDING, now=NOW) is None


def test_username_is_not_readable_in_the_address_or_the_repr() -> None:
    assert "mina" not in seal()
    assert "session='session'" not in repr(STEP)
