"""Ways into rooms that were no share, and every paid order with all its touches as they were then.

Models of attribution are computed from the touches, so that another model needs no other history.
"""

from __future__ import annotations

from alembic import op

revision = "15_touches"
down_revision = "14_ledger"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table sharing.landings (
        visitor_id text not null,
        room_id text not null,
        source text not null,
        name text not null,
        shop_id text not null,
        first_at timestamptz not null default now(),
        last_at timestamptz not null default now(),
        primary key (visitor_id, room_id, source, name)
    ) with (fillfactor = 85)
    """,
    """
    create table sharing.paid_orders (
        order_id text primary key,
        shop_id text not null,
        room_id text not null,
        visitor_id text not null,
        amount_minor bigint not null check (amount_minor >= 0),
        refunded_minor bigint not null default 0
            check (refunded_minor >= 0 and refunded_minor <= amount_minor),
        currency text not null,
        at timestamptz not null
    )
    """,
    "create index paid_orders_room on sharing.paid_orders (room_id)",
    """
    create table sharing.touches (
        order_id text not null references sharing.paid_orders (order_id),
        at timestamptz not null,
        source text not null,
        token text not null,
        name text not null,
        primary key (order_id, at, source, token, name)
    )
    """,
    """
    alter table sharing.credits add column refunded_minor bigint not null default 0
        check (refunded_minor >= 0 and refunded_minor <= amount_minor)
    """,
    """
    create table sharing.order_refunds (
        refund_id text primary key,
        order_id text not null,
        amount_minor bigint not null check (amount_minor > 0),
        at timestamptz not null default now()
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
