"""The tables of after-sale requests. The migration makes them; a test holds the two equal."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Integer, Table, Text

from yaohe.commerce.tables import metadata, orders, refunds

aftersale_rules = Table(
    "aftersale_rules",
    metadata,
    Column("shop_id", Text, primary_key=True),
    Column("days", Integer, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

aftersales = Table(
    "aftersales",
    metadata,
    Column("id", Text, primary_key=True),
    Column("shop_id", Text, nullable=False),
    Column("order_id", Text, ForeignKey(orders.c.id), nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("carrier", Text, nullable=False),
    Column("tracking", Text, nullable=False),
    Column("refund_id", Text, ForeignKey(refunds.c.id), unique=True),
    Column("idempotency_key", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("moved_at", DateTime(timezone=True), nullable=False),
)
