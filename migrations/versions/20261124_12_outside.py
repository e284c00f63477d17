"""App keys; outside rooms, what they tell, and answers kept for idempotency keys."""

from __future__ import annotations

from alembic import op

revision = "12_outside"
down_revision = "11_line_names"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table identity.app_keys (
        id text primary key,
        shop_id text not null references identity.shops (id),
        staff_id text not null references identity.staff (id),
        name text not null,
        kind text not null check (kind in ('secret', 'public')),
        mode text not null check (mode in ('live', 'test')),
        prefix text not null,
        key_hash bytea not null unique,
        scopes text[] not null,
        sites text[] not null,
        apps boolean not null,
        user_tokens text check (user_tokens in ('HS256', 'EdDSA')),
        user_key bytea,
        created_at timestamptz not null,
        last_used_at timestamptz,
        revoked_at timestamptz,
        check ((user_tokens is null) = (user_key is null))
    )
    """,
    "create schema outside",
    """
    create table outside.rooms (
        id text primary key,
        book text not null,
        ref text not null,
        title text not null,
        title_en text not null,
        cover_url text not null,
        url text not null,
        status text not null check (status in ('upcoming', 'live', 'ended')),
        utm jsonb not null,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        unique (book, ref)
    )
    """,
    """
    create table outside.landings (
        click_hash bytea primary key,
        visitor_id text not null,
        at timestamptz not null
    )
    """,
    "create index landings_at on outside.landings (at)",
    """
    create table outside.people (
        book text not null,
        user_ref text not null,
        visitor_id text not null,
        name text not null,
        at timestamptz not null,
        primary key (book, user_ref, visitor_id)
    )
    """,
    "create index people_visitor on outside.people (book, visitor_id)",
    """
    create table outside.events (
        book text not null,
        id text not null,
        room_id text not null,
        visitor_id text not null,
        name text not null,
        source text not null check (source in ('page', 'server')),
        properties jsonb not null,
        at timestamptz not null,
        primary key (book, id)
    )
    """,
    "create index events_room on outside.events (room_id, name)",
    """
    create table outside.orders (
        id text primary key,
        book text not null,
        ref text not null,
        room_id text not null,
        visitor_id text not null,
        amount_minor bigint not null check (amount_minor >= 0),
        currency text not null,
        at timestamptz not null,
        refunded_at timestamptz,
        unique (book, ref)
    )
    """,
    """
    create table outside.answers (
        key_id text not null,
        idem_key text not null,
        request_hash bytea not null,
        seed text not null,
        claimed_at timestamptz not null,
        body bytea,
        primary key (key_id, idem_key)
    )
    """,
    "create index answers_claimed on outside.answers (claimed_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
