"""The memory tables: connections that are lost and bodies that are cut stop them."""

import socket
from dataclasses import replace

import pytest

from bench.downloads import Plateau, Reader, measure_downloads
from bench.idle import measure_idle
from bench.load import LoadError
from bench.measure import Bench
from bench.memory import MEMORY_BLOCKS, MemoryRow
from bench.subject import Place


def test_idle_connections_are_held_and_counted(bench: Bench) -> None:
    row = measure_idle(bench.subjects["albacore"][1], 60, settle_seconds=0.1)
    assert (row.name, row.clients) == ("albacore, login", 60)
    assert row.most_mib >= row.before_mib > 10


def test_a_connection_without_success_stops_it(bench: Bench) -> None:
    without_session = replace(bench.subjects["albacore"][1], headers=())
    with pytest.raises(LoadError, match=r"after 50 of 50 connections: no success: b'HTTP/1\.1 302"):
        measure_idle(without_session, 1)


def test_downloads_are_read_to_their_ends(bench: Bench) -> None:
    row = measure_downloads(bench.subjects["albacore"][0], 3, least_seconds=0)
    assert row.clients == 3
    assert row.most_mib > 10


def test_growth_is_over_when_a_size_stays() -> None:
    growth = Plateau(turns=3)
    over = []
    for size in (10, 20, 30, 30.1, 30.2, 30.1):
        growth.note(size)
        over.append(growth.is_over)
    assert over == [False] * 5 + [True]


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nxxx", "9999997 bytes too early", id="cut"),
        pytest.param(b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "refused", id="refused"),
    ],
)
def test_a_body_that_is_not_whole_stops_it(sent: bytes, complaint: str) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(sent)
        theirs.close()
        reader = Reader(ours)
        with pytest.raises(LoadError, match=complaint):
            [reader.read(1024) for _ in range(2)]


def test_a_table_has_the_rows_that_were_asked_for(bench: Bench) -> None:
    subject = bench.subjects["albacore"][0]
    block = replace(
        MEMORY_BLOCKS["idle"],
        rows=[MemoryRow("ours", lambda _: [subject]), MemoryRow("others", lambda _: [])],
        measure=lambda each, clients: measure_idle(each, clients, settle_seconds=0),
        quick_clients=5,
    )
    place = Place(bench.folder, bench.upstream.port, cores="0", load_cores="0")
    assert block.table(place, ["somebody"], quick=True) == ""
    assert "| albacore |" in block.table(place, ["ours"], quick=True)
