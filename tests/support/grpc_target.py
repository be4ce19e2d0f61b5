"""A gRPC server and clients of grpcio: methods on bytes, without generated code."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import grpc

NO_PROXY = (("grpc.enable_http_proxy", 0),)
LARGE = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
SERVICE = "albacore.test.Echo"


class GrpcTarget:
    """Serves `SERVICE` on a port of 127.0.0.1; keeps the metadata of every call."""

    def __init__(self, *, credentials: grpc.ServerCredentials | None = None, threads: int = 16) -> None:
        self.seen: list[dict[str, str | bytes]] = []
        self.cancelled = threading.Event()
        self.received = 0
        """Messages that `Collect` and `Chat` were given."""
        self.gate = threading.Event()
        """`Hang` answers when it is set."""
        self._server = grpc.server(ThreadPoolExecutor(threads), options=[*LARGE, ("grpc.so_reuseport", 0)])
        self._server.add_generic_rpc_handlers((self._handler(),))
        if credentials is None:
            self.port = self._server.add_insecure_port("127.0.0.1:0")
        else:
            self.port = self._server.add_secure_port("127.0.0.1:0", credentials)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.gate.set()
        self._server.stop(0).wait()

    def leave(self, grace: float) -> threading.Event:
        """Take no new calls (GOAWAY), finish those that run."""
        stopped: threading.Event = self._server.stop(grace)
        return stopped

    def _handler(self) -> grpc.GenericRpcHandler:
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "Unary": grpc.unary_unary_rpc_method_handler(self._unary),
                "Count": grpc.unary_stream_rpc_method_handler(self._count),
                "Collect": grpc.stream_unary_rpc_method_handler(self._collect),
                "Chat": grpc.stream_stream_rpc_method_handler(self._chat),
                "Fail": grpc.unary_unary_rpc_method_handler(self._fail),
                "Hang": grpc.unary_unary_rpc_method_handler(self._hang),
            },
        )

    def _note(self, context: grpc.ServicerContext) -> None:
        self.seen.append(dict(context.invocation_metadata()))
        context.add_callback(lambda: None if context.is_active() else self.cancelled.set())

    def _unary(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        self._note(context)
        context.send_initial_metadata((("x-initial", "first"), ("x-initial-bin", b"\x00\xff")))
        context.set_trailing_metadata((("x-trailing", "last"), ("x-trailing-bin", b"\xfe\x01")))
        return request

    def _count(self, request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Send as many messages as the request says, each as long."""
        self._note(context)
        count, _, size = request.partition(b" ")
        for number in range(int(count)):
            yield b"%d" % number if not size else bytes(int(size))

    def _collect(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        self._note(context)
        sizes = []
        for message in requests:
            self.received += 1
            sizes.append(len(message))
        return b"%d %d" % (len(sizes), sum(sizes))

    def _chat(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        self._note(context)
        for message in requests:
            self.received += 1
            yield b"re: " + message

    def _fail(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        self._note(context)
        context.set_trailing_metadata((("x-detail-bin", b"\x01\x02"),))
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not now: é 100%")
        raise AssertionError

    def _hang(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        self._note(context)
        self.received += 1
        deadline = time.monotonic() + 20
        while context.is_active() and not self.gate.wait(0.01) and time.monotonic() < deadline:
            pass
        return request


def channel_to(port: int, authority_pem: bytes, **options: Any) -> grpc.Channel:
    """Open a channel over TLS to `localhost`."""
    return grpc.secure_channel(
        f"localhost:{port}",
        grpc.ssl_channel_credentials(root_certificates=authority_pem),
        options=[*NO_PROXY, *LARGE, *options.items()],
    )


def method(channel: grpc.Channel, name: str, kind: str = "unary_unary") -> Any:
    """Return a callable for a method on bytes; `kind` is that of `grpc.Channel`."""
    return getattr(channel, kind)(f"/{SERVICE}/{name}")
