"""The tables, in types that SQLite and PostgreSQL share.

Uniqueness that security leans on (one owner per login, one client id, one family per code) is in the
database and not only in the code, so that several nodes may share it. Times are Unix seconds in double
precision.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key(name: str, size: int = 255) -> Column[str]:
    return Column(name, String(size), primary_key=True)


def _text(name: str, *, size: int = 255, nullable: bool = False) -> Column[str]:
    return Column(name, String(size), nullable=nullable)


def _long(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> Column[float]:
    return Column(name, Double, nullable=nullable)


def _json(name: str) -> Column[object]:
    return Column(name, JSON, nullable=False)


def _words(name: str) -> Column[object]:
    return Column(name, JSON, nullable=False, server_default="[]")


def _pool_owned() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["pool_id"], ["pools.id"], ondelete="CASCADE")


def _user_owned() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["pool_id", "sub"], ["users.pool_id", "users.sub"], ondelete="CASCADE")


def _client_owned() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["client_id"], ["clients.id"], ondelete="CASCADE")


pools = Table(
    "pools", metadata, _key("id"), _text("name"), Column("active", Boolean, nullable=False), _json("document")
)

clients = Table(
    "clients",
    metadata,
    _key("id"),
    _text("pool_id"),
    _text("name"),
    Column("active", Boolean, nullable=False),
    _json("document"),
    _json("sealed_secrets"),
    _pool_owned(),
    Index(None, "pool_id"),
)

users = Table(
    "users",
    metadata,
    _key("pool_id"),
    _key("sub"),
    _text("username"),
    _text("status"),
    Column("enabled", Boolean, nullable=False),
    _json("attributes"),
    _text("password_hash", size=512, nullable=True),
    _long("srp_verifier", nullable=True),
    Column("password_history", JSON, nullable=False, server_default="[]"),
    Column("pending", JSON, nullable=False, server_default="{}"),
    _time("temporary_until", nullable=True),
    _time("created_at"),
    _time("updated_at"),
    _pool_owned(),
    UniqueConstraint("pool_id", "username"),
    Index(None, "pool_id", "status", "username"),
    Index(None, "pool_id", "enabled", "username"),
)

LONGEST_TERM = 256
"""Characters of a searchable value: no filter of ListUsers is as long."""

user_terms = Table(
    "user_terms",
    metadata,
    _key("pool_id"),
    _key("attribute", 32),
    # Compared by bytes on both databases: a range of a prefix means nothing in a language's own order.
    Column(
        "value",
        String(LONGEST_TERM).with_variant(String(LONGEST_TERM, collation="C"), "postgresql"),
        primary_key=True,
    ),
    _key("sub"),
    _user_owned(),
    Index(None, "pool_id", "sub"),
)

linked_identities = Table(
    "linked_identities",
    metadata,
    _key("pool_id"),
    _key("provider", 32),
    _key("attribute"),
    _key("value", 512),
    _text("sub"),
    _time("linked_at"),
    _user_owned(),
    Index(None, "pool_id", "sub"),
)

logins = Table(
    "logins",
    metadata,
    _key("pool_id"),
    _key("login", 512),
    _text("sub"),
    _user_owned(),
    Index(None, "pool_id", "sub"),
)

groups = Table(
    "groups",
    metadata,
    _key("pool_id"),
    _key("name"),
    _long("description"),
    Column("precedence", Integer, nullable=True),
    _long("role_arn", nullable=True),
    Column("created_at", Double, nullable=False, server_default="0"),
    Column("updated_at", Double, nullable=False, server_default="0"),
    _pool_owned(),
)

group_members = Table(
    "group_members",
    metadata,
    _key("pool_id"),
    _key("name"),
    _key("sub"),
    ForeignKeyConstraint(["pool_id", "name"], ["groups.pool_id", "groups.name"], ondelete="CASCADE"),
    _user_owned(),
    Index(None, "pool_id", "sub"),
)

# No foreign key to users: a name that nobody has must leave the same traces as one that somebody has.
mailed_codes = Table(
    "mailed_codes",
    metadata,
    _key("pool_id"),
    _key("subject"),
    _key("purpose", 32),
    _text("code_hash", nullable=True),
    _time("expires_at"),
    _json("sends"),
    _json("attempts"),
    Column("wrong", Integer, nullable=False),
    _pool_owned(),
    Index(None, "expires_at"),
)

failures = Table(
    "failures",
    metadata,
    _key("pool_id"),
    _key("subject"),
    Column("count", Integer, nullable=False),
    _time("last_at"),
    _time("locked_until"),
    _pool_owned(),
    Index(None, "last_at"),
)

authorization_codes = Table(
    "authorization_codes",
    metadata,
    _key("code_hash"),
    _text("pool_id"),
    _text("client_id"),
    _text("sub"),
    _long("redirect_uri"),
    _json("scopes"),
    _long("nonce", nullable=True),
    _text("code_challenge", nullable=True),
    Column("auth_time", BigInteger, nullable=False),
    _time("expires_at"),
    _text("family_id"),
    _time("redeemed_at", nullable=True),
    _words("amr"),
    _user_owned(),
    _client_owned(),
    UniqueConstraint("family_id"),
    Index(None, "expires_at"),
    Index(None, "pool_id", "sub"),
)

families = Table(
    "families",
    metadata,
    _key("id"),
    _text("pool_id"),
    _text("client_id"),
    _text("sub"),
    _text("event_id"),
    _json("scopes"),
    Column("auth_time", BigInteger, nullable=False),
    _long("nonce", nullable=True),
    _time("created_at"),
    _time("expires_at"),
    _time("revoked_at", nullable=True),
    Column("door", String(16), nullable=False, server_default="oauth"),
    _text("device_key", nullable=True),
    _time("active_at", nullable=True),
    _text("address", nullable=True),
    _long("user_agent", nullable=True),
    _words("amr"),
    _user_owned(),
    _client_owned(),
    UniqueConstraint("event_id"),
    Index(None, "pool_id", "sub"),
    Index(None, "expires_at"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    _key("token_hash"),
    _text("family_id"),
    _time("issued_at"),
    _time("expires_at"),
    _time("superseded_at", nullable=True),
    ForeignKeyConstraint(["family_id"], ["families.id"], ondelete="CASCADE"),
    Index(None, "family_id"),
)

sso_sessions = Table(
    "sso_sessions",
    metadata,
    _key("token_hash"),
    _text("pool_id"),
    _text("sub"),
    Column("auth_time", BigInteger, nullable=False),
    _time("expires_at"),
    _words("amr"),
    _user_owned(),
    Index(None, "pool_id", "sub"),
    Index(None, "expires_at"),
)

pool_keys = Table(
    "pool_keys",
    metadata,
    _key("kid"),
    _text("pool_id"),
    _text("use", size=16),
    _long("sealed"),
    _time("created_at"),
    _time("signs_from"),
    _pool_owned(),
    Index(None, "pool_id"),
)

mails = Table(
    "mails",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _text("pool_id", nullable=True),
    _long("recipient"),
    _long("subject"),
    _long("body"),
    _time("sent_at"),
)

mfa_preferences = Table(
    "mfa_preferences",
    metadata,
    _key("pool_id"),
    _key("sub"),
    _json("enabled"),
    _text("preferred", size=32, nullable=True),
    _user_owned(),
)

software_tokens = Table(
    "software_tokens",
    metadata,
    _key("pool_id"),
    _key("sub"),
    _long("sealed_seed", nullable=True),
    _long("device_name"),
    Column("last_step", BigInteger, nullable=False),
    _long("sealed_pending", nullable=True),
    _time("changed_at"),
    _user_owned(),
)

passkeys = Table(
    "passkeys",
    metadata,
    _key("pool_id"),
    _key("id_hash", 64),
    _long("credential_id"),
    _text("sub"),
    _long("public_key"),
    Column("sign_count", BigInteger, nullable=False),
    _text("relying_party_id"),
    _long("name"),
    _time("created_at"),
    _json("transports"),
    _text("attachment", size=32, nullable=True),
    Column("backed_up", Boolean, nullable=False),
    _time("used_at", nullable=True),
    _user_owned(),
    Index(None, "pool_id", "sub"),
)

# The subject of a registration is a user; deleting one leaves a row that opens nothing and soon expires.
ceremonies = Table(
    "ceremonies",
    metadata,
    _key("challenge_hash", 64),
    _text("pool_id"),
    _text("subject"),
    _text("kind", size=32),
    _time("expires_at"),
    _pool_owned(),
    Index(None, "expires_at"),
)

risk_configurations = Table(
    "risk_configurations",
    metadata,
    _key("pool_id"),
    _key("client_id"),
    _time("updated_at"),
    _json("compromised"),
    _json("takeover"),
    _json("exceptions"),
    _text("origin", size=32),
    _pool_owned(),
)

auth_events = Table(
    "auth_events",
    metadata,
    _key("pool_id"),
    _key("id", 64),
    _text("sub"),
    _text("client_id"),
    _time("at"),
    _text("kind", size=32),
    _text("response", size=32),
    _json("risk"),
    _json("challenges"),
    _json("context"),
    _json("feedback"),
    _json("traits"),
    _user_owned(),
    Index(None, "pool_id", "sub", "at"),
    Index(None, "at"),
)

spent = Table("spent", metadata, _key("id", 64), _time("expires_at"), Index(None, "expires_at"))

devices = Table(
    "devices",
    metadata,
    _key("pool_id"),
    _key("key", 64),
    _text("sub"),
    _text("group_key", size=64),
    _time("created_at"),
    _time("updated_at"),
    _time("last_authenticated_at"),
    _long("name", nullable=True),
    _long("sealed_verifier", nullable=True),
    Column("remembered", Boolean, nullable=False),
    _text("address"),
    _long("pending", nullable=True),
    _user_owned(),
    Index(None, "pool_id", "sub"),
)

parts = Table(
    "parts",
    metadata,
    _key("pool_id"),
    _key("kind", 32),
    _key("key"),
    _long("sealed"),
    _time("created_at"),
    _time("updated_at"),
    _pool_owned(),
)
