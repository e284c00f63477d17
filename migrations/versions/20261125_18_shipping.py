"""Orders are shipped and received: who carries them, by which number, and a note for staff."""

from __future__ import annotations

from alembic import op

revision = "18_shipping"
down_revision = "17_private_rooms"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    alter table commerce.orders
        add column carrier text not null default '',
        add column tracking text not null default '',
        add column staff_note text not null default '',
        add column shipped_at timestamptz,
        add column completed_at timestamptz,
        drop constraint orders_status_check,
        add constraint orders_status_check check (status in (
            'created', 'paid', 'shipped', 'completed', 'expired', 'canceled', 'paid_late',
            'refunded'
        ))
    """,
    "drop index commerce.orders_coupon",
    """
    create unique index orders_coupon on commerce.orders (coupon_id)
    where status in ('created', 'paid', 'shipped', 'completed')
    """,
    "create index orders_shipped on commerce.orders (shipped_at) where status = 'shipped'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
