"""The benchmark's table: medians, ratios, alignment."""

from bench.load import Load
from bench.report import Sample, format_table, summarize


def sample(requests: int, cpu_seconds: float, *, p99: float = 2.0, peak: float = 10.0) -> Sample:
    return Sample(Load(requests, seconds=2.0, p50_ms=1.0, p99_ms=p99), cpu_seconds, peak)


def test_rows_are_medians_and_memory_is_the_highest() -> None:
    rounds = [sample(10_000, 1.0), sample(10_000, 9.0, peak=30.0), sample(20_000, 2.4, p99=8.0)]
    row = summarize("x", "1.0", rounds)
    assert round(row.cpu_us) == 120
    assert row.requests_per_second == 5_000
    assert (row.p99_ms, row.peak_mib) == (2.0, 30.0)
    assert [round(cpu) for cpu in row.cpu_range] == [100, 900]


def test_every_row_is_compared_with_the_peers_that_ran() -> None:
    rows = [
        summarize("albacore", "0.1.0", [sample(10_000, 0.5)]),
        summarize("Envoy", "1.40.0", [sample(10_000, 1.0)]),
    ]
    header, rule, ours, envoy = format_table(rows).splitlines()
    assert "x Envoy" in header
    assert "x nginx" not in header
    assert ours.endswith(" 0.50 |")
    assert envoy.endswith(" 1.00 |")
    assert len({len(line) for line in (header, rule, ours, envoy)}) == 1
