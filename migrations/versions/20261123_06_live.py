"""Live: rooms, shelves and pins, what happened to publishers, what was said and counted."""

from __future__ import annotations

from alembic import op

revision = "06_live"
down_revision = "05_sharing"
branch_labels = None
depends_on = None

STATEMENTS = (
    "create schema live",
    """
    create table live.rooms (
        id text primary key check (id ~ '^[a-z0-9][a-z0-9-]{1,31}$'),
        shop_id text not null,
        title text not null,
        title_en text not null default '',
        host_name text not null,
        host_name_en text not null default '',
        status text not null default 'upcoming' check (status in ('upcoming', 'live', 'ended')),
        scheduled_at timestamptz,
        started_at timestamptz,
        ended_at timestamptz,
        publisher_lost_at timestamptz,
        stream_key text not null unique,
        created_at timestamptz not null default now(),
        check (status <> 'live' or started_at is not null),
        check (status <> 'ended' or ended_at is not null)
    )
    """,
    "create index rooms_shop on live.rooms (shop_id, created_at desc)",
    """
    create table live.shelf_items (
        room_id text not null references live.rooms (id) on delete cascade,
        shop_id text not null,
        product_id text not null,
        place int not null,
        primary key (room_id, product_id)
    )
    """,
    """
    create table live.pins (
        room_id text not null references live.rooms (id) on delete cascade,
        shop_id text not null,
        product_id text not null,
        pinned_at timestamptz not null default now(),
        unpinned_at timestamptz
    )
    """,
    "create unique index pins_one on live.pins (room_id) where unpinned_at is null",
    "create index pins_history on live.pins (room_id, pinned_at)",
    """
    create table live.publish_log (
        id bigint generated always as identity primary key,
        shop_id text not null,
        room_id text references live.rooms (id) on delete cascade,
        at timestamptz not null default now(),
        kind text not null,
        reason text not null,
        detail text not null,
        remote text not null
    )
    """,
    "create index publish_log_room on live.publish_log (room_id, id desc)",
    """
    create table live.chat_lines (
        id text primary key,
        shop_id text not null,
        room_id text not null references live.rooms (id) on delete cascade,
        number bigint generated always as identity,
        visitor_id text,
        kind text not null,
        name text not null,
        text text not null,
        text_en text,
        at timestamptz not null,
        hidden_at timestamptz,
        hidden_by text
    )
    """,
    "create index chat_lines_room on live.chat_lines (room_id, number desc)",
    "create index chat_lines_visitor on live.chat_lines (visitor_id) where visitor_id is not null",
    """
    create table live.room_counts (
        room_id text primary key references live.rooms (id) on delete cascade,
        shop_id text not null,
        likes bigint not null default 0,
        viewers_peak int not null default 0
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop schema live cascade")
