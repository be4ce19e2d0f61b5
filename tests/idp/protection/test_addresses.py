"""Whose address counts: never one that the client wrote."""

import ipaddress

import pytest

from idp.protection.addresses import counting_key, find_client_address, is_within
from idp.protection.settings import LOOPBACK

PROXIES = (*LOOPBACK, ipaddress.ip_network("10.0.0.0/24"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        pytest.param("203.0.113.9", [], "203.0.113.9", id="nobody between"),
        pytest.param("203.0.113.9", ["198.51.100.1"], "203.0.113.9", id="a stranger's word counts nothing"),
        pytest.param("127.0.0.1", [], "127.0.0.1", id="a silent proxy"),
        pytest.param("127.0.0.1", ["198.51.100.1"], "198.51.100.1", id="a proxy"),
        pytest.param("127.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1", id="spoofed before a proxy"),
        pytest.param("127.0.0.1", ["127.0.0.1, 198.51.100.1"], "198.51.100.1", id="spoofed as this machine"),
        pytest.param("127.0.0.1", ["1.1.1.1", "198.51.100.1"], "198.51.100.1", id="the header twice"),
        pytest.param("127.0.0.1", ["1.1.1.1, 198.51.100.1, 10.0.0.7"], "198.51.100.1", id="two proxies"),
        pytest.param("10.0.0.7", ["127.0.0.1, 198.51.100.1"], "198.51.100.1", id="a proxy elsewhere"),
        pytest.param("10.0.1.7", ["198.51.100.1"], "10.0.1.7", id="a neighbour of the proxies"),
        pytest.param("127.0.0.1", ["unknown"], "127.0.0.1", id="a proxy that does not know"),
        pytest.param("127.0.0.1", ["1.1.1.1, " + "x" * 500], "127.0.0.1", id="nonsense stops the reading"),
        pytest.param("127.0.0.1", [" , 198.51.100.1 , "], "198.51.100.1", id="empty entries"),
        pytest.param("127.0.0.1", ["198.51.100.1:4711"], "198.51.100.1", id="with a port"),
        pytest.param("127.0.0.1", ["[2001:db8::1]:443"], "2001:db8::1", id="IPv6 with a port"),
        pytest.param("::ffff:127.0.0.1", ["198.51.100.1"], "198.51.100.1", id="a dual-stack socket"),
        pytest.param("", ["198.51.100.1"], "", id="no peer at all"),
    ],
)
def test_the_client_cannot_choose_its_address(peer: str, forwarded: list[str], client: str) -> None:
    assert find_client_address(peer, forwarded, trusted=PROXIES) == client


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("unix", "unix", True),
    ],
    ids=["one subscriber", "two subscribers", "mapped", "two hosts", "no address"],
)
def test_addresses_of_one_subscriber_count_as_one(one: str, other: str, same: bool) -> None:
    assert (counting_key(one) == counting_key(other)) is same


def test_what_is_no_address_is_in_no_network() -> None:
    assert not is_within("testclient", LOOPBACK)
