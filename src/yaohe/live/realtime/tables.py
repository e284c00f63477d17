"""The tables of realtime: lines said in rooms, and what was counted there."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(schema="live")

chat_lines = Table(
    "chat_lines",
    metadata,
    Column("id", Text, primary_key=True),
    Column("shop_id", Text),
    Column("room_id", Text),
    Column("number", BigInteger),
    Column("visitor_id", Text),
    Column("kind", Text),
    Column("name", Text),
    Column("name_en", Text),
    Column("text", Text),
    Column("text_en", Text),
    Column("at", DateTime(timezone=True)),
    Column("reply", JSONB),
    Column("media_at", DateTime(timezone=True)),
    Column("hidden_at", DateTime(timezone=True)),
    Column("hidden_by", Text),
)

room_counts = Table(
    "room_counts",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("shop_id", Text),
    Column("likes", BigInteger),
    Column("viewers_peak", Integer),
)
