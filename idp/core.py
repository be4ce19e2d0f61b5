"""The user pool in one object: store, keys and services, put together once per process.

`Core.open` migrates the store, brings it in line with the configuration and loads the signing keys;
whatever door answers requests (hosted pages, token endpoint, commands) works on what it returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from idp.clock import Clock, SystemClock
from idp.config import PoolsConfig, SmsSettings, SmtpSettings
from idp.config.functions import find_unknown
from idp.factors.app_origins import app_origins
from idp.factors.message_codes import MessageCodes
from idp.factors.passkeys import Passkeys
from idp.factors.preferences import Preferences
from idp.factors.records import Factor, FirstFactor
from idp.factors.service import FactorService
from idp.factors.software_tokens import SoftwareTokens
from idp.factors.webauthn import RelyingParty, find_party
from idp.management.catalog import served
from idp.management.service import Management
from idp.model import Client, Pool
from idp.outbox.base import Outbox
from idp.outbox.inbox import Inbox
from idp.outbox.smtp import SmtpCarrier
from idp.outbox.webhook import WebhookCarrier
from idp.protection.breached import BreachedPasswords
from idp.protection.history import History
from idp.protection.limiter import Limiter
from idp.protection.locations import Locations
from idp.protection.notifier import Notifier
from idp.protection.service import ThreatProtection
from idp.seal import Vault, load_or_create_key
from idp.seeding import seed
from idp.signin.completion import Completion
from idp.signin.devices import Devices
from idp.signin.service import SignIn
from idp.signin.sessions import SsoSessions
from idp.store.base import Store
from idp.store.database import database_url, open_store
from idp.tokens.access import AccessTokens
from idp.tokens.issuer import Tokens
from idp.tokens.keys import KeyRing
from idp.triggers.service import TriggerService
from idp.triggers.targets import FunctionTable
from idp.users.administration import Administration
from idp.users.code_desk import CodeDesk
from idp.users.credentials import Passwords
from idp.users.groups import GroupDesk
from idp.users.identities import IdentityLinks
from idp.users.own_account import OwnAccount
from idp.users.passwords import HashCost, PasswordHasher
from idp.users.profile import Profile
from idp.users.recovery import Recovery
from idp.users.registration import Registration

log = logging.getLogger(__name__)
KEY_FILE: Final = "instance.key"
SWEEP_SECONDS: Final = 600.0


@dataclass(slots=True)
class Core:
    """The user pool."""

    store: Store
    clock: Clock
    vault: Vault
    hasher: PasswordHasher
    passwords: Passwords
    threats: ThreatProtection
    history: History
    outbox: Outbox
    keys: KeyRing
    signin: SignIn
    devices: Devices
    completion: Completion
    sessions: SsoSessions
    registration: Registration
    recovery: Recovery
    administration: Administration
    groups: GroupDesk
    identities: IdentityLinks
    profile: Profile
    own_account: OwnAccount
    access: AccessTokens
    tokens: Tokens
    factors: FactorService
    management: Management
    triggers: TriggerService
    public_url: str
    issuer_overrides: Mapping[str, str]
    limiter: Limiter
    _sweeper: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        config: PoolsConfig,
        *,
        public_url: str,
        data_directory: Path,
        smtp: SmtpSettings | None = None,
        sms: SmsSettings | None = None,
        functions: FunctionTable | None = None,
        issuer_overrides: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        database: str | None = None,
        hash_cost: HashCost | None = None,
        limiter: Limiter | None = None,
    ) -> Core:
        """Open everything; raises StoreUnusable, InsecureKeyFile or InvalidPools.

        `database` is a SQLAlchemy URL for a shared database; without it the data directory holds SQLite.
        `issuer_overrides` maps pool ids or names to issuers that differ from `public_url/pool id`, and wins
        over a pool's own `Issuer`.
        """
        limiter = limiter or Limiter(clock=clock)
        breached = BreachedPasswords(limiter.settings.breached, clock or SystemClock())
        locations = Locations(limiter.settings.locations) if limiter.settings.locations else None
        vault = Vault(load_or_create_key(data_directory / KEY_FILE))
        store = await open_store(database or database_url(data_directory), vault)
        clock = clock or SystemClock()
        outbox = _open_outbox(store, clock, smtp, sms)
        core = _compose(
            store,
            clock,
            vault,
            hash_cost=hash_cost,
            outbox=outbox,
            functions=functions or FunctionTable(),
            breached=breached,
            locations=locations,
        )
        core.public_url = core.threats.notifier.public_url = public_url.rstrip("/")
        core.limit(limiter)
        try:
            await core._start(config, issuer_overrides or {})
        except BaseException:
            await core.close()
            raise
        return core

    async def close(self) -> None:
        """Deliver what is still to be delivered, then stop and close everything."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeper
        await self.management.import_runner.close()
        await self.outbox.drain()
        await self.history.drain()
        await self.triggers.close()
        self.hasher.close()
        self.threats.close()
        await self.store.close()

    async def client(self, client_id: str) -> tuple[Pool, Client] | None:
        """Find an app client that is served now, and its pool."""
        if len(client_id) > 128 or not client_id.isascii() or "\x00" in client_id:
            return None
        async with self.store.reading() as records:
            client = await records.clients.find(client_id)
            pool = None if client is None else await records.pools.find(client.pool_id)
        if client is None or pool is None or not (client.active and pool.active):
            return None
        await self.keys.ensure(pool)  # another node may have made the pool
        return pool, client

    async def pool(self, pool_id: str) -> Pool | None:
        """Find a pool that is served now."""
        if len(pool_id) > 64 or not pool_id.isascii() or "\x00" in pool_id:
            return None
        async with self.store.reading() as records:
            pool = await records.pools.find(pool_id)
        if pool is None or not pool.active:
            return None
        await self.keys.ensure(pool)
        return pool

    async def pools(self) -> tuple[Pool, ...]:
        """All pools that are served now; those of the configuration come first, so that names mean them."""
        async with self.store.reading() as records:
            return served(await records.pools.list())

    async def clients(self, pool_id: str) -> tuple[Client, ...]:
        """All clients of a pool that are served now, those of the configuration first."""
        async with self.store.reading() as records:
            return served(await records.clients.list(pool_id))

    async def find_pool(self, name: str) -> Pool:
        """Find a pool by name, id or ARN; raises LookupError with a text that says what there is."""
        pools = await self.pools()
        pool_id = name.rpartition("userpool/")[2]
        found = [pool for pool in pools if pool_id == pool.id] or [
            pool for pool in pools if name == pool.name
        ]
        if found:
            return found[0]
        known = ", ".join(f"{pool.name} ({pool.id})" for pool in pools) or "none"
        raise LookupError(f"there is no user pool `{name}`; there are: {known}")

    async def find_client(self, pool: Pool, name: str) -> Client:
        """Find a pool's client by id or name; raises LookupError with a text that says what there is."""
        clients = await self.clients(pool.id)
        found = [c for c in clients if name == c.id] or [c for c in clients if name == c.name]
        if found:
            return found[0]
        known = ", ".join(f"{client.name} ({client.id})" for client in clients) or "none"
        raise LookupError(f"user pool {pool.name} has no app client `{name}`; there are: {known}")

    def limit(self, limiter: Limiter) -> None:
        """Count by this limiter from now on."""
        self.limiter = limiter
        self.signin.use(limiter=limiter)

    def issuer(self, pool: Pool) -> str:
        """Return a pool's issuer."""
        return self.issuer_of(pool.id)

    def issuer_of(self, pool_id: str) -> str:
        """Return the issuer of the pool with this id."""
        return self.issuer_overrides.get(pool_id) or f"{self.public_url}/{pool_id}"

    def relying_party(self, pool: Pool) -> RelyingParty | None:
        """Return for whom a pool's passkeys are made, or None where it is served at a bare address."""
        return find_party(
            self.public_url,
            name=pool.name,
            chosen=pool.factors.relying_party_id,
            app_origins=app_origins(pool),
        )

    async def _start(self, config: PoolsConfig, overrides: Mapping[str, str]) -> None:
        ids = {entry.pool.name: entry.pool.id for entry in config.pools}
        self.issuer_overrides = {entry.pool.id: entry.issuer for entry in config.pools if entry.issuer}
        self.issuer_overrides |= {ids.get(name, name): issuer for name, issuer in overrides.items()}
        await self.keys.load()
        await seed(self.store, config, self.administration)
        for pool in await self.pools():
            await self.keys.ensure(pool)
        await self.management.catalog.refresh()
        _warn_about_sms(await self.pools(), self.outbox)
        for sentence in find_unknown(await self.pools(), self.triggers.runner.table):
            log.warning("%s: sign-in and sign-up that call it will fail", sentence)
        self._sweeper = asyncio.create_task(self._sweep())

    async def _sweep(self) -> None:
        """Remove what has expired and read rotated keys, now and then; a failure is seen and tried again."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                removed = await self.store.collect(self.clock.now())
                log.debug("removed %d expired records", removed)
                await self.keys.load()
                await self.management.catalog.refresh()
                await self.management.import_runner.resume()
            except Exception:  # the loop must outlive one bad night of the database
                log.exception("expired records could not be removed, or keys not be read")


def _open_outbox(store: Store, clock: Clock, smtp: SmtpSettings | None, sms: SmsSettings | None) -> Outbox:
    """Choose how mails and text messages leave; what has no way out stays in the development inbox."""
    inbox = Inbox(store, clock)
    mail = inbox if smtp is None else SmtpCarrier(smtp)
    return Outbox(mail, inbox if sms is None else WebhookCarrier(sms, clock))


def _compose(
    store: Store,
    clock: Clock,
    vault: Vault,
    *,
    hash_cost: HashCost | None,
    outbox: Outbox,
    functions: FunctionTable,
    breached: BreachedPasswords,
    locations: Locations | None,
) -> Core:
    hasher, history = PasswordHasher(hash_cost), History(store, clock)
    threats = ThreatProtection(store, clock, breached, history, Notifier(vault, clock, outbox), locations)
    passwords = Passwords(store, vault, hasher, threats, history)
    keys, desk = KeyRing(store, vault, clock), CodeDesk(vault, clock)
    access = AccessTokens(store, clock, keys, issuer_of=lambda pool_id: core.issuer_of(pool_id))
    tokens = Tokens(store, clock, keys, access, issuer_of=access.issuer_of)
    devices = Devices(store, clock, vault)
    triggers = TriggerService.open(functions, store, clock, passwords)
    core = Core(
        store=store,
        clock=clock,
        vault=vault,
        hasher=hasher,
        passwords=passwords,
        threats=threats,
        history=history,
        outbox=outbox,
        keys=keys,
        signin=SignIn(store, clock, vault, passwords),
        devices=devices,
        completion=Completion(devices, tokens),
        sessions=SsoSessions(store, clock),
        registration=Registration(store, clock, vault, passwords, outbox, desk, triggers.lifecycle),
        recovery=Recovery(
            store, clock, vault, passwords, outbox, desk, triggers.lifecycle, triggers.migration.at_forgot
        ),
        administration=Administration(store, clock, passwords, outbox, desk, triggers.lifecycle),
        groups=GroupDesk(store, clock),
        identities=IdentityLinks(store, clock),
        profile=Profile(store, clock, outbox, desk),
        own_account=OwnAccount(store, clock, passwords, desk),
        access=access,
        tokens=tokens,
        factors=FactorService(
            store,
            MessageCodes(store, clock, vault, outbox, desk),
            SoftwareTokens(store, clock, vault),
            Passkeys(store, clock, vault, party_of=lambda pool: core.relying_party(pool)),
            Preferences(store),
        ),
        management=Management.compose(store, clock, keys, vault),
        triggers=triggers,
        public_url="",
        issuer_overrides={},
        limiter=Limiter(),
    )
    core.signin.use(factors=core.factors, triggers=triggers.sign_in)
    core.tokens.pre_token, outbox.prepare = triggers.tokens, triggers.messages.prepare
    return core


def _warn_about_sms(pools: Iterable[Pool], outbox: Outbox) -> None:
    """Tell the operator of pools that send text messages which nobody will get."""
    for pool in pools:
        sends = (
            Factor.SMS in pool.factors.enabled
            or FirstFactor.SMS_OTP in pool.factors.first
            or "phone_number" in pool.auto_verified
            or "verified_phone_number" in pool.recovery
        )
        if sends and outbox.keeps("SMS") and not outbox.is_inbox:
            log.warning(
                "user pool %s sends text messages, but nothing is configured to deliver them: they stay in "
                "the development inbox; set Sms (WebhookUrl, WebhookSecret)",
                pool.name,
            )
