"""The ledger's verbs. Each is said in the caller's transaction: money moves when the fact is true.

A verb takes as many movements as there are and is one statement per table; all of them happen, or
the transaction cannot be committed. Repeating a verb with the same ids changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from yaohe.kernel.db import Database, Tx
from yaohe.kernel.sweep import every
from yaohe.ledger import store
from yaohe.ledger.errors import HoldEnded, LedgerShort, TransferReused
from yaohe.ledger.model import (
    Account,
    Hold,
    Post,
    Transfer,
    Void,
    check_amount,
    check_id,
    check_movement,
)
from yaohe.ledger.store import Line, Standing

EXPIRE_EVERY_S: Final = 1.0
EXPIRE_AT_ONCE: Final = 500


class Ledger:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def transfer(self, tx: Tx, *transfers: Transfer) -> None:
        """Move money now."""
        await self._begin(tx, transfers)

    async def hold(self, tx: Tx, *holds: Hold) -> None:
        """Set money aside."""
        await self._begin(tx, holds)

    async def post(self, tx: Tx, *posts: Post) -> None:
        """Move all or part of what was set aside; `HoldEnded` when less is left."""
        for post in posts:
            check_id(post.id)
            check_amount(post.amount_minor)
        standing = await store.locked_holds(tx.conn, {post.hold_id for post in posts})
        lines = []
        for post in posts:
            hold = standing.get(post.hold_id)
            if hold is None:
                raise HoldEnded
            lines.append(_of_hold(post.id, "post", hold, post.amount_minor))
        await self._write(tx, lines)

    async def void(self, tx: Tx, *voids: Void) -> None:
        """Let go of what is left; `HoldEnded` when something else ended the hold before."""
        for void in voids:
            check_id(void.id)
        standing = await store.locked_holds(tx.conn, {void.hold_id for void in voids})
        before = await store.said(tx.conn, {void.id for void in voids})
        lines = []
        for void in voids:
            hold = standing.get(void.hold_id)
            if hold is None or (hold.left_minor == 0 and void.id not in before):
                raise HoldEnded
            lines.append(_of_hold(void.id, "void", hold, max(hold.left_minor, 1)))
        await self._write(tx, lines)

    async def expire(self) -> int:
        """Let go of holds whose time is over; returns how many."""
        async with self._db.begin() as tx:
            due = await store.locked_due(tx.conn, limit=EXPIRE_AT_ONCE)
            if due:
                lines = [_of_hold(f"expire:{h.id}", "expire", h, h.left_minor) for h in due]
                await self._write(tx, lines)
        return len(due)

    async def run(self) -> None:
        """Keep expiring until cancelled."""
        await every(EXPIRE_EVERY_S, "holds_expired", self.expire)

    async def _begin(self, tx: Tx, movements: Sequence[Transfer | Hold]) -> None:
        accounts: list[Account] = []
        for movement in movements:
            check_movement(movement)
            accounts += (movement.source, movement.target)
        if not movements:
            return
        await store.open_accounts(tx.conn, accounts)
        lines = [
            Line(
                id=movement.id,
                kind="hold" if isinstance(movement, Hold) else "transfer",
                source_id=movement.source.id,
                target_id=movement.target.id,
                amount_minor=movement.amount_minor,
                expires_s=movement.expires_s if isinstance(movement, Hold) else None,
            )
            for movement in movements
        ]
        await self._write(tx, lines)

    async def _write(self, tx: Tx, lines: Iterable[Line]) -> None:
        """Write what is new, and move what it moves."""
        wanted: dict[str, Line] = {}
        for line in lines:
            if wanted.setdefault(line.id, line) != line:
                raise TransferReused
        new = await store.write(tx.conn, list(wanted.values()))
        known = wanted.keys() - new
        if known:
            there = await store.said(tx.conn, known)
            if not all(wanted[line_id].says(there[line_id]) for line_id in known):
                raise TransferReused
        await self._move(tx, [line for line in wanted.values() if line.id in new])

    async def _move(self, tx: Tx, lines: Sequence[Line]) -> None:
        used: Counter[str] = Counter()
        balance: Counter[str] = Counter()
        held: Counter[str] = Counter()
        for line in lines:
            if line.hold_id is not None:
                used[line.hold_id] += line.amount_minor
                held[line.source_id] -= line.amount_minor
            elif line.kind == "hold":
                held[line.source_id] += line.amount_minor
            if line.kind in {"transfer", "post"}:
                balance[line.source_id] -= line.amount_minor
                balance[line.target_id] += line.amount_minor
        if used and not await store.use_holds(tx.conn, used):
            raise HoldEnded
        if lines and not await store.move(tx.conn, balance, held):
            raise LedgerShort


def _of_hold(line_id: str, kind: store.Kind, hold: Standing, amount_minor: int) -> Line:
    return Line(
        id=line_id,
        kind=kind,
        hold_id=hold.id,
        source_id=hold.source_id,
        target_id=hold.target_id,
        amount_minor=amount_minor,
    )
