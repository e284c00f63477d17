"""`Sharing`: one front for shares, hits, clicks, visits, credits and their reports.

The verbs live with their nouns; here they get the names the rest of the house calls them by.
"""

from __future__ import annotations

import asyncio

from yaohe.identity import SHOP_ID
from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database
from yaohe.kernel.spool import Spool
from yaohe.sharing.attribution.model import WINDOW_DAYS, CreditModel
from yaohe.sharing.attribution.service import Attribution
from yaohe.sharing.clicks.service import Clicks
from yaohe.sharing.hits.service import Hits
from yaohe.sharing.landings.service import Landings
from yaohe.sharing.merging.service import Merging
from yaohe.sharing.openings.service import Openings
from yaohe.sharing.people.service import People
from yaohe.sharing.reports.service import Reports
from yaohe.sharing.shares.model import Share
from yaohe.sharing.shares.often import SHARES_PER_HOUR, Often
from yaohe.sharing.shares.service import Shares
from yaohe.sharing.shares.terms import Closed
from yaohe.sharing.spread.service import Spreading
from yaohe.sharing.visits.service import Visits


class Sharing:
    """`public_url` is where share links lead, without a slash at its end. `headless_is_person`
    counts browsers driven by a program as people: for trying a shop out, never for a real one.
    With a `spool` (opened and closed by its owner) hits survive a slow or absent database."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        public_url: str,
        *,
        shop_id: str = SHOP_ID,
        credit_model: CreditModel = "last",
        credit_window_days: int = WINDOW_DAYS,
        headless_is_person: bool = False,
        spool: Spool | None = None,
        shares_per_hour: int = SHARES_PER_HOUR,
    ) -> None:
        self._public_url, self.now = public_url.rstrip("/"), clock.now
        shares = self._shares = Shares(db, clock)
        self.create_share = shares.create
        self.intend = shares.intend
        self.say = shares.say
        self.share = shares.share
        self.fresh_share = shares.fresh
        self.share_times = shares.times
        self.forget_links = shares.forget
        self.count_share = Often(clock, per_hour=shares_per_hour).spend

        hits = self._hits = Hits(
            db, clock, shop_id=shop_id, spool=spool, headless_is_person=headless_is_person
        )
        self.hit = hits.hit
        self.is_program = hits.is_program
        self.record_hit = hits.record
        self.replay_hits = hits.replay
        self.last_env = hits.last_env

        clicks = self._clicks = Clicks(
            db, shares, spooled_env=hits.spooled_env, closed=self.link_closed
        )
        self.confirm_click = clicks.confirm
        self.friends = clicks.friends
        self.latest_click = clicks.latest

        self._open_people(db, shares)

        openings = Openings(db, shares, closed=self.link_closed)
        self.note_opening = openings.note

        visits = self._visits = Visits(db, clock, shop_id=shop_id)
        self.tick = visits.tick
        self.interact = visits.interact
        self.visit = visits.visit
        self.arrival = visits.arrival

        landings = Landings(db, shop_id=shop_id)
        self.land = landings.land
        self._coalescers = (
            *shares.coalescers, *hits.coalescers, *clicks.coalescers, *visits.coalescers,
            *landings.coalescers, *openings.coalescers,
        )  # fmt: skip
        self._open_results(db, credit_model, credit_window_days)

    def _open_people(self, db: Database, shares: Shares) -> None:
        """Who a person becomes, and what is kept of them."""
        self.merge_visitor = Merging(db, forget=shares.forget_all).merge
        people = People(db)
        self.person_kept, self.erase_person = people.kept, people.erase

    def _open_results(self, db: Database, credit_model: CreditModel, window_days: int) -> None:
        """What came of shares."""
        attribution = Attribution(db, model=credit_model, window_days=window_days)
        self.credit_orders = attribution.credit_orders
        self.reverse_credit = attribution.reverse_credit
        self.refund_credit = attribution.refund_credit
        self.room_earnings = attribution.room_earnings
        self.credits_of = attribution.credits_of

        reports = Reports(db)
        self.share_report = reports.share_report
        self.shares_of = reports.shares_of
        self.effective_shares = reports.effective_shares

        self.spread = Spreading(db).spread

    def link_closed(self, share: Share) -> Closed | None:
        """Why a link of staff opens nothing by now; None for what opens."""
        return None if share.link is None else share.link.closed(self.now())

    def share_url(self, token: str) -> str:
        """The link that is given away."""
        return f"{self._public_url}/s/{token}"

    async def run(self) -> None:
        """Keep the salts of addresses current and bring spooled hits home, until cancelled."""
        await self._hits.run()

    @property
    def waiting(self) -> dict[str, int]:
        """How many callers wait in each queue, for `/metrics`."""
        return {coalescer.name: coalescer.waiting for coalescer in self._coalescers}

    async def close(self) -> None:
        """Take nothing new; return when everything accepted is written."""
        await asyncio.gather(*(coalescer.close() for coalescer in self._coalescers))
