"""The table of follows. The migration makes it."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, MetaData, Table, Text

metadata = MetaData(schema="live")

follows = Table(
    "follows",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("visitor_id", Text, primary_key=True),
    Column("shop_id", Text),
    Column("at", DateTime(timezone=True)),
)
