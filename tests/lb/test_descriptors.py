"""Descriptor limits: raised to the hard one, shared between clients and targets."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from lb.descriptors import (
    FEW,
    RESERVED,
    client_limit,
    clients_of,
    raise_descriptor_limit,
    warn_of_few_descriptors,
)


@pytest.fixture
def hard() -> Iterator[int]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_soft_limit_becomes_the_hard_one(hard: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, hard), hard))
    raise_descriptor_limit()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)


def test_clients_get_two_thirds_of_what_is_left(hard: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    assert client_limit() == (1024 - RESERVED) * 2 // 3


@pytest.mark.parametrize(
    ("hard_limit", "warned"), [(FEW - 1, True), (FEW, False), (resource.RLIM_INFINITY, False)]
)
def test_a_low_hard_limit_is_told_with_the_way_out(
    hard_limit: int, warned: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # Lowering the real one could not be taken back.
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, hard_limit))
    warn_of_few_descriptors()
    assert ("LimitNOFILE=" in caplog.text) is warned
    assert (f"only {clients_of(FEW - 1)} client connections" in caplog.text) is warned
