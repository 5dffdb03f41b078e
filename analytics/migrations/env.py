"""Runs the revisions on the connection that `analytics.migrate` hands over."""

from alembic import context

from analytics.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
