"""Second factors and passkeys."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_mfa_preferences()
    create_software_tokens()
    create_passkeys()
    create_ceremonies()


def downgrade() -> None:
    for table in ("ceremonies", "passkeys", "software_tokens", "mfa_preferences"):
        op.drop_table(table)


def create_mfa_preferences() -> None:
    op.create_table(
        "mfa_preferences",
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("sub", sa.String(length=255), nullable=False),
        sa.Column("enabled", sa.JSON(), nullable=False),
        sa.Column("preferred", sa.String(length=32), nullable=True),
        owned_by_user("mfa_preferences"),
        sa.PrimaryKeyConstraint("pool_id", "sub", name=op.f("pk_mfa_preferences")),
    )


def create_software_tokens() -> None:
    op.create_table(
        "software_tokens",
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("sub", sa.String(length=255), nullable=False),
        sa.Column("sealed_seed", sa.Text(), nullable=True),
        sa.Column("device_name", sa.Text(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("sealed_pending", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.Double(), nullable=False),
        owned_by_user("software_tokens"),
        sa.PrimaryKeyConstraint("pool_id", "sub", name=op.f("pk_software_tokens")),
    )


def create_passkeys() -> None:
    op.create_table(
        "passkeys",
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("id_hash", sa.String(length=64), nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("sub", sa.String(length=255), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("relying_party_id", sa.String(length=255), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("transports", sa.JSON(), nullable=False),
        sa.Column("attachment", sa.String(length=32), nullable=True),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("used_at", sa.Double(), nullable=True),
        owned_by_user("passkeys"),
        sa.PrimaryKeyConstraint("pool_id", "id_hash", name=op.f("pk_passkeys")),
    )
    op.create_index(op.f("ix_passkeys_pool_id_sub"), "passkeys", ["pool_id", "sub"])


def create_ceremonies() -> None:
    op.create_table(
        "ceremonies",
        sa.Column("challenge_hash", sa.String(length=64), nullable=False),
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["pools.id"], name=op.f("fk_ceremonies_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("challenge_hash", name=op.f("pk_ceremonies")),
    )
    op.create_index(op.f("ix_ceremonies_expires_at"), "ceremonies", ["expires_at"])


def owned_by_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["pool_id", "sub"],
        ["users.pool_id", "users.sub"],
        name=op.f(f"fk_{table}_pool_id_sub"),
        ondelete="CASCADE",
    )
