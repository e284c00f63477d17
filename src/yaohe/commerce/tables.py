"""The tables of commerce. The migration makes them; a test holds the two equal."""

from __future__ import annotations

from functools import partial

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
)

metadata = MetaData(schema="commerce")

_text = partial(Column, type_=Text, nullable=False)
_amount = partial(Column, type_=BigInteger, nullable=False)
_count = partial(Column, type_=Integer, nullable=False)
_at = partial(Column, type_=DateTime(timezone=True), nullable=False)

products = Table(
    "products",
    metadata,
    Column("id", Text, primary_key=True),
    _text("shop_id"),
    _text("title"),
    _text("title_en"),
    _text("subtitle"),
    _text("subtitle_en"),
    _amount("price_minor"),
    _amount("list_price_minor", nullable=True),
    _text("currency"),
    _count("stock"),
    _count("sold"),
    _text("picture_key", nullable=True),
    _text("status"),
    _text("delivery"),
    _text("digital_text"),
    _at("created_at"),
    _at("updated_at"),
)

delivery_rules = Table(
    "delivery_rules",
    metadata,
    Column("shop_id", Text, primary_key=True),
    _amount("fee_minor"),
    _amount("free_from_minor", nullable=True),
    _text("pickup_place"),
    _text("pickup_place_en"),
    _at("updated_at"),
)

variants = Table(
    "variants",
    metadata,
    Column("id", Text, primary_key=True),
    _text("shop_id"),
    Column("product_id", Text, ForeignKey(products.c.id), nullable=False),
    _text("title"),
    _text("title_en"),
    _amount("price_minor"),
    _count("stock"),
    _count("sold"),
    _count("place"),
    Column("shown", Boolean, nullable=False),
    _at("created_at"),
)

coupon_templates = Table(
    "coupon_templates",
    metadata,
    Column("id", Text, primary_key=True),
    _text("shop_id"),
    _text("title"),
    _text("title_en"),
    _amount("amount_minor"),
    _amount("threshold_minor"),
    _text("currency"),
    _count("total"),
    _count("claimed"),
    _count("per_person"),
    _at("valid_from"),
    _at("valid_until", nullable=True),
    _count("valid_days", nullable=True),
    _text("status"),
    _text("kind"),
    _count("percent", nullable=True),
    Column("product_ids", ARRAY(Text)),
    _count("per_day", nullable=True),
    _count("per_show", nullable=True),
    _at("created_at"),
)

coupons = Table(
    "coupons",
    metadata,
    Column("id", Text, primary_key=True),
    _text("shop_id"),
    _text("template_id"),
    _text("visitor_id"),
    _text("slot"),
    _count("ordinal"),
    _text("state"),
    _amount("amount_minor"),
    _amount("threshold_minor"),
    _text("currency"),
    _text("source"),
    _text("source_ref"),
    _text("order_id", nullable=True),
    _at("claimed_at"),
    _at("expires_at"),
    _at("used_at", nullable=True),
    *(_text(name, nullable=True) for name in ("room_id", "show", "claimed_by")),
    Column("day", Date),
)

coupon_rooms = Table(
    "coupon_rooms",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("template_id", "room_id")),
    _text("shop_id"),
    _count("total", nullable=True),
    _count("show_total", nullable=True),
    _count("claimed"),
)

coupon_shows = Table(
    "coupon_shows",
    metadata,
    *(Column(name, Text, primary_key=True) for name in ("template_id", "room_id", "show")),
    _text("shop_id"),
    _count("total", nullable=True),
    _count("claimed"),
)

live_prices = Table(
    "live_prices",
    metadata,
    Column("id", Text, primary_key=True),
    _text("shop_id"),
    _text("room_id"),
    Column("product_id", Text, ForeignKey(products.c.id), nullable=False),
    _amount("price_minor"),
    _count("total", nullable=True),
    _count("per_person", nullable=True),
    _count("taken"),
    _at("starts_at"),
    _at("ends_at"),
    _at("created_at"),
)

addresses = Table(
    "addresses",
    metadata,
    Column("id", Text, primary_key=True),
    _text("shop_id"),
    _text("visitor_id"),
    _text("name"),
    _text("phone"),
    _text("address"),
    Column("is_default", Boolean, nullable=False),
    _at("created_at"),
    _at("used_at"),
)

