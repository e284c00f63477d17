"""The share coupon from end to end: arrival, help, reward; nobody twice, nobody oneself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.support.market import Market, open_market
from tests.support.town import WHATSAPP

from yaohe.campaigns import OfferOver
from yaohe.campaigns.errors import HelpAlready, HelpTooEarly
from yaohe.commerce import CouponLimit, TemplateNotFound
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, NotFound
from yaohe.sharing import WatchTick
from yaohe.sharing.shares import ShareNotFound

pytestmark = pytest.mark.db

WECHAT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.50(0x18003237) NetType/WIFI"
)


@pytest.fixture(scope="module")
async def market(db: Database) -> AsyncIterator[Market]:
    async with open_market(db) as opened:
        yield opened


async def test_the_friend_finds_a_coupon_on_arrival(market: Market) -> None:
    async with market.room() as stall:
        lin, mei = stall.person("Lin"), stall.person("Mei")
        share = await stall.share(lin)
        await stall.open(share.token, mei)
        (coupon,) = await stall.coupons(mei)
        assert (coupon.template_id, coupon.source_ref) == (stall.friend.id, share.token)
        assert coupon.amount_minor == 1_000
        assert await stall.coupons(lin) == []  # sharing itself earns nothing
        (news,) = market.hub.heard_by(mei, "coupon")
        assert (news["amount_minor"], news["source"]) == (1_000, "arrival")
        assert stall.room in market.hub.goods
        assert (await market.campaigns.room_coupon(stall.room))[1] == 99
        assert market.hub.heard_by(lin, "friend_here")[-1]["n"] == 1


async def test_a_link_fetcher_gets_no_coupon(market: Market) -> None:
    async with market.room() as stall:
        share, fetcher = await stall.share(stall.person()), stall.person()
        await stall.open(share.token, fetcher, user_agent=WHATSAPP)
        assert await stall.coupons(fetcher) == []


async def test_a_tap_and_an_arrival_are_one_coupon(market: Market) -> None:
    async with market.room() as stall:
        share, mei = await stall.share(stall.person()), stall.person()
        await stall.open(share.token, mei)
        tapped = await asyncio.gather(
            *(market.campaigns.claim_open_coupon(stall.room, mei.id) for _ in range(20))
        )
        (coupon,) = await stall.coupons(mei)
        assert {one.id for one in tapped} == {coupon.id}
        assert coupon.source_ref == share.token


async def test_who_came_directly_may_take_the_coupon_too(market: Market) -> None:
    async with market.room() as stall, market.room(offer=False) as bare:
        bo = stall.person()
        coupon = await market.campaigns.claim_open_coupon(stall.room, bo.id)
        assert coupon.source_ref == stall.room
        with pytest.raises(OfferOver):
            await market.campaigns.claim_open_coupon(stall.room, bo.id, env="wechat_moments")
        with pytest.raises(OfferOver):
            await market.campaigns.claim_open_coupon(bare.room, bo.id)


async def test_places_with_other_rules(market: Market) -> None:
    async with market.room() as stall:
        share = await stall.share(stall.person())
        chat, moments = stall.person(), stall.person()
        await stall.open(share.token, chat, user_agent=WECHAT)
        await stall.open(share.token, moments, user_agent=WECHAT, query={"from": "timeline"})
        assert len(await stall.coupons(chat)) == 1
        assert await stall.coupons(moments) == []
        await stall.watch(chat, share.token, 20)
        with pytest.raises(AppError) as refused:
            await stall.help(share, chat, env="wechat")
        assert refused.value.code == "help_not_here"
        assert await stall.coupons(stall.person()) == []


async def test_a_help_brings_the_sharer_the_mirrored_coupon_and_thanks(market: Market) -> None:
    async with market.room() as stall:
        lin, mei = stall.person("Lin"), stall.person("Mei")
        share = await stall.share(lin)
        await stall.arrive(share, mei)
        await stall.help(share, mei)
        (coupon,) = await stall.coupons(lin)
        assert (coupon.template_id, coupon.source_ref) == (stall.sharer.id, share.token)
        assert market.hub.heard_by(lin, "coupon")[-1]["source"] == "assist"
        assert market.hub.heard_by(lin, "assist")[-1]["n"] == 1
        assert market.hub.heard_by(mei, "helped")
        (line,) = [line for room, line in market.hub.said if room == stall.room]
        assert (line["kind"], line["name"]) == ("thanks", "Lin")
        assert line["text_en"] == "brought a friend"
        # To help is to take part.
        assert (await market.sharing.fresh_share(share.token)).state == "productive"


async def test_too_early_by_the_servers_clock(market: Market) -> None:
    async with market.room() as stall:
        share, mei = await stall.share(stall.person()), stall.person()
        await stall.arrive(share, mei, seconds=5)
        with pytest.raises(HelpTooEarly) as refused:
            await stall.help(share, mei)
        assert refused.value.retry_after_s is not None
        assert 1 <= refused.value.retry_after_s <= 10
        await stall.watch(mei, share.token, 5)
        # The time since the last tick counts, too, as long as the page was visible.
        await stall.pass_time(mei, 5.5)
        await stall.help(share, mei)


async def test_a_hidden_page_and_a_flood_of_ticks_are_no_watching(market: Market) -> None:
    async with market.room() as stall:
        share, mei = await stall.share(stall.person()), stall.person()
        await stall.open(share.token, mei)
        tick = WatchTick(room_id=stall.room, visitor_id=mei.id, token=share.token)
        await asyncio.gather(*(market.sharing.tick(tick) for _ in range(200)))
        await stall.tick(mei, share.token, visible=False)
        await stall.pass_time(mei, 600)
        with pytest.raises(HelpTooEarly):
            await stall.help(share, mei)


async def test_who_may_not_help(market: Market) -> None:
    async with market.room() as stall, market.room(offer=False) as bare:
        lin, mei = stall.person("Lin"), stall.person("Mei")
        share = await stall.share(lin)
        await stall.watch(mei, share.token, 20)  # watched, but never came by the link
        codes = {}
        for name, helper in (("lin", lin), ("mei", mei), ("stranger", stall.person())):
            with pytest.raises(AppError) as refused:
                await stall.help(share, helper)
            codes[name] = refused.value.code
        assert codes == {
            "lin": "help_self",
            "mei": "help_not_arrived",
            "stranger": "help_not_arrived",
        }
        with pytest.raises(ShareNotFound):
            await market.campaigns.help("0000000000", mei, "browser")
        nothing = await bare.share(lin)
        with pytest.raises(AppError) as over:
            await bare.help(nothing, mei)
        assert over.value.code == "help_over"
        assert await stall.coupons(lin) == []


async def test_a_hundred_taps_are_one_help(market: Market) -> None:
    async with market.room() as stall:
        lin, mei = stall.person("Lin"), stall.person("Mei")
        share = await stall.share(lin)
        await stall.arrive(share, mei)
        results = await asyncio.gather(
            *(stall.help(share, mei) for _ in range(100)), return_exceptions=True
        )
        assert sum(result is None for result in results) == 1
        assert sum(isinstance(result, HelpAlready) for result in results) == 99
        assert len(await stall.coupons(lin)) == 1


async def test_one_friend_helps_one_sharer_once_by_whichever_link(market: Market) -> None:
    async with market.room() as stall:
        lin, mei, bo = (stall.person(name) for name in ("Lin", "Mei", "Bo"))
        first, second, other = [await stall.share(who) for who in (lin, lin, bo)]
        for share in (first, second, other):
            await stall.arrive(share, mei)
        results = await asyncio.gather(
            *(stall.help(share, mei) for share in (first, second, other)), return_exceptions=True
        )
        assert sum(isinstance(result, HelpAlready) for result in results) == 1
        assert results[2] is None
        assert len(await stall.coupons(lin)) == 1
        assert len(await stall.coupons(bo)) == 1


async def test_every_friend_counts_until_the_sharer_has_enough(market: Market) -> None:
    async with market.room() as stall:
        lin = stall.person("Lin")
        share = await stall.share(lin)
        friends = [stall.person() for _ in range(7)]
        for friend in friends:
            await stall.arrive(share, friend)
        await asyncio.gather(*(stall.help(share, friend) for friend in friends))
        assert len(await stall.coupons(lin)) == 5  # the template gives five to one person
        counts = await market.campaigns.assists_of([(stall.room, lin.id)])
        assert counts == {(stall.room, lin.id): 7}
        assert await market.campaigns.assists_by_token(stall.room) == {share.token: 7}
        assert await market.campaigns.coupons_by_token([share.token]) == {share.token: 7 + 5}
        with pytest.raises(CouponLimit):
            await market.shop.commerce.claim_coupon(
                stall.sharer.id, lin.id, source="assist", source_ref="x", reward_key="more"
            )


async def test_when_no_coupon_is_left_the_rest_goes_on(market: Market) -> None:
    async with market.room() as stall:
        scarce = await market.shop.template(total=1)
        await market.campaigns.configure_room(
            stall.room, friend_template_id=scarce.id, sharer_template_id=stall.sharer.id
        )
        share = await stall.share(stall.person())
        friends = [stall.person() for _ in range(4)]
        await asyncio.gather(*(stall.open(share.token, friend) for friend in friends))
        got = [len(await stall.coupons(friend)) for friend in friends]
        assert sorted(got) == [0, 0, 0, 1]
        offer = await market.campaigns.room_offer(stall.room)
        assert offer is not None
        assert (offer.friend, offer.sharer_amount_minor) == (None, 800)


async def test_what_a_room_may_offer(market: Market) -> None:
    async with market.room() as stall:
        offer = await market.campaigns.room_offer(stall.room)
        assert offer is not None
        assert offer.friend is not None
        assert (offer.friend.amount_minor, offer.sharer_amount_minor) == (1_000, 800)
        assert await market.campaigns.room_offer("nowhere") is None
        await market.shop.commerce.set_template_status(stall.friend.id, "stopped")
        offer = await market.campaigns.room_offer(stall.room)
        assert offer is not None
        assert offer.friend is None
        with pytest.raises(TemplateNotFound):
            await market.campaigns.configure_room(
                stall.room, friend_template_id="ct_none", sharer_template_id=None
            )
        with pytest.raises(NotFound):
            await market.campaigns.configure_room(
                stall.room, friend_template_id=None, sharer_template_id=None, shop_id="another"
            )
        await market.campaigns.configure_room(
            stall.room, friend_template_id=None, sharer_template_id=None
        )
        assert await market.campaigns.room_offer(stall.room) is None


async def test_help_ends_with_the_show_and_returns_with_the_next(market: Market) -> None:
    from yaohe.live.rooms import RoomEnded, RoomWentLive

    async with market.room() as stall:
        share, mei = await stall.share(stall.person("Lin")), stall.person("Mei")
        await stall.arrive(share, mei)
        now = SystemClock().now()
        about = {"shop_id": "shop_main", "room_id": stall.room}
        async with market.db.begin() as tx:
            await tx.record(RoomEnded(reason="host", ended_at=now, **about))
        await market.relay.drained()
        with pytest.raises(AppError) as over:
            await stall.help(share, mei)
        assert over.value.code == "help_over"
        offer = await market.campaigns.room_offer(stall.room)
        assert offer is not None
        assert offer.friend is not None  # the products are still there to buy
        assert offer.sharer_amount_minor is None
        async with market.db.begin() as tx:
            await tx.record(RoomWentLive(started_at=now, **about))
        await market.relay.drained()
        await stall.help(share, mei)


async def test_the_next_show_has_coupons_of_its_own(market: Market) -> None:
    from yaohe.commerce.coupons import Part
    from yaohe.commerce.errors import CouponGoneRoom, CouponGoneShow
    from yaohe.live.rooms import RoomWentLive

    async with market.room() as stall:
        claim, offer = market.campaigns.claim_open_coupon, market.campaigns.room_offer
        await market.campaigns.configure_room(
            stall.room,
            friend_template_id=stall.friend.id,
            sharer_template_id=None,
            friend_part=Part(total=2, show_total=1),
        )
        await claim(stall.room, stall.person().id)
        with pytest.raises(CouponGoneShow):
            await claim(stall.room, stall.person().id)
        assert await market.campaigns.room_coupon(stall.room) == (None, 0)
        # Who arrives when none is left is no fault of theirs, and waits for nothing.
        share, mei = await stall.share(stall.person()), stall.person()
        await stall.open(share.token, mei)
        assert await stall.coupons(mei) == []
        told = len(market.hub.goods)
        begun = RoomWentLive(
            shop_id="shop_main", room_id=stall.room, started_at=SystemClock().now()
        )
        async with market.db.begin() as tx:
            await tx.record(begun)
        await market.relay.drained()
        assert stall.room in market.hub.goods[told:]
        assert (await market.campaigns.room_coupon(stall.room))[1] == 1
        await claim(stall.room, mei.id)
        with pytest.raises(CouponGoneRoom):
            await claim(stall.room, stall.person().id)
        kept = await market.campaigns.share_offer(stall.room)
        assert kept is not None
        given = (await market.campaigns.offer_parts(kept)).friend
        assert given is not None
        assert (given.claimed, given.show_claimed) == (2, 1)
        now = await offer(stall.room)
        assert now is not None
        assert (now.friend, now.friend_left) == (None, 0)
        assert (await market.shop.audit()).holds
