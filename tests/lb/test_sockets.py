"""Every socket or none, and failures that say what to do."""

import socket

import pytest

from lb.sockets import Binding, CannotBind, bind_all, close_all, port_of


def test_every_door_gets_its_socket() -> None:
    sockets = bind_all([("a", Binding("A", "127.0.0.1", 0)), ("b", Binding("B", "localhost", 0))])
    try:
        assert port_of(sockets["a"]) != port_of(sockets["b"])
        with socket.create_connection(("127.0.0.1", port_of(sockets["b"]))):
            pass
    finally:
        close_all(sockets)


def test_one_taken_port_leaves_none_open_and_every_reason_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = port_of(taken)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            free = port_of(probe)
        with pytest.raises(CannotBind) as caught:
            bind_all(
                [
                    ("good", Binding("Good", "127.0.0.1", free)),
                    ("taken", Binding("Taken", "127.0.0.1", port)),
                    ("far", Binding("Far", "192.0.2.1", 0)),
                ]
            )
    taken_reason, far_reason = caught.value.reasons
    assert taken_reason.startswith(
        f"Taken: cannot listen on 127.0.0.1 port {port}: it is in use; stop the other"
    )
    assert far_reason == "Far: cannot listen on 192.0.2.1 port 0: this machine does not have that address"
    with socket.socket() as again:
        again.bind(("127.0.0.1", free))


def test_version_six_takes_version_four_too_on_every_address() -> None:
    try:
        sockets = bind_all([("a", Binding("A", "::", 0))])
    except CannotBind:
        pytest.skip("this machine has no IPv6")
    try:
        with socket.create_connection(("127.0.0.1", port_of(sockets["a"]))):
            pass
    finally:
        close_all(sockets)
