"""The tables of moderation. The migration makes them."""

from __future__ import annotations

from sqlalchemy import ARRAY, Boolean, Column, DateTime, Integer, MetaData, Table, Text

metadata = MetaData(schema="live")


def _at(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True))


chat_rules = Table(
    "chat_rules",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("shop_id", Text),
    Column("slow_s", Integer),
    Column("links", Boolean),
    Column("closed", Boolean),
    Column("followers", Boolean),
    Column("words", ARRAY(Text)),
    Column("pinned_text", Text),
    Column("pinned_by", Text),
    _at("pinned_at"),
)

chat_penalties = Table(
    "chat_penalties",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("shop_id", Text),
    Column("visitor_id", Text, primary_key=True),
    Column("name", Text),
    Column("kind", Text),
    _at("until"),
    Column("by_name", Text),
    _at("at"),
)

chat_moderators = Table(
    "chat_moderators",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("shop_id", Text),
    Column("visitor_id", Text, primary_key=True),
    Column("name", Text),
    Column("by_name", Text),
    _at("at"),
)

chat_reports = Table(
    "chat_reports",
    metadata,
    Column("id", Text, primary_key=True),
    Column("shop_id", Text),
    Column("room_id", Text),
    Column("line_id", Text),
    Column("visitor_id", Text),
    Column("reason", Text),
    Column("note", Text),
    _at("at"),
    _at("closed_at"),
    Column("closed_by", Text),
)

blocks = Table(
    "blocks",
    metadata,
    Column("visitor_id", Text, primary_key=True),
    Column("shop_id", Text),
    Column("blocked_id", Text, primary_key=True),
    Column("name", Text),
    _at("at"),
)
