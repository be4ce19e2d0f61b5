"""Which flows a client allows (ExplicitAuthFlows, legacy values included; cognito.md 3.7, 4.1). Pure."""

from __future__ import annotations

from idp.model import Client
from idp.signin.flows.names import DEFAULT_FLOWS, FLAGS, LEGACY_FLAGS, AuthFlow


def allows(client: Client, flow: AuthFlow) -> bool:
    """Whether a client may use a flow; with rotation, tokens are refreshed by other operations only."""
    if flow is AuthFlow.REFRESH_TOKEN_AUTH and client.rotation.enabled:
        return False
    return not FLAGS[flow].isdisjoint(effective_flags(client))


def effective_flags(client: Client) -> frozenset[str]:
    """Return what a client allows in effect: its own list, the default, or what a legacy list implies."""
    declared = frozenset(client.explicit_auth_flows)
    if not declared:
        return frozenset(DEFAULT_FLOWS)
    if not declared & LEGACY_FLAGS:
        return declared
    if "CUSTOM_AUTH_FLOW_ONLY" in declared:
        return declared | {"ALLOW_REFRESH_TOKEN_AUTH"}
    return declared | frozenset(DEFAULT_FLOWS)
