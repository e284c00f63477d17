"""Alembic's environment: runs the chain on a connection given by `yaohe.kernel.migrating`."""

from alembic import context
from sqlalchemy import text

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Run `yaohe migrate`: it brings the connection, the lock and the timeouts.")

connection.execute(text("CREATE SCHEMA IF NOT EXISTS kernel"))
connection.commit()
context.configure(
    connection=connection,
    version_table_schema="kernel",
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
connection.commit()
