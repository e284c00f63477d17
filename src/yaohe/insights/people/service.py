"""`MyData`: what each context keeps of one visitor, together; and its end, context by context.

Orders are asked first: while one is under way nothing is taken away. A step that fails leaves the
ones before it done, and asking again does the rest; who they are to us goes last, so that they can.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog

from yaohe.campaigns import Campaigns
from yaohe.commerce import Commerce
from yaohe.identity import Identity
from yaohe.insights.people.errors import OrdersUnderWay
from yaohe.kernel.ids import new_id
from yaohe.live.people import People
from yaohe.outside import Outside
from yaohe.sharing import Sharing

SETTLE_EVERY_S: Final = 600.0

log = structlog.get_logger(__name__)


class MyData:
    def __init__(
        self,
        *,
        identity: Identity,
        sharing: Sharing,
        commerce: Commerce,
        campaigns: Campaigns,
        live: People,
        outside: Outside,
    ) -> None:
        self._identity, self._sharing, self._commerce = identity, sharing, commerce
        self._campaigns, self._live, self._outside = campaigns, live, outside

    async def export(self, visitor_id: str) -> dict[str, Any]:
        """All that is kept under this visitor's name."""
        return {
            "visitor": visitor_id,
            "account": await self._identity.accounts.of_visitor(visitor_id),
            "sharing": await self._sharing.person_kept(visitor_id),
            "shop": await self._commerce.person_kept(visitor_id),
            "rooms": await self._live.kept(visitor_id),
            "elsewhere": await self._outside.person_kept(visitor_id),
        }

    async def erase(self, visitor_id: str) -> None:
        """Take the person out of all that stays, and the rest away. Raises `OrdersUnderWay`."""
        await self._erase(await self._identity.accounts.names(visitor_id))
        await self._identity.accounts.forget(visitor_id)

    async def _erase(self, names: list[str]) -> None:
        made = {name: new_id("x") for name in names}
        if not await self._commerce.erase_person(made):
            raise OrdersUnderWay
        for name, made_up in made.items():
            await self._live.erase(name, made_up)
            await self._outside.erase_person(name, made_up)
            await self._campaigns.merge_visitor(name, made_up)
            await self._sharing.erase_person(name, made_up)

    async def settle(self) -> None:
        """Take away what came late: an order beside the deletion, a page in another tab, a login
        whose rows were still being moved. An order under way is waited for."""
        for visitor_id in await self._identity.accounts.forgotten():
            try:
                await self._erase([visitor_id])
            except OrdersUnderWay:
                continue
            await self._identity.accounts.let_go(visitor_id)

    async def run(self) -> None:
        """Settle until cancelled."""
        while True:
            try:
                await self.settle()
            except Exception:
                log.exception("forgetting_failed")
            await asyncio.sleep(SETTLE_EVERY_S)
