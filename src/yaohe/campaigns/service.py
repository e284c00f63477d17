"""`Campaigns`: what rooms offer, who gets which coupon, and which helps count.

The rules are pure and stand in `plays/`; here they meet the database and the other contexts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import asyncpg
import msgspec

from yaohe.campaigns import store
from yaohe.campaigns.assist import WATCH_MS
from yaohe.campaigns.errors import HelpAlready, OfferOver
from yaohe.campaigns.events import AssistCounted
from yaohe.campaigns.model import Assist, OfferParts, RoomOffer, ShareOffer
from yaohe.campaigns.plays import share_coupon
from yaohe.campaigns.plays.share_coupon import ARRIVAL, ASSIST, IssueCoupon
from yaohe.campaigns.policy import Allowed, decide, decide_outgoing
from yaohe.commerce import Commerce, Coupon, CouponTemplate
from yaohe.commerce.coupons import CLAIM_ERRORS, Part, PartGiven
from yaohe.identity import SHOP_ID, Staff, audit
from yaohe.kernel.clock import Clock
from yaohe.kernel.coalesce import Coalescer
from yaohe.kernel.db import Database, Tx
from yaohe.kernel.errors import AppError, BadInput, NotFound
from yaohe.kernel.ids import new_id
from yaohe.kernel.outbox import record_raw
from yaohe.sharing import ClickConfirmed, Env, Sharing
from yaohe.sharing.shares import ShareNotFound


class Person(Protocol):
    @property
    def id(self) -> str: ...


class Campaigns:
    """`watch_ms` is how long a friend watches before a help counts."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        commerce: Commerce,
        sharing: Sharing,
        *,
        watch_ms: int = WATCH_MS,
    ) -> None:
        self._db, self._clock = db, clock
        self._commerce, self._sharing = commerce, sharing
        self._watch_ms = watch_ms
        # Who hears that a room's coupons are others now.
        self.on_configured: list[Callable[[str], None]] = []
        self._assists: Coalescer[Assist, None] = Coalescer(
            "assist.count", _count, db=db, key=lambda a: (a.room_id, a.sharer_id, a.helper_id)
        )
        self._offers: Coalescer[str, ShareOffer | None] = Coalescer(
            "offer.read", _read_offers, db=db, key=lambda room_id: room_id
        )

    # ── what a room offers ───────────────────────────────────────────────────────────────────

    @staticmethod
    def allowed(env: str) -> Allowed:
        """What may be shown where the page is open."""
        return decide(env, share_coupon.KIND)

    @staticmethod
    def allowed_outgoing(channel: str) -> Allowed:
        """What may be said on what goes out through a channel."""
        return decide_outgoing(channel, share_coupon.KIND)

    async def configure_room(
        self,
        room_id: str,
        *,
        friend_template_id: str | None,
        sharer_template_id: str | None,
        friend_part: Part | None = None,
        sharer_part: Part | None = None,
        show_at: datetime | None = None,
        shop_id: str = SHOP_ID,
        by: Staff | None = None,
    ) -> ShareOffer:
        """Set the coupons of a room's shares and what the room may give of them; without any the
        room offers nothing. `show_at` is when its latest show began."""
        chosen = {"friend": friend_template_id, "sharer": sharer_template_id}
        for role, template_id in chosen.items():
            template = template_id and await self._commerce.template(template_id)
            if template and role == "sharer" and template.kind != "amount":
                raise BadInput(
                    "Friends are told what the sharer gets: choose a coupon of an amount.",
                    field="sharer_template_id",
                )
        shares = _parts(chosen, {"friend": friend_part, "sharer": sharer_part})
        async with self._db.begin() as tx:
            offer = await store.configure(
                tx.conn,
                {
                    "room_id": room_id,
                    "shop_id": shop_id,
                    "friend_template_id": friend_template_id,
                    "sharer_template_id": sharer_template_id,
                    "active": any(chosen.values()),
                    "show_at": show_at,
                },
            )
            if offer is None:
                raise NotFound
            for template_id, (role, part) in sorted(shares.items()):
                await self._commerce.set_coupon_part(
                    tx, template_id, room_id, part, field=f"{role}_part"
                )
            if by is not None:
                parts = {f"{role}_part": msgspec.to_builtins(p) for role, p in shares.values()}
                await audit(
                    tx,
                    staff=by,
                    action="share_offer.update",
                    subject=room_id,
                    detail=chosen | parts,
                )
        for hear in self.on_configured:
            hear(room_id)
        return offer

    async def share_offer(self, room_id: str) -> ShareOffer | None:
        return await self._offers.submit(room_id)

    async def room_offer(self, room_id: str) -> RoomOffer | None:
        """What a page of this room may show, before the policy of the place; None: nothing."""
        offer = await self.share_offer(room_id)
        if offer is None or not offer.active:
            return None
        friend, left = await self._given_out(offer, offer.friend_template_id)
        sharer = None
        if offer.help_closed_at is None:
            sharer, _ = await self._given_out(offer, offer.sharer_template_id)
        return RoomOffer(
            friend=friend,
            friend_left=left,
            sharer_amount_minor=None if sharer is None else sharer.amount_minor,
        )

    async def offer_parts(self, offer: ShareOffer) -> OfferParts:
        """What the room may give of its coupons, and what of it is given."""
        return OfferParts(
            friend=await self._part(offer, offer.friend_template_id),
            sharer=await self._part(offer, offer.sharer_template_id),
        )

    async def _part(self, offer: ShareOffer, template_id: str | None) -> PartGiven | None:
        if template_id is None:
            return None
        return await self._commerce.coupon_part(template_id, offer.room_id, offer.show)

    async def room_coupon(self, room_id: str) -> tuple[CouponTemplate | None, int | None]:
        """The coupon that everybody in the room may have, and how many are left; no number when the
        room offers nothing."""
        offer = await self.room_offer(room_id)
        if offer is None:
            return None, None
        return offer.friend, offer.friend_left

    async def rooms_offering(self, template_ids: Sequence[str]) -> list[str]:
        """The rooms where one of these is the open coupon."""
        async with self._db.raw() as conn:
            return await store.rooms_offering(conn, template_ids)

    async def _given_out(
        self, offer: ShareOffer, template_id: str | None
    ) -> tuple[CouponTemplate | None, int]:
        """The template when this room still gives it out, and how many."""
        if template_id is None:
            return None, 0
        template = await self._commerce.template(template_id)
        part = await self._part(offer, template_id)
        left = template.left
        if part is not None and part.left is not None:
            left = min(left, part.left)
        now = self._clock.now()
        over = template.valid_until is not None and template.valid_until <= now
        if template.status != "active" or left <= 0 or over or template.valid_from > now:
            return None, 0
        return template, left

    async def close_help(self, tx: Tx, room_ids: Sequence[str]) -> None:
        """The shows are over: nobody can be helped any more."""
        await store.close_help(tx.conn, room_ids)

    async def begin_shows(self, tx: Tx, starts: Mapping[str, datetime]) -> None:
        """In these rooms another show has begun: help is open again."""
        await store.begin_shows(tx.conn, starts)

    # ── the friend ───────────────────────────────────────────────────────────────────────────

    async def on_arrival(self, arrivals: Sequence[ClickConfirmed]) -> list[Coupon | None]:
        """Give each friend the room's coupon, if there is one and the place allows it."""
        async with self._db.raw() as conn:
            offers = await store.offers(conn, sorted({a.room_id for a in arrivals}))
        wishes = [
            share_coupon.on_arrival(
                offers.get(a.room_id), visitor_id=a.visitor_id, env=a.env, source_ref=a.token
            )
            for a in arrivals
        ]
        return await asyncio.gather(*(self._issue(wish) for wish in wishes))

    async def claim_open_coupon(
        self, room_id: str, visitor_id: str, *, env: str = Env.BROWSER
    ) -> Coupon:
        """The room's coupon, asked for by a tap. Counts for the share that brought the visitor."""
        token = await self._sharing.latest_click(room_id, visitor_id)
        wish = share_coupon.on_arrival(
            await self.share_offer(room_id),
            visitor_id=visitor_id,
            env=env,
            source_ref=token or room_id,
        )
        if wish is None:
            raise OfferOver
        return await self._claim(wish)

    # ── the help ─────────────────────────────────────────────────────────────────────────────

    async def help(self, token: str, visitor: Person, env: str) -> None:
        """Count this visitor's help for the sharer of this share, or say why it does not count."""
        arrival = await self._sharing.arrival(token, visitor.id)
        if arrival is None:
            raise ShareNotFound
        refusal = share_coupon.on_help(
            await self.share_offer(arrival.room_id),
            arrival,
            helper_id=visitor.id,
            env=env,
            watch_ms=self._watch_ms,
        )
        if refusal is not None:
            raise refusal
        await self._assists.submit(
            Assist(
                assist_id=new_id("as"),
                shop_id=arrival.shop_id,
                room_id=arrival.room_id,
                sharer_id=arrival.sharer_id,
                helper_id=visitor.id,
                token=arrival.token,
                env=env,
                watch_ms=arrival.watch_ms,
            )
        )
        await self._sharing.interact(arrival.room_id, visitor.id)

    async def reward(self, assists: Sequence[AssistCounted]) -> list[Coupon | None]:
        """Give each sharer the mirrored coupon for an assist."""
        async with self._db.raw() as conn:
            offers = await store.offers(conn, sorted({a.room_id for a in assists}))
        wishes = [
            share_coupon.on_assist(
                offers.get(a.room_id),
                room_id=a.room_id,
                sharer_id=a.sharer_id,
                helper_id=a.helper_id,
                token=a.token,
                env=a.env,
            )
            for a in assists
        ]
        return await asyncio.gather(*(self._issue(wish) for wish in wishes))

    # ── what came of it ──────────────────────────────────────────────────────────────────────

    async def merge_visitor(self, from_id: str, into_id: str) -> None:
        """Helps given and had by one visitor become the other's."""
        async with self._db.raw(writes=True) as conn, conn.transaction():
            await store.merge(conn, from_id, into_id)

    async def assists_by_token(self, room_id: str) -> dict[str, int]:
        async with self._db.raw() as conn:
            return await store.assists_by_token(conn, room_id)

    async def assists_of(self, sharers: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """How many friends helped each (room, sharer)."""
        async with self._db.raw() as conn:
            return await store.assists_by_sharer(conn, list(dict.fromkeys(sharers)))

    async def coupons_by_token(self, tokens: Sequence[str]) -> dict[str, int]:
        """How many coupons each share brought, to friends and to its sharer."""
        arrived, mirrored = await asyncio.gather(
            self._commerce.claims_by_source(ARRIVAL, tokens),
            self._commerce.claims_by_source(ASSIST, tokens),
        )
        return {token: arrived.get(token, 0) + mirrored.get(token, 0) for token in tokens}

    async def close(self) -> None:
        """Take nothing new; return when everything accepted is written."""
        await asyncio.gather(self._assists.close(), self._offers.close())

    async def _issue(self, wish: IssueCoupon | None) -> Coupon | None:
        """A coupon that is owed, unless none is left to give."""
        try:
            return None if wish is None else await self._claim(wish)
        except CLAIM_ERRORS:
            return None

    async def _claim(self, wish: IssueCoupon) -> Coupon:
        return await self._commerce.claim_coupon(
            wish.template_id,
            wish.visitor_id,
            source=wish.source,
            source_ref=wish.source_ref,
            reward_key=wish.reward_key,
            room_id=wish.room_id,
            show=wish.show,
        )


def _parts(
    chosen: Mapping[str, str | None], parts: Mapping[str, Part | None]
) -> dict[str, tuple[str, Part]]:
    """By template, who asks for it and what the room may give of it. One coupon for both has one
    part."""
    found: dict[str, tuple[str, Part]] = {}
    for role, template_id in chosen.items():
        part = parts[role] or Part()
        if template_id is None:
            if part != Part():
                raise BadInput("Choose the coupon first.", field=f"{role}_part")
        elif found.setdefault(template_id, (role, part))[1] != part:
            raise BadInput("Both are the same coupon: give it one part.", field=f"{role}_part")
    return found


async def _read_offers(
    conn: asyncpg.Connection, room_ids: list[str]
) -> list[ShareOffer | AppError | None]:
    found = await store.offers(conn, list(dict.fromkeys(room_ids)))
    return [found.get(room_id) for room_id in room_ids]


async def _count(conn: asyncpg.Connection, assists: list[Assist]) -> list[AppError | None]:
    written, standing = await store.count(conn, assists)
    await record_raw(conn, [_fact(assist) for assist in assists if assist.assist_id in written])
    return [None if assist.assist_id in standing else HelpAlready() for assist in assists]


def _fact(assist: Assist) -> AssistCounted:
    return AssistCounted(
        shop_id=assist.shop_id,
        assist_id=assist.assist_id,
        token=assist.token,
        room_id=assist.room_id,
        sharer_id=assist.sharer_id,
        helper_id=assist.helper_id,
        env=assist.env,
    )
