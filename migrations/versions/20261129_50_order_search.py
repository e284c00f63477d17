"""Orders are found by telephone number, name, tracking number and day."""

from __future__ import annotations

from alembic import op

revision = "50_order_search"
down_revision = "49_aftersales"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create index orders_phone on commerce.orders
        (reverse(regexp_replace(buyer_phone, '[^0-9]', '', 'g')) collate "C")
     where buyer_phone is not null
    """,
    """
    create index orders_name on commerce.orders (lower(buyer_name) collate "C")
     where buyer_name is not null
    """,
    "create index orders_tracking on commerce.orders (upper(tracking)) where tracking <> ''",
    "create index orders_day on commerce.orders (shop_id, created_at)",
    "create index orders_status on commerce.orders (shop_id, status, id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
