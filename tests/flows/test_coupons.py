"""Coupons under a rush: never more than there are, never two for one, always an answer."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.shop import Shop, make_shop

from yaohe.commerce import (
    Coupon,
    CouponGone,
    CouponLimit,
    CouponOver,
    NewTemplate,
    TemplateNotFound,
)
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.ids import new_id

pytestmark = pytest.mark.db


@pytest.fixture
def shop(db: Database) -> Shop:
    return make_shop(db)


async def claim(shop: Shop, template_id: str, visitor_id: str, **more: str) -> Coupon | AppError:
    given = {"source": "arrival", "source_ref": "token"} | more
    try:
        return await shop.commerce.claim_coupon(template_id, visitor_id, **given)
    except AppError as error:
        return error


async def audit(shop: Shop, template_id: str) -> tuple[int, int, int]:
    """What the template says is claimed, how many coupons exist, and for how many people."""
    row = (
        await shop.rows(
            "select t.claimed, count(c.id), count(distinct c.visitor_id) "
            "from commerce.coupon_templates t left join commerce.coupons c on c.template_id = t.id "
            "where t.id = $1 group by t.claimed",
            template_id,
        )
    )[0]
    return row[0], row[1], row[2]


async def test_five_hundred_want_one_hundred(shop: Shop) -> None:
    template = await shop.template(total=100)
    people = [new_id("v") for _ in range(500)]
    answers = await asyncio.gather(*[claim(shop, template.id, person) for person in people])
    kinds = Counter(type(answer) for answer in answers)
    assert kinds == {Coupon: 100, CouponGone: 400}
    assert await audit(shop, template.id) == (100, 100, 100)


async def test_two_processes_do_not_oversell(shop: Shop, db: Database) -> None:
    template = await shop.template(total=100)
    other = make_shop(db)
    people = [new_id("v") for _ in range(400)]
    asks = [claim(shop, template.id, p) for p in people] + [
        claim(other, template.id, p) for p in people
    ]
    answers = await asyncio.gather(*asks)
    assert await audit(shop, template.id) == (100, 100, 100)
    # Both processes gave one person the same coupon.
    for first, second in zip(answers[:400], answers[400:], strict=True):
        if isinstance(first, Coupon) and isinstance(second, Coupon):
            assert first.id == second.id
    assert all(isinstance(answer, Coupon | CouponGone) for answer in answers)


async def test_the_same_person_at_the_same_moment_gets_one(shop: Shop) -> None:
    template = await shop.template(total=100)
    person = new_id("v")
    answers = await asyncio.gather(*[claim(shop, template.id, person) for _ in range(50)])
    assert len({answer.id for answer in answers if isinstance(answer, Coupon)}) == 1
    assert all(isinstance(answer, Coupon) for answer in answers)
    again = await claim(shop, template.id, person)
    assert isinstance(again, Coupon)
    assert not again.new
    assert again.id == answers[0].id  # type: ignore[union-attr]
    assert await audit(shop, template.id) == (1, 1, 1)


async def test_asking_again_works_when_all_are_taken_or_over(shop: Shop) -> None:
    template = await shop.template(total=1)
    first, late = new_id("v"), new_id("v")
    mine = await claim(shop, template.id, first)
    assert isinstance(mine, Coupon)
    assert mine.new
    assert isinstance(await claim(shop, template.id, late), CouponGone)
    await shop.commerce.set_template_status(template.id, "stopped")
    again = await claim(shop, template.id, first)
    assert isinstance(again, Coupon)
    assert again.id == mine.id


async def test_another_reason_counts_against_the_limit_per_person(shop: Shop) -> None:
    template = await shop.template(total=100, per_person=2)
    person = new_id("v")
    rewards = [f"assist:room:{number}" for number in range(5)]
    answers = await asyncio.gather(
        *[claim(shop, template.id, person, source="assist", reward_key=key) for key in rewards]
    )
    assert Counter(type(answer) for answer in answers) == {Coupon: 2, CouponLimit: 3}
    assert await audit(shop, template.id) == (2, 2, 1)
    ordinals = await shop.rows(
        "select ordinal from commerce.coupons where template_id = $1 order by 1", template.id
    )
    assert [row["ordinal"] for row in ordinals] == [1, 2]


async def test_the_limit_does_not_eat_up_what_others_could_have(shop: Shop) -> None:
    """One greedy person in front of the batch must not make the others lose."""
    template = await shop.template(total=10)
    greedy = new_id("v")
    asks = [
        claim(shop, template.id, greedy, source="assist", reward_key=f"r{number}")
        for number in range(30)
    ]
    asks += [claim(shop, template.id, new_id("v")) for _ in range(9)]
    answers = await asyncio.gather(*asks)
    assert sum(isinstance(answer, Coupon) for answer in answers) == 10
    assert await audit(shop, template.id) == (10, 10, 10)


async def test_windows_and_stopping(shop: Shop) -> None:
    now = datetime.now(UTC)
    later = await shop.template(valid_from=now + timedelta(hours=1))
    over = await shop.template(
        valid_from=now - timedelta(hours=2), valid_until=now - timedelta(hours=1)
    )
    stopped = await shop.template()
    await shop.commerce.set_template_status(stopped.id, "stopped")
    for template in (later, over, stopped):
        assert isinstance(await claim(shop, template.id, new_id("v")), CouponOver)
    assert isinstance(await claim(shop, "ct_nothing", new_id("v")), TemplateNotFound)
    await shop.commerce.set_template_status(stopped.id, "active")
    assert isinstance(await claim(shop, stopped.id, new_id("v")), Coupon)


async def test_expiry_is_the_earlier_of_days_and_end(shop: Shop) -> None:
    end = datetime.now(UTC) + timedelta(days=2)
    short = await claim(shop, (await shop.template(valid_days=1, valid_until=end)).id, new_id("v"))
    long = await claim(shop, (await shop.template(valid_days=30, valid_until=end)).id, new_id("v"))
    assert isinstance(short, Coupon)
    assert isinstance(long, Coupon)
    assert short.expires_at - short.claimed_at == timedelta(days=1)
    assert long.expires_at == end


async def test_mixed_templates_in_one_batch(shop: Shop) -> None:
    templates = [await shop.template(total=20) for _ in range(5)]
    people = [new_id("v") for _ in range(60)]
    answers = await asyncio.gather(
        *[claim(shop, template.id, person) for person in people for template in templates]
    )
    assert sum(isinstance(answer, Coupon) for answer in answers) == 100
    for template in templates:
        assert await audit(shop, template.id) == (20, 20, 20)


async def test_wallet_sources_and_revoking(shop: Shop) -> None:
    template = await shop.template(total=10, amount_minor=500, threshold_minor=2_000)
    person = new_id("v")
    token = new_id("s")
    coupon = await claim(shop, template.id, person, source_ref=token)
    assert isinstance(coupon, Coupon)
    assert (coupon.amount_minor, coupon.threshold_minor, coupon.title) == (500, 2_000, "减十元")
    (mine,) = await shop.commerce.coupons_of(person)
    assert (mine.id, mine.state, mine.source_ref) == (coupon.id, "claimed", token)
    assert await shop.commerce.claims_by_source("arrival", [token, "none"]) == {token: 1}
    assert await shop.commerce.claims_by_source("assist", [token]) == {}
    assert await shop.commerce.claims_by_source("arrival", []) == {}
    await shop.rows(
        "update commerce.coupons set expires_at = now() - interval '1 s' where id = $1", coupon.id
    )
    assert (await shop.commerce.coupons_of(person))[0].state == "expired"


async def test_what_cannot_join_a_batch_is_refused_alone(shop: Shop) -> None:
    template = await shop.template()
    for bad in ("v\x00", "v\x1f", "v\ud800", "x" * 500, ""):
        answer = (
            await claim(shop, template.id, new_id("v"), source=bad)
            if bad == ""
            else await claim(shop, template.id, bad)
        )
        assert isinstance(answer, BadInput)
    assert isinstance(await claim(shop, template.id, new_id("v"), source_ref=""), Coupon)


async def test_templates_are_checked(shop: Shop) -> None:
    now = datetime.now(UTC)
    good = {"title": "减", "amount_minor": 1, "total": 1, "valid_days": 1}
    for wrong in (
        {"amount_minor": 0},
        {"amount_minor": 10**14},
        {"threshold_minor": -1},
        {"total": 0},
        {"per_person": 2},
        {"per_person": 0},
        {"valid_days": None},
        {"valid_days": 0},
        {"valid_from": now, "valid_until": now},
        {"title": " \x07 "},
        {"currency": "yuan"},
    ):
        with pytest.raises(BadInput):
            await shop.commerce.create_template(NewTemplate(**(good | wrong)))  # type: ignore[arg-type]
    made = await shop.commerce.create_template(NewTemplate(**good))  # type: ignore[arg-type]
    listed = await shop.commerce.templates()
    assert made.id in {template.id for template in listed}
    assert (await shop.commerce.template(made.id)).left == 1
    with pytest.raises(TemplateNotFound):
        await shop.commerce.template("ct_nothing")
    with pytest.raises(TemplateNotFound):
        await shop.commerce.set_template_status("ct_nothing", "stopped")


async def test_refusals_leave_nothing_for_the_garbage_collector(shop: Shop) -> None:
    """In a rush almost everybody is refused; circles of errors and frames doubled the price."""
    template = await shop.template(total=1)
    await claim(shop, template.id, new_id("v"))
    people = [new_id("v") for _ in range(300)]
    gc.collect()
    gc.disable()
    try:
        await asyncio.gather(*[claim(shop, template.id, person) for person in people])
        await asyncio.sleep(0.1)  # the lane lets go of its last batch
        left = [thing for thing in gc.get_objects() if isinstance(thing, CouponGone)]
        assert not left
    finally:
        gc.enable()
