"""All SQL about quotes: the part of the orders' own statement that writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

import asyncpg
from msgspec.structs import replace

from yaohe.commerce.orders.deciding import JUDGED, parameters
from yaohe.commerce.orders.model import Wish

COUPONS_TRIED_MAX: Final = 50  # those that end first

_USABLE: Final = f"""
select id from commerce.coupons
 where visitor_id = $1 and state = 'claimed' and expires_at > now()
 order by expires_at, id limit {COUPONS_TRIED_MAX}
"""  # noqa: S608 - constant text

_QUOTE: Final = f"""{JUDGED}
select unit_minor, line_minor, line_refusal, first_refusal, goods_minor, goods_off_minor,
       discount_minor, fee_minor, payable_minor, currency, delivery, free_from_minor, coupon_id
  from judged order by n, line
"""  # noqa: S608 - constant text


async def with_each_coupon(conn: asyncpg.Connection, wish: Wish) -> list[list[asyncpg.Record]]:
    """The rows of this order as it would be judged now: without a coupon, and with each of the
    buyer's."""
    usable = await conn.fetch(_USABLE, wish.visitor_id)
    wishes = [wish, *(replace(wish, coupon_id=row["id"]) for row in usable)]
    ids: Sequence[str] = [str(n) for n in range(len(wishes))]
    rows = iter(await conn.fetch(_QUOTE, *parameters(list(ids), wishes)))
    return [list(islice(rows, len(wish.lines))) for _ in wishes]
