"""One albacore before the target, logged in, for the benchmark's tests of a module."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from bench.albacore import start_albacore
from bench.measure import Bench
from bench.subject import Place
from bench.upstream import Upstream


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The target and albacore before it, logged in."""
    folder = tmp_path_factory.mktemp("bench")
    with ExitStack() as stack:
        upstream = Upstream(folder, cores="0")
        stack.callback(upstream.stop)
        rows = start_albacore(Place(folder, upstream.port, cores="0", load_cores="0"))
        stack.callback(rows[0].stop)
        yield Bench(folder, upstream, load_cores="0", subjects={"albacore": rows})
