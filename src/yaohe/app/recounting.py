"""`yaohe recount`: what the share reports show against what the rows say."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from yaohe.app.reading import reading
from yaohe.app.settings import Settings
from yaohe.kernel.raw import connect_raw
from yaohe.sharing.recount import Recounted, rebuild, recount

Say = Callable[[str], None]


async def recount_shares(
    settings: Settings, say: Say, *, as_json: bool = False, mend: bool = False
) -> int:
    """Print both counts; 0 when they are equal. With `mend` what differs is set right first, and
    what is printed is how it is then."""
    async with reading(settings, say) as url:
        # A recount reads whole tables: it takes as long as it takes.
        conn = await connect_raw(url, statement_timeout="0", lock_timeout="60000")
        try:
            if mend:
                before = await recount(conn)
                for line in before.differences():
                    say(line)
                await rebuild(conn)
            found = await recount(conn)
        finally:
            await conn.close()
    if as_json:
        print(msgspec.json.encode(found.report()).decode())
    else:
        _tell(found, say)
    return 0 if found.equal else 1


def _tell(found: Recounted, say: Say) -> None:
    for line in found.differences():
        say(line)
    say(
        f"{len(found.counters)} rooms counted; reports and rows agree"
        if found.equal
        else "Reports and rows differ. Mend them with: yaohe recount --rebuild"
    )
