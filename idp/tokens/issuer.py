"""The token service: codes, grants, refresh, revocation, userInfo (cognito.md 1.6-1.8, 2.6, 2.7).

Codes and refresh tokens are random and kept as hashes. Redeeming a code, opening its family and storing its
refresh token is one transaction, so that of two redemptions at once exactly one wins and the other takes
everything back.
"""

from __future__ import annotations

import contextlib
import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from idp.clock import Clock
from idp.model import AuthorizationCode, Client, Family, Group, Pool, RefreshToken, User
from idp.outcomes import GrantReason, GrantRefused, SignedIn, TokenReason, TokenRefused, TokenSet
from idp.seal import hash_token
from idp.signin.assurance import acr_of
from idp.signin.flows.triggers import TriggerRefused
from idp.signin.session_settings import choose_evicted, is_tracked
from idp.store.base import NotFound, Records, Store
from idp.tokens import ageing, claims
from idp.tokens.access import AccessReason, AccessRefused, AccessTokens
from idp.tokens.ageing import CodeState, RefreshState
from idp.tokens.changes import NO_CHANGES, ClaimChanges, change_access, change_id
from idp.tokens.keys import KeyRing
from idp.tokens.pkce import is_proven
from idp.tokens.pre_token import NoPreToken, PreToken, TokenOccasion, TokenRequest
from idp.tokens.reading import is_jwt
from idp.tokens.scopes import grant_machine_scopes

INVALID_GRANT: Final = GrantRefused("invalid_grant")
ADMIN_SCOPE: Final = "aws.cognito.signin.user.admin"
"""The scope of every sign-in through the JSON API."""
API: Final = "api"
_REFUSED: Final = {
    RefreshState.REUSED: GrantReason.REUSED,
    RefreshState.REVOKED: GrantReason.REVOKED,
    RefreshState.ENDED: GrantReason.EXPIRED,
}
WRONG_REDIRECT: Final = GrantRefused("unauthorized_client", "invalid_redirect")
DEAD_TOKEN: Final = TokenRefused(
    TokenReason.INVALID,
    "Access token is expired, disabled, or deleted, or the user has globally signed out.",
)
NO_OPENID: Final = TokenRefused(TokenReason.NO_OPENID, "Access token does not contain openid scope")


