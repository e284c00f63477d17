"""Commerce: products, coupon templates and coupons, orders, payments, refunds, notices."""

from __future__ import annotations

from alembic import op

revision = "03_commerce"
down_revision = "02_identity"
branch_labels = None
depends_on = None

STATEMENTS = (
    "create schema commerce",
    """
    create table commerce.products (
        id text primary key,
        shop_id text not null references identity.shops (id),
        title text not null,
        title_en text not null,
        subtitle text not null,
        subtitle_en text not null,
        price_minor bigint not null check (price_minor >= 0),
        list_price_minor bigint check (list_price_minor >= 0),
        currency text not null check (currency ~ '^[A-Z]{3}$'),
        stock integer not null check (stock >= 0),
        sold integer not null default 0,
        picture_key text,
        status text not null check (status in ('on_sale', 'hidden')),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
    ) with (fillfactor = 70)
    """,
    "create index products_shop on commerce.products (shop_id, created_at)",
    """
    create table commerce.coupon_templates (
        id text primary key,
        shop_id text not null references identity.shops (id),
        title text not null,
        title_en text not null,
        amount_minor bigint not null check (amount_minor > 0),
        threshold_minor bigint not null check (threshold_minor >= 0),
        currency text not null check (currency ~ '^[A-Z]{3}$'),
        total integer not null check (total > 0),
        claimed integer not null default 0 check (claimed >= 0),
        per_person integer not null default 1 check (per_person > 0),
        valid_from timestamptz not null default now(),
        valid_until timestamptz,
        valid_days integer check (valid_days > 0),
        status text not null check (status in ('active', 'stopped')),
        created_at timestamptz not null default now(),
        check (claimed <= total),
        check (valid_until is not null or valid_days is not null)
    ) with (fillfactor = 70)
    """,
    "create index coupon_templates_shop on commerce.coupon_templates (shop_id, created_at)",
    """
    create table commerce.coupons (
        id text primary key,
        shop_id text not null,
        template_id text not null,  -- locked by the claim; a foreign key would lock it again
        visitor_id text not null,
        slot text not null,
        ordinal integer not null,
        state text not null
            check (state in ('claimed', 'locked', 'used', 'expired', 'revoked')),
        amount_minor bigint not null,
        threshold_minor bigint not null,
        currency text not null,
        source text not null,
        source_ref text not null,
        order_id text,
        claimed_at timestamptz not null,
        expires_at timestamptz not null,
        used_at timestamptz,
        check ((state in ('locked', 'used')) = (order_id is not null)),
        -- Asking again for the same reason finds the same coupon ...
        constraint coupons_slot unique (visitor_id, template_id, slot),
        -- ... and the numbers 1..per_person of one person exist once each.
        constraint coupons_ordinal unique (visitor_id, template_id, ordinal)
    ) with (fillfactor = 80)
    """,
    "create index coupons_source on commerce.coupons (source_ref)",
    "create index coupons_order on commerce.coupons (order_id) where order_id is not null",
    "create index coupons_used on commerce.coupons (template_id) where state = 'used'",
    """
    create table commerce.orders (
        id text primary key,
        shop_id text not null references identity.shops (id),
        visitor_id text not null,
        room_id text,
        product_id text not null references commerce.products (id),
        title text not null,
        title_en text not null,
        picture_key text,
        quantity integer not null check (quantity > 0),
        unit_price_minor bigint not null check (unit_price_minor >= 0),
        discount_minor bigint not null check (discount_minor >= 0),
        payable_minor bigint not null check (payable_minor >= 0),
        paid_minor bigint not null default 0,
        currency text not null,
        coupon_id text references commerce.coupons (id),
        status text not null check (
            status in ('created', 'paid', 'expired', 'canceled', 'paid_late', 'refunded')
        ),
        buyer_name text,
        buyer_phone text,
        buyer_address text,
        idempotency_key text not null,
        created_at timestamptz not null,
        deadline_at timestamptz not null,
        paid_at timestamptz,
        closed_at timestamptz,
        check (payable_minor = unit_price_minor * quantity - discount_minor),
        constraint orders_once unique (visitor_id, idempotency_key)
    ) with (fillfactor = 80)
    """,
    "create index orders_due on commerce.orders (deadline_at) where status = 'created'",
    "create index orders_open on commerce.orders (visitor_id) where status = 'created'",
    "create index orders_shop on commerce.orders (shop_id, id)",
    "create index orders_room on commerce.orders (room_id, status)",
    # A coupon serves one order at a time; an order that ended gave it back.
    """
    create unique index orders_coupon on commerce.orders (coupon_id)
    where status in ('created', 'paid')
    """,
    """
    create table commerce.payments (
        id text primary key,
        shop_id text not null,
        order_id text not null references commerce.orders (id),
        gateway text not null,
        amount_minor bigint not null check (amount_minor > 0),
        currency text not null,
        state text not null check (state in ('open', 'canceled', 'paid', 'refunded')),
        cashier_url text,
        problem text,
        created_at timestamptz not null,
        paid_at timestamptz
    )
    """,
    "create unique index payments_one_open on commerce.payments (order_id) where state = 'open'",
    "create index payments_order on commerce.payments (order_id)",
    """
    create table commerce.refunds (
        id text primary key,
        shop_id text not null,
        payment_id text not null unique references commerce.payments (id),
        order_id text not null references commerce.orders (id),
        gateway text not null,
        amount_minor bigint not null check (amount_minor > 0),
        currency text not null,
        reason text not null,
        state text not null check (state in ('due', 'requested', 'done')),
        attempts integer not null default 0,
        next_at timestamptz not null,
        created_at timestamptz not null,
        done_at timestamptz
    )
    """,
    "create index refunds_open on commerce.refunds (next_at) where state <> 'done'",
    "create index refunds_order on commerce.refunds (order_id)",
    # Every notice a gateway sent, once: what was said and what we made of it.
    """
    create table commerce.payment_notices (
        gateway text not null,
        notice_id text not null,
        payment_id text not null,
        kind text not null,
        outcome text not null,
        body text not null,
        received_at timestamptz not null,
        primary key (gateway, notice_id)
    )
    """,
    "create index payment_notices_payment on commerce.payment_notices (payment_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
