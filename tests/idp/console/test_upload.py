"""Forms with a file: read within bounds, refused where they are no form of ours."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.requests import Request

from idp.console.upload import Sent, pieces_of, read_upload
from idp.oauth.body import BodyProblem

FILE = ("users.csv", b"a,b\n" * 20_000, "text/csv")


def request(**sent: Any) -> Request:
    """A request as a client library spells it, in pieces of 1000 bytes."""
    spelled = httpx.Request("POST", "http://login.example/", **sent)
    body = spelled.read()
    pieces = [body[start : start + 1000] for start in range(0, len(body), 1000)] or [b""]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    headers = [(name.lower(), value) for name, value in spelled.headers.raw]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


async def test_fields_and_the_file_are_read() -> None:
    sent = await read_upload(request(data={"_csrf": "x"}, files={"file": FILE}), 200_000)
    assert isinstance(sent, Sent)
    assert sent.form.get("_csrf") == "x"
    assert sent.file is not None
    assert b"".join([piece async for piece in pieces_of(sent.file)]) == FILE[1]
    await sent.close()


async def test_form_in_which_no_file_was_chosen_has_none() -> None:
    sent = await read_upload(request(files={"_csrf": (None, "x"), "file": ("", b"")}), 1000)
    assert isinstance(sent, Sent)
    assert sent.file is None


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ({"files": {"file": FILE}}, BodyProblem.TOO_LARGE),
        ({"data": {"_csrf": "x"}}, BodyProblem.WRONG_TYPE),
        ({"files": [("a", (None, "1")), ("a", (None, "2"))]}, BodyProblem.REPEATED),
        ({"files": [("f", ("1", b"1")), ("f", ("2", b"2"))]}, BodyProblem.MALFORMED),
        ({"files": {"a": (None, "\x00")}}, BodyProblem.MALFORMED),
        ({"files": [(str(number), (None, "x")) for number in range(11)]}, BodyProblem.MALFORMED),
        (
            {"content": b"no parts", "headers": {"content-type": "multipart/form-data; boundary=x"}},
            BodyProblem.MALFORMED,
        ),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, BodyProblem.MALFORMED),
    ],
    ids=["large", "type", "twice", "two files", "nul", "many fields", "garbage", "no boundary"],
)
async def test_what_is_no_form_of_ours_is_refused(sent: dict[str, Any], problem: BodyProblem) -> None:
    assert await read_upload(request(**sent), 50_000) is problem
