"""Threat protection: how pools answer risks, and the history of sign-ins."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_risk_configurations()
    create_auth_events()


def downgrade() -> None:
    for table in ("auth_events", "risk_configurations"):
        op.drop_table(table)


def create_risk_configurations() -> None:
    op.create_table(
        "risk_configurations",
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.Column("compromised", sa.JSON(), nullable=False),
        sa.Column("takeover", sa.JSON(), nullable=False),
        sa.Column("exceptions", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["pools.id"], name=op.f("fk_risk_configurations_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pool_id", "client_id", name=op.f("pk_risk_configurations")),
    )


def create_auth_events() -> None:
    op.create_table(
        "auth_events",
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("sub", sa.String(length=255), nullable=False),
        sa.Column("client_id", sa.String(length=255), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("response", sa.String(length=32), nullable=False),
        sa.Column("risk", sa.JSON(), nullable=False),
        sa.Column("challenges", sa.JSON(), nullable=False),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("feedback", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id", "sub"],
            ["users.pool_id", "users.sub"],
            name=op.f("fk_auth_events_pool_id_sub"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pool_id", "id", name=op.f("pk_auth_events")),
    )
    op.create_index(op.f("ix_auth_events_pool_id_sub_at"), "auth_events", ["pool_id", "sub", "at"])
    op.create_index(op.f("ix_auth_events_at"), "auth_events", ["at"])
