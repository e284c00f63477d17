"""How goods reach the buyer: shipped for a fee, picked up by a code, or read in the order."""

from __future__ import annotations

from alembic import op

revision = "33_delivery"
down_revision = "32_openings"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    alter table commerce.products
        add column delivery text not null default 'ship'
            check (delivery in ('ship', 'pickup', 'digital')),
        add column digital_text text not null default ''
    """,
    """
    create table commerce.delivery_rules (
        shop_id text primary key references identity.shops (id),
        fee_minor bigint not null check (fee_minor >= 0),
        free_from_minor bigint check (free_from_minor > 0),
        pickup_place text not null,
        pickup_place_en text not null,
        updated_at timestamptz not null
    )
    """,
    """
    alter table commerce.orders
        add column delivery text not null default 'ship'
            check (delivery in ('ship', 'pickup', 'digital')),
        add column fee_minor bigint not null default 0 check (fee_minor >= 0),
        add column buyer_note text not null default '',
        add column pickup_place text not null default '',
        add column pickup_place_en text not null default '',
        add column pickup_code text,
        add column digital_text text not null default '',
        drop constraint orders_check,
        add constraint orders_payable
            check (payable_minor = unit_price_minor * quantity + fee_minor - discount_minor),
        add constraint orders_pickup_code_check
            check ((delivery = 'pickup') = (pickup_code is not null))
    """,
    # A code names one order of a shop for ever: an old one opens nothing new.
    """
    create unique index orders_pickup_code on commerce.orders (shop_id, pickup_code)
     where pickup_code is not null
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
