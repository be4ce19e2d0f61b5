"""Access-log rows: ALB's fields in order, and nothing that a client sends can forge one."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.observe.record import AccessRecord
from lb.observe.row import USER_AGENT_LIMIT, format_row
from lb.reasons import Reason

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "access_log.json").read_text())["rows"]

# What a log reader does: fields are separated by one space, a quoted field holds no quote.
FIELD = re.compile(r'"[^"]*"|[^ "]+')
QUOTED = [13, 14, 18, 19, 20, 23, 24, 25, 26, 27, 28, 29, 31, 32, 33]


def record_of(values: dict[str, Any]) -> AccessRecord:
    made = dict(values)
    for name in ("user_agent", "trace_id"):
        if name in made:
            made[name] = made[name].encode("latin-1")
    if "actions" in made:
        made["actions"] = tuple(made["actions"])
    if "reason" in made:
        made["reason"] = Reason[made["reason"]]
    return AccessRecord(**made)


def split(row: str) -> list[str]:
    return FIELD.findall(row)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_row_vectors(vector: dict[str, Any]) -> None:
    assert format_row(record_of(vector["record"])) == vector["row"] + "\n"


TEXT = st.text(max_size=40)
# fmt: off
TEXTS = dict.fromkeys((
    "type", "elb", "node_ip", "client", "target", "target_group_arn", "method", "scheme", "host", "uri",
    "version", "tls_cipher", "tls_protocol", "sni", "cert_arn", "conn_trace_id", "redirect_url",
    "classification", "classification_reason", "transformed_host", "transformed_uri", "transform_status",
), TEXT)
# fmt: on
HOSTILE = st.fixed_dictionaries(
    {},
    optional={
        **TEXTS,
        "user_agent": st.binary(max_size=60),
        "trace_id": st.binary(max_size=60),
        "actions": st.lists(TEXT, max_size=3).map(tuple),
        "dispatched": st.floats(0, 1e6),
        "target_head": st.floats(0, 1e6),
        "response_started": st.floats(0, 1e6),
        "done": st.floats(0, 1e6),
        "status": st.integers(0, 999),
        "target_status": st.integers(0, 999),
        "priority": st.none() | st.integers(-1, 50_000),
        "reason": st.none() | st.sampled_from(Reason),
    },
)


@given(HOSTILE)
def test_no_input_makes_another_line_or_field(values: dict[str, Any]) -> None:
    row = format_row(AccessRecord(created_wall=1e9, created=1.0, **values))
    assert row.endswith("\n")
    body = row[:-1]
    assert body.isascii()
    assert body.isprintable()
    assert " ".join(split(body)) == body
    assert len(split(body)) == 34
    assert [number for number, field in enumerate(split(body), 1) if field.startswith('"')] == QUOTED


def test_the_hostile_strategy_reaches_every_text_field() -> None:
    texts = {field.name for field in fields(AccessRecord) if field.type == "str"}
    assert texts == set(TEXTS)


@pytest.mark.parametrize(
    ("sent", "logged"),
    [
        pytest.param('"', r"\x22", id="quote"),
        pytest.param("\\", r"\x5c", id="backslash"),
        pytest.param("\r\n", r"\x0d\x0a", id="line end"),
        pytest.param("\x00\x7f", r"\x00\x7f", id="controls"),
        pytest.param("é", r"\xe9", id="latin-1 byte"),
        pytest.param("한", r"\xed\x95\x9c", id="beyond latin-1, as UTF-8"),
        pytest.param("\u2028", r"\xe2\x80\xa8", id="Unicode line separator"),
        pytest.param("a b", "a b", id="a space within quotes"),
    ],
)
def test_escapes(sent: str, logged: str) -> None:
    assert split(format_row(AccessRecord(sni=sent)))[18] == f'"{logged}"'


@pytest.mark.parametrize(("kind", "status"), [("h2", "000"), ("https", "-")])
def test_no_status_is_said_in_the_words_of_its_protocol(kind: str, status: str) -> None:
    assert split(format_row(AccessRecord(type=kind)))[8] == status


def test_the_user_agent_is_cut_before_escaping() -> None:
    row = format_row(AccessRecord(user_agent=b'"' * (USER_AGENT_LIMIT + 100)))
    assert split(row)[13] == '"' + r"\x22" * USER_AGENT_LIMIT + '"'


def test_any_other_text_has_a_bound() -> None:
    assert len(format_row(AccessRecord(sni="x" * 100_000, uri="/" + "y" * 100_000))) < 40_000


def test_clocks_that_run_backwards_log_zero() -> None:
    record = AccessRecord(created=10.0, dispatched=9.0, target_head=8.0, response_started=7.0, done=6.0)
    assert split(format_row(record))[5:8] == ["0.000", "0.000", "0.000"]


def test_a_head_passed_on_at_once_took_no_time() -> None:
    record = AccessRecord(created=10.0, dispatched=10.1, target_head=10.3)
    assert split(format_row(record))[5:8] == ["0.100", "0.200", "0.000"]


def test_a_record_does_not_show_its_uri_in_a_repr() -> None:
    assert "SECRET" not in repr(AccessRecord(method="GET", uri="/oauth2/idpresponse?code=SECRET"))
