"""The server name that targets are told, as their configuration has them."""

import pytest

from lb.upstream.connect import server_name


@pytest.mark.parametrize(
    ("host", "told"),
    [
        pytest.param("app.internal", "app.internal", id="name"),
        pytest.param("app.internal.", "app.internal", id="no dot at the end (RFC 6066 3)"),
        pytest.param("app_1", "app_1", id="a service of a compose file"),
        pytest.param("10.0.0.5", "", id="IPv4"),
        pytest.param("fd00::5", "", id="IPv6"),
        pytest.param("fe80::1%eth0", "", id="IPv6 with a zone"),
    ],
)
def test_name_told(host: str, told: str) -> None:
    assert server_name(host) == told
