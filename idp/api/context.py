"""Where the user of a request is: ContextData, UserContextData, or the request itself (cognito.md 9).

`Admin` operations are signed: what their ContextData says is the word of the app's own server. Without it,
nothing is known of the user; the server's own address and SDK say nothing. `UserContextData.IpAddress` is
taken from clients that have a secret and EnablePropagateAdditionalUserContextData, and from nobody else.
EncodedData is the client's word in any case (`idp.protection.origins`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from idp.api.call import Call
from idp.api.errors import invalid_parameter
from idp.model import Client
from idp.protection.addresses import read_address
from idp.protection.origins import NOWHERE, Origin, read_encoded


def origin_of(call: Call, client: Client) -> Origin:
    """Say where the user of a public operation is; raises ApiError."""
    data = call.input.get("UserContextData", {})
    address = data.get("IpAddress") if client.propagates_context and client.is_confidential else None
    return call.core.threats.see(
        _checked(address) if address else call.address,
        user_agent=call.user_agent,
        encoded=read_encoded(data.get("EncodedData", "")),
    )


def origin_told(call: Call) -> Origin:
    """Say where the user of an Admin operation is, as the app's server tells; raises ApiError."""
    data = call.input.get("ContextData")
    if data is None:
        return NOWHERE
    return call.core.threats.see(
        _checked(data["IpAddress"]),
        user_agent=_user_agent(data),
        encoded=read_encoded(data.get("EncodedData", "")),
    )


def _user_agent(data: Mapping[str, Any]) -> str:
    headers = ((each.get("headerName", ""), each.get("headerValue", "")) for each in data["HttpHeaders"])
    return next((value for name, value in headers if name.lower() == "user-agent"), "")


def _checked(address: str) -> str:
    if read_address(address) is None:
        raise invalid_parameter("IpAddress is not an IP address")
    return address
