"""What moved through a gateway on a day of its calendar, by our books."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.platforms.payments import BillLine

# The calendar of the gateways there are is Beijing's.
CALENDAR: Final = timezone(timedelta(hours=8))

_MOVED: Final = text(
    """
    select id as payment_id, null as refund_id, amount_minor, currency from commerce.payments
     where gateway = :gateway and captured_at >= :since and captured_at < :until
    union all
    select payment_id, id || case round when 1 then '' else '-' || round end,
           amount_minor, currency
      from commerce.refunds
     where gateway = :gateway and returned_at >= :since and returned_at < :until
    """
)


async def moved_on(conn: AsyncConnection, gateway: str, day: date) -> list[BillLine]:
    since = datetime.combine(day, time(), CALENDAR)
    wanted = {"gateway": gateway, "since": since, "until": since + timedelta(days=1)}
    return [BillLine(**row._mapping) for row in await conn.execute(_MOVED, wanted)]
