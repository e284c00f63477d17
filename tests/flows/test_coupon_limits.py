"""What one person may have of a coupon in a day and a show, and what a room and a show may give:
each level held by many who ask at once, at two doors of one database."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.shop import Shop, make_shop

from yaohe.commerce import Coupon, CouponGone, CouponLimit, TemplateNotFound
from yaohe.commerce.coupons import Part, PartGiven
from yaohe.commerce.errors import (
    CouponDayLimit,
    CouponGoneRoom,
    CouponGoneShow,
    CouponPartLow,
    CouponShowLimit,
)
from yaohe.identity import ShopChange
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db


@pytest.fixture(scope="module")
async def shop(db: Database) -> AsyncIterator[Shop]:
    made = make_shop(db)
    yield made
    await made.commerce.close()


async def claim(
    shop: Shop,
    template_id: str,
    who: str,
    *,
    room: str | None = "tea",
    show: str | None = "s1",
    reward: str | None = None,
) -> Coupon | AppError:
    try:
        return await shop.commerce.claim_coupon(
            template_id, who, source="arrival" if reward is None else "assist", source_ref="token",
            reward_key=reward, room_id=room, show=show,
        )  # fmt: skip
    except AppError as error:
        return error


async def set_part(shop: Shop, template_id: str, room: str = "tea", **part: int) -> None:
    async with shop.db.begin() as tx:
        await shop.commerce.set_coupon_part(
            tx, template_id, room, Part(**part), field="friend_part"
        )


def kinds(answers: list[Coupon | AppError]) -> dict[type, int]:
    return dict(Counter(type(answer) for answer in answers))


async def test_one_a_day_is_another_one_tomorrow_and_no_third(shop: Shop) -> None:
    template = await shop.template(per_person=2, per_day=1)
    who = new_id("v")
    first = await claim(shop, template.id, who)
    assert isinstance(first, Coupon)
    assert first.new
    again = await claim(shop, template.id, who, show="s2")
    assert isinstance(again, Coupon)
    assert (again.id, again.new) == (first.id, False), "the same day is the same reason"
    assert isinstance(await claim(shop, template.id, who, reward="r"), CouponDayLimit)
    for expected in (Coupon, CouponLimit):  # the next day, and the one after it
        await shop.rows(
            "update commerce.coupons set day = day - 1, slot = id where visitor_id = $1", who
        )
        assert type(await claim(shop, template.id, who)) is expected
    assert (await shop.audit()).holds


async def test_a_show_that_goes_on_brings_another_one_the_next_day(shop: Shop) -> None:
    template = await shop.template(per_person=9, per_day=1, per_show=2)
    who = new_id("v")
    first = await claim(shop, template.id, who)
    again = await claim(shop, template.id, who)
    assert isinstance(first, Coupon)
    assert isinstance(again, Coupon)
    assert again.id == first.id
    for expected in (Coupon, CouponShowLimit):  # the next day, and the one after it
        await shop.rows(
            "update commerce.coupons set day = day - 1,"
            " slot = replace(slot, day::text, (day - 1)::text) where visitor_id = $1",
            who,
        )
        answer = await claim(shop, template.id, who)
        assert type(answer) is expected
        assert getattr(answer, "new", True)
    assert (await shop.audit()).holds


async def test_a_day_is_the_shops_own(fresh_db: Database) -> None:
    shop = make_shop(fresh_db)
    days = set()
    # Never the same day: these two clocks are 26 hours apart.
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        here = make_shop(fresh_db)
        await here.identity.update_shop(ShopChange(time_zone=zone))
        template = await here.template(per_person=2, per_day=1)
        assert isinstance(await claim(here, template.id, "v_mei"), Coupon)
        days.add(
            await here.value(
                "select day - (now() at time zone $2)::date from commerce.coupons"
                " where template_id = $1",
                template.id,
                zone,
            )
        )
    assert days == {0}
    assert (await shop.audit()).holds


async def test_one_a_show_is_another_one_in_the_next(shop: Shop) -> None:
    template = await shop.template(per_person=3, per_show=1)
    who = new_id("v")
    places = [("tea", "s1"), ("tea", "s1"), ("tea", "s2"), ("cups", "s1"), ("cups", "s2")]
    answers = [await claim(shop, template.id, who, room=room, show=show) for room, show in places]
    assert kinds(answers) == {Coupon: 4, CouponLimit: 1}
    assert len({one.id for one in answers if isinstance(one, Coupon)}) == 3
    reward = await claim(shop, (await shop.template(per_show=1, per_person=9)).id, who, reward="a")
    assert isinstance(reward, Coupon)
    more = await claim(shop, reward.template_id, who, reward="b")
    assert isinstance(more, CouponShowLimit)
    assert (await shop.audit()).holds


@pytest.mark.parametrize(
    ("limits", "refusal", "got"),
    [
        ({"per_person": 4}, CouponLimit, 4),
        ({"per_person": 9, "per_day": 3}, CouponDayLimit, 3),
        ({"per_person": 9, "per_show": 2}, CouponShowLimit, 4),
        ({"per_person": 9, "per_day": 3, "per_show": 2}, CouponDayLimit, 3),
    ],
)
async def test_nobody_gets_more_by_asking_at_once(
    shop: Shop, db: Database, limits: dict[str, int], refusal: type, got: int
) -> None:
    other, template = make_shop(db), await shop.template(**limits)
    people = [new_id("v") for _ in range(5)]
    answers = await asyncio.gather(
        *[
            claim(where, template.id, who, reward=f"r{n}", show=f"s{n % 2}")
            for n in range(20)
            for who in people
            for where in (shop, other)
        ]
    )
    given = {one.id for one in answers if isinstance(one, Coupon)}
    assert len(given) == got * len(people)
    assert {type(one) for one in answers} <= {Coupon, refusal, CouponShowLimit}
    assert refusal in {type(one) for one in answers}
    assert (await shop.audit()).holds


async def test_no_level_gives_more_than_its_part(shop: Shop, db: Database) -> None:
    other, template = make_shop(db), await shop.template(total=100)
    await set_part(shop, template.id, "tea", total=50, show_total=20)
    await set_part(shop, template.id, "cups", show_total=60)
    places = [("tea", "s1"), ("tea", "s2"), ("tea", "s3"), ("cups", "s1"), ("cups", "s2")]
    answers = await asyncio.gather(
        *[
            claim(where, template.id, new_id("v"), room=room, show=show)
            for _ in range(40)
            for where in (shop, other)
            for room, show in places
        ]
    )
    assert sum(isinstance(one, Coupon) for one in answers) == 100
    given = await shop.rows(
        "select room_id, show, count(*) from commerce.coupons where template_id = $1 group by 1, 2",
        template.id,
    )
    by_show = {(row[0], row[1]): row[2] for row in given}
    assert sum(n for (room, _), n in by_show.items() if room == "tea") <= 50
    assert all(n <= (20 if room == "tea" else 60) for (room, _), n in by_show.items())
    assert {type(one) for one in answers} <= {Coupon, CouponGone, CouponGoneRoom, CouponGoneShow}
    assert (await shop.audit()).holds


async def test_each_level_says_that_it_was_it(shop: Shop) -> None:
    template = await shop.template(total=6)
    await set_part(shop, template.id, total=4, show_total=3)
    ask = [
        *[("tea", "s1", Coupon)] * 3,
        ("tea", "s1", CouponGoneShow),
        ("tea", "s2", Coupon),
        ("tea", "s2", CouponGoneRoom),
        *[("cups", "s1", Coupon)] * 2,
        ("cups", "s1", CouponGone),
        ("tea", "s3", CouponGone),
    ]
    for room, show, expected in ask:
        assert type(await claim(shop, template.id, new_id("v"), room=room, show=show)) is expected
    assert await shop.commerce.coupon_part(template.id, "tea", "s2") == PartGiven(
        total=4, show_total=3, claimed=4, show_claimed=1
    )
    assert await shop.commerce.coupon_part(template.id, "cups", "s1") is None


async def test_a_part_counts_what_was_given_before_it(shop: Shop) -> None:
    template = await shop.template(total=9)
    for show in ("s1", "s1", "s2"):
        await claim(shop, template.id, new_id("v"), show=show)
    with pytest.raises(CouponPartLow):
        await set_part(shop, template.id, total=2)
    assert await shop.commerce.coupon_part(template.id, "tea", "s1") is None
    await set_part(shop, template.id, total=5, show_total=2)
    given = await shop.commerce.coupon_part(template.id, "tea", "s1")
    assert given == PartGiven(total=5, show_total=2, claimed=3, show_claimed=2)
    assert given.left == 0
    assert isinstance(await claim(shop, template.id, new_id("v"), show="s1"), CouponGoneShow)
    # Fewer a show than this one gave: it gives no more, and nothing is wrong with what it gave.
    await set_part(shop, template.id, total=5, show_total=1)
    assert isinstance(await claim(shop, template.id, new_id("v"), show="s2"), CouponGoneShow)
    await set_part(shop, template.id)
    assert isinstance(await claim(shop, template.id, new_id("v"), show="s1"), Coupon)
    assert (await shop.audit()).holds


async def test_a_part_set_amid_a_rush_is_held(shop: Shop, db: Database) -> None:
    other, template = make_shop(db), await shop.template(total=100)
    rush = [
        asyncio.ensure_future(claim(where, template.id, new_id("v")))
        for _ in range(60)
        for where in (shop, other)
    ]
    try:
        await set_part(shop, template.id, total=70)
        held = True
    except CouponPartLow:
        held = False
    await asyncio.gather(*rush)
    given = await shop.value(
        "select count(*) from commerce.coupons where template_id = $1", template.id
    )
    assert given == (70 if held else 100)
    assert (await shop.audit()).holds


async def test_who_got_nothing_here_is_not_counted_there(shop: Shop) -> None:
    """In one batch: the claim in the empty room must not use up what one person may have."""
    template = await shop.template(total=50)
    await set_part(shop, template.id, "tea", total=1)
    assert isinstance(await claim(shop, template.id, new_id("v")), Coupon)
    people = [new_id("v") for _ in range(8)]
    answers = await asyncio.gather(
        *[
            claim(shop, template.id, who, room=room, reward=room)
            for who in people
            for room in ("tea", "cups")
        ]
    )
    assert kinds(answers[::2]) == {CouponGoneRoom: 8}
    assert kinds(answers[1::2]) == {Coupon: 8}


@pytest.mark.parametrize(
    "part", [{"total": 0}, {"total": 11}, {"show_total": 11}, {"total": 4, "show_total": 5}]
)
async def test_a_part_is_no_greater_than_the_whole(shop: Shop, part: dict[str, int]) -> None:
    template = await shop.template(total=10)
    with pytest.raises(BadInput) as caught:
        await set_part(shop, template.id, **part)
    assert (caught.value.field or "").startswith("friend_part.")
    with pytest.raises(TemplateNotFound):
        await set_part(shop, "ct_none", total=1)


@pytest.mark.parametrize(
    "limits",
    [{"per_day": 0}, {"per_show": 0}, {"per_day": 3}, {"per_show": 3}, {"per_day": -1}],
)
async def test_limits_of_a_day_and_a_show_are_within_those_of_a_person(
    shop: Shop, limits: dict[str, Any]
) -> None:
    with pytest.raises(BadInput):
        await shop.template(per_person=2, **limits)


async def test_a_show_without_a_room_is_refused(shop: Shop) -> None:
    template = await shop.template()
    assert isinstance(await claim(shop, template.id, "v_1", room=None), BadInput)
    assert isinstance(await claim(shop, template.id, "v_1", show=None), BadInput)


@pytest.mark.parametrize(
    ("bent", "what"),
    [
        ("update commerce.coupon_rooms set claimed = 2", "a room gave more coupons than its part"),
        ("update commerce.coupon_shows set claimed = 0", "a show gave more coupons than its part"),
        ("update commerce.coupon_templates set per_day = 1", "more coupons in a day than one"),
        ("update commerce.coupon_templates set per_show = 1", "more coupons in a show than one"),
    ],
)
async def test_the_auditor_knows_each_level(fresh_db: Database, bent: str, what: str) -> None:
    shop = make_shop(fresh_db)
    template = await shop.template(per_person=2, per_day=2, per_show=2)
    await set_part(shop, template.id, total=5, show_total=5)
    for reward in ("a", "b"):
        await claim(shop, template.id, "v_mei", reward=reward)
    await claim(shop, template.id, "v_lin")
    assert (await shop.audit()).holds
    await shop.rows(bent)
    (found,) = (await shop.audit()).overclaimed
    assert str(found["what"]).startswith(what)
