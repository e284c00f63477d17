"""`yaohe audit`: whether every piece, every coupon and every cent is accounted for.

One moment of the database is judged: the ledger by itself, the shop by itself, and both against
each other.
"""

from __future__ import annotations

from collections.abc import Callable

import asyncpg
import msgspec

from yaohe import ledger
from yaohe.app.reading import reading
from yaohe.app.settings import Settings
from yaohe.commerce.audit import audit as audit_commerce
from yaohe.kernel.raw import connect_raw

Findings = list[dict[str, object]]


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """`ledger_sum` adds what is missing in each currency; `holds_open` is money set aside now."""

    ledger_sum: int
    holds_open: int
    oversold: Findings
    overclaimed: Findings
    stuck: Findings
    differences: Findings

    @property
    def holds(self) -> bool:
        """Whether everything is as it must be; open holds that are accounted for are."""
        found = (self.oversold, self.overclaimed, self.stuck, self.differences)
        return self.ledger_sum == 0 and not any(found)


async def audit_database(conn: asyncpg.Connection) -> Audit:
    """All questions, asked of one snapshot."""
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        return await judge(conn)


async def judge(conn: asyncpg.Connection) -> Audit:
    """All questions, asked inside of a transaction that somebody else began."""
    books = await ledger.audit(conn)
    shop = await audit_commerce(conn)
    return Audit(
        ledger_sum=books.sum_minor,
        holds_open=books.holds_open,
        oversold=shop.oversold,
        overclaimed=shop.overclaimed,
        stuck=[*shop.stuck, *books.stuck],
        differences=[*shop.differences, *books.differences],
    )


async def audit_money(settings: Settings, say: Callable[[str], None], *, as_json: bool) -> int:
    """Print what was found; 0 when everything holds."""
    async with reading(settings, say) as url:
        # It reads whole tables: it takes as long as it takes.
        conn = await connect_raw(
            url, statement_timeout="0", idle_in_transaction_session_timeout="0"
        )
        try:
            found = await audit_database(conn)
        finally:
            await conn.close()
    if as_json:
        print(msgspec.json.encode(found).decode())
    for findings in (found.oversold, found.overclaimed, found.stuck, found.differences):
        for finding in findings:
            say(", ".join(f"{name} {value}" for name, value in finding.items()))
    say("Everything is accounted for" if found.holds else "Something is not as it must be")
    return 0 if found.holds else 1
