"""Sealing, keyed hashes and the key file."""

import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.seal import InsecureKeyFile, SealBroken, Vault, hash_token, load_or_create_key

VAULT = Vault(b"k" * 32)


@given(st.binary(max_size=300), st.text(max_size=40))
def test_what_was_sealed_opens_for_its_purpose(plain: bytes, purpose: str) -> None:
    purpose = purpose.encode("utf-8", "replace").decode()
    assert VAULT.open(VAULT.seal(plain, purpose=purpose), purpose=purpose) == plain


def test_it_opens_for_no_other_purpose_and_under_no_other_key() -> None:
    sealed = VAULT.seal_text("secret", purpose="client-secret:a")
    for vault, purpose in ((VAULT, "client-secret:b"), (Vault(b"x" * 32), "client-secret:a")):
        with pytest.raises(SealBroken):
            vault.open_text(sealed, purpose=purpose)


@given(st.text(max_size=200))
def test_anything_else_is_refused_as_broken(text: str) -> None:
    with pytest.raises(SealBroken):
        VAULT.open(text, purpose="x")


def test_every_changed_character_breaks_the_seal() -> None:
    sealed = VAULT.seal_text("secret", purpose="x")
    for index, letter in enumerate(sealed[:-1]):  # the last one has bits that mean nothing
        changed = sealed[:index] + ("A" if letter != "A" else "B") + sealed[index + 1 :]
        with pytest.raises(SealBroken):
            VAULT.open_text(changed, purpose="x")


def test_sealing_twice_differs() -> None:
    assert VAULT.seal_text("same", purpose="x") != VAULT.seal_text("same", purpose="x")


def test_parts_of_a_mac_cannot_be_shifted() -> None:
    macs = {
        VAULT.mac("p", "ab", "c"),
        VAULT.mac("p", "a", "bc"),
        VAULT.mac("pa", "b", "c"),
        VAULT.mac("p", "abc"),
    }
    assert len(macs) == 4


def test_reprs_show_nothing() -> None:
    assert repr(VAULT) == "Vault(***)"
    assert "k" * 8 not in repr(VAULT)


def test_the_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "data" / "instance.key"
    key = load_or_create_key(path)
    assert len(key) == 32
    assert load_or_create_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(path.parent) == ["instance.key"]


def test_of_several_starters_all_get_the_same_key(tmp_path: Path) -> None:
    keys: list[bytes] = []
    starters = [
        threading.Thread(target=lambda: keys.append(load_or_create_key(tmp_path / "instance.key")))
        for _ in range(8)
    ]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "instance.key"
    load_or_create_key(path)
    path.chmod(mode)
    with pytest.raises(InsecureKeyFile, match="chmod 600"):
        load_or_create_key(path)


def test_a_truncated_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "instance.key"
    path.write_bytes(b"short")
    path.chmod(0o600)
    with pytest.raises(InsecureKeyFile, match="32 bytes expected"):
        load_or_create_key(path)


def test_tokens_are_hashed_whatever_they_hold() -> None:
    assert len({hash_token(token) for token in ("", "a", "\ud800", "é")}) == 4
