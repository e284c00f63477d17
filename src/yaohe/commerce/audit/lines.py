"""Whether what coupons took off is on the lines as the rule splits it."""

from __future__ import annotations

from typing import Final

import asyncpg

from yaohe.commerce.orders.splitting import shares

PAGE: Final = 5_000

_DISCOUNTED: Final = """
    select o.id, array_agg(l.discount_minor order by l.place) as discounts,
           array_agg(case when l.live_price_id is null
                           and (t.product_ids is null or l.product_id = any(t.product_ids))
                          then l.unit_price_minor * l.quantity else 0 end order by l.place)
               as weights
      from commerce.orders o join commerce.order_lines l on l.order_id = o.id
      join commerce.coupons c on c.id = o.coupon_id
      join commerce.coupon_templates t on t.id = c.template_id
     where o.coupon_id is not null and o.id > $1
     group by o.id order by o.id limit $2
"""


async def misplit(conn: asyncpg.Connection, *, limit: int) -> list[dict[str, object]]:
    findings: list[dict[str, object]] = []
    last = ""
    while rows := await conn.fetch(_DISCOUNTED, last, PAGE):
        last = rows[-1]["id"]
        findings += [
            {"what": "a coupon is on other lines than it is for", "order": row["id"]}
            for row in rows
            if row["discounts"] != shares(sum(row["discounts"]), row["weights"])
        ]
        if len(findings) >= limit:
            break
    return findings[:limit]
