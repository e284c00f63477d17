"""What goes wrong in other people's shops, planted: for each rule of the auditor at least one
change to a shop at rest that breaks it. A plant is SQL, or a change to what the crowd was told."""

# ruff: noqa: S608 - SQL put together from our own words

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tests.sim.told import Told

Plant = str | Callable[[Told], object]


def _copy(table: str, changed: str, where: str = "true") -> str:
    """One row once more, with these columns changed; no key stands in the way."""
    return f"""
        do $$ declare name text; begin
            for name in select conname from pg_constraint
                         where conrelid = '{table}'::regclass and contype in ('p', 'u') loop
                execute format('alter table {table} drop constraint %I cascade', name);
            end loop;
            for name in select indexrelid::regclass::text from pg_index
                         where indrelid = '{table}'::regclass and indisunique loop
                execute 'drop index ' || name;
            end loop;
        end $$;
        insert into {table}
        select (jsonb_populate_record(null::{table}, to_jsonb(t) || {changed})).*
          from {table} t where {where} limit 1
    """


def _loosely(table: str, statement: str) -> str:
    """A change past the checks and keys of a table."""
    return f"""
        do $$ declare name text; begin
            for name in select conname from pg_constraint
                         where conrelid = '{table}'::regclass and contype in ('c', 'f') loop
                execute format('alter table {table} drop constraint %I', name);
            end loop;
        end $$;
        {statement}
    """


def _drop(mapping: str) -> Callable[[Told], object]:
    return lambda told: getattr(told, mapping).pop()


_ONE_PAID: Final = "(select id from commerce.orders where status = 'paid' limit 1)"
_ONE_EXPIRED: Final = "(select id from commerce.orders where status = 'expired' limit 1)"

