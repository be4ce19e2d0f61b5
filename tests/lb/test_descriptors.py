"""Descriptor limits: raised to the hard one, shared between clients and targets."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from lb.descriptors import RESERVED, client_limit, raise_descriptor_limit


@pytest.fixture
def hard() -> Iterator[int]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_soft_limit_becomes_the_hard_one(hard: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, hard), hard))
    raise_descriptor_limit()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)


def test_clients_get_half_of_what_is_left(hard: int) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    assert client_limit() == (1024 - RESERVED) // 2
