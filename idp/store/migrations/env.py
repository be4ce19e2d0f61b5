"""Alembic's entry: runs migrations on the connection that the store hands over, inside its transaction."""

from alembic import context

from idp.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=metadata, transactional_ddl=True, transaction_per_migration=False
)
context.run_migrations()
