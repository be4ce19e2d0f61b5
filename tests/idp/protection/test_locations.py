"""Where addresses are, by a real database file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from idp.outcomes import SignedIn
from idp.protection.limiter import Limiter
from idp.protection.locations import Locations, read_place
from idp.protection.origins import Place
from idp.protection.settings import GuardSettings
from idp.store.base import StoreUnusable
from tests.support.pools import PASSWORD, OpenScene

BERLIN = {
    "city": {"names": {"en": "Berlin", "de": "Berlin"}},
    "country": {"names": {"en": "Germany"}},
    "location": {"latitude": 52.5, "longitude": 13.4},
}
SEOUL = {"location": {"latitude": 37.6, "longitude": 127}, "country": {"names": {"en": "South Korea"}}}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type="City")
    for networks, record in ((["192.0.2.0/24", "2001:db8::/32"], BERLIN), (["198.51.100.0/24"], SEOUL)):
        writer.insert_network(IPSet(networks), record)
    path = tmp_path_factory.mktemp("locations") / "city.mmdb"
    writer.to_db_file(str(path))
    return path


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.7", Place(52.5, 13.4, "Berlin", "Germany")),
        ("::ffff:192.0.2.7", Place(52.5, 13.4, "Berlin", "Germany")),
        ("2001:db8::1", Place(52.5, 13.4, "Berlin", "Germany")),
        ("198.51.100.7", Place(37.6, 127.0, "", "South Korea")),
        ("203.0.113.7", None),
        ("unknown", None),
    ],
)
def test_an_address_has_a_place_or_none(database: Path, address: str, place: Place | None) -> None:
    locations = Locations(database)
    assert locations.find(address) == place
    locations.close()


def test_a_database_of_ipv4_alone_knows_nothing_of_ipv6(tmp_path: Path) -> None:
    writer = MMDBWriter(ip_version=4, database_type="City")
    writer.insert_network(IPSet(["192.0.2.0/24"]), BERLIN)
    writer.to_db_file(str(tmp_path / "four.mmdb"))
    locations = Locations(tmp_path / "four.mmdb")
    assert locations.find("2001:db8::1") is None
    locations.close()


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        {"location": []},
        {"location": {"latitude": "52", "longitude": 13}},
        {"location": {"latitude": True, "longitude": 13}},
        {"location": {"latitude": 91, "longitude": 13}},
        {"location": {"latitude": float("nan"), "longitude": 13}},
    ],
    ids=str,
)
def test_records_without_coordinates_are_no_places(record: Any) -> None:
    assert read_place(record) is None


def test_what_cannot_be_opened_is_told_at_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.mmdb").write_bytes(b"nothing of the kind")
    for name in ("bad.mmdb", "absent.mmdb"):
        with pytest.raises(StoreUnusable, match="LocationDatabase cannot be used"):
            Locations(tmp_path / name)
    monkeypatch.setitem(sys.modules, "maxminddb", None)
    with pytest.raises(StoreUnusable, match="pip install"):
        Locations(tmp_path / "bad.mmdb")


async def test_nobody_is_in_seoul_an_hour_after_berlin(open_scene: OpenScene, database: Path) -> None:
    limiter = Limiter(GuardSettings(locations=database))
    scene = await open_scene(
        core_options={"limiter": limiter}, UserPoolAddOns={"AdvancedSecurityMode": "AUDIT"}
    )
    ann = await scene.add("ann")
    for address in ("192.0.2.7", "198.51.100.7"):
        outcome = await scene.core.signin.with_password(
            scene.pool,
            scene.client,
            username="ann",
            password=PASSWORD,
            address=address,
            origin=scene.core.threats.see(address),
        )
        assert isinstance(outcome, SignedIn)
        scene.clock.advance(3600)
    (event, _) = await scene.core.history.of(scene.pool, ann.sub, limit=9)
    assert event.risk["RiskLevel"] == "High"
    assert event.context["Country"] == "South Korea"
