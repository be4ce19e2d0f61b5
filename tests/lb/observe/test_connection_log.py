"""Rows of the connection log (alb.md 9.2)."""

from __future__ import annotations

import re
from pathlib import Path

from lb.observe.connection_log import ConnectionLog, ConnectionRecord, format_connection
from tests.support.certificates import Authority, name

LEAF = Authority(name("ours")).issue(name('a"b\\c d', ORGANIZATION_NAME="o")).der


def record(**members: object) -> ConnectionRecord:
    usual = {"wall": 1795600000.25, "client": "198.51.100.7", "client_port": 51514, "node_ip": "203.0.113.20"}
    return ConnectionRecord(**{**usual, "conn_trace_id": "TID_0", **members})  # type: ignore[arg-type]


def test_a_plain_connection_has_mostly_dashes() -> None:
    row = format_connection(record(listener_port=80, elb="app/web/1"))
    assert row == (
        '2026-11-25T09:46:40.250000Z 198.51.100.7 51514 80 - - - "-" - - - TID_0 - app/web/1 203.0.113.20\n'
    )


def test_a_tls_connection_has_all_fields_in_order() -> None:
    members = {
        "listener_port": 443,
        "tls_protocol": "TLSv1.3",
        "tls_cipher": "TLS_AES_128_GCM_SHA256",
        "latency": 0.0234,
        "leaf": LEAF,
        "verification": "Success",
        "group": "X25519MLKEM768",
        "elb": "app/web/1",
    }
    fields = re.findall(r'"[^"]*"|\S+', format_connection(record(**members)))
    assert len(fields) == 15
    assert fields[3:7] == ["443", "TLSv1.3", "TLS_AES_128_GCM_SHA256", "0.023"]
    assert fields[8].startswith("NotBefore=")
    assert re.fullmatch("([0-9A-F]{2})+", fields[9])
    assert fields[10:] == ["Success", "TID_0", "X25519MLKEM768", "app/web/1", "203.0.113.20"]


def test_a_name_cannot_end_its_field() -> None:
    row = format_connection(record(leaf=LEAF))
    assert row.count('"') == 2
    assert row.count("\n") == 1
    assert "O=o" in row


def test_a_certificate_that_nobody_can_read_is_unknown() -> None:
    assert ' "-" - - ' in format_connection(record(leaf=b"nonsense"))


def test_rows_are_written(tmp_path: Path) -> None:
    log = ConnectionLog(str(tmp_path / "log"))
    log.write(record())
    log.close()
    assert (tmp_path / "log").read_text().startswith("2026-11-25T")
    assert not ConnectionLog(None).active
