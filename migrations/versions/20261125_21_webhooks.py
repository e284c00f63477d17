"""Webhooks: endpoints, messages, a delivery per message and endpoint, and what each try met."""

from __future__ import annotations

from alembic import op

revision = "21_webhooks"
down_revision = "20_share_clip"
branch_labels = None
depends_on = None

STATEMENTS = (
    "create schema webhooks",
    """
    create table webhooks.endpoints (
        id text primary key,
        shop_id text not null references identity.shops (id),
        book text not null,
        mode text not null check (mode in ('live', 'test')),
        url text not null,
        note text not null,
        events text[] not null,
        secret bytea not null,
        old_secret bytea,
        old_until timestamptz,
        paused_at timestamptz,
        paused_why text not null default '' check (paused_why in ('', 'staff', 'gone', 'failing')),
        failing_since timestamptz,
        created_at timestamptz not null default now(),
        check ((paused_at is null) = (paused_why = '')),
        check ((old_secret is null) = (old_until is null))
    )
    """,
    "create index endpoints_book on webhooks.endpoints (book)",
    """
    create table webhooks.messages (
        id text primary key,
        event_id bigint unique,
        book text not null,
        type text not null,
        body text not null,
        at timestamptz not null default now()
    )
    """,
    "create index messages_at on webhooks.messages (at)",
    """
    create table webhooks.deliveries (
        message_id text not null references webhooks.messages (id) on delete cascade,
        endpoint_id text not null references webhooks.endpoints (id) on delete cascade,
        state text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed')),
        tries integer not null default 0,
        waiting_since timestamptz not null default now(),
        next_at timestamptz not null default now(),
        done_at timestamptz,
        primary key (endpoint_id, message_id),
        check ((state = 'waiting') = (done_at is null))
    )
    """,
    """
    create index deliveries_waiting on webhooks.deliveries (endpoint_id, next_at)
    where state = 'waiting'
    """,
    "create index deliveries_message on webhooks.deliveries (message_id)",
    """
    create table webhooks.tries (
        id bigint generated always as identity primary key,
        endpoint_id text not null,
        message_id text not null,
        at timestamptz not null default now(),
        took_ms integer not null,
        status integer,
        why text not null,
        answer text not null,
        foreign key (endpoint_id, message_id)
            references webhooks.deliveries (endpoint_id, message_id) on delete cascade
    )
    """,
    "create index tries_delivery on webhooks.tries (endpoint_id, message_id, id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
