"""Reading wrk's numbers: a run with failures is no measurement."""

import pytest

from bench.load import LoadError, Variation, parse_result, script


def result(requests: int = 1000, failed: int = 0, size: int = 1200) -> str:
    numbers = f'"requests": {requests}, "microseconds": 2000000, "bytes": {requests * size}'
    latency = '"p50_us": 1500.0, "p99_us": 9000.0'
    return f'Running 2s test\nRESULT {{{numbers}, {latency}, "failed": {failed}}}\n'


def test_numbers_are_read_from_the_summary_line() -> None:
    load = parse_result(result(), size=1024)
    assert (load.requests, load.seconds, load.p50_ms, load.p99_ms) == (1000, 2.0, 1.5, 9.0)


@pytest.mark.parametrize(
    "output",
    [
        pytest.param(result(failed=1), id="a request failed"),
        pytest.param(result(requests=0), id="nothing was served"),
        pytest.param(result(size=900), id="bodies were not whole"),
        pytest.param("unable to connect", id="no summary"),
    ],
)
def test_a_failed_run_is_refused(output: str) -> None:
    with pytest.raises(LoadError):
        parse_result(output, size=1024)


@pytest.mark.parametrize("variation", Variation)
@pytest.mark.parametrize("check", [False, True], ids=["measured", "checked"])
def test_only_what_is_asked_for_runs_in_the_load_generator(variation: Variation, check: bool) -> None:
    lua = script(variation, check=check)
    assert ("function request()" in lua) is (variation is not Variation.NONE)
    assert ("function more_lines(" in lua) is (variation is Variation.LINES)
    assert ("function response(" in lua) is check
