"""The verbs behind the hot endpoints and their table."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from yaohe.campaigns import CAMPAIGN_ERRORS, Campaigns, OfferOver
from yaohe.commerce import Commerce
from yaohe.commerce.coupons import CLAIM_ERRORS, CouponKind
from yaohe.front.clips import CLIP_ERRORS, ClipMaker
from yaohe.front.edge import HotRoute
from yaohe.front.gate import Gate
from yaohe.front.request import Request
from yaohe.front.snapshots import Snapshots
from yaohe.front.view import Snapshot, description
from yaohe.identity import friendly_name
from yaohe.identity.consent import ConsentNeeded, InAFrame
from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Unknown
from yaohe.kernel.errors import AppError, BadInput, Busy, TryAgain
from yaohe.kernel.language import said
from yaohe.kernel.limits import Limit
from yaohe.live.moderation import NOTE_ERRORS, Moderation
from yaohe.live.playback import Playback, PlaybackNoted, PlaybackReport
from yaohe.live.rooms import RoomNotFound
from yaohe.platforms import Message, intents
from yaohe.sharing import (
    SHARE_ERRORS,
    BeaconAnswer,
    BeaconRequest,
    Env,
    ShareAnswer,
    ShareRequest,
    Sharing,
    TickAnswer,
    TickRequest,
    WatchTick,
    environment,
)
from yaohe.sharing.shares import NoteAnswer, NoteRequest, ShareNotFound, ShareNotYours, checked_note


class NoBody(msgspec.Struct, frozen=True):
    """A request without content: `{}` or nothing."""


class HelpAnswer(msgspec.Struct, frozen=True):
    counted: bool


class CouponBody(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    amount_minor: int
    threshold_minor: int
    kind: CouponKind
    percent: int | None
    product_ids: list[str] | None
    expires_at: datetime
    state: str


class CouponAnswer(msgspec.Struct, frozen=True):
    coupon: CouponBody


class Verbs:
    def __init__(
        self,
        sharing: Sharing,
        campaigns: Campaigns,
        snapshots: Snapshots,
        playback: Playback,
        gate: Gate,
        *,
        clips: ClipMaker,
        moderation: Moderation,
        commerce: Commerce,
        clock: Clock,
    ) -> None:
        self._sharing, self._campaigns, self._gate = sharing, campaigns, gate
        self._moderation, self._commerce, self._clock = moderation, commerce, clock
        self._snapshots, self._playback, self._clips = snapshots, playback, clips

    async def share(self, request: Request, room_id: str, wish: ShareRequest) -> ShareAnswer:
        moment = await self._snapshots.of(room_id)
        if request.known_visitor_id is not None:  # who is new counts with their address
            known = request.known_visitor_id
            self._sharing.count_share(known, wish.channel, prepared=wish.prepared)
        visitor, lang = request.visitor, request.lang
        named = msgspec.structs.replace(visitor, name=friendly_name(visitor.id, lang))
        at, clip = self._moment_at(moment, wish), None
        product_id = _product_of(moment, wish)
        if wish.content == "clip":
            clip = await self._clips.make(moment, wish, visitor.id, at, address=request.address)
            at = clip.begin
            if wish.product is None:
                product_id = await self._clips.product(room_id, clip) or product_id
        share = await self._sharing.create_share(
            room_id,
            shop_id=moment.shop_id,
            sharer=named,
            channel=wish.channel,
            content=wish.content,
            variant=wish.variant,
            parent=wish.parent,
            moment_ms=wish.moment_ms,
            moment_at=at,
            product_id=product_id,
            clip_key=clip.key if clip else None,
            clip_ms=clip.duration_ms if clip else None,
            clip_bytes=clip.size if clip else None,
            prepared=wish.prepared,
        )
        url = self._sharing.share_url(share.token)
        text = self._line(moment, lang)
        message = Message(text=text, url=url, picture_url=f"{url}/card.jpg")
        return ShareAnswer(
            token=share.token,
            url=url,
            card_url=f"{url}/card.jpg",
            poster_url=f"{url}/poster.jpg",
            square_url=f"{url}/square.jpg",
            text=text,
            product=share.product_id,
            clip_url=f"{url}/clip.mp4" if clip else None,
            clip_ms=share.clip_ms,
            intents=intents(message) if wish.intents else {},
            maker=request.identity.visitor_passing(visitor) if request.is_unnamed else None,
        )

    def _moment_at(self, moment: Snapshot, wish: ShareRequest) -> datetime | None:
        """The moment of the show that is shared: what was on screen, else this one."""
        now, begun = self._clock.now(), moment.started_at
        given = wish.moment_at
        if given is not None and given.tzinfo is not None and begun and begun <= given <= now:
            return given
        return now if moment.status == "live" else None

    async def note(self, request: Request, token: str, wish: NoteRequest) -> NoteAnswer:
        """What the friend is told by the sharer. Whether it was bought, the orders know."""
        share = await self._sharing.fresh_share(token)
        visitor_id = request.named_visitor.id
        if share.sharer_id != visitor_id:
            raise ShareNotYours
        await self._gate.require(request, share.room_id)
        note = checked_note(wish.note)
        if note:
            await self._moderation.check_note(share.room_id, visitor_id, note)
        bought = wish.bought and share.product_id is not None
        if bought and share.product_id is not None:
            bought = await self._commerce.has_bought(visitor_id, share.product_id)
        said = await self._sharing.say(token, sharer_id=visitor_id, note=note, bought=bought)
        return NoteAnswer(note=said.note, bought=said.bought)

    @staticmethod
    def _line(moment: Snapshot, lang: str) -> str:
        """What the sharer would say, without the link: the room, then what is shown."""
        return f"{moment.title_in(lang)} | {description(moment, lang)}"

    async def _env(self, request: Request, room_id: str) -> Env:
        """Where the page that asks is open. WeChat tells Moments from a chat only in the address
        of the link, so the visitor's last opening knows best; a page that no share led to is
        judged by its browser and its own address."""
        known = request.known_visitor_id
        landed = None if known is None else await self._sharing.last_env(room_id, known)
        return landed or environment(request.user_agent, request.page_query)

    async def beacon(self, request: Request, _: str, wish: BeaconRequest) -> BeaconAnswer:
        share = await self._sharing.share(wish.token)
        if share is not None:
            await self._gate.require(request, share.room_id)
        env = environment(request.user_agent, request.page_query)
        if request.is_unnamed:
            person = not self._sharing.is_program(request.user_agent)
            opening = await self._sharing.note_opening(wish.token, env=env) if person else ""
            return BeaconAnswer(counted=bool(opening), opening=opening or None)
        result = await self._sharing.confirm_click(
            wish.token, request.visitor.id, env=env, opening=wish.opening
        )
        return BeaconAnswer(counted=result.counted)

    async def watch(self, request: Request, _: str, wish: TickRequest) -> TickAnswer:
        tick = WatchTick(
            room_id=wish.room,
            visitor_id=request.visitor.id,
            token=wish.token,
            visible=wish.visible,
        )
        await self._gate.require(request, wish.room)
        await self._snapshots.of(wish.room)  # a room that is not there is not watched
        if request.is_unnamed:
            return TickAnswer(watch_ms=0)
        return TickAnswer(watch_ms=await self._sharing.tick(tick))

    async def playback(
        self, request: Request, room_id: str, report: PlaybackReport
    ) -> PlaybackNoted:
        await self._snapshots.of(room_id)  # nothing plays in a room that is not there
        self._playback.note(room_id, report, user_agent=request.user_agent)
        return PlaybackNoted(noted=True)

    async def help(self, request: Request, token: str, _: NoBody) -> HelpAnswer:
        share = await self._sharing.share(token)
        if share is None:
            raise ShareNotFound
        visitor = request.owner
        env = await self._env(request, share.room_id)
        await self._campaigns.help(token, visitor, env.value)
        return HelpAnswer(counted=True)

    async def coupon(self, request: Request, room_id: str, _: NoBody) -> CouponAnswer:
        await self._snapshots.of(room_id)  # a room that is not there gives nothing
        visitor = request.owner
        env = await self._env(request, room_id)
        coupon = await self._campaigns.claim_open_coupon(room_id, visitor.id, env=env.value)
        return CouponAnswer(
            CouponBody(
                id=coupon.id,
                title=said(request.lang, coupon.title, coupon.title_en),
                amount_minor=coupon.amount_minor,
                kind=coupon.kind,
                percent=coupon.percent,
                product_ids=coupon.product_ids,
                threshold_minor=coupon.threshold_minor,
                expires_at=coupon.expires_at,
                state=coupon.state,
            )
        )


def _product_of(moment: Snapshot, wish: ShareRequest) -> str | None:
    """The product the share is about: the asked one if the room sells it, else what is shown."""
    if wish.product is not None and any(one.id == wish.product for one in moment.products):
        return wish.product
    shown = moment.shown_product
    return None if shown is None else shown.id


_ENGINE: Final = (Busy, TryAgain, Unknown)
_COUPON: Final[tuple[type[AppError], ...]] = (
    ConsentNeeded, InAFrame, RoomNotFound, OfferOver, *CLAIM_ERRORS, *_ENGINE,
)  # fmt: skip


def hot_routes(verbs: Verbs, clock: Clock) -> tuple[HotRoute, ...]:
    """The table. Limits count by visitor; the wide one per address is the edge's."""
    return (*_watching(verbs, clock), *_sharing(verbs, clock))


