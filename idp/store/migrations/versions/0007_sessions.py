"""What was proved at a sign-in stays with its codes, tokens and browser sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = ("authorization_codes", "families", "sso_sessions")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("amr", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    for table in TABLES:
        with op.batch_alter_table(table) as changed:
            changed.drop_column("amr")
