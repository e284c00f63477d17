"""Live prices: a lower price for a product in one room, for some minutes, for so many pieces."""

from __future__ import annotations

from alembic import op

revision = "24_live_prices"
down_revision = "23_links"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table commerce.live_prices (
        id text primary key,
        shop_id text not null references identity.shops (id),
        room_id text not null,
        product_id text not null references commerce.products (id),
        price_minor bigint not null check (price_minor > 0),
        total integer check (total > 0),
        per_person integer check (per_person > 0),
        taken integer not null default 0 check (taken >= 0),
        starts_at timestamptz not null,
        ends_at timestamptz not null,
        created_at timestamptz not null,
        check (taken <= total),
        check (ends_at >= starts_at)
    ) with (fillfactor = 70)
    """,
    "create index live_prices_room on commerce.live_prices (room_id, ends_at)",
    "create index live_prices_product on commerce.live_prices (product_id)",
    """
    alter table commerce.orders
        add column live_price_id text references commerce.live_prices (id),
        add constraint orders_one_reduction check (live_price_id is null or coupon_id is null)
    """,
    """
    create index orders_live_price on commerce.orders (live_price_id, visitor_id)
    where live_price_id is not null
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
