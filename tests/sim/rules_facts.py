"""What must be true of the facts: told once for each thing that became true, and applied by every
step that follows from them."""

# ruff: noqa: S608 - SQL put together from our own words

from __future__ import annotations

from typing import Final


def _once(facts: str, keys: tuple[str, ...], truth: str) -> str:
    """Facts of these types stand against `truth`, a query of the same keys, one to one."""
    types = ", ".join(f"'{fact}.v1'" for fact in facts.split())
    told = ", ".join(f"body->>'{key}' as {key}" for key in keys)
    same = " and ".join(f"t.{key} = f.{key}" for key in keys)
    shown = ", ".join(f"coalesce(t.{key}, f.{key}) as {key}" for key in keys)
    return f"""
        select {shown}, t.n as true_times, f.n as told_times
          from (select {", ".join(keys)}, count(*) as n from ({truth}) x
                 group by {", ".join(keys)}) t
          full join (select {told}, count(*) as n from kernel.outbox where type in ({types})
                      group by {", ".join(str(n + 1) for n in range(len(keys)))}) f on {same}
         where t.n is distinct from 1 or f.n is distinct from 1
    """


FACTS: Final = {
    "OrderPaid is told once for each paid order": _once(
        "order_paid",
        ("order_id", "paid_minor"),
        """select id as order_id, paid_minor::text as paid_minor from commerce.orders
            where status in ('paid', 'shipped', 'completed')
               or status = 'refunded' and closed_at is null""",
    ),
    "OrderExpired or OrderCanceled is told once for each order that ended": _once(
        "order_expired order_canceled",
        ("order_id",),
        """select id as order_id from commerce.orders
            where status in ('canceled', 'expired', 'paid_late')
               or status = 'refunded' and closed_at is not null""",
    ),
    "OrderShipped is told once for each order on its way": _once(
        "order_shipped",
        ("order_id",),
        "select id as order_id from commerce.orders where shipped_at is not null",
    ),
    "OrderCompleted is told once for each order that arrived": _once(
        "order_completed",
        ("order_id",),
        "select id as order_id from commerce.orders where completed_at is not null",
    ),
    "OrderRefunded is told once for each order the shop gave back": _once(
        "order_refunded",
        ("order_id",),
        "select order_id from commerce.refunds where reason = 'shop' and state = 'done'",
    ),
    "PaymentLate is told once for each refund": _once(
        "payment_late",
        ("refund_id", "payment_id"),
        "select id as refund_id, payment_id from commerce.refunds where reason <> 'shop'",
    ),
    "PaymentRefunded is told once for each refund that is done": _once(
        "payment_refunded",
        ("refund_id", "payment_id"),
        "select id as refund_id, payment_id from commerce.refunds where state = 'done'",
    ),
    "ClickConfirmed is told once for each click": _once(
        "click_confirmed",
        ("token", "visitor_id"),
        "select token, visitor_id from sharing.clicks",
    ),
    "ShareProductive is told once for each productive share": _once(
        "share_productive",
        ("token",),
        "select token from sharing.shares where productive_at is not null",
    ),
    "AssistCounted is told once for each help": _once(
        "assist_counted",
        ("assist_id", "token", "helper_id"),
        "select assist_id, token, helper_id from campaigns.assists",
    ),
}

RELAY: Final = {
    "the outbox is empty": """
        select o.event_id, o.type, o.aggregate from kernel.outbox o where o.position is null
    """,
    "positions are dense": """
        select r.assigned, count(o.position) as placed, max(o.position) as last
          from kernel.relay r left join kernel.outbox o on o.position is not null
         group by r.assigned
        having r.assigned <> count(o.position) or r.assigned <> coalesce(max(o.position), 0)
            or count(distinct o.position) <> count(o.position)
    """,
    "every step was applied to every fact": """
        select o.event_id, o.type, o.aggregate, s.step
          from kernel.outbox o
          join (values ('click_confirmed.v1', 'click_confirmed.friend_coupon'),
                       ('click_confirmed.v1', 'click_confirmed.tell_sharer'),
                       ('assist_counted.v1', 'assist_counted.mirror_coupon'),
                       ('assist_counted.v1', 'assist_counted.thank'),
                       ('order_paid.v1', 'order_paid.credit_share'),
                       ('order_paid.v1', 'order_paid.cheer'),
                       ('room_ended.v1', 'room_ended.close_help')) s (type, step)
            on s.type = o.type
          left join kernel.inbox i on i.event_id = o.event_id and i.step = s.step
         where i.event_id is null
    """,
}
