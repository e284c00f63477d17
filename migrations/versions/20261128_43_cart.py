"""Carts: what visitors mean to buy, so many pieces of each."""

from __future__ import annotations

from alembic import op

revision = "43_cart"
down_revision = "42_bills"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table commerce.cart_lines (
        visitor_id text not null,
        product_id text not null references commerce.products (id),
        variant_id text not null,
        shop_id text not null references identity.shops (id),
        room_id text,
        quantity integer not null constraint cart_lines_quantity check (quantity between 1 and 99),
        seen_minor bigint not null,
        order_id text references commerce.orders (id),
        put_at timestamptz not null,
        changed_at timestamptz not null,
        primary key (visitor_id, product_id, variant_id)
    )
    """,
    "create index cart_lines_untouched on commerce.cart_lines (changed_at)",
    """
    create index cart_lines_ordered on commerce.cart_lines (order_id) where order_id is not null
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
