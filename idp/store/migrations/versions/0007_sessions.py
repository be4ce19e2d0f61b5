"""What was proved at a sign-in stays with its codes, tokens and browser sessions; subs are searchable."""

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
    # A range of a prefix needs an order by bytes, which a column of ids has not on every database.
    op.execute(
        "INSERT INTO user_terms (pool_id, attribute, value, sub) SELECT pool_id, 'sub', sub, sub FROM users"
    )


def downgrade() -> None:
    op.execute("DELETE FROM user_terms WHERE attribute = 'sub'")
    for table in TABLES:
        with op.batch_alter_table(table) as changed:
            changed.drop_column("amr")
