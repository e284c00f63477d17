"""All SQL of the ledger's movements. A batch is one statement per table, and all or nothing.

Rows are locked in one order: holds, then accounts, each by id. Everything a transaction does
elsewhere comes before, so nobody waits crosswise.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import msgspec
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.ledger.model import Account

Kind = Literal["transfer", "hold", "post", "void", "expire"]


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the journal, as it is written."""

    id: str
    kind: Kind
    source_id: str
    target_id: str
    amount_minor: int
    hold_id: str | None = None
    expires_s: int | None = None

    def says(self, row: RowMapping) -> bool:
        """Whether a row that is there says the same. What was left for a void was its own."""
        same = [(row[name], getattr(self, name)) for name in ("kind", "hold_id")]
        if self.kind != "void":
            names = ("source_id", "target_id", "amount_minor")
            same += [(row[name], getattr(self, name)) for name in names]
        return all(there == here for there, here in same)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A hold as it stands, locked."""

    id: str
    source_id: str
    target_id: str
    left_minor: int


_OPEN = text(
    """
    insert into ledger.accounts (id, shop_id, kind, owner, currency, guarded)
    select * from unnest(cast(:ids as text[]), cast(:shops as text[]), cast(:kinds as text[]),
        cast(:owners as text[]), cast(:currencies as text[]), cast(:guarded as boolean[]))
    on conflict (id) do nothing
    """
)

_WRITE = text(
    """
    with item as (
        select * from unnest(cast(:ids as text[]), cast(:kinds as text[]), cast(:holds as text[]),
            cast(:sources as text[]), cast(:targets as text[]), cast(:amounts as bigint[]),
            cast(:expires as integer[]))
            with ordinality as t (id, kind, hold_id, source_id, target_id, amount_minor, expires_s,
                                  n)
    ), made as (
        insert into ledger.transfers (id, kind, hold_id, source_id, target_id, amount_minor, at)
        select id, kind, hold_id, source_id, target_id, amount_minor, now() from item order by id
        on conflict (id) do nothing
        returning id, kind, source_id, target_id, amount_minor
    ), entered as (
        insert into ledger.entries (transfer_id, account_id, amount_minor)
        select id, source_id, -amount_minor from made where kind in ('transfer', 'post')
        union all
        select id, target_id, amount_minor from made where kind in ('transfer', 'post')
    ), held as (
        insert into ledger.holds (id, left_minor, expires_at)
        select m.id, m.amount_minor, now() + make_interval(secs => i.expires_s)
          from made m join item i on i.id = m.id where m.kind = 'hold'
    )
    select id from made
    """
)

_SAID = text(
    """
    select id, kind, hold_id, source_id, target_id, amount_minor
      from ledger.transfers where id = any(cast(:ids as text[]))
    """
)

_STANDING = """
    select h.id, t.source_id, t.target_id, h.left_minor
      from ledger.holds h join ledger.transfers t on t.id = h.id
"""
_LOCK_HOLDS = text(
    f"{_STANDING} where h.id = any(cast(:ids as text[])) order by h.id for no key update of h"
)
_LOCK_DUE = text(
    f"""{_STANDING} where h.ended_at is null and h.expires_at <= now()
        order by h.id limit :limit for no key update of h skip locked"""
)

_USE_HOLDS = text(
    """
    update ledger.holds h
       set left_minor = h.left_minor - u.used,
           ended_at = case when h.left_minor = u.used then now() end
      from unnest(cast(:ids as text[]), cast(:used as bigint[])) as u (id, used)
     where h.id = u.id and h.left_minor >= u.used
    returning h.id
    """
)

_LOCK_ACCOUNTS = text(
    """
    select id from ledger.accounts where guarded and id = any(cast(:ids as text[]))
     order by id for no key update
    """
)

_MOVE = text(
    """
    with change as (
        select * from unnest(cast(:ids as text[]), cast(:balances as bigint[]),
                             cast(:held as bigint[])) as t (id, balance, held)
    )
    update ledger.accounts a
       set balance_minor = a.balance_minor + c.balance, held_minor = a.held_minor + c.held
      from change c
     where a.id = c.id and a.guarded
       and a.balance_minor + c.balance >= a.held_minor + c.held
    returning a.id
    """
)


async def open_accounts(conn: AsyncConnection, accounts: Collection[Account]) -> None:
    """Make those of these accounts that are not there."""
    wanted = sorted({account.id: account for account in accounts}.items())
    await conn.execute(
        _OPEN,
        {
            "ids": [account_id for account_id, _ in wanted],
            "shops": [account.shop_id for _, account in wanted],
            "kinds": [account.kind for _, account in wanted],
            "owners": [account.owner for _, account in wanted],
            "currencies": [account.currency for _, account in wanted],
            "guarded": [account.guarded for _, account in wanted],
        },
    )


async def write(conn: AsyncConnection, lines: Sequence[Line]) -> set[str]:
    """Write rows of the journal with their entries and holds; the ids that were new."""
    rows = await conn.execute(
        _WRITE,
        {
            "ids": [line.id for line in lines],
            "kinds": [line.kind for line in lines],
            "holds": [line.hold_id for line in lines],
            "sources": [line.source_id for line in lines],
            "targets": [line.target_id for line in lines],
            "amounts": [line.amount_minor for line in lines],
            "expires": [line.expires_s for line in lines],
        },
    )
    return set(rows.scalars())


async def said(conn: AsyncConnection, ids: Collection[str]) -> dict[str, RowMapping]:
    """What is written by these ids."""
    rows = await conn.execute(_SAID, {"ids": sorted(ids)})
    return {row.id: row._mapping for row in rows}


async def locked_holds(conn: AsyncConnection, ids: Collection[str]) -> dict[str, Standing]:
    rows = await conn.execute(_LOCK_HOLDS, {"ids": sorted(ids)})
    return {row.id: Standing(**row._mapping) for row in rows}


async def locked_due(conn: AsyncConnection, *, limit: int) -> list[Standing]:
    """Holds whose time is over; those somebody else is busy with are left for the next round."""
    rows = await conn.execute(_LOCK_DUE, {"limit": limit})
    return [Standing(**row._mapping) for row in rows]


async def use_holds(conn: AsyncConnection, used: Mapping[str, int]) -> bool:
    """Take so much from each; False when one has less left."""
    rows = await conn.execute(_USE_HOLDS, {"ids": list(used), "used": list(used.values())})
    return len(rows.all()) == len(used)


async def move(conn: AsyncConnection, balance: Mapping[str, int], held: Mapping[str, int]) -> bool:
    """Change what guarded accounts have and have set aside; False when one had not enough."""
    touched = sorted(balance.keys() | held.keys())
    ids = list((await conn.execute(_LOCK_ACCOUNTS, {"ids": touched})).scalars())
    if not ids:
        return True
    rows = await conn.execute(
        _MOVE,
        {
            "ids": ids,
            "balances": [balance.get(account_id, 0) for account_id in ids],
            "held": [held.get(account_id, 0) for account_id in ids],
        },
    )
    return len(rows.all()) == len(ids)
