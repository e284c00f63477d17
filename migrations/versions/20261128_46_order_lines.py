"""An order has lines: what an order had of its one product moves into its first line."""

from __future__ import annotations

from alembic import op

revision = "46_order_lines"
down_revision = "45_couponlimits"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table commerce.order_lines (
        order_id text not null references commerce.orders (id),
        place smallint not null check (place between 0 and 19),
        product_id text not null references commerce.products (id),
        variant_id text references commerce.variants (id),
        title text not null,
        title_en text not null,
        picture_key text,
        quantity integer not null check (quantity > 0),
        unit_price_minor bigint not null check (unit_price_minor >= 0),
        discount_minor bigint not null default 0,
        live_price_id text references commerce.live_prices (id),
        primary key (order_id, place),
        constraint order_lines_discount
            check (discount_minor between 0 and unit_price_minor * quantity),
        constraint order_lines_one_reduction check (live_price_id is null or discount_minor = 0)
    )
    """,
    # A coupon for shipping took nothing off the goods.
    """
    insert into commerce.order_lines (order_id, place, product_id, variant_id, title, title_en,
        picture_key, quantity, unit_price_minor, discount_minor, live_price_id)
    select o.id, 0, o.product_id, o.variant_id, o.title, o.title_en, o.picture_key, o.quantity,
           o.unit_price_minor, case t.kind when 'shipping' then 0 else o.discount_minor end,
           o.live_price_id
      from commerce.orders o
      left join commerce.coupons c on c.id = o.coupon_id
      left join commerce.coupon_templates t on t.id = c.template_id
    """,
    """
    create index order_lines_live_price on commerce.order_lines (live_price_id)
     where live_price_id is not null
    """,
    """
    create index order_lines_variant on commerce.order_lines (variant_id)
     where variant_id is not null
    """,
    # A buyer reviews each product of an order.
    """
    alter table commerce.reviews
        drop constraint reviews_order_id_key,
        add constraint reviews_once unique (order_id, product_id)
    """,
    "alter table commerce.orders add column goods_minor bigint check (goods_minor >= 0)",
    "update commerce.orders set goods_minor = unit_price_minor * quantity",
    """
    alter table commerce.orders
        alter column goods_minor set not null,
        drop constraint orders_payable,
        drop constraint orders_one_reduction,
        add constraint orders_payable
            check (payable_minor = goods_minor + fee_minor - discount_minor),
        drop column product_id,
        drop column variant_id,
        drop column title,
        drop column title_en,
        drop column picture_key,
        drop column quantity,
        drop column unit_price_minor,
        drop column live_price_id
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("migrations only go forward; restore a backup instead")
