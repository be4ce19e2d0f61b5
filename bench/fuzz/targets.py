"""The fuzz targets by name: what checks an input, and where inputs begin."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from bench.fuzz.http2 import check_frames, check_head
from bench.fuzz.http2_responses import check_response_frames
from bench.fuzz.requests import check_request
from bench.fuzz.responses import check_response
from bench.fuzz.seeds import frame_seeds, head_seeds, request_seeds, response_frame_seeds, response_seeds
from lb.settings import DesyncMode, LoadBalancerAttributes, ProtocolVersion
from tests.support.memory import MemoryPlane, memory_plane


@dataclass(frozen=True, slots=True)
class Target:
    """Something that takes bytes from strangers."""

    check: Callable[[MemoryPlane, bytes], None]
    seeds: Callable[[], list[bytes]]
    mode: DesyncMode = DesyncMode.DEFENSIVE
    version: ProtocolVersion = ProtocolVersion.HTTP1
    """What targets are spoken to in."""

    def plane(self) -> AbstractContextManager[MemoryPlane]:
        """Return what is fuzzed."""
        attributes = LoadBalancerAttributes(desync_mode=self.mode)
        return memory_plane(attributes=attributes, group={"protocol_version": self.version})


TARGETS = {
    "request": Target(check_request, request_seeds),
    "strictest": Target(check_request, request_seeds, DesyncMode.STRICTEST),
    "monitor": Target(check_request, request_seeds, DesyncMode.MONITOR),
    "response": Target(check_response, response_seeds),
    "head": Target(check_head, head_seeds),
    "frames": Target(check_frames, frame_seeds),
    "answers": Target(check_response_frames, response_frame_seeds, version=ProtocolVersion.HTTP2),
}
