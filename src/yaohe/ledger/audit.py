"""The ledger asked whether it is right: every question is answered with the rows that break it.

All of it is read in the caller's transaction, so that one moment is judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg
import msgspec

from yaohe.ledger.model import Hold, Post, Transfer

FINDINGS_MAX: Final = 100

_SUM: Final = """
    select coalesce(sum(abs(total)), 0)::bigint from (
        select sum(e.amount_minor) as total
          from ledger.entries e join ledger.accounts a on a.id = e.account_id
         group by a.currency) _
"""

_HOLDS_OPEN: Final = "select count(*) from ledger.holds where ended_at is null"

_DIFFERENCES: Final[Mapping[str, str]] = {
    "a movement has two entries, what was only set aside has none": """
        select t.id as transfer, t.kind, t.amount_minor
          from ledger.transfers t
          left join ledger.entries e on e.transfer_id = t.id
         group by t.id
        having case when t.kind in ('transfer', 'post')
                    then count(e.*) = 2
                         and sum(e.amount_minor) filter (where e.account_id = t.source_id)
                             = -t.amount_minor
                         and sum(e.amount_minor) filter (where e.account_id = t.target_id)
                             = t.amount_minor
                    else count(e.*) = 0 end is not true
    """,
    "an entry is in an account there is": """
        select e.transfer_id as transfer, e.account_id as account from ledger.entries e
         where not exists (select from ledger.accounts a where a.id = e.account_id)
    """,
    "an account has what its entries say": """
        select a.id as account, a.balance_minor, coalesce(sum(e.amount_minor), 0) as entries_minor
          from ledger.accounts a left join ledger.entries e on e.account_id = a.id
         where a.guarded group by a.id
        having a.balance_minor <> coalesce(sum(e.amount_minor), 0)
    """,
    "an account has set aside what its holds say": """
        select a.id as account, a.held_minor, coalesce(sum(h.left_minor), 0) as holds_minor
          from ledger.accounts a
          left join ledger.transfers t on t.source_id = a.id and t.kind = 'hold'
          left join ledger.holds h on h.id = t.id
         where a.guarded group by a.id
        having a.held_minor <> coalesce(sum(h.left_minor), 0)
    """,
    "a hold is what was moved, let go and left": """
        select t.id as hold, t.amount_minor, h.left_minor,
               coalesce(sum(u.amount_minor), 0) as used_minor
          from ledger.transfers t
          left join ledger.holds h on h.id = t.id
          left join ledger.transfers u on u.hold_id = t.id
         where t.kind = 'hold' group by t.id, h.id
        having (t.amount_minor = h.left_minor + coalesce(sum(u.amount_minor), 0)) is not true
    """,
}

_STUCK: Final = """
    select id as hold, left_minor, expires_at::text from ledger.holds
     where ended_at is null
       and greatest(expires_at, pg_postmaster_start_time()) < now() - interval '5 minutes'
       and expires_at is not null
"""

_LINES: Final = """
    select id, kind, source_id, target_id, amount_minor
      from ledger.transfers where id = any($1::text[])
"""
_IDS: Final = """
    select id from ledger.transfers where starts_with(id, $1) and id > $2 order by id limit $3
"""


class LedgerReport(msgspec.Struct, frozen=True, kw_only=True):
    """`sum_minor` is 0 when the entries of every currency have the sum zero."""

    sum_minor: int
    holds_open: int
    differences: list[dict[str, object]]
    stuck: list[dict[str, object]]


async def audit(conn: asyncpg.Connection) -> LedgerReport:
    """What is not as it must be; at most a hundred findings of each kind."""
    differences: list[dict[str, object]] = []
    for rule, question in _DIFFERENCES.items():
        rows = await conn.fetch(f"{question} limit {FINDINGS_MAX}")
        differences += [{"what": rule, **dict(row)} for row in rows]
    stuck = await conn.fetch(f"{_STUCK} limit {FINDINGS_MAX}")
    return LedgerReport(
        sum_minor=await conn.fetchval(_SUM),
        holds_open=await conn.fetchval(_HOLDS_OPEN),
        differences=differences,
        stuck=[{"what": "a hold outlived its time", **dict(row)} for row in stuck],
    )


class JournalLine(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the journal, for who wants to compare it with what it should be."""

    id: str
    kind: str
    source_id: str
    target_id: str
    amount_minor: int

    @classmethod
    def of(cls, movement: Transfer | Hold, *, post: Post | None = None) -> JournalLine:
        """How this is written, or (with `post`) how a post of this hold is."""
        kind = "hold" if isinstance(movement, Hold) else "transfer"
        return cls(
            id=post.id if post else movement.id,
            kind="post" if post else kind,
            source_id=movement.source.id,
            target_id=movement.target.id,
            amount_minor=post.amount_minor if post else movement.amount_minor,
        )


class Journal:
    """The journal to be read by who booked in it."""

    def __init__(self, conn: asyncpg.Connection) -> None:
        self._conn = conn

    async def lines(self, ids: Sequence[str]) -> dict[str, JournalLine]:
        """What is written by these ids."""
        rows = await self._conn.fetch(_LINES, ids)
        return {row["id"]: JournalLine(**dict(row)) for row in rows}

    async def ids(self, prefix: str, *, after: str, limit: int) -> list[str]:
        """Ids that begin so, in their order."""
        rows = await self._conn.fetch(_IDS, prefix, after, limit)
        return [row["id"] for row in rows]
