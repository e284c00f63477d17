"""Messages between the buyer of an order and the shop, and the shop's canned answers."""

from __future__ import annotations

from alembic import op

revision = "34_messages"
down_revision = "33_delivery"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table commerce.threads (
        order_id text primary key references commerce.orders (id),
        shop_id text not null references identity.shops (id),
        visitor_id text not null,
        messages integer not null,
        buyer_read bigint not null,
        shop_read bigint not null,
        last_at timestamptz not null
    )
    """,
    "create index threads_shop on commerce.threads (shop_id, last_at)",
    "create index threads_visitor on commerce.threads (visitor_id)",
    """
    create table commerce.messages (
        id bigint generated always as identity primary key,
        order_id text not null references commerce.threads (order_id),
        side text not null check (side in ('buyer', 'shop')),
        staff_id text,
        body text not null,
        idempotency_key text not null,
        at timestamptz not null,
        unique (order_id, side, idempotency_key)
    )
    """,
    "create index messages_thread on commerce.messages (order_id, id)",
    """
    create table commerce.canned_answers (
        shop_id text not null references identity.shops (id),
        place integer not null,
        body text not null,
        primary key (shop_id, place)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
