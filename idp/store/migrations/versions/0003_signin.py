"""Sign-in flows: SRP verifiers, spent sessions, remembered devices, what a session list shows, key rotation."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FAMILY_COLUMNS = ("door", "device_key", "active_at", "address", "user_agent")


def upgrade() -> None:
    op.add_column("users", sa.Column("srp_verifier", sa.Text(), nullable=True))
    op.add_column(
        "families", sa.Column("door", sa.String(length=16), nullable=False, server_default="oauth")
    )
    op.add_column("families", sa.Column("device_key", sa.String(length=255), nullable=True))
    op.add_column("families", sa.Column("active_at", sa.Double(), nullable=True))
    op.add_column("families", sa.Column("address", sa.String(length=255), nullable=True))
    op.add_column("families", sa.Column("user_agent", sa.Text(), nullable=True))
    create_spent()
    create_devices()
    create_pool_keys()


def downgrade() -> None:
    create_signing_keys()
    op.drop_table("devices")
    op.drop_table("spent")
    with op.batch_alter_table("families") as families:
        for name in FAMILY_COLUMNS:
            families.drop_column(name)
    with op.batch_alter_table("users") as users:
        users.drop_column("srp_verifier")


def create_spent() -> None:
    op.create_table(
        "spent",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spent")),
    )
    op.create_index(op.f("ix_spent_expires_at"), "spent", ["expires_at"])


def create_devices() -> None:
    op.create_table(
        "devices",
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("sub", sa.String(length=255), nullable=False),
        sa.Column("group_key", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("last_authenticated_at", sa.Double(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("sealed_verifier", sa.Text(), nullable=True),
        sa.Column("remembered", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(length=255), nullable=False),
        sa.Column("pending", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["pool_id", "sub"],
            ["users.pool_id", "users.sub"],
            name=op.f("fk_devices_pool_id_sub"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pool_id", "key", name=op.f("pk_devices")),
    )
    op.create_index(op.f("ix_devices_pool_id_sub"), "devices", ["pool_id", "sub"])


def create_pool_keys() -> None:
    """A pool has had one key per use; from now on it may have several, by their ids."""
    op.create_table(
        "pool_keys",
        sa.Column("kid", sa.String(length=255), nullable=False),
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("use", sa.String(length=16), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("signs_from", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["pools.id"], name=op.f("fk_pool_keys_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_pool_keys")),
    )
    op.create_index(op.f("ix_pool_keys_pool_id"), "pool_keys", ["pool_id"])
    op.execute(
        "INSERT INTO pool_keys (kid, pool_id, use, sealed, created_at, signs_from) "
        "SELECT kid, pool_id, use, sealed, created_at, created_at FROM signing_keys"
    )
    op.drop_table("signing_keys")


def create_signing_keys() -> None:
    """The table of 0001, with the oldest key of each use: the one that every node knows."""
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
    op.execute(
        "INSERT INTO signing_keys (pool_id, use, kid, sealed, created_at) "
        "SELECT pool_id, use, kid, sealed, created_at FROM pool_keys AS mine WHERE signs_from = "
        "(SELECT MAX(signs_from) FROM pool_keys AS all_keys "
        "WHERE all_keys.pool_id = mine.pool_id AND all_keys.use = mine.use)"
    )
    op.drop_table("pool_keys")
