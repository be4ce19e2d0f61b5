"""Where a sign-in comes from, and what of it can be compared with earlier ones. Pure.

An address counts as its network: IPv4 by /24, IPv6 by /48, IPv4 within IPv6 as IPv4. A device is the family
of its `User-Agent` (letter case, versions and spacing left out, which change with every update or at a
whim) together with the device id that the script for threat protection of Cognito's SDKs made up
(`EncodedData`). That script runs at the client's: what it says may be forged, so an id can make a known
browser a new device, and never a new one known.

Names of devices come from a closed list: they are shown in mails and to administrators.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from idp.protection.addresses import read_address

LONGEST_ENCODED: Final = 16_384
LONGEST_AGENT: Final = 2048
NETWORK_BITS: Final = {4: 24, 6: 48}
_VERSIONS: Final = re.compile(r"[\d._]+")
_TIME_ZONE: Final = re.compile(r"[A-Za-z0-9+:/_-]{1,40}")
_SYSTEMS: Final = (
    ("iphone", "iPhone"),
    ("ipad", "iPad"),
    ("android", "Android"),
    ("windows", "Windows"),
    ("cros", "ChromeOS"),
    ("mac os", "macOS"),
    ("darwin", "Apple device"),
    ("linux", "Linux"),
)
_PROGRAMS: Final = (
    ("edg", "Edge"),
    ("opr/", "Opera"),
    ("samsungbrowser", "Samsung Internet"),
    ("firefox", "Firefox"),
    ("fxios", "Firefox"),
    ("crios", "Chrome"),
    ("chrome", "Chrome"),
    ("safari", "Safari"),
    ("aws-cli", "AWS CLI"),
    ("boto", "AWS SDK"),
    ("aws-sdk", "AWS SDK"),
    ("amplify", "AWS SDK"),
    ("okhttp", "App"),
    ("cfnetwork", "App"),
    ("python", "Program"),
    ("curl", "Program"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where on earth a network is, as far as the location database knows."""

    latitude: float
    longitude: float
    city: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Encoded:
    """What of `EncodedData` is used; all of it is the client's word."""

    device_id: str = ""
    user_agent: str = ""
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where one request comes from; what is empty is not known."""

    address: str = field(default="", repr=False)
    """The user's, where the peer is an app's server that may speak for its users."""
    device: str = ""
    device_name: str = ""
    time_zone: str = ""
    place: Place | None = None

    @property
    def context(self) -> dict[str, str]:
        """Spell it as EventContextData."""
        told = {
            "IpAddress": self.address,
            "DeviceName": self.device_name,
            "Timezone": self.time_zone,
            "City": self.place.city if self.place else "",
            "Country": self.place.country if self.place else "",
        }
        return {name: value for name, value in told.items() if value}

    @property
    def traits(self) -> dict[str, Any]:
        """Spell what later sign-ins are compared with."""
        found: dict[str, Any] = {"network": network_of(self.address), "device": self.device}
        if self.place is not None:
            found |= {"latitude": self.place.latitude, "longitude": self.place.longitude}
        return {name: value for name, value in found.items() if value != ""}


NOWHERE: Final = Origin()
"""Nothing is known."""


def describe_origin(
    address: str, *, user_agent: str = "", encoded: Encoded | None = None, place: Place | None = None
) -> Origin:
    """Describe where a request comes from."""
    told = encoded or Encoded()
    agent = user_agent or told.user_agent
    read = read_address(address)
    return Origin(
        address=str(read) if read is not None else "",
        device=fingerprint(agent, told.device_id),
        device_name=name_device(agent),
        time_zone=told.time_zone,
        place=place,
    )


def network_of(address: str) -> str:
    """Return the network that an address counts as; empty for what is no address."""
    read = read_address(address)
    if read is None:
        return ""
    return str(ipaddress.ip_network((read, NETWORK_BITS[read.version]), strict=False))


def fingerprint(user_agent: str, device_id: str = "") -> str:
    """Name a device by its kind of browser and its id; empty where it says neither."""
    family = " ".join(_VERSIONS.sub("", user_agent[:LONGEST_AGENT].casefold()).split())
    if not family and not device_id:
        return ""
    return hashlib.sha256(f"{family}\0{device_id}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def name_device(user_agent: str) -> str:
    """Name a browser for people, in words of our own; empty where it says nothing."""
    agent = user_agent[:LONGEST_AGENT].casefold()
    if not agent.strip():
        return ""
    program = next((name for part, name in _PROGRAMS if part in agent), "Unknown program")
    system = next((name for part, name in _SYSTEMS if part in agent), "")
    return f"{program}, {system}" if system else program


def read_encoded(text: str) -> Encoded:
    """Read `EncodedData`: base64 of JSON whose `payload` is JSON again; nonsense says nothing."""
    if not text or len(text) > LONGEST_ENCODED:
        return Encoded()
    try:
        envelope = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
        payload = json.loads(_member(envelope, "payload"))
    except (ValueError, binascii.Error, RecursionError):
        return Encoded()
    context = payload.get("contextData") if isinstance(payload, dict) else None
    if not isinstance(context, Mapping):
        return Encoded()
    names = ("DeviceId", "ThirdPartyDeviceId", "DeviceFingerprint")
    zone = _member(context, "ClientTimezone")
    return Encoded(
        device_id=next((value for name in names if (value := _member(context, name))), "")[:LONGEST_AGENT],
        user_agent=_member(context, "UserAgent")[:LONGEST_AGENT],
        time_zone=zone if _TIME_ZONE.fullmatch(zone) else "",
    )


def _member(values: object, name: str) -> str:
    value = values.get(name) if isinstance(values, Mapping) else None
    return value if isinstance(value, str) else ""
