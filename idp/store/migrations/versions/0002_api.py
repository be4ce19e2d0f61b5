"""What the JSON API keeps: searchable attributes, linked identities, password history, when groups changed, parts of pools."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SEARCHED = ("email", "phone_number", "name", "given_name", "family_name", "preferred_username")
LONGEST_TERM = 256
BATCH = 500


def upgrade() -> None:
    op.add_column("groups", sa.Column("created_at", sa.Double(), nullable=False, server_default="0"))
    op.add_column("groups", sa.Column("updated_at", sa.Double(), nullable=False, server_default="0"))
    op.add_column("users", sa.Column("password_history", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("users", sa.Column("pending", sa.JSON(), nullable=False, server_default="{}"))
    op.create_index(op.f("ix_users_pool_id_status_username"), "users", ["pool_id", "status", "username"])
    op.create_index(op.f("ix_users_pool_id_enabled_username"), "users", ["pool_id", "enabled", "username"])
    create_user_terms()
    create_linked_identities()
    create_parts()
    fill_user_terms()


def downgrade() -> None:
    op.drop_table("parts")
    op.drop_table("linked_identities")
    op.drop_table("user_terms")
    op.drop_index(op.f("ix_users_pool_id_enabled_username"), "users")
    op.drop_index(op.f("ix_users_pool_id_status_username"), "users")
    with op.batch_alter_table("users") as users:
        users.drop_column("pending")
        users.drop_column("password_history")
    with op.batch_alter_table("groups") as groups:
        groups.drop_column("updated_at")
        groups.drop_column("created_at")


def create_user_terms() -> None:
    # Compared by bytes on both databases: a range of a prefix means nothing in a language's own order.
    value = sa.String(length=LONGEST_TERM).with_variant(
        sa.String(length=LONGEST_TERM, collation="C"), "postgresql"
    )
    op.create_table(
        "user_terms",
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("attribute", sa.String(length=32), nullable=False),
        sa.Column("value", value, nullable=False),
        sa.Column("sub", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id", "sub"],
            ["users.pool_id", "users.sub"],
            name=op.f("fk_user_terms_pool_id_sub"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pool_id", "attribute", "value", "sub", name=op.f("pk_user_terms")),
    )
    op.create_index(op.f("ix_user_terms_pool_id_sub"), "user_terms", ["pool_id", "sub"])


def create_linked_identities() -> None:
    op.create_table(
        "linked_identities",
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("attribute", sa.String(length=255), nullable=False),
        sa.Column("value", sa.String(length=512), nullable=False),
        sa.Column("sub", sa.String(length=255), nullable=False),
        sa.Column("linked_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id", "sub"],
            ["users.pool_id", "users.sub"],
            name=op.f("fk_linked_identities_pool_id_sub"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "pool_id", "provider", "attribute", "value", name=op.f("pk_linked_identities")
        ),
    )
    op.create_index(op.f("ix_linked_identities_pool_id_sub"), "linked_identities", ["pool_id", "sub"])


def create_parts() -> None:
    op.create_table(
        "parts",
        sa.Column("pool_id", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["pools.id"], name=op.f("fk_parts_pool_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pool_id", "kind", "key", name=op.f("pk_parts")),
    )


def fill_user_terms() -> None:
    """Note the searchable attributes of the users who are there, some at a time."""
    connection = op.get_bind()
    users = sa.table("users", *map(sa.column, ("pool_id", "sub", "username", "attributes")))
    terms = sa.table("user_terms", *map(sa.column, ("pool_id", "attribute", "value", "sub")))
    keys = sa.tuple_(users.c.pool_id, users.c.sub)
    query = sa.select(users).order_by(users.c.pool_id, users.c.sub).limit(BATCH)
    rows = connection.execute(query).all()
    while rows:
        found = [term for row in rows for term in terms_of(*row)]
        connection.execute(sa.insert(terms), found)
        last = sa.tuple_(sa.literal(rows[-1].pool_id), sa.literal(rows[-1].sub))
        rows = connection.execute(query.where(keys > last)).all()


def terms_of(pool_id: str, sub: str, username: str, attributes: dict[str, str] | str) -> list[dict[str, str]]:
    values: dict[str, str] = json.loads(attributes) if isinstance(attributes, str) else dict(attributes)
    named = {"username": username} | {
        name: values[name].casefold() for name in SEARCHED if values.get(name)
    }
    return [
        {"pool_id": pool_id, "attribute": name, "value": value[:LONGEST_TERM], "sub": sub}
        for name, value in named.items()
    ]
