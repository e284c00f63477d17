"""Moderation: a room's rules, penalties, moderators, reports and blocks; replies and media time."""

from __future__ import annotations

from alembic import op

revision = "08_moderation"
down_revision = "07_campaigns"
branch_labels = None
depends_on = None

STATEMENTS = (
    "alter table live.chat_lines add column reply jsonb",
    "alter table live.chat_lines add column media_at timestamptz",
    """
    create table live.chat_rules (
        room_id text primary key references live.rooms (id) on delete cascade,
        shop_id text not null,
        slow_s int not null default 0 check (slow_s between 0 and 300),
        links boolean not null default true,
        closed boolean not null default false,
        words text[] not null default '{}',
        pinned_text text,
        pinned_by text,
        pinned_at timestamptz
    )
    """,
    """
    create table live.chat_penalties (
        room_id text not null references live.rooms (id) on delete cascade,
        shop_id text not null,
        visitor_id text not null,
        name text not null,
        kind text not null check (kind in ('mute', 'ban')),
        until timestamptz,
        by_name text not null,
        at timestamptz not null default now(),
        primary key (room_id, visitor_id)
    )
    """,
    """
    create table live.chat_moderators (
        room_id text not null references live.rooms (id) on delete cascade,
        shop_id text not null,
        visitor_id text not null,
        name text not null,
        by_name text not null,
        at timestamptz not null default now(),
        primary key (room_id, visitor_id)
    )
    """,
    """
    create table live.chat_reports (
        id text primary key,
        shop_id text not null,
        room_id text not null references live.rooms (id) on delete cascade,
        line_id text,
        visitor_id text not null,
        reason text not null,
        note text not null,
        at timestamptz not null default now(),
        closed_at timestamptz,
        closed_by text
    )
    """,
    """
    create unique index chat_reports_once
        on live.chat_reports (room_id, coalesce(line_id, ''), visitor_id) where closed_at is null
    """,
    """
    create index chat_reports_open
        on live.chat_reports (room_id, at desc) where closed_at is null
    """,
    """
    create table live.blocks (
        visitor_id text not null,
        shop_id text not null,
        blocked_id text not null,
        name text not null,
        at timestamptz not null default now(),
        primary key (visitor_id, blocked_id)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
