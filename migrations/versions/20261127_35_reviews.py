"""Reviews: what buyers say of what they received, one for an order, and the shop's answer."""

from __future__ import annotations

from alembic import op

revision = "35_reviews"
down_revision = "34_messages"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table commerce.reviews (
        id text primary key,
        order_id text not null unique references commerce.orders (id),
        shop_id text not null references identity.shops (id),
        product_id text not null references commerce.products (id),
        visitor_id text not null,
        stars smallint not null check (stars between 1 and 5),
        body text not null,
        answer text not null default '',
        hidden_for text check (hidden_for in ('abuse', 'privacy', 'spam', 'illegal')),
        at timestamptz not null,
        changed_at timestamptz
    )
    """,
    "create index reviews_product on commerce.reviews (product_id, id)",
    "create index reviews_shop on commerce.reviews (shop_id, id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
