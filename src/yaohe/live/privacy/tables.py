"""The tables of invitations. The migration makes them."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Integer, Table, Text

from yaohe.live.rooms.tables import metadata


def _at(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True))


invitations = Table(
    "invitations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("shop_id", Text),
    Column("room_id", Text),
    Column("note", Text),
    Column("uses_max", Integer),
    Column("used", Integer),
    _at("expires_at"),
    _at("revoked_at"),
    _at("created_at"),
)

invited = Table(
    "invited",
    metadata,
    Column("invitation_id", Text, primary_key=True),
    Column("visitor_id", Text, primary_key=True),
    Column("shop_id", Text),
    _at("came_at"),
)
