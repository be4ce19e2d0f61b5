"""Where a process can be reached."""

import json
from pathlib import Path

import pytest

from lb.addresses import Addresses, build_url, write_ready_file


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://localhost:80"),
        ("::", "http://localhost:80"),
        ("::1", "http://[::1]:80"),
        ("localhost", "http://localhost:80"),
    ],
)
def test_the_url_works_on_this_machine(address: str, url: str) -> None:
    assert build_url("http", address, 80) == url


def test_the_banner_names_what_there_is() -> None:
    lines = Addresses({"Listeners[0]": "http://a", "Listeners[1]": "https://b"}, admin="http://c").lines()
    assert lines == ["listening  http://a", "listening  https://b", "admin      http://c"]


def test_the_ready_file_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "ready"
    write_ready_file(path, Addresses({"Listeners[0]": "http://a"}, pool="http://p"))
    assert json.loads(path.read_text()) == {
        "listeners": {"Listeners[0]": "http://a"},
        "pool": "http://p",
        "admin": None,
    }
    assert list(tmp_path.iterdir()) == [path]