@dataclass(slots=True)
class Tokens:
    """Issues tokens and takes them back."""

    store: Store
    clock: Clock
    keys: KeyRing
    access: AccessTokens
    issuer_of: Callable[[str], str]
    """Pool id -> issuer."""
    pre_token: PreToken = field(default_factory=NoPreToken)

    async def create_code(
        self,
        pool: Pool,
        client: Client,
        *,
        user: User,
        redirect_uri: str,
        scopes: Sequence[str],
        nonce: str | None,
        code_challenge: str | None,
        auth_time: int,
        amr: tuple[str, ...] = (),
    ) -> str:
        """Make an authorization code: five minutes, one use, for this client and redirect URI only."""
        code = secrets.token_urlsafe(32)
        record = AuthorizationCode(
            code_hash=hash_token(code),
            pool_id=pool.id,
            client_id=client.id,
            sub=user.sub,
            redirect_uri=redirect_uri,
            scopes=tuple(scopes),
            nonce=nonce,
            code_challenge=code_challenge,
            auth_time=auth_time,
            expires_at=self.clock.now() + ageing.CODE_SECONDS,
            family_id=str(uuid.uuid4()),
            amr=amr,
        )
        async with self.store.writing() as records:
            await records.codes.create(record)
        return code

    async def redeem_code(
        self, pool: Pool, client: Client, *, code: str, redirect_uri: str, code_verifier: str | None
    ) -> TokenSet | GrantRefused:
        """Exchange a code for tokens. Any try by the right client uses the code up."""
        changes = await self._foretell_code(pool, client, code)
        if isinstance(changes, TriggerRefused):
            return refuse_trigger(changes)
        async with self.store.writing() as records:
            if is_tracked(pool):
                await _queue(records, pool, hash_token(code))
            try:
                record = await records.codes.hold(hash_token(code))
            except NotFound:
                return INVALID_GRANT
            if record.client_id != client.id or record.pool_id != pool.id:
                return INVALID_GRANT  # not this client's to use up
            state, now = ageing.judge_code(record, self.clock.now()), self.clock.now()
            if state is CodeState.REUSED:
                await _revoke(records, record.family_id, now)
            if state is not CodeState.GOOD:
                return INVALID_GRANT
            await records.codes.update((record.code_hash,), lambda code: replace(code, redeemed_at=now))
            if record.redirect_uri != redirect_uri:
                return WRONG_REDIRECT
            user = await records.users.find(pool.id, record.sub)
            if (
                user is None
                or not is_proven(record.code_challenge, code_verifier)
                or not _may(client, user, record)
            ):
                return INVALID_GRANT
            await _make_room(records, pool, user, now)
            family = await records.families.create(self._begin_family(client, record, now))
            refresh_token = await self._add_refresh_token(records, family, now)
            grant = await self.describe(records, pool, client, user, family)
        return self._sign(pool, grant, refresh_token, changes)

    async def issue(
        self,
        pool: Pool,
        client: Client,
        signed_in: SignedIn,
        *,
        device_key: str | None,
        address: str,
        user_agent: str,
        metadata: Mapping[str, str] | None = None,
    ) -> TokenSet | GrantRefused | None:
        """Issue the tokens of a sign-in through the JSON API.

        None when access was taken away since the proofs of `signed_in` were checked. `metadata` is the
        ClientMetadata of the request, for the trigger, which may refuse.
        """
        now = self.clock.now()
        occasion = _occasion_of(signed_in)
        asked = await self.ask(pool, client, signed_in.user, occasion, (ADMIN_SCOPE,), metadata)
        if isinstance(asked, TriggerRefused):
            return refuse_trigger(asked)
        family = Family(
            id=str(uuid.uuid4()),
            pool_id=pool.id,
            client_id=client.id,
            sub=signed_in.user.sub,
            event_id=signed_in.trace.event or str(uuid.uuid4()),
            scopes=(ADMIN_SCOPE,),
            auth_time=signed_in.auth_time,
            nonce=None,
            created_at=now,
            expires_at=now + client.refresh_token_seconds,
            door=API,
            device_key=device_key,
            active_at=now,
            address=address,
            user_agent=user_agent or None,
            amr=signed_in.amr,
        )
        async with self.store.writing() as records:
            try:
                user = await records.users.hold(pool.id, signed_in.user.sub)
            except NotFound:
                return None
            if not ageing.may_hold_tokens(user) or user.password_hash != signed_in.user.password_hash:
                return None
            await _make_room(records, pool, user, now)
            await records.families.create(family)
            refresh_token = await self._add_refresh_token(records, family, now)
            grant = await self.describe(records, pool, client, user, family)
        return self._sign(pool, grant, refresh_token, asked)

    async def owner(self, pool: Pool, client: Client, *, refresh_token: str) -> User | None:
        """Return whose refresh token of this client it is, good or not any more."""
        async with self.store.reading() as records:
            token = await records.refresh_tokens.find(hash_token(refresh_token))
            family = None if token is None else await records.families.find(token.family_id)
            if family is None or (family.pool_id, family.client_id) != (pool.id, client.id):
                return None
            return await records.users.find(pool.id, family.sub)

    async def refresh(
        self,
        pool: Pool,
        client: Client,
        *,
        refresh_token: str,
        device_key: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> TokenSet | GrantRefused:
        """Exchange a refresh token; with rotation a new one comes along, for the family's remaining life.

        A token that is bound to a device needs its key, and the device to be confirmed (cognito.md 4.11).
        """
        changes = await self._foretell_refresh(pool, client, refresh_token, metadata)
        if isinstance(changes, TriggerRefused):
            return refuse_trigger(changes)
        async with self.store.writing() as records:
            now = self.clock.now()
            try:
                token = await records.refresh_tokens.get(hash_token(refresh_token))
                family = await records.families.hold(token.family_id)
                # As it is now that nobody else changes it; with its user it may have gone meanwhile.
                token = await records.refresh_tokens.get(token.token_hash)
            except NotFound:
                return INVALID_GRANT
            if family.client_id != client.id or family.pool_id != pool.id:
                return INVALID_GRANT
            state = ageing.judge_refresh(token, family, client, now)
            if state is RefreshState.REUSED:
                await _revoke(records, family.id, now)
            user = await records.users.find(pool.id, family.sub)
            if refused := _refuse_refresh(state, user):
                return refused
            if family.device_key is not None and not await _is_device_right(records, family, device_key):
                return INVALID_GRANT
            assert user is not None
            successor = await self._rotate(records, client, token, family, now=now)
            await records.families.update((family.id,), lambda old: replace(old, active_at=now))
            # A refreshed ID token repeats no nonce (OpenID Connect Core 12.2).
            grant = await self.describe(records, pool, client, user, replace(family, nonce=None))
        return self._sign(pool, grant, successor, changes)

    async def client_credentials(
        self,
        pool: Pool,
        client: Client,
        *,
        scopes: Sequence[str] | None,
        metadata: Mapping[str, str] | None = None,
    ) -> TokenSet | GrantRefused:
        """Issue an access token to a client for itself; no other tokens."""
        if not client.oauth_enabled or "client_credentials" not in client.oauth_flows:
            return GrantRefused("unauthorized_client")
        return await self.machine_token(pool, client, scopes=scopes, metadata=metadata)

    async def machine_token(
        self,
        pool: Pool,
        client: Client,
        *,
        scopes: Sequence[str] | None,
        metadata: Mapping[str, str] | None = None,
    ) -> TokenSet | GrantRefused:
        """Issue an access token to a client for itself; that it may ask for one is checked before."""
        granted = grant_machine_scopes(pool, client, scopes)
        if isinstance(granted, GrantRefused):
            return granted
        asked = await self.ask(pool, client, None, TokenOccasion.CLIENT, granted, metadata)
        if isinstance(asked, TriggerRefused):
            return refuse_trigger(asked)
        now, jti = int(self.clock.now()), str(uuid.uuid4())
        content = claims.build_machine_claims(self.issuer_of(pool.id), client, granted, now=now, jti=jti)
        content = change_access(content, asked)
        return TokenSet(self.keys.sign(pool, "access", content), None, None, client.access_token_seconds)

    async def revoke(self, pool: Pool, client: Client, *, token: str) -> GrantRefused | None:
        """Revoke a refresh token and everything of its family; an unknown or foreign one is no error."""
        if not token or not client.token_revocation:
            return GrantRefused("invalid_request")
        if is_jwt(token):
            return GrantRefused("unsupported_token_type")
        async with self.store.writing() as records:
            record = await records.refresh_tokens.find(hash_token(token))
            family = None if record is None else await records.families.find(record.family_id)
            if family is not None and family.client_id == client.id and family.pool_id == pool.id:
                await _revoke(records, family.id, self.clock.now())
        return None

    async def user_info(self, access_token: str) -> dict[str, str] | TokenRefused:
        """Answer userInfo for an access token of whichever pool signed it."""
        opened = await self.access.open(access_token, scope=claims.OPENID)
        if isinstance(opened, AccessRefused):
            return NO_OPENID if opened.reason is AccessReason.SCOPE else DEAD_TOKEN
        return claims.build_user_info(opened.client, opened.user, tuple(opened.claims["scope"].split()))

    async def alive(self, pool: Pool, user: User) -> tuple[Family, ...]:
        """Return a user's families that are alive, by id."""
        async with self.store.reading() as records:
            families = await records.families.of(pool.id, user.sub)
        return tuple(family for family in families if ageing.is_alive(family, self.clock.now()))

    async def revoke_family(self, family: Family) -> None:
        """End one family: its refresh tokens, and its access tokens where we are asked."""
        async with self.store.writing() as records:
            await _revoke(records, family.id, self.clock.now())

    async def sign_out_everywhere(self, pool: Pool, user: User) -> None:
        """End every family of a user and every code not yet redeemed (GlobalSignOut; the cookie stays)."""
        async with self.store.writing() as records:
            await revoke_user(records, user, self.clock.now())

    def jwks(self, pool: Pool) -> dict[str, Any]:
        """Return the pool's JSON Web Key Set: exactly two RSA keys."""
        return self.keys.jwks(pool)

    @staticmethod
    def _begin_family(client: Client, code: AuthorizationCode, now: float) -> Family:
        return Family(
            id=code.family_id,
            pool_id=code.pool_id,
            client_id=client.id,
            sub=code.sub,
            event_id=str(uuid.uuid4()),
            scopes=code.scopes,
            auth_time=code.auth_time,
            nonce=code.nonce,
            created_at=now,
            expires_at=now + client.refresh_token_seconds,
            amr=code.amr,
        )

    @staticmethod
    async def _add_refresh_token(records: Records, family: Family, now: float) -> str:
        token = secrets.token_urlsafe(48)
        await records.refresh_tokens.create(
            RefreshToken(hash_token(token), family.id, now, family.expires_at)
        )
        return token

    async def _rotate(
        self, records: Records, client: Client, token: RefreshToken, family: Family, *, now: float
    ) -> str | None:
        if not client.rotation.enabled:
            return None
        if token.superseded_at is None:
            await records.refresh_tokens.update(
                (token.token_hash,), lambda old: replace(old, superseded_at=now)
            )
        return await self._add_refresh_token(records, family, now)

    async def describe(
        self, records: Records, pool: Pool, client: Client, user: User, family: Family
    ) -> claims.Grant:
        """Describe what tokens of a family say now."""
        return claims.Grant(
            issuer=self.issuer_of(user.pool_id),
            client=client,
            user=user,
            groups=await records.groups.of(user.pool_id, user.sub),
            scopes=family.scopes,
            auth_time=family.auth_time,
            issued_at=int(self.clock.now()),
            origin_jti=family.id,
            event_id=family.event_id,
            nonce=family.nonce,
            is_api=family.door == API,
            device_key=family.device_key,
            amr=family.amr,
            acr=acr_of(pool, family.amr),
        )

    async def ask(
        self,
        pool: Pool,
        client: Client,
        user: User | None,
        occasion: TokenOccasion,
        scopes: Sequence[str],
        metadata: Mapping[str, str] | None,
    ) -> ClaimChanges | TriggerRefused:
        """Ask the pool's trigger what tokens are to say; outside of every transaction, as it may be slow."""
        if not self.pre_token.wants(pool, occasion):
            return NO_CHANGES
        groups: tuple[Group, ...] = ()
        if user is not None:
            async with self.store.reading() as records:
                groups = await records.groups.of(pool.id, user.sub)
        request = TokenRequest(occasion, pool, client, user, groups, tuple(scopes), metadata or {})
        return await self.pre_token.change(request)

    async def _foretell_code(self, pool: Pool, client: Client, code: str) -> ClaimChanges | TriggerRefused:
        """Ask the trigger about a code that looks good now; redeeming it decides whether it is."""
        if not self.pre_token.wants(pool, TokenOccasion.HOSTED):
            return NO_CHANGES
        async with self.store.reading() as records:
            record = await records.codes.find(hash_token(code))
            is_good = (
                record is not None
                and record.client_id == client.id
                and ageing.judge_code(record, self.clock.now()) is CodeState.GOOD
            )
            user = await records.users.find(pool.id, record.sub) if record and is_good else None
        if record is None or user is None:
            return NO_CHANGES
        return await self.ask(pool, client, user, TokenOccasion.HOSTED, record.scopes, None)

    async def _foretell_refresh(
        self, pool: Pool, client: Client, refresh_token: str, metadata: Mapping[str, str] | None
    ) -> ClaimChanges | TriggerRefused:
        """Ask the trigger about a refresh token that looks good now: a refusal must not use it up."""
        if not self.pre_token.wants(pool, TokenOccasion.REFRESH):
            return NO_CHANGES
        async with self.store.reading() as records:
            token = await records.refresh_tokens.find(hash_token(refresh_token))
            family = None if token is None else await records.families.find(token.family_id)
            if token is None or family is None or family.client_id != client.id:
                return NO_CHANGES
            state = ageing.judge_refresh(token, family, client, self.clock.now())
            user = await records.users.find(pool.id, family.sub)
        if state is not RefreshState.GOOD or user is None:
            return NO_CHANGES
        return await self.ask(pool, client, user, TokenOccasion.REFRESH, family.scopes, metadata)

    def _sign(
        self, pool: Pool, grant: claims.Grant, refresh_token: str | None, changes: ClaimChanges
    ) -> TokenSet:
        """Sign outside the transaction: two RSA signatures are 2 ms that no other writer has to wait for."""
        content = change_access(claims.build_access_claims(grant, jti=str(uuid.uuid4())), changes)
        access = self.keys.sign(pool, "access", content)
        identity = None
        if grant.is_api or claims.OPENID in grant.scopes:
            content = claims.build_id_claims(grant, jti=str(uuid.uuid4()), access_token=access)
            identity = self.keys.sign(pool, "id", change_id(content, changes))
        return TokenSet(access, identity, refresh_token, grant.client.access_token_seconds)


async def _queue(records: Records, pool: Pool, code_hash: str) -> None:
    """Let the sign-ins of a code's user take turns, so that none of two at once misses the other.

    The user before the code: whoever takes a user's access away holds them in this order, too.
    """
    found = await records.codes.find(code_hash)
    if found is not None and found.pool_id == pool.id:
        with contextlib.suppress(NotFound):
            await records.users.hold(pool.id, found.sub)


async def _make_room(records: Records, pool: Pool, user: User, now: float) -> None:
    """End the least recently used sessions of a user who has as many as the pool allows (1.13)."""
    if not is_tracked(pool):
        return
    families = await records.families.of(pool.id, user.sub)
    for family in choose_evicted(pool, [family for family in families if ageing.is_alive(family, now)]):
        await _revoke(records, family.id, now)


def refuse_trigger(refused: TriggerRefused) -> GrantRefused:
    """Spell a trigger's refusal as one of the token endpoint (cognito.md 1.3). Pure."""
    return GrantRefused("invalid_request", refused.message, GrantReason.TRIGGER, refused.code)


def _occasion_of(signed_in: SignedIn) -> TokenOccasion:
    if signed_in.chose_password:
        return TokenOccasion.NEW_PASSWORD
    return TokenOccasion.DEVICE if signed_in.device_key is not None else TokenOccasion.SIGN_IN


async def revoke_user(records: Records, user: User, now: float) -> None:
    """Revoke all families of a user and drop the codes they have not redeemed."""
    await records.families.revoke_all(user.pool_id, user.sub, now)
    await records.codes.delete_of(user.pool_id, user.sub)


def _refuse_refresh(state: RefreshState, user: User | None) -> GrantRefused | None:
    """Say why a refresh token of this state and user gives nothing, or None.

    A disabled user's tokens are revoked, too; that the user is disabled is what their app has to hear.
    """
    if state is RefreshState.REVOKED and user is not None and not ageing.may_hold_tokens(user):
        return GrantRefused("invalid_grant", reason=GrantReason.DISABLED)
    if state is not RefreshState.GOOD:
        return GrantRefused("invalid_grant", reason=_REFUSED[state])
    if user is None:
        return INVALID_GRANT
    return (
        None if ageing.may_hold_tokens(user) else GrantRefused("invalid_grant", reason=GrantReason.DISABLED)
    )


async def _is_device_right(records: Records, family: Family, device_key: str | None) -> bool:
    """Whether the device a family is bound to is named, and still there and confirmed."""
    if device_key is None or family.device_key is None or device_key != family.device_key:
        return False
    device = await records.devices.find(family.pool_id, device_key)
    return device is not None and device.sub == family.sub and device.is_confirmed


def _may(client: Client, user: User, code: AuthorizationCode) -> bool:
    return ageing.may_hold_tokens(user) and claims.find_unreadable(client, code.scopes) is None


async def _revoke(records: Records, family_id: str, now: float) -> None:
    """Revoke a family; one that a failed redemption never opened is no matter."""
    if await records.families.find(family_id) is not None:
        await records.families.update(
            (family_id,), lambda old: replace(old, revoked_at=old.revoked_at or now)
        )
