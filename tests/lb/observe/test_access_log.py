"""The writer: rows reach the file, and a bad disk never reaches the request."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import signal
import stat
import threading
from pathlib import Path

import pytest

from lb.observe.access_log import AccessLog, AccessRecord


def record(uri: str = "/") -> AccessRecord:
    return AccessRecord(method="GET", host="h", uri=uri, status=200, created_wall=1.8e9)


async def test_rows_are_written_on_a_timer(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    log = AccessLog(str(path), flush_seconds=0.01)
    log.write(record("/one"))
    log.write(record("/two"))
    assert path.read_text() == ""
    async with asyncio.timeout(5):
        while path.read_text().count("\n") < 2:
            await asyncio.sleep(0.005)
    await log.aclose()
    assert ["/one" in path.read_text(), "/two" in path.read_text()] == [True, True]


def test_a_full_buffer_is_written_without_a_timer(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    log = AccessLog(str(path), flush_bytes=1000)
    for _ in range(10):
        log.write(record())
    log.flush()
    assert path.read_text().count("\n") == 10
    log.close()


async def test_closing_writes_what_is_left_and_ends_the_thread(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    log = AccessLog(str(path), flush_seconds=60)
    log.write(record())
    await log.aclose()
    await log.aclose()
    assert path.read_text().count("\n") == 1
    assert not any(thread.name == "access-log" for thread in threading.enumerate())


def test_after_closing_rows_go_nowhere(tmp_path: Path) -> None:
    log = AccessLog(str(tmp_path / "access.log"))
    log.close()
    log.write(record())
    log.flush()


def test_rows_are_appended_and_the_file_is_not_for_everyone(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    for _ in range(2):
        log = AccessLog(str(path))
        log.write(record())
        log.close()
    assert path.read_text().count("\n") == 2
    assert stat.S_IMODE(path.stat().st_mode) & 0o007 == 0


def test_reopening_follows_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    log = AccessLog(str(path))
    log.write(record("/before"))
    log.flush()
    path.rename(tmp_path / "access.log.1")
    log.write(record("/between"))
    log.reopen()
    log.write(record("/after"))
    log.close()
    assert "/between" in (tmp_path / "access.log.1").read_text()
    assert "/after" in path.read_text()
    assert "/between" not in path.read_text()


def test_a_reopening_that_fails_stays_with_the_old_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    log = AccessLog(str(folder / "access.log"))
    folder.rename(tmp_path / "moved")
    log.reopen()
    log.write(record())
    log.close()
    assert (tmp_path / "moved" / "access.log").read_text().count("\n") == 1
    assert "cannot reopen" in caplog.text


def test_a_path_that_cannot_be_opened_fails_at_start(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"access\.log"):
        AccessLog(str(tmp_path / "missing" / "access.log"))


def test_no_path_no_rows() -> None:
    log = AccessLog(None)
    log.write(record())
    log.flush()
    log.reopen()
    log.close()
    assert log.rows_lost == 0


def test_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    log = AccessLog("-")
    log.write(record("/out"))
    log.reopen()
    log.close()
    assert "/out" in capfd.readouterr().out
    os.fstat(1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_counted_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    log = AccessLog("/dev/full")
    for _ in range(3):
        log.write(record())
        log.flush()
    assert log.rows_lost == 3
    assert [entry.levelno for entry in caplog.records] == [logging.ERROR]
    assert "No space left" in caplog.text
    log.close()


def test_a_row_cut_in_half_does_not_swallow_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The disk fills in the middle of a row (here: the process's file size limit), then has room again."""
    path = tmp_path / "access.log"
    log = AccessLog(str(path))
    log.write(record("/whole"))
    log.flush()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, hard))
        log.write(record("/torn"))
        log.write(record("/lost"))
        log.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    log.write(record("/again"))
    log.flush()
    lines = path.read_text().splitlines()
    assert len(lines) == 3
    assert "/whole" in lines[0]
    assert "/again" in lines[2]
    assert lines[2].count(" ") == lines[0].count(" ")
    assert log.rows_lost == 2
    assert "writing again, 2 rows were lost" in caplog.text
    log.close()


def test_a_disk_that_hangs_loses_rows_but_holds_nobody_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A pipe that nobody reads stands for the hanging disk."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    log = AccessLog(str(pipe), flush_bytes=1, max_backlog=100_000)
    for _ in range(2000):
        log.write(record("/" + "x" * 200))
    lost = log.rows_lost
    assert 0 < lost < 2000
    # Once for each time that the backlog fills up, not once a row: the pipe takes some before it hangs.
    assert 1 <= caplog.text.count("does not keep up") <= 5
    os.set_blocking(reader, True)
    drained = threading.Thread(target=lambda: [None for _ in iter(lambda: os.read(reader, 65536), b"")])
    drained.start()
    log.close()
    drained.join(5)
    os.close(reader)
