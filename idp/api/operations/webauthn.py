"""Passkeys of the user who holds an access token (cognito.md 3.6, 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.api.call import Call
from idp.api.errors import served
from idp.api.paging import read_token, write_token
from idp.api.present import present, timestamp
from idp.api.registry import operation
from idp.factors.records import Passkey

Answer = Mapping[str, object]
MOST: Final = 20


@operation("StartWebAuthnRegistration")
async def start_web_authn_registration(call: Call) -> Answer:
    """Return the options for a browser to make a passkey."""
    pool, _, user, _ = await call.user()
    options = served(await call.core.factors.passkeys.start_registration(pool, user))
    return {"CredentialCreationOptions": options}


@operation("CompleteWebAuthnRegistration")
async def complete_web_authn_registration(call: Call) -> Answer:
    """Keep the passkey that the browser made."""
    pool, _, user, _ = await call.user()
    passkeys = call.core.factors.passkeys
    served(await passkeys.complete_registration(pool, user, call.input["Credential"]))
    return {}


@operation("ListWebAuthnCredentials")
async def list_web_authn_credentials(call: Call) -> Answer:
    """List the user's passkeys, oldest first."""
    pool, _, user, _ = await call.user()
    after = read_token(call, scope=user.sub)
    passkeys = sorted(await call.core.factors.passkeys.list(pool, user), key=_place)
    rest = [passkey for passkey in passkeys if _place(passkey) > after]
    page = rest[: int(call.input.get("MaxResults") or MOST)]
    token = write_token(call, _place(page[-1]), scope=user.sub) if len(page) < len(rest) else None
    return present(Credentials=[_describe(passkey) for passkey in page], NextToken=token)


@operation("DeleteWebAuthnCredential")
async def delete_web_authn_credential(call: Call) -> Answer:
    """Forget one of the user's passkeys."""
    pool, _, user, _ = await call.user()
    served(await call.core.factors.passkeys.delete(pool, user, call.text("CredentialId")))
    return {}


def _place(passkey: Passkey) -> str:
    """Where a passkey stands in the list, as a text that sorts."""
    return f"{passkey.created_at:020.6f} {passkey.id_hash}"


def _describe(passkey: Passkey) -> Answer:
    return present(
        CredentialId=passkey.credential_id,
        FriendlyCredentialName=passkey.name,
        RelyingPartyId=passkey.relying_party_id,
        AuthenticatorAttachment=passkey.attachment,
        AuthenticatorTransports=list(passkey.transports),
        CreatedAt=timestamp(passkey.created_at),
    )
