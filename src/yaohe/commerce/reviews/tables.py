"""The table of reviews. The migration makes it; a test holds the two equal."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, ForeignKey, SmallInteger, Table, Text

from yaohe.commerce.tables import metadata, orders, products

reviews = Table(
    "reviews",
    metadata,
    Column("id", Text, primary_key=True),
    Column("order_id", Text, ForeignKey(orders.c.id), nullable=False),
    Column("shop_id", Text, nullable=False),
    Column("product_id", Text, ForeignKey(products.c.id), nullable=False),
    Column("visitor_id", Text, nullable=False),
    Column("stars", SmallInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("hidden_for", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True)),
)