MONEY: Final[Mapping[str, tuple[Plant, ...]]] = {
    "stock is never negative": (
        _loosely("commerce.products", "update commerce.products set stock = -1"),
    ),
    "put up = left + reserved + sold": (
        "update commerce.products set stock = stock + 1",
        lambda told: told.stock.update(dict.fromkeys(told.stock, 1_000)),
    ),
    "sold is what orders hold": ("update commerce.products set sold = sold + 1",),
    "a live price was taken by the orders that hold it": (
        "update commerce.live_prices set taken = taken + 1",
        _loosely("commerce.live_prices", "update commerce.live_prices set total = 0"),
        "update commerce.order_lines set live_price_id = null",
    ),
    "nobody holds more at a live price than allowed": (
        _loosely("commerce.live_prices", "update commerce.live_prices set per_person = 0"),
    ),
    "a live price is paid where it holds, and no coupon beside it": (
        "update commerce.live_prices set price_minor = price_minor + 1",
        "update commerce.live_prices set room_id = 'cups'",
    ),
    "no more coupons than there are": (
        "update commerce.coupon_templates set claimed = claimed + 1",
        _loosely("commerce.coupons", "delete from commerce.coupons where state = 'claimed'"),
        _loosely("commerce.coupon_templates", "update commerce.coupon_templates set total = 0"),
    ),
    "nobody has more coupons than allowed": (
        _copy("commerce.coupons", """'{"id": "cpn_2", "ordinal": 2}'"""),
        _copy("commerce.coupons", """'{"id": "cpn_2", "slot": "again", "ordinal": 9}'""",
              "source = 'arrival'"),
    ),
    "a coupon is locked or used by exactly its order": (
        "update commerce.coupons set state = 'claimed', order_id = null where state = 'used'",
        "update commerce.coupons set state = 'locked' where state = 'used'",
        f"""update commerce.coupons set state = 'used', order_id = {_ONE_EXPIRED}
             where state = 'claimed'""",
        "update commerce.orders set coupon_id = null where coupon_id is not null",
    ),
    "a coupon takes off what it says, for its owner": (
        "update commerce.coupons set amount_minor = amount_minor + 1 where state = 'used'",
        "update commerce.coupons set visitor_id = 'v_other' where state = 'used'",
        "update commerce.coupons set threshold_minor = 1000000 where state = 'used'",
    ),
    "a coupon that was given is there": (
        lambda told: told.coupons.update(cpn_gone="v_mei"),
        "update commerce.coupons set visitor_id = 'v_other' where state = 'used'",
    ),
    "an order that was accepted is there, once": (
        lambda told: told.orders.update(ord_gone=("v_mei", "key")),
        _copy("commerce.orders", """'{"id": "ord_2"}'"""),
    ),
    "nobody ordered what nobody asked for": (_drop("keys"),),
    "a price is quantity times unit price and the fee minus discount": (
        _loosely("commerce.orders", "update commerce.orders set payable_minor = 1"),
        "update commerce.order_lines set unit_price_minor = unit_price_minor + 1",
        "delete from commerce.order_lines",
    ),
    "what a coupon took off the goods is what it took off the lines": (
        "update commerce.order_lines set discount_minor = 1 where live_price_id is null",
    ),
    "a paid order has exactly one captured payment of its amount": (
        _copy("commerce.payments", """'{"id": "pay_2"}'""", "state = 'paid'"),
        "update commerce.payments set state = 'canceled' where state = 'paid'",
        "update commerce.payments set amount_minor = amount_minor + 1 where state = 'paid'",
        "update commerce.orders set paid_minor = paid_minor - 1 where status = 'paid'",
    ),
    "an unpaid order has no money": (
        f"update commerce.payments set state = 'paid' where order_id = {_ONE_EXPIRED}",
        "update commerce.orders set paid_minor = 1 where status = 'expired'",
    ),
    "late money is noted, and goes back": (
        "update commerce.orders set status = 'refunded' where status = 'expired'",
        "update commerce.refunds set state = 'requested'",
        "delete from commerce.refunds",
    ),
    "a payment asks for what its order costs": (
        "update commerce.payments set amount_minor = amount_minor + 1",
        "update commerce.payments set currency = 'USD'",
    ),
    "a refund gives back one payment, whole": (
        "update commerce.refunds set amount_minor = amount_minor - 1",
        "delete from commerce.refunds",
        "update commerce.payments set state = 'paid' where state = 'refunded'",
    ),
    "a captured payment was told by exactly one notice": (
        "delete from commerce.payment_notices",
        _copy("commerce.payment_notices", """'{"notice_id": "msg_2"}'""", "outcome = 'paid'"),
    ),
    "the gateway and the shop agree": (
        "update sandbox_pay.payments set state = 'open' where state = 'paid'",
        "update sandbox_pay.payments set state = 'paid' where state <> 'paid'",
        "update sandbox_pay.payments set amount_minor = 1",
    ),
    "the gateway knows no payment the shop does not": (
        _copy("sandbox_pay.payments", """'{"id": "pay_2"}'"""),
    ),
    "the till holds what paid orders cost": (
        "update sandbox_pay.payments set amount_minor = amount_minor + 1 where state = 'paid'",
        "update commerce.orders set paid_minor = 0 where status = 'paid'",
    ),
    "money the cashier took is in the books": (
        lambda told: told.money.add("pay_gone"),
        "update commerce.payments set state = 'open' where state = 'paid'",
    ),
    "no order waits for ever": (
        "update commerce.orders set status = 'created' where status = 'expired'",
        "update commerce.orders set status = 'paid_late' where status = 'refunded'",
    ),
    "no refund waits for ever": ("update commerce.refunds set state = 'requested'",),
    "no notice waits for ever": ("update sandbox_pay.notices set delivered_at = null",),
}  # fmt: skip

_UNKNOWN: Final = '\'{"token": "nothing"}\''

