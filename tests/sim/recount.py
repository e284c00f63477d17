"""The share report counted once more, from the rows, in plain Python.

The meanings are those of `docs/plays/share-coupon.md`; the house's own queries are not asked.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

import asyncpg

WATCHED_MS: Final = 30_000
STATES: Final = ("prepared", "intended", "effective", "productive")
_TABLES: Final = {
    "shares": "select * from sharing.shares where room_id = $1",
    "hits": """select token, is_bot or is_prefetch as flagged from sharing.hits
                where method = 'GET' and room_id = $1""",
    "openings": "select token from sharing.openings where room_id = $1",
    "clicks": "select * from sharing.clicks where room_id = $1",
    "visits": "select * from sharing.visits where room_id = $1",
    "credits": "select * from sharing.credits where room_id = $1 and reversed_at is null",
    "assists": "select * from campaigns.assists where room_id = $1",
    "coupons": """select source_ref as token from commerce.coupons
                   where source in ('arrival', 'assist') and state <> 'revoked'
                     and source_ref in (select token from sharing.shares where room_id = $1)""",
}


class Counted:
    """The numbers of one channel, one share or a whole room."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = defaultdict(int)
        self.people: dict[str, set[str]] = defaultdict(set)

    def told(self) -> dict[str, int]:
        return {name: self.numbers[name] for name in NAMES} | {
            "visitors": len(self.people["came"]),
            "interacted": len(self.people["took part"]),
            "buyers": len(self.people["bought"]),
        }


NAMES: Final = (
    *STATES, "hits", "bot_hits", "openings", "clicks", "watch_ms", "assists", "coupons", "orders",
    "paid_minor",
)  # fmt: skip


async def recount(conn: asyncpg.Connection, room_id: str) -> dict[str, Any]:
    """What the report of this room must say: sentence, totals, funnel, channels and shares."""
    rows = {name: await conn.fetch(query, room_id) for name, query in _TABLES.items()}
    whole, channels, shares = Counted(), defaultdict(Counted), defaultdict(Counted)
    channel_of = {share["token"]: share["channel"] for share in rows["shares"]}

    def where(token: str) -> tuple[Counted, Counted, Counted]:
        return whole, channels[channel_of[token]], shares[token]

    for share in rows["shares"]:
        for counted in where(share["token"]):
            for state in STATES:
                counted.numbers[state] += share[f"{state}_at"] is not None
            # Some apps share a page without telling it; then only the friend tells.
            counted.numbers["sent"] += bool(share["intended_at"] or share["effective_at"])
    for hit in rows["hits"]:
        for counted in where(hit["token"]):
            counted.numbers["hits"] += 1
            counted.numbers["bot_hits"] += hit["flagged"]
    visits = {(visit["token"], visit["visitor_id"]): visit for visit in rows["visits"]}
    for click in rows["clicks"]:
        visit = visits.get((click["token"], click["visitor_id"]))
        for counted in where(click["token"]):
            counted.numbers["clicks"] += 1
            counted.people["came"].add(click["visitor_id"])
            if visit is not None:
                counted.numbers["watch_ms"] += visit["watch_ms"]
                if visit["interacted_at"] is not None:
                    counted.people["took part"].add(click["visitor_id"])
                if visit["watch_ms"] >= WATCHED_MS:
                    counted.people["watched"].add(click["visitor_id"])
    for credit in rows["credits"]:
        for counted in where(credit["token"]):
            counted.numbers["orders"] += 1
            counted.numbers["paid_minor"] += credit["amount_minor"]
            counted.people["bought"].add(credit["visitor_id"])
    for name in ("openings", "assists", "coupons"):
        for row in rows[name]:
            for counted in where(row["token"]):
                counted.numbers[name] += 1
    # Who got further has come this far, too.
    came, bought = whole.people["came"], whole.people["bought"] & whole.people["came"]
    took_part = whole.people["took part"] | bought
    watched = whole.people["watched"] | took_part
    funnel = {
        "shared": whole.numbers["sent"],
        "opened": len(came),
        "watched": len(watched),
        "interacted": len(took_part),
        "ordered": len(bought),
    }
    return {
        "totals": whole.told(),
        "by_channel": {channel: counted.told() for channel, counted in channels.items()},
        "shares": {token: counted.told() for token, counted in shares.items()},
        "funnel": funnel,
        "sentence": {
            "shares": funnel["shared"],
            "friends": funnel["opened"],
            "watched": funnel["watched"],
            "orders": whole.numbers["orders"],
            "paid_minor": whole.numbers["paid_minor"],
        },
    }


def differences(counted: dict[str, Any], report: dict[str, Any]) -> list[str]:
    """Where the report of the API says something else than the rows."""
    told = {
        "totals": report["totals"],
        "funnel": report["funnel"],
        "sentence": report["sentence"],
        "by_channel": {row["channel"]: row for row in report["by_channel"]},
        "shares": {row["token"]: row for row in report["shares"]},
    }
    found = []
    for part in ("totals", "funnel", "sentence"):
        found += _unlike(part, counted[part], told[part])
    for part in ("by_channel", "shares"):
        if counted[part].keys() != told[part].keys():
            found.append(f"{part}: {sorted(counted[part])}, the report has {sorted(told[part])}")
            continue
        for key, numbers in counted[part].items():
            found += _unlike(f"{part} {key}", numbers, told[part][key])
    return found


def _unlike(where: str, counted: dict[str, int], told: dict[str, Any]) -> list[str]:
    return [
        f"{where}: {name} is {number}, the report says {told[name]}"
        for name, number in counted.items()
        if told[name] != number
    ]
