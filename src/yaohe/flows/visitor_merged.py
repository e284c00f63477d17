"""What follows when a guest has logged in: all they did is their account's."""

from __future__ import annotations

from yaohe.campaigns import Campaigns
from yaohe.commerce import Commerce
from yaohe.identity.accounts import VisitorMerged
from yaohe.kernel.db import Tx
from yaohe.kernel.events import Recorded
from yaohe.kernel.relay import Step
from yaohe.live.merging import Merging
from yaohe.sharing import Sharing

Batch = list[Recorded[VisitorMerged]]


def steps(
    *, sharing: Sharing, commerce: Commerce, campaigns: Campaigns, live: Merging
) -> list[Step[VisitorMerged]]:
    """Each context moves its own rows. Moving is idempotent: what is moved is there no more."""

    async def sharing_step(_: Tx, batch: Batch) -> None:
        for recorded in batch:
            await sharing.merge_visitor(recorded.fact.from_id, recorded.fact.into_id)

    async def commerce_step(_: Tx, batch: Batch) -> None:
        for recorded in batch:
            await commerce.merge_visitor(recorded.fact.from_id, recorded.fact.into_id)

    async def campaigns_step(_: Tx, batch: Batch) -> None:
        for recorded in batch:
            await campaigns.merge_visitor(recorded.fact.from_id, recorded.fact.into_id)

    async def live_step(_: Tx, batch: Batch) -> None:
        for recorded in batch:
            await live.merge(recorded.fact.from_id, recorded.fact.into_id)

    return [
        Step("visitor_merged.sharing", VisitorMerged, sharing_step),
        Step("visitor_merged.commerce", VisitorMerged, commerce_step),
        Step("visitor_merged.campaigns", VisitorMerged, campaigns_step),
        Step("visitor_merged.live", VisitorMerged, live_step),
    ]