orders = Table(
    "orders",
    metadata,
    Column("id", Text, primary_key=True),
    _text("shop_id"),
    _text("visitor_id"),
    _text("room_id", nullable=True),
    _amount("goods_minor"),
    _amount("discount_minor"),
    _amount("payable_minor"),
    _amount("paid_minor"),
    _amount("refunded_minor"),
    _text("currency"),
    Column("coupon_id", Text, ForeignKey(coupons.c.id)),
    _text("status"),
    _text("buyer_name", nullable=True),
    _text("buyer_phone", nullable=True),
    _text("buyer_address", nullable=True),
    _text("idempotency_key"),
    _at("created_at"),
    _at("deadline_at"),
    _at("paid_at", nullable=True),
    _at("closed_at", nullable=True),
    _text("carrier"),
    _text("tracking"),
    _text("staff_note"),
    _at("shipped_at", nullable=True),
    _at("completed_at", nullable=True),
    _text("delivery"),
    _amount("fee_minor"),
    _text("buyer_note"),
    _text("pickup_place"),
    _text("pickup_place_en"),
    _text("pickup_code", nullable=True),
    _text("digital_text"),
    _text("placed_by", nullable=True),
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("order_id", Text, ForeignKey(orders.c.id), primary_key=True),
    Column("place", SmallInteger, primary_key=True),  # from 0, as they were asked for
    Column("product_id", Text, ForeignKey(products.c.id), nullable=False),
    Column("variant_id", Text, ForeignKey(variants.c.id)),
    _text("title"),
    _text("title_en"),
    _text("picture_key", nullable=True),
    _count("quantity"),
    _amount("unit_price_minor"),
    _amount("discount_minor"),
    Column("live_price_id", Text, ForeignKey(live_prices.c.id)),
    _count("refunded_quantity"),
)

payments = Table(
    "payments",
    metadata,
    Column("id", Text, primary_key=True),
    _text("shop_id"),
    Column("order_id", Text, ForeignKey(orders.c.id), nullable=False),
    _text("gateway"),
    _amount("amount_minor"),
    _text("currency"),
    _amount("given_back_minor"),  # what its refunds are of, done or not
    _text("state"),
    _text("way", nullable=True),  # and the subject: what the gateway was asked for
    _text("subject", nullable=True),
    _text("problem", nullable=True),
    _at("created_at"),
    _at("paid_at", nullable=True),
    _at("captured_at", nullable=True),  # by the gateway's clock
    _at("ask_at", nullable=True),
)

refunds = Table(
    "refunds",
    metadata,
    Column("id", Text, primary_key=True),
    _text("shop_id"),
    Column("payment_id", Text, ForeignKey(payments.c.id), nullable=False),
    Column("order_id", Text, ForeignKey(orders.c.id), nullable=False),
    _text("gateway"),
    _amount("amount_minor"),
    _text("currency"),
    _text("reason"),
    _text("idempotency_key", nullable=True),
    _text("pieces", nullable=True),  # of which lines, as JSON
    _text("state"),
    _count("attempts"),
    _count("round"),  # under which number it is asked for
    _at("next_at"),
    _at("created_at"),
    _at("done_at", nullable=True),
    _at("returned_at", nullable=True),  # by the gateway's clock
)

payment_notices = Table(
    "payment_notices",
    metadata,
    Column("gateway", Text, primary_key=True),
    Column("notice_id", Text, primary_key=True),
    _text("payment_id"),
    _text("kind"),
    _text("outcome"),
    _text("body"),
    _at("received_at"),
)

waits = Table(
    "waits",
    metadata,
    Column("visitor_id", Text, primary_key=True),
    Column("product_id", Text, ForeignKey(products.c.id), primary_key=True),
    Column("variant_id", Text, primary_key=True),  # empty: the product, whichever variant
    _text("shop_id"),
    _text("room_id", nullable=True),  # where they asked
    _amount("place"),
    _at("asked_at"),
    _at("told_at", nullable=True),
    _at("seen_at", nullable=True),
)

cart_lines = Table(
    "cart_lines",
    metadata,
    Column("visitor_id", Text, primary_key=True),
    Column("product_id", Text, ForeignKey(products.c.id), primary_key=True),
    Column("variant_id", Text, primary_key=True),  # empty: the product has none
    _text("shop_id"),
    _text("room_id", nullable=True),  # where it was put in
    _count("quantity"),
    _amount("seen_minor"),
    Column("order_id", Text, ForeignKey(orders.c.id)),  # what it was last ordered with
    _at("put_at"),
    _at("changed_at"),
)

threads = Table(
    "threads",
    metadata,
    Column("order_id", Text, ForeignKey(orders.c.id), primary_key=True),
    _text("shop_id"),
    _text("visitor_id"),
    _count("messages"),
    _amount("buyer_read"),  # the id of the last message this side has seen
    _amount("shop_read"),
    _at("last_at"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("order_id", Text, ForeignKey(threads.c.order_id), nullable=False),
    _text("side"),
    _text("staff_id", nullable=True),
    _text("body"),
    _text("idempotency_key"),
    _at("at"),
)

canned_answers = Table(
    "canned_answers",
    metadata,
    Column("shop_id", Text, primary_key=True),
    Column("place", Integer, primary_key=True),
    _text("body"),
)
