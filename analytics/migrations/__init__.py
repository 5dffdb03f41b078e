"""Alembic revisions: how a database comes to have the tables of `analytics.schema`."""
