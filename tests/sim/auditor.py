"""The independent auditor: reads the tables by its own SQL and knows nothing of the house's code.

It is given what the crowd was told, puts that beside the tables as `told_…`, and asks every rule
for the rows that break it. The rules hold for any shop at rest, after any crowd and any crash.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
from tests.sim import rules_facts, rules_ledger, rules_money, rules_sharing
from tests.sim.told import Told

RULES: Final[dict[str, str]] = {
    **rules_money.STOCK,
    **rules_money.LIVE_PRICES,
    **rules_money.COUPONS,
    **rules_money.ORDERS,
    **rules_money.GATEWAY,
    **rules_ledger.LEDGER,
    **rules_money.STUCK,
    **rules_sharing.HITS,
    **rules_sharing.CLICKS,
    **rules_sharing.SHARES,
    **rules_sharing.HELPS,
    **rules_sharing.CREDITS,
    **rules_facts.FACTS,
    **rules_facts.RELAY,
}
# Those that hold at any moment, also while orders are open and notices on their way.
LASTING: Final = tuple(rule for rule in RULES if rule not in rules_money.STUCK)
FINDINGS_PER_RULE: Final = 5

_TOLD: Final = {
    "told_stock": "product_id text, put bigint",
    "told_hits": "mark text, token text, visitor_id text, is_bot boolean, acked boolean",
    "told_clicks": "token text, visitor_id text",
    "told_joins": "token text, visitor_id text",
    "told_shares": "token text, room_id text, sharer_id text, channel text, pressed boolean",
    "told_helps": "token text, helper_id text",
    "told_coupons": "coupon_id text, visitor_id text",
    "told_orders": "order_id text, visitor_id text, key text",
    "told_keys": "visitor_id text, key text",
    "told_money": "payment_id text",
    "told_time": "ms bigint",
}


@dataclass(frozen=True)
class Finding:
    """One row that breaks one rule."""

    rule: str
    row: dict[str, Any]

    @property
    def names(self) -> list[str]:
        """The ids in it, for finding what led there."""
        return [value for value in self.row.values() if isinstance(value, str)]

    def __str__(self) -> str:
        return f"{self.rule}: " + ", ".join(f"{k}={v}" for k, v in self.row.items())


async def audit(
    conn: asyncpg.Connection, told: Told, rules: Iterable[str] = RULES
) -> list[Finding]:
    """Every rule asked of one snapshot; at most a few findings of each."""
    transaction = conn.transaction(isolation="repeatable_read")
    await transaction.start()
    try:
        return await ask(conn, told, rules)
    finally:
        await transaction.rollback()


async def ask(conn: asyncpg.Connection, told: Told, rules: Iterable[str] = RULES) -> list[Finding]:
    """The rules asked inside of a transaction that somebody else began."""
    await _put_down(conn, told)
    findings: list[Finding] = []
    for rule in rules:
        rows = await conn.fetch(f"select * from ({RULES[rule]}) _ limit {FINDINGS_PER_RULE}")  # noqa: S608
        findings += [Finding(rule, dict(row)) for row in rows]
    return findings


async def _put_down(conn: asyncpg.Connection, told: Told) -> None:
    for table, columns in _TOLD.items():
        await conn.execute(f"create temporary table {table} ({columns}) on commit drop")
    rows: dict[str, Sequence[tuple[Any, ...]]] = {
        "told_stock": list(told.stock.items()),
        "told_hits": [
            (mark, hit.token, hit.visitor_id, hit.is_bot, hit.acknowledged)
            for mark, hit in told.hits.items()
        ],
        "told_clicks": list(told.clicks),
        "told_joins": list(told.joins),
        "told_shares": [
            (token, share.room_id, share.sharer_id, share.channel, share.pressed)
            for token, share in told.shares.items()
        ],
        "told_helps": list(told.helps),
        "told_coupons": list(told.coupons.items()),
        "told_orders": [(order, *who) for order, who in told.orders.items()],
        "told_keys": list(told.keys),
        "told_money": [(payment,) for payment in told.money],
        "told_time": [(told.elapsed_ms,)],
    }
    for table, records in rows.items():
        await conn.copy_records_to_table(table, records=records)
