"""The tables of rooms and shelves. The migration makes them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, MetaData, Table, Text

metadata = MetaData(schema="live")


def _at(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True))


rooms = Table(
    "rooms",
    metadata,
    Column("id", Text, primary_key=True),
    Column("shop_id", Text),
    Column("title", Text),
    Column("title_en", Text),
    Column("host_name", Text),
    Column("host_name_en", Text),
    Column("status", Text),
    _at("scheduled_at"),
    _at("started_at"),
    _at("ended_at"),
    _at("publisher_lost_at"),
    _at("shut_at"),
    Column("stream_key", Text),
    Column("private", Boolean),
    _at("created_at"),
)

publish_log = Table(
    "publish_log",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("shop_id", Text),
    Column("room_id", Text),
    _at("at"),
    Column("kind", Text),
    Column("reason", Text),
    Column("detail", Text),
    Column("remote", Text),
)

shelf_items = Table(
    "shelf_items",
    metadata,
    Column("room_id", Text, primary_key=True),
    Column("shop_id", Text),
    Column("product_id", Text, primary_key=True),
    Column("place", Integer),
)

pins = Table(
    "pins",
    metadata,
    Column("room_id", Text),
    Column("shop_id", Text),
    Column("product_id", Text),
    _at("pinned_at"),
    _at("unpinned_at"),
)
