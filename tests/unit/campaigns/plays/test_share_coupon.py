"""Share → coupon: who is owed what, in every place and state of the offer."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from yaohe.campaigns import ShareOffer
from yaohe.campaigns.plays import PLAYS, share_coupon
from yaohe.sharing.visits import Arrival

OFFER = ShareOffer(
    room_id="tea",
    shop_id="shop_main",
    friend_template_id="ct_friend",
    sharer_template_id="ct_sharer",
    active=True,
    help_closed_at=None,
    show_at=None,
)
LINK = "aaaaaaaaaa"
GROUND = Arrival(
    token=LINK,
    room_id="tea",
    shop_id="shop_main",
    sharer_id="v_lin",
    clicked=True,
    watch_ms=20_000,
)
ENDED = datetime(2026, 11, 23, tzinfo=UTC)


def but(**changes: object) -> ShareOffer:
    return msgspec.structs.replace(OFFER, **changes)


def arrived(offer: ShareOffer | None, env: str = "browser") -> share_coupon.IssueCoupon | None:
    return share_coupon.on_arrival(offer, visitor_id="v_mei", env=env, source_ref=LINK)


def helped(offer: ShareOffer | None, env: str = "browser", helper: str = "v_mei") -> str | None:
    refusal = share_coupon.on_help(offer, GROUND, helper_id=helper, env=env, watch_ms=15_000)
    return None if refusal is None else refusal.code


def rewarded(offer: ShareOffer | None, env: str = "browser") -> share_coupon.IssueCoupon | None:
    return share_coupon.on_assist(
        offer, room_id="tea", sharer_id="v_lin", helper_id="v_mei", token=LINK, env=env
    )


def test_it_is_the_one_play_there_is() -> None:
    assert PLAYS == ("share_coupon",)


def test_the_friend_gets_the_rooms_coupon_by_this_share() -> None:
    coupon = arrived(OFFER)
    assert coupon is not None
    assert (coupon.template_id, coupon.visitor_id) == ("ct_friend", "v_mei")
    assert (coupon.source, coupon.source_ref, coupon.reward_key) == ("arrival", LINK, None)


def test_the_coupon_stays_open_after_the_show_and_in_wechats_chats() -> None:
    assert arrived(but(help_closed_at=ENDED)) == arrived(OFFER)
    assert arrived(OFFER, "wechat") == arrived(OFFER)


@pytest.mark.parametrize("offer", [None, but(active=False), but(friend_template_id=None)])
def test_no_offer_no_coupon(offer: ShareOffer | None) -> None:
    assert arrived(offer) is None


@pytest.mark.parametrize("env", ["wechat_moments", "douyin"])
def test_nothing_where_even_an_open_coupon_is_forbidden(env: str) -> None:
    assert arrived(OFFER, env) is None


def test_a_help_counts() -> None:
    assert helped(OFFER) is None
    assert helped(OFFER, "mini_program") is None


@pytest.mark.parametrize(
    ("offer", "env", "helper", "code"),
    [
        (OFFER, "wechat", "v_mei", "help_not_here"),
        (OFFER, "wechat_moments", "v_mei", "help_not_here"),
        (None, "wechat", "v_mei", "help_not_here"),
        (None, "browser", "v_mei", "help_over"),
        (but(active=False), "browser", "v_mei", "help_over"),
        (but(sharer_template_id=None), "browser", "v_mei", "help_over"),
        (but(help_closed_at=ENDED), "browser", "v_mei", "help_over"),
        (OFFER, "browser", "v_lin", "help_self"),
    ],
)
def test_a_help_that_does_not_count(
    offer: ShareOffer | None, env: str, helper: str, code: str
) -> None:
    assert helped(offer, env, helper) == code


def test_the_sharer_gets_the_mirrored_coupon_once_per_friend() -> None:
    coupon = rewarded(OFFER)
    assert coupon is not None
    assert (coupon.template_id, coupon.visitor_id) == ("ct_sharer", "v_lin")
    assert (coupon.source, coupon.source_ref) == ("assist", LINK)
    assert coupon.reward_key == "tea:v_lin:v_mei"


def test_what_was_earned_before_the_end_is_still_owed() -> None:
    assert rewarded(but(help_closed_at=ENDED)) == rewarded(OFFER)
    assert rewarded(but(active=False)) == rewarded(OFFER)


@pytest.mark.parametrize(
    ("offer", "env"),
    [(None, "browser"), (but(sharer_template_id=None), "browser"), (OFFER, "wechat")],
)
def test_no_reward(offer: ShareOffer | None, env: str) -> None:
    assert rewarded(offer, env) is None
