"""The sandbox gateway's tables. The migration makes them; a test holds the two equal."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
)

metadata = MetaData(schema="sandbox_pay")


def _at(name: str, *, nullable: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


payments = Table(
    "payments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("way", Text, nullable=False),
    Column("shop_name", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("notify_url", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("faults", ARRAY(Text), nullable=False),
    _at("expires_at"),
    _at("created_at"),
    _at("ended_at", nullable=True),
    _at("paid_at", nullable=True),
)

refunds = Table(
    "refunds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("payment_id", Text, ForeignKey(payments.c.id), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("notify_url", Text, nullable=False),
    _at("created_at"),
    _at("due_at", nullable=True),
    _at("done_at", nullable=True),
)

notices = Table(
    "notices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("payment_id", Text, ForeignKey(payments.c.id), nullable=False),
    Column("notify_url", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("copies", Integer, nullable=False),
    Column("fault", Text),
    Column("attempts", Integer, nullable=False),
    _at("due_at"),
    _at("delivered_at", nullable=True),
    _at("given_up_at", nullable=True),
    Column("last_result", Text),
    _at("created_at"),
)