SHARING: Final[Mapping[str, tuple[Plant, ...]]] = {
    "an acknowledged hit is a row, exactly once": (
        "delete from sharing.hits where not is_bot",
        _copy("sharing.hits", "jsonb_build_object('hit_id', gen_random_uuid())"),
        lambda told: told.hits.popitem(),
    ),
    "a hit says who fetched what": (
        "update sharing.hits set is_bot = not is_bot",
        "update sharing.hits set visitor_id = 'v_other' where not is_bot",
        "update sharing.hits set room_id = 'cups' where room_id = 'tea'",
    ),
    "totals of hits are the rows": (
        "update sharing.hit_totals set hits = hits + 1",
        "update sharing.hit_totals set bot_hits = bot_hits + 1",
        "update sharing.hit_totals set openings = openings + 1",
        "delete from sharing.hit_totals",
    ),
    "a click is a person who came by the link": (
        "delete from sharing.hits where not is_bot",
        "update sharing.hits set is_bot = true",
        "update sharing.hits set method = 'HEAD'",
    ),
    "a click is of a share, and not one's own": (
        _loosely("sharing.clicks", "update sharing.clicks set visitor_id = sharer_id"),
        "update sharing.clicks set sharer_id = 'v_other'",
        "update sharing.clicks set room_id = 'cups'",
        "update sharing.clicks set token = 'nothing'",
    ),
    "a click that was counted is there": ("delete from sharing.clicks",),
    "a share that was made is there as it was made": (
        "update sharing.shares set intended_at = null",
        "update sharing.shares set intended_at = now()",
        "update sharing.shares set channel = 'pigeon'",
        "update sharing.shares set sharer_id = 'v_other'",
    ),
    "effective is a click of another visitor": (
        "update sharing.shares set effective_at = now()",
        "update sharing.shares set effective_at = null, productive_at = null",
    ),
    "productive is a friend who watched, took part or bought": (
        "update sharing.shares set effective_at = now(), productive_at = now()",
        "update sharing.shares set productive_at = null",
        """update sharing.visits set watch_ms = 29999, interacted_at = null;
           delete from sharing.credits""",
    ),
    "a share hangs under the share that led to it": (
        "update sharing.shares set generation = 7",
        "update sharing.shares set parent_token = 'nothing', generation = 2",
        """update sharing.shares s set parent_token = p.token, generation = p.generation + 1
             from sharing.shares p where p.sharer_id = s.sharer_id and p.token <> s.token""",
    ),
    "nobody watched longer than time passed": (
        "update sharing.visits set watch_ms = watch_ms + 3600000",
    ),
    "a help is another's, once, who came and watched": (
        "update campaigns.assists set watch_ms = 14999",
        "update campaigns.assists set env = 'wechat'",
        _loosely("campaigns.assists", "update campaigns.assists set helper_id = sharer_id"),
        "delete from sharing.clicks",
        "update sharing.visits set watch_ms = 0",
        _copy("campaigns.assists", """'{"assist_id": "as_2"}'"""),
    ),
    "a help that was counted is there": ("delete from campaigns.assists",),
    "a reward is for one help": (
        "delete from campaigns.assists",
        "update commerce.coupons set visitor_id = 'v_other' where source = 'assist'",
        _copy("commerce.coupons", """'{"id": "cpn_2", "slot": "assist:tea:a:b"}'""",
              "source = 'assist'"),
    ),
    "a help is rewarded while there are rewards": (
        "delete from commerce.coupons where source = 'assist'",
    ),
    "who arrives has the coupon while there are any": (
        _loosely("commerce.orders", "delete from commerce.coupons where source = 'arrival'"),
    ),
    "a share brought a coupon only to who came by it": (
        "delete from sharing.clicks",
        "update commerce.coupons set source_ref = 'nothing' where source = 'arrival'",
    ),
    "an order a share led to is credited": ("delete from sharing.credits",),
    "a credit pins the first and the last touch before the order": (
        "update sharing.credits set amount_minor = amount_minor + 1",
        "update sharing.credits set visitor_id = 'v_other'",
        "update sharing.credits set reversed_at = now()",
        "update sharing.clicks set first_at = now() + interval '1 day'",
        """update sharing.credits k set token = s.token from sharing.shares s
            where s.token <> k.last_token""",
    ),
}  # fmt: skip


