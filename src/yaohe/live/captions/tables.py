"""The table of captions. The migration makes it."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, MetaData, Table, Text

metadata = MetaData(schema="live")

captions = Table(
    "captions",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("text", Text),
)
