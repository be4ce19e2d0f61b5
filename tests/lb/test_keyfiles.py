"""Secret files: made once, replaced whole."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from lb import keyfiles


def test_of_many_creators_exactly_one_wins(tmp_path) -> None:
    path = tmp_path / "key"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: keyfiles.create_once(path, str(number)), range(16)))
    assert made.count(True) == 1
    assert path.read_text() == str(made.index(True))
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_an_existing_file_is_left_alone(tmp_path) -> None:
    path = tmp_path / "key"
    path.write_text("old")
    assert keyfiles.create_once(path, "new") is False
    assert path.read_text() == "old"


def test_replace_swaps_whole_and_private(tmp_path) -> None:
    path = tmp_path / "key"
    path.write_text("old")
    path.chmod(0o644)
    assert keyfiles.is_exposed(path)
    keyfiles.replace(path, "new")
    assert path.read_text() == "new"
    assert not keyfiles.is_exposed(path)


def test_a_failed_replace_leaves_nothing_behind(tmp_path) -> None:
    path = tmp_path / "directory"
    path.mkdir()
    (path / "occupied").touch()
    with pytest.raises(OSError, match="directory"):
        keyfiles.replace(path, "new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["directory"]