def _fact(kind: str) -> tuple[Plant, ...]:
    """Told twice, or not at all."""
    twice = f"""
        insert into kernel.outbox (shop_id, aggregate, type, body, position)
        select shop_id, aggregate, type, body, position + 1000 from kernel.outbox
         where type = '{kind}.v1' limit 1
    """
    return twice, f"delete from kernel.outbox where type = '{kind}.v1'"


FACTS: Final[Mapping[str, tuple[Plant, ...]]] = {
    "OrderPaid is told once for each paid order": (
        *_fact("order_paid"),
        f"update commerce.orders set status = 'expired' where id = {_ONE_PAID}",
    ),
    "OrderExpired or OrderCanceled is told once for each order that ended": (
        *_fact("order_expired"),
        *_fact("order_canceled"),
    ),
    "OrderShipped is told once for each order on its way": (
        f"update commerce.orders set shipped_at = now() where id = {_ONE_PAID}",
    ),
    "OrderCompleted is told once for each order that arrived": (
        f"update commerce.orders set completed_at = now() where id = {_ONE_PAID}",
    ),
    "OrderRefunded is told once for each order the shop gave back": (
        "update commerce.refunds set reason = 'shop'",
    ),
    "PaymentLate is told once for each refund": _fact("payment_late"),
    "PaymentRefunded is told once for each refund that is done": _fact("payment_refunded"),
    "ClickConfirmed is told once for each click": _fact("click_confirmed"),
    "ShareProductive is told once for each productive share": _fact("share_productive"),
    "AssistCounted is told once for each help": _fact("assist_counted"),
    "the outbox is empty": ("update kernel.outbox set position = null",),
    "positions are dense": (
        "update kernel.relay set assigned = assigned + 1",
        "update kernel.outbox set position = position + 1000",
    ),
    "every step was applied to every fact": (
        "delete from kernel.inbox where step = 'order_paid.credit_share'",
    ),
}

LEDGER: Final[Mapping[str, tuple[Plant, ...]]] = {
    "the ledger has the sum zero": (
        "update ledger.entries set amount_minor = amount_minor + 1 where amount_minor > 0",
        "delete from ledger.entries where amount_minor < 0",
    ),
    "a movement has two entries": (
        "delete from ledger.entries where amount_minor > 0",
        "update ledger.transfers set amount_minor = amount_minor + 1",
        "update ledger.transfers set kind = 'transfer' where kind = 'hold'",
    ),
    "an account stands where its entries and holds say": (
        "update ledger.accounts set balance_minor = 5 where guarded",
        _loosely("ledger.accounts", "update ledger.accounts set held_minor = 5 where guarded"),
        """delete from ledger.entries
            where account_id like '%refund_payable%' and amount_minor > 0""",
    ),
    "money that came is booked once, for the sale or to go back": (
        "delete from ledger.transfers where id like 'payment:%'",
        "update commerce.payments set state = 'canceled' where state = 'paid'",
        "update commerce.payments set amount_minor = amount_minor + 1 where state = 'paid'",
        """update ledger.transfers set target_id = 'shop_main/sales//CNY'
            where id like 'payment:%'""",
        """update ledger.transfers set target_id = 'shop_main/refund_payable//CNY'
            where id like 'payment:%'""",
        """update ledger.transfers set source_id = 'shop_main/provider_clearing/other/CNY'
            where id like 'payment:%'""",
        """insert into ledger.transfers select 'payment:pay_0', kind, null, source_id, target_id,
               amount_minor, at from ledger.transfers where kind = 'transfer' limit 1""",
    ),
    "a refund is held until it is done, then posted": (
        "delete from ledger.transfers where kind = 'hold'",
        "delete from ledger.transfers where kind = 'post'",
        "update commerce.refunds set state = 'requested'",
        "delete from commerce.refunds",
        _loosely("ledger.holds", "update ledger.holds set left_minor = 1"),
    ),
    "what is owed is what is on its way back": (
        "update commerce.refunds set state = 'requested'",
        "update ledger.accounts set balance_minor = 7 where kind = 'refund_payable'",
    ),
}

PLANTS: Final = {**MONEY, **LEDGER, **SHARING, **FACTS}
