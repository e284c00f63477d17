"""The ledger's tables. The migration makes them and forbids changing what was written; a test
holds the two equal."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, ForeignKey, MetaData, Table, Text

metadata = MetaData(schema="ledger")

# `balance_minor` and `held_minor` are kept for guarded accounts only; of the others the entries
# are the balance.
accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("shop_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("guarded", Boolean, nullable=False),
    Column("balance_minor", BigInteger, nullable=False),
    Column("held_minor", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

transfers = Table(
    "transfers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("hold_id", Text, ForeignKey("ledger.transfers.id"), nullable=True),
    Column("source_id", Text, nullable=False),
    Column("target_id", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

entries = Table(
    "entries",
    metadata,
    Column("transfer_id", Text, ForeignKey(transfers.c.id), primary_key=True),
    Column("account_id", Text, primary_key=True),
    Column("amount_minor", BigInteger, nullable=False),
)

holds = Table(
    "holds",
    metadata,
    Column("id", Text, ForeignKey(transfers.c.id), primary_key=True),
    Column("left_minor", BigInteger, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=True),
    Column("ended_at", DateTime(timezone=True), nullable=True),
)
