"""The first tables of the user pool."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "mails",
    "pools",
    "clients",
    "failures",
    "groups",
    "mailed_codes",
    "signing_keys",
    "users",
    "authorization_codes",
    "families",
    "group_members",
    "logins",
    "sso_sessions",
    "refresh_tokens",
)


def upgrade() -> None:
    create_mails()
    create_pools()
    create_clients()
    create_failures()
    create_groups()
    create_mailed_codes()
    create_signing_keys()
    create_users()
    create_authorization_codes()
    create_families()
    create_group_members()
    create_logins()
    create_sso_sessions()
    create_refresh_tokens()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def create_mails() -> None:
    op.create_table(
        "mails",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("pool_id", sa.String(length=255), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
    )


def create_pools() -> None:
    op.create_table(
        "pools",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pools")),
    )


def create_clients() -> None:
    op.create_table(
        "clients",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("sealed_secrets", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["pools.id"], name=op.f("fk_clients_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
    )
    op.create_index(op.f("ix_clients_pool_id"), "clients", ["pool_id"], unique=False)


def create_failures() -> None:
    op.create_table(
        "failures",
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.Column("locked_until", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["pools.id"], name=op.f("fk_failures_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pool_id", "subject", name=op.f("pk_failures")),
    )
    op.create_index(op.f("ix_failures_last_at"), "failures", ["last_at"], unique=False)


def create_groups() -> None:
    op.create_table(
        "groups",
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("precedence", sa.Integer(), nullable=True),
        sa.Column("role_arn", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["pools.id"], name=op.f("fk_groups_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pool_id", "name", name=op.f("pk_groups")),
    )


def create_mailed_codes() -> None:
    op.create_table(
        "mailed_codes",
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("code_hash", sa.String(length=255), nullable=True),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("sends", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.JSON(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["pools.id"], name=op.f("fk_mailed_codes_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pool_id", "subject", "purpose", name=op.f("pk_mailed_codes")),
    )
    op.create_index(op.f("ix_mailed_codes_expires_at"), "mailed_codes", ["expires_at"], unique=False)


def create_signing_keys() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("use", sa.String(length=16), nullable=False),
        sa.Column("kid", sa.String(length=255), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["pools.id"], name=op.f("fk_signing_keys_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pool_id", "use", name=op.f("pk_signing_keys")),
        sa.UniqueConstraint("kid", name=op.f("uq_signing_keys_kid")),
    )


def create_users() -> None:
    op.create_table(
        "users",
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("sub", sa.String(length=255), nullable=False),
        sa.Column("username", sa.String(length=255), nullable=False),
        sa.Column("status", sa.String(length=255), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("password_hash", sa.String(length=512), nullable=True),
        sa.Column("temporary_until", sa.Double(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["pool_id"], ["pools.id"], name=op.f("fk_users_pool_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("pool_id", "sub", name=op.f("pk_users")),
        sa.UniqueConstraint("pool_id", "username", name=op.f("uq_users_pool_id_username")),
    )


def create_authorization_codes() -> None:
    op.create_table(
        "authorization_codes",
        sa.Column("code_hash", sa.String(length=255), nullable=False),
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("sub", sa.String(length=255), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("code_challenge", sa.String(length=255), nullable=True),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("family_id", sa.String(length=255), nullable=False),
        sa.Column("redeemed_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_authorization_codes_client_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["pool_id", "sub"],
            ["users.pool_id", "users.sub"],
            name=op.f("fk_authorization_codes_pool_id_sub"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_authorization_codes")),
        sa.UniqueConstraint("family_id", name=op.f("uq_authorization_codes_family_id")),
    )
    op.create_index(
        op.f("ix_authorization_codes_expires_at"), "authorization_codes", ["expires_at"], unique=False
    )
    op.create_index(
        op.f("ix_authorization_codes_pool_id_sub"), "authorization_codes", ["pool_id", "sub"], unique=False
    )


def create_families() -> None:
    op.create_table(
        "families",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("sub", sa.String(length=255), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("revoked_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_families_client_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["pool_id", "sub"],
            ["users.pool_id", "users.sub"],
            name=op.f("fk_families_pool_id_sub"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_families")),
        sa.UniqueConstraint("event_id", name=op.f("uq_families_event_id")),
    )
    op.create_index(op.f("ix_families_expires_at"), "families", ["expires_at"], unique=False)
    op.create_index(op.f("ix_families_pool_id_sub"), "families", ["pool_id", "sub"], unique=False)


def create_group_members() -> None:
    op.create_table(
        "group_members",
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("sub", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id", "name"],
            ["groups.pool_id", "groups.name"],
            name=op.f("fk_group_members_pool_id_name"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["pool_id", "sub"],
            ["users.pool_id", "users.sub"],
            name=op.f("fk_group_members_pool_id_sub"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pool_id", "name", "sub", name=op.f("pk_group_members")),
    )
    op.create_index(op.f("ix_group_members_pool_id_sub"), "group_members", ["pool_id", "sub"], unique=False)


def create_logins() -> None:
    op.create_table(
        "logins",
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("login", sa.String(length=512), nullable=False),
        sa.Column("sub", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id", "sub"],
            ["users.pool_id", "users.sub"],
            name=op.f("fk_logins_pool_id_sub"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pool_id", "login", name=op.f("pk_logins")),
    )
    op.create_index(op.f("ix_logins_pool_id_sub"), "logins", ["pool_id", "sub"], unique=False)


def create_sso_sessions() -> None:
    op.create_table(
        "sso_sessions",
        sa.Column("token_hash", sa.String(length=255), nullable=False),
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("sub", sa.String(length=255), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id", "sub"],
            ["users.pool_id", "users.sub"],
            name=op.f("fk_sso_sessions_pool_id_sub"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sso_sessions")),
    )
    op.create_index(op.f("ix_sso_sessions_expires_at"), "sso_sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_sso_sessions_pool_id_sub"), "sso_sessions", ["pool_id", "sub"], unique=False)


def create_refresh_tokens() -> None:
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.String(length=255), nullable=False),
        sa.Column("family_id", sa.String(length=255), nullable=False),
        sa.Column("issued_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("superseded_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["family_id"], ["families.id"], name=op.f("fk_refresh_tokens_family_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_tokens")),
    )
    op.create_index(op.f("ix_refresh_tokens_family_id"), "refresh_tokens", ["family_id"], unique=False)
