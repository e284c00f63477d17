"""Variants: one product in several sizes, colours or packs, each with its own price and stock."""

from __future__ import annotations

from alembic import op

revision = "28_variants"
down_revision = "27_follows"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table commerce.variants (
        id text primary key,
        shop_id text not null references identity.shops (id),
        product_id text not null references commerce.products (id),
        title text not null,
        title_en text not null,
        price_minor bigint not null check (price_minor > 0),
        stock integer not null check (stock >= 0),
        sold integer not null default 0 check (sold >= 0),
        place integer not null,
        shown boolean not null,
        created_at timestamptz not null
    ) with (fillfactor = 70)
    """,
    "create index variants_product on commerce.variants (product_id, place)",
    "alter table commerce.orders add column variant_id text references commerce.variants (id)",
    "create index orders_variant on commerce.orders (variant_id) where variant_id is not null",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
