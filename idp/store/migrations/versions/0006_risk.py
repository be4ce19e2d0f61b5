"""Adaptive authentication: what events are compared by, and which configurations the file declares."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("auth_events", sa.Column("traits", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column(
        "risk_configurations",
        sa.Column("origin", sa.String(length=32), nullable=False, server_default="api"),
    )


def downgrade() -> None:
    with op.batch_alter_table("risk_configurations") as batch:
        batch.drop_column("origin")
    with op.batch_alter_table("auth_events") as batch:
        batch.drop_column("traits")