def _watching(verbs: Verbs, clock: Clock) -> tuple[HotRoute, ...]:
    return (
        HotRoute(
            method="POST",
            path="/api/v1/watch",
            body=TickRequest,
            answer=TickAnswer,
            status=200,
            verb=verbs.watch,
            errors=(RoomNotFound, BadInput, *_ENGINE),
            summary="Still watching (every 5 s), or no longer; the server's clock counts",
            limit=Limit(clock, burst=60, per_second=2.0),
        ),
        HotRoute(
            method="POST",
            path="/api/v1/rooms/{room_id}/playback",
            body=PlaybackReport,
            answer=PlaybackNoted,
            status=200,
            verb=verbs.playback,
            errors=(RoomNotFound, BadInput, *_ENGINE),
            summary="How it plays here: the start once, then stalls and delay (by a sample)",
            limit=Limit(clock, burst=10, per_second=0.2),
        ),
    )


def _sharing(verbs: Verbs, clock: Clock) -> tuple[HotRoute, ...]:
    return (
        HotRoute(
            method="POST",
            path="/api/v1/rooms/{room_id}/shares",
            body=ShareRequest,
            answer=ShareAnswer,
            status=201,
            verb=verbs.share,
            errors=(RoomNotFound, BadInput, *CLIP_ERRORS, *SHARE_ERRORS, *_ENGINE),
            summary="Share a room: intended at once, or prepared for a tap to come",
            limit=Limit(clock, burst=40, per_second=1.0),
        ),
        HotRoute(
            method="PUT",
            path="/api/v1/shares/{token}/note",
            body=NoteRequest,
            answer=NoteAnswer,
            status=200,
            verb=verbs.note,
            errors=(ConsentNeeded, BadInput, *SHARE_ERRORS, *NOTE_ERRORS, *_ENGINE),
            summary="What the friend is told: a note, and that it was bought when that is true",
            limit=Limit(clock, burst=20, per_second=0.5),
        ),
        HotRoute(
            method="POST",
            path="/api/v1/beacon",
            body=BeaconRequest,
            answer=BeaconAnswer,
            status=200,
            verb=verbs.beacon,
            errors=(*SHARE_ERRORS, BadInput, *_ENGINE),
            summary="The page of a share is on screen: its hit may become a click",
            limit=Limit(clock, burst=40, per_second=2.0),
        ),
        HotRoute(
            method="POST",
            path="/api/v1/shares/{token}/help",
            body=NoBody,
            answer=HelpAnswer,
            status=200,
            verb=verbs.help,
            errors=(ConsentNeeded, InAFrame, *SHARE_ERRORS, *CAMPAIGN_ERRORS, *_ENGINE),
            summary="Help the sharer: counts after 15 seconds watched, once",
            limit=Limit(clock, burst=20, per_second=0.5),
        ),
        HotRoute(
            method="POST",
            path="/api/v1/rooms/{room_id}/coupon",
            body=NoBody,
            answer=CouponAnswer,
            status=200,
            verb=verbs.coupon,
            errors=_COUPON,
            summary="Take the room's open coupon; asking again gives the same one",
            limit=Limit(clock, burst=20, per_second=0.5),
        ),
    )
