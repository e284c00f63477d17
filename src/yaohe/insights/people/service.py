"""`MyData`: what each context keeps of one visitor, together; and its end, context by context.

Orders are asked first: while one is under way nothing is taken away. A step that fails leaves the
ones before it done, and asking again does the rest; who they are to us goes last, so that they can.
"""

from __future__ import annotations

from typing import Any

from yaohe.campaigns import Campaigns
from yaohe.commerce import Commerce
from yaohe.identity import Identity
from yaohe.insights.people.errors import OrdersUnderWay
from yaohe.kernel.ids import new_id
from yaohe.live.people import People
from yaohe.outside import Outside
from yaohe.sharing import Sharing


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
        made = new_id("x")
        if not await self._commerce.erase_person(visitor_id, made):
            raise OrdersUnderWay
        await self._live.erase(visitor_id, made)
        await self._outside.erase_person(visitor_id, made)
        await self._campaigns.merge_visitor(visitor_id, made)
        await self._sharing.erase_person(visitor_id, made)
        await self._identity.accounts.forget(visitor_id)
