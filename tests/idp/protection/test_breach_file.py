"""The file of breached passwords: what is in it is found, what is not is not, and half a file is refused."""

import random
from pathlib import Path

import pytest

from idp.protection import breach_file
from idp.protection.breach_file import BadBreachFile, BreachFile, truncated_hash, write_breach_file

WORDS = [f"word {number}" for number in range(3000)]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    target = tmp_path / "breached"
    assert write_breach_file(sorted(map(truncated_hash, WORDS)), target) == len(WORDS)
    return target


def test_everything_that_was_put_in_is_found_and_nothing_else(built: Path) -> None:
    file = BreachFile(built)
    assert len(file) == len(WORDS)
    assert [word for word in WORDS if word not in file] == []
    assert [word for word in WORDS if f"{word}!" in file] == []
    file.close()


def test_full_runs_and_their_edges_are_searched_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many records share their first bytes, and the first and the last run are among them."""
    rng = random.Random(1)
    heads = [bytes((first, second)) for first in (0, 127, 255) for second in (0, 255)]
    hashes = {f"{number}": rng.choice(heads) + rng.randbytes(5) for number in range(2000)}
    monkeypatch.setattr(breach_file, "truncated_hash", hashes.__getitem__)
    inside = dict(list(hashes.items())[::2])
    target = tmp_path / "edges"
    write_breach_file(sorted(inside.values()), target)
    file = BreachFile(target)
    assert {word for word in hashes if word in file} == set(inside)
    file.close()


def test_an_empty_list_knows_nothing(tmp_path: Path) -> None:
    target = tmp_path / "empty"
    assert write_breach_file([], target) == 0
    file = BreachFile(target)
    assert "password" not in file
    file.close()


def test_twins_are_kept_once_and_disorder_is_refused_and_leaves_the_old_file(built: Path) -> None:
    before = built.read_bytes()
    one, two = sorted((truncated_hash("a"), truncated_hash("b")))
    with pytest.raises(ValueError, match="not sorted"):
        write_breach_file([two, one], built)
    assert built.read_bytes() == before
    assert [path.name for path in built.parent.iterdir()] == [built.name]
    assert write_breach_file([one, one, two], built) == 2


@pytest.mark.parametrize(
    "cut", [0, 10, 1000, -1], ids=["empty", "in the magic", "in the table", "in the records"]
)
def test_a_file_that_is_not_whole_is_refused(built: Path, cut: int) -> None:
    built.write_bytes(built.read_bytes()[:cut])
    with pytest.raises(BadBreachFile, match="albacore breached build"):
        BreachFile(built)


def test_another_file_is_refused(built: Path) -> None:
    built.write_bytes(b"x" + built.read_bytes()[1:])
    with pytest.raises(BadBreachFile):
        BreachFile(built)
