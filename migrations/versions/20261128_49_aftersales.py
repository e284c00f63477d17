"""After-sale requests: what buyers ask for after paying, and how long they may."""

from __future__ import annotations

from alembic import op

revision = "49_aftersales"
down_revision = "48_line_refunds"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table commerce.aftersale_rules (
        shop_id text primary key references identity.shops (id),
        days integer not null check (days between 1 and 365),
        updated_at timestamptz not null
    )
    """,
    """
    create table commerce.aftersales (
        id text primary key,
        shop_id text not null references identity.shops (id),
        order_id text not null references commerce.orders (id),
        kind text not null check (kind in ('money', 'return')),
        reason text not null,
        body text not null,
        amount_minor bigint not null check (amount_minor > 0),
        currency text not null,
        status text not null check (status in ('asked', 'agreed', 'sent_back', 'refunding',
                                               'refunded', 'declined', 'withdrawn')),
        answer text not null default '',
        carrier text not null default '',
        tracking text not null default '',
        refund_id text unique references commerce.refunds (id),
        idempotency_key text not null,
        asked_at timestamptz not null,
        moved_at timestamptz not null,
        unique (order_id, idempotency_key),
        check (status <> 'refunding' or refund_id is not null)
    )
    """,
    """
    create unique index aftersales_open on commerce.aftersales (order_id)
     where status in ('asked', 'agreed', 'sent_back', 'refunding')
    """,
    "create index aftersales_shop on commerce.aftersales (shop_id, id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
