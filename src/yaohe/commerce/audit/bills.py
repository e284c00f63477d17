"""What the gateways' bills say against the books, as far as nobody has explained it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

BILLS: Final[Mapping[str, str]] = {
    "the gateway's bill says otherwise than the books": """
        select gateway, day::text, kind, payment_id as payment, refund_id as refund,
               order_id as order, ours_minor, theirs_minor, currency
          from commerce.bill_differences where because is null order by gateway, day, place
    """,
    # A bill is there at ten the next morning; a day later it is missed.
    "the gateway has no bill of a day on which money moved": """
        select gateway, day::text, problem, moved, tries from commerce.bills
         where compared_at is null and moved > 0
           and (day + 2 + time '10:00') at time zone 'Asia/Shanghai' < now()
         order by gateway, day
    """,
}
