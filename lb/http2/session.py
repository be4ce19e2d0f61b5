"""h2's connection as it is used here: our limits, and malformed requests that end one stream only.

h2 answers most faults of a request with the end of the connection; behind a proxy that shares one connection
among its users, one of them could break off everybody's requests. Heads are checked in `lb.http2.head` and
lengths in `lb.http2.protocol`, so h2's checks of both are off. The overridden methods are no public API of
h2: its version is pinned, and tests/contracts/http2 fails when they change.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from h2.config import H2Configuration
from h2.connection import AllowedStreamIDs, H2Connection
from h2.settings import SettingCodes, Settings
from h2.stream import H2Stream

from lb.admission import MAX_HEADERS
from lb.http2.gate import MAX_FRAME
from lb.http2.hpack import StaticEncoder

MAX_STREAMS = 128
"""ALB: concurrent streams of one connection."""
STREAM_WINDOW = 128 * 1024
"""Bytes of a body that may wait for whoever is to take it, per stream."""
CONNECTION_WINDOW = 1024 * 1024
"""Given back at once, whatever a stream waits for: what is slow must not hold up other streams."""
DEFAULT_WINDOW = 65535
KEPT_STREAMS = 64
"""Closed streams that may pile up before h2 looks for them: it looks at all streams for every request."""

MAX_RESPONSE_HEADERS = 32 * 1024
"""ALB quota: all headers of a target's response."""


def _configuration(*, client_side: bool) -> H2Configuration:
    return H2Configuration(
        client_side=client_side,
        header_encoding=None,
        validate_inbound_headers=False,
        normalize_inbound_headers=False,
        validate_outbound_headers=False,
        normalize_outbound_headers=False,
    )


class _Stream(H2Stream):
    def _initialize_content_length(self, headers: Iterable[Any]) -> None:
        """Leave Content-Length to `admit`."""

    def _track_content_length(self, length: int, end_stream: bool) -> None:
        """Leave the comparison to the protocol."""


class _Session(H2Connection):
    """What both sides have in common."""

    def __init__(self, *, client_side: bool) -> None:
        super().__init__(_configuration(client_side=client_side))
        self.encoder: Any = StaticEncoder()
        self._unacknowledged = 0

    def give_back(self, size: int) -> None:
        """Open the connection's window by what came, whatever its stream waits for."""
        self._unacknowledged += size
        if self._unacknowledged >= CONNECTION_WINDOW // 4:
            self.increment_flow_control_window(self._unacknowledged)
            self._unacknowledged = 0

    def _forget_closed_streams(self) -> None:
        if len(self.streams) > KEPT_STREAMS:
            self._open_streams(1)

    def _begin_new_stream(self, stream_id: int, allowed_ids: AllowedStreamIDs) -> H2Stream:
        stream = super()._begin_new_stream(stream_id, allowed_ids)
        stream.__class__ = _Stream
        return stream


class Session(_Session):
    """The HTTP/2 side of one client's connection, without I/O."""

    def __init__(self) -> None:
        super().__init__(client_side=False)
        self.local_settings = Settings(
            client=False,
            initial_values={
                SettingCodes.MAX_CONCURRENT_STREAMS: MAX_STREAMS,
                SettingCodes.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
                SettingCodes.MAX_FRAME_SIZE: MAX_FRAME,
                SettingCodes.MAX_HEADER_LIST_SIZE: MAX_HEADERS,
            },
        )
        # A head somewhat beyond the limit is answered with 400; one beyond this, a bomb, ends the connection.
        self.decoder.max_header_list_size = 2 * MAX_HEADERS
        self.initiate_connection()
        self.increment_flow_control_window(CONNECTION_WINDOW - DEFAULT_WINDOW)

    @property
    def open_inbound_streams(self) -> int:
        """Say none: the protocol counts, and refuses the stream where h2 would end the connection."""
        self._forget_closed_streams()
        return 0


class TargetSession(_Session):
    """The HTTP/2 side of one connection to a target, without I/O."""

    def __init__(self) -> None:
        super().__init__(client_side=True)
        self.local_settings = Settings(
            client=True,
            initial_values={
                SettingCodes.ENABLE_PUSH: 0,
                SettingCodes.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
                SettingCodes.MAX_FRAME_SIZE: MAX_FRAME,
                SettingCodes.MAX_HEADER_LIST_SIZE: MAX_RESPONSE_HEADERS,
            },
        )
        # A head somewhat beyond the limit costs its request alone; one beyond this, the connection.
        self.decoder.max_header_list_size = 2 * MAX_RESPONSE_HEADERS
        self.initiate_connection()
        self.increment_flow_control_window(CONNECTION_WINDOW - DEFAULT_WINDOW)

    @property
    def open_outbound_streams(self) -> int:
        """Say none: the connection counts, and asks for no more than the target allows."""
        self._forget_closed_streams()
        return 0
