"""Sharing: shares, hits with their totals, clicks, visits, credits, the salts of addresses."""

from __future__ import annotations

from alembic import op

revision = "05_sharing"
down_revision = "04_sandbox_pay"
branch_labels = None
depends_on = None

STATEMENTS = (
    "create schema sharing",
    """
    create table sharing.shares (
        token text primary key check (token ~ '^[0-9A-Za-z]{10}$'),
        shop_id text not null,
        room_id text not null,
        sharer_id text not null,
        sharer_name text not null,
        parent_token text,
        generation smallint not null default 1 check (generation >= 1),
        channel text not null,
        content text not null,
        variant text not null default '',
        campaign text,
        propensity real,
        moment_ms bigint check (moment_ms >= 0),
        created_at timestamptz not null default now(),
        prepared_at timestamptz not null default now(),
        intended_at timestamptz,
        effective_at timestamptz,
        productive_at timestamptz,
        check (productive_at is null or effective_at is not null)
    ) with (fillfactor = 85)
    """,
    "create index shares_room on sharing.shares (room_id, created_at)",
    "create index shares_sharer on sharing.shares (sharer_id, created_at)",
    # No foreign keys to shares on the hot tables: a hit of a link that never was is kept, clicks
    # take their token from the share itself, shares are never deleted, and a key costs 5 µs a row.
    # The key of hits starts with the
    # time so that new rows land at its end and the table can be cut into months one day.
    """
    create table sharing.hits (
        at timestamptz not null,
        hit_id uuid not null,
        shop_id text not null,
        room_id text not null,
        token text not null,
        visitor_id text not null,
        method text not null,
        ua_kind text not null,
        ua_app text not null,
        ua text not null,
        env text not null,
        address_hash bytea not null,
        referer text not null,
        is_bot boolean not null,
        is_prefetch boolean not null,
        primary key (at, hit_id)
    )
    """,
    """
    create index hits_of_people on sharing.hits (token, visitor_id)
     where not is_bot and method = 'GET' and visitor_id <> ''
    """,
    """
    create table sharing.hit_totals (
        token text primary key,
        hits bigint not null,
        bot_hits bigint not null
    ) with (fillfactor = 50)
    """,
    """
    create table sharing.clicks (
        token text not null,
        visitor_id text not null,
        shop_id text not null,
        room_id text not null,
        sharer_id text not null check (sharer_id <> visitor_id),
        env text not null,
        first_at timestamptz not null default now(),
        last_at timestamptz not null default now(),
        primary key (token, visitor_id)
    ) with (fillfactor = 85)
    """,
    "create index clicks_visitor on sharing.clicks (visitor_id, first_at)",
    "create index clicks_room on sharing.clicks (room_id)",
    "create index clicks_sharer on sharing.clicks (sharer_id, room_id)",
    # token '' is a visit that no share led to.
    """
    create table sharing.visits (
        room_id text not null,
        visitor_id text not null,
        token text not null,
        shop_id text not null,
        first_at timestamptz not null default now(),
        last_at timestamptz not null default now(),
        visible boolean not null,
        watch_ms bigint not null default 0 check (watch_ms >= 0),
        interacted_at timestamptz,
        primary key (room_id, visitor_id, token)
    ) with (fillfactor = 70)
    """,
    "create index visits_token on sharing.visits (token) where token <> ''",
    """
    create table sharing.credits (
        order_id text primary key,
        shop_id text not null,
        room_id text not null,
        visitor_id text not null,
        first_token text not null references sharing.shares (token),
        last_token text not null references sharing.shares (token),
        token text not null references sharing.shares (token),
        model text not null check (model in ('first', 'last')),
        amount_minor bigint not null check (amount_minor >= 0),
        currency text not null,
        at timestamptz not null,
        reversed_at timestamptz
    )
    """,
    "create index credits_room on sharing.credits (room_id)",
    "create index credits_token on sharing.credits (token)",
    # A day's salt is thrown away two days later; then its hashes tell nothing any more.
    """
    create table sharing.address_salts (
        day date primary key,
        salt bytea not null
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop schema sharing cascade")
