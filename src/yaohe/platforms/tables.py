"""What the platforms keep. The migration makes it; a test holds the two equal."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData(schema="platforms")


def _at(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=True)


passes = Table(
    "passes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("sealed", LargeBinary),
    _at("fetched_at"),
    _at("good_until"),
    _at("forced_at"),
    _at("wait_until"),
    Column("failed", Integer, nullable=False),
    Column("trouble", Text, nullable=False),
)

stripe_sessions = Table(
    "stripe_sessions",
    metadata,
    Column("payment_id", Text, primary_key=True),
    Column("wish", Text, nullable=False),
    Column("session_id", Text),
)
