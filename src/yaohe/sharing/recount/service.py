"""What reports show against what the rows say, at one moment of one database.

Reports read totals that are kept as hits come in, and the moments that are noted on shares. Both
are also to be had from the rows of hits, clicks, visits and credits; what differs is a bug or a
row that somebody changed by hand.
"""

from __future__ import annotations

import asyncpg
import msgspec

from yaohe.sharing.hits.store import rebuild_totals
from yaohe.sharing.recount import store
from yaohe.sharing.reports.store import share_report

Numbers = dict[str, int]


class Recounted(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of every room that was shared, as reports show them and as the rows say.

    `unknown` holds the hits of links that no share is behind.
    """

    counters: dict[str, Numbers]
    recount: dict[str, Numbers]
    unknown_counters: Numbers
    unknown_recount: Numbers

    @property
    def equal(self) -> bool:
        return self.counters == self.recount and self.unknown_counters == self.unknown_recount

    def report(self) -> dict[str, object]:
        """As `yaohe recount --json` prints it."""
        return {
            "counters": _told(self.counters, self.unknown_counters),
            "recount": _told(self.recount, self.unknown_recount),
            "equal": self.equal,
        }

    def differences(self) -> list[str]:
        """Every number that differs, in words."""
        rooms = sorted(self.counters.keys() | self.recount.keys())
        sides = [(room, self.counters.get(room, {}), self.recount.get(room, {})) for room in rooms]
        sides.append(("links nobody made", self.unknown_counters, self.unknown_recount))
        return [
            f"{place}: {name} is shown as {shown.get(name, 0)}, the rows say {rows.get(name, 0)}"
            for place, shown, rows in sides
            for name in sorted(shown.keys() | rows.keys())
            if shown.get(name, 0) != rows.get(name, 0)
        ]


def _told(rooms: dict[str, Numbers], unknown: Numbers) -> dict[str, object]:
    totals: Numbers = dict(unknown)
    for numbers in rooms.values():
        for name, number in numbers.items():
            totals[name] = totals.get(name, 0) + number
    return {"totals": totals, "rooms": rooms, "unknown": unknown}


async def recount(conn: asyncpg.Connection) -> Recounted:
    """Count everything twice, from one snapshot; writes nothing."""
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        counters: dict[str, Numbers] = {}
        for room_id in await store.shared_rooms(conn):
            report = await share_report(conn, room_id, rows_max=0)
            funnel = msgspec.structs.asdict(report.funnel)
            counters[room_id] = msgspec.structs.asdict(report.totals) | {
                f"funnel_{step}": number for step, number in funnel.items()
            }
        return Recounted(
            counters=counters,
            recount=await store.count_rows(conn),
            unknown_counters=await store.unknown_totals(conn),
            unknown_recount=await store.unknown_rows(conn),
        )


async def rebuild(conn: asyncpg.Connection) -> None:
    """Set what is kept to what the rows say. New hits wait, or go to the spool, meanwhile."""
    async with conn.transaction():
        await conn.execute("set transaction read write")
        await store.rebuild_states(conn)
        await rebuild_totals(conn)
