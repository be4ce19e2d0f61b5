"""Sealing: what opens, and everything that must not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lb.sealed import MAX_CLOCK_SKEW, KeyRing, _associated, decode_text, encode_text, rotate_key_file

RING = KeyRing.from_secrets(["a" * 40])
NOT_BASE64 = [b"YQ", b"YR==", b"YQ==\n", b"Y Q==", b"YQ%3D%3D", b"Y-==", b"\xff"]
NOW = 1_700_000_000.0


def seal(
    payload: bytes = b"payload", *, ring: KeyRing = RING, purpose: str = "p", context: bytes = b"c"
) -> bytes:
    return ring.seal(payload, purpose=purpose, context=context, now=NOW)


def open_(
    sealed: bytes, *, ring: KeyRing = RING, purpose: str = "p", context: bytes = b"c", now: float = NOW
):
    return ring.open(sealed, purpose=purpose, context=context, now=now, max_age=100)


@given(st.binary(max_size=2000), st.text(max_size=20), st.binary(max_size=40))
def test_what_was_sealed_opens(payload: bytes, purpose: str, context: bytes) -> None:
    sealed = RING.seal(payload, purpose=purpose, context=context, now=NOW)
    opened = RING.open(decode_text(encode_text(sealed)) or b"", purpose=purpose, context=context, now=NOW)
    assert opened is not None
    assert (opened.payload, opened.sealed_at) == (payload, NOW)


@given(st.binary(max_size=200))
def test_noise_opens_nothing(noise: bytes) -> None:
    assert open_(noise) is None


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_anywhere_opens_nothing(place: int, change: int) -> None:
    sealed = bytearray(seal())
    sealed[place % len(sealed)] ^= change
    assert open_(bytes(sealed)) is None


@pytest.mark.parametrize("length", [0, 1, 20, 60, -1])
def test_a_truncated_value_opens_nothing(length: int) -> None:
    assert open_(seal()[:length]) is None


@pytest.mark.parametrize(
    ("purpose", "context"), [("q", b"c"), ("p", b"d"), ("pc", b""), ("", b"pc")], ids=str
)
def test_another_purpose_or_context_opens_nothing(purpose: str, context: bytes) -> None:
    assert open_(seal(), purpose=purpose, context=context) is None


def test_purpose_does_not_run_into_context() -> None:
    """The signature is salted by purpose; the associated data must tell them apart on its own too."""
    assert _associated("ab", b"c") != _associated("a", b"bc")


@pytest.mark.parametrize(
    ("later", "opens"),
    [(0, True), (100, True), (101, False), (-MAX_CLOCK_SKEW, True), (-MAX_CLOCK_SKEW - 2, False)],
)
def test_age_is_bounded_both_ways(later: float, opens: bool) -> None:
    """A node whose clock is a little ahead still seals for the others."""
    assert (open_(seal(), now=NOW + later) is not None) is opens


def test_the_newest_key_seals_and_all_open() -> None:
    old, new = KeyRing.from_secrets(["a" * 40]), KeyRing.from_secrets(["a" * 40, "b" * 40])
    assert open_(seal(ring=old), ring=new) is not None
    assert open_(seal(ring=new), ring=old) is None
    assert open_(seal(ring=new), ring=KeyRing.from_secrets(["b" * 40])) is not None


def test_payload_is_not_readable_without_the_key() -> None:
    assert b"payload" not in seal()
    assert seal() != seal()


@pytest.mark.parametrize(
    "text", [b"YQ", b"YR==", b"YQ==\n", b"Y Q==", b"YQ%3D%3D", b"Y-==", b"\xff"], ids=repr
)
def test_only_the_one_spelling_decodes(text: bytes) -> None:
    assert decode_text(text) is None


@pytest.mark.parametrize("secrets", [[], ["short"]], ids=["none", "short"])
def test_weak_or_missing_secrets_are_refused(secrets: list[str]) -> None:
    with pytest.raises(ValueError, match=r"key|secret"):
        KeyRing.from_secrets(secrets)


def test_repr_tells_ids_only() -> None:
    assert "aaaa" not in repr(RING).replace(RING.describe()[0].id, "")
    assert "payload" not in repr(open_(seal()))


def test_key_file_is_made_once_private_and_kept(tmp_path) -> None:
    path = tmp_path / "data" / "session-keys"
    first = KeyRing.load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    again = KeyRing.load_or_create(path)
    assert open_(seal(ring=first), ring=again) is not None
    assert [entry.name for entry in path.parent.iterdir()] == ["session-keys"]


def test_rotation_keeps_old_sessions_and_drops_the_oldest_key(tmp_path) -> None:
    path = tmp_path / "session-keys"
    rings = [KeyRing.load_or_create(path)] + [rotate_key_file(path, keep=3) for _ in range(3)]
    newest = KeyRing.load(path)
    assert len(newest.describe()) == 3
    assert open_(seal(ring=rings[0]), ring=newest) is None
    assert open_(seal(ring=rings[1]), ring=newest) is not None
    assert newest.describe()[-1].created
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_broken_key_file_is_named_by_line_without_its_text(tmp_path) -> None:
    path = tmp_path / "session-keys"
    KeyRing.load_or_create(path)
    path.write_text(path.read_text() + "2026-01-01T00:00:00Z bm90IGxvbmc=\n")
    with pytest.raises(ValueError, match=r"session-keys:3: ") as caught:
        KeyRing.load(path)
    assert "bm90" not in str(caught.value)


def test_a_key_file_open_to_others_is_reported(tmp_path, caplog) -> None:
    path = tmp_path / "session-keys"
    KeyRing.load_or_create(path)
    path.chmod(0o644)
    KeyRing.load(path)
    assert "chmod 600" in caplog.text
