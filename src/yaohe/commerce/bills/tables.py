"""The tables of bills; their migration makes them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, DateTime, Integer, Table, Text

from yaohe.commerce.tables import metadata

bills = Table(
    "bills",
    metadata,
    Column("gateway", Text, primary_key=True),
    Column("day", Date, primary_key=True),  # of the gateway's calendar
    Column("shop_id", Text, nullable=False),
    Column("payments", Integer, nullable=False),
    Column("refunds", Integer, nullable=False),
    Column("moved", Integer, nullable=False),  # in our books
    Column("tries", Integer, nullable=False),
    Column("next_at", DateTime(timezone=True), nullable=False),
    Column("compared_at", DateTime(timezone=True)),
    Column("problem", Text),
)

bill_differences = Table(
    "bill_differences",
    metadata,
    Column("id", Text, primary_key=True),
    Column("gateway", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("place", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payment_id", Text, nullable=False),
    Column("refund_id", Text),
    Column("order_id", Text),
    Column("ours_minor", BigInteger),
    Column("theirs_minor", BigInteger),
    Column("currency", Text, nullable=False),
    Column("because", Text),
    Column("explained_by", Text),
    Column("explained_at", DateTime(timezone=True)),
)
