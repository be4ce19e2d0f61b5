"""h2 with our limits: what it says to a client first, and which of its checks are ours."""

from __future__ import annotations

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RemoteSettingsChanged, RequestReceived, StreamEnded, WindowUpdated
from h2.settings import SettingCodes

from lb.http2.session import KEPT_STREAMS, MAX_STREAMS, Session

HEAD = [(":method", "POST"), (":scheme", "https"), (":path", "/"), (":authority", "a.example")]


def pair() -> tuple[H2Connection, Session]:
    """A client and our side, acquainted."""
    client = H2Connection(
        H2Configuration(client_side=True, validate_outbound_headers=False, normalize_outbound_headers=False)
    )
    client.initiate_connection()
    session = Session()
    session.receive_data(client.data_to_send())
    client.receive_data(session.data_to_send())
    session.receive_data(client.data_to_send())
    return client, session


def test_first_words_are_the_limits() -> None:
    client = H2Connection()
    client.initiate_connection()
    events = client.receive_data(Session().data_to_send())
    (settings,) = (event for event in events if isinstance(event, RemoteSettingsChanged))
    said = {int(code): change.new_value for code, change in settings.changed_settings.items()}
    assert said[int(SettingCodes.MAX_CONCURRENT_STREAMS)] == MAX_STREAMS == 128
    assert said[int(SettingCodes.MAX_FRAME_SIZE)] == 16384
    assert said[int(SettingCodes.MAX_HEADER_LIST_SIZE)] == 65536
    # Neither server push nor WebSocket over HTTP/2 (RFC 8441).
    assert said.get(int(SettingCodes.ENABLE_PUSH), 0) == 0
    assert said.get(int(SettingCodes.ENABLE_CONNECT_PROTOCOL), 0) == 0
    assert any(isinstance(event, WindowUpdated) and event.stream_id == 0 for event in events)


def test_lengths_and_heads_are_left_to_the_caller() -> None:
    client, session = pair()
    client.send_headers(1, [*HEAD, ("content-length", "what"), ("Upper", "case")])
    client.send_data(1, b"some", end_stream=True)
    events = session.receive_data(client.data_to_send())
    assert [type(event) for event in events] == [RequestReceived, DataReceived, StreamEnded]


def test_streams_beyond_the_limit_are_left_to_the_caller() -> None:
    client, session = pair()
    client.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 1000
    client.remote_settings.acknowledge()
    for number in range(200):
        client.send_headers(2 * number + 1, HEAD)
    assert len(session.receive_data(client.data_to_send())) == 200


def test_closed_streams_do_not_pile_up() -> None:
    client, session = pair()
    for number in range(300):
        stream = 2 * number + 1
        client.send_headers(stream, HEAD, end_stream=True)
        session.receive_data(client.data_to_send())
        session.send_headers(stream, [(b":status", b"204")], end_stream=True)
        client.receive_data(session.data_to_send())
    assert len(session.streams) <= KEPT_STREAMS + 1
