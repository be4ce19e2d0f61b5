"""The status machine, as a table against the table."""

import pytest

from idp.model import UserStatus
from idp.users.lifecycle import TRANSITIONS, Event, advance, can

U, C, F = UserStatus.UNCONFIRMED, UserStatus.CONFIRMED, UserStatus.FORCE_CHANGE_PASSWORD
R, E = UserStatus.RESET_REQUIRED, UserStatus.EXTERNAL_PROVIDER

EXPECTED = {
    Event.CONFIRM: (C, None, None, None, None),
    Event.SET_PERMANENT: (C, C, C, C, C),
    Event.SET_TEMPORARY: (F, F, F, F, None),
    Event.RESET: (None, R, None, R, None),
    Event.CHOOSE_PASSWORD: (None, None, C, None, None),
    Event.RECOVER: (None, C, None, C, None),
}


@pytest.mark.parametrize("event", Event)
def test_transitions(event: Event) -> None:
    assert tuple(advance(status, event) for status in (U, C, F, R, E)) == EXPECTED[event]
    assert [can(status, event) for status in (U, C, F, R, E)] == [to is not None for to in EXPECTED[event]]


def test_every_event_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(Event)
