"""The policy matrix, cell by cell: what the rules of each place allow."""

from __future__ import annotations

import msgspec
import pytest

from yaohe.campaigns import Campaigns
from yaohe.campaigns.policy import MATRIX, NOTHING, OUTGOING, decide, decide_outgoing
from yaohe.platforms.channels import CHANNELS
from yaohe.sharing import Env

#                        open coupon, help, sharer's benefit, mirrored reward
ROWS = {
    "browser": (True, True, True, True),
    "wechat": (True, False, False, False),
    "wechat_moments": (False, False, False, False),
    "mini_program": (True, True, True, True),
    "wecom": (True, True, True, True),
    "douyin": (False, False, False, False),
}


@pytest.mark.parametrize(("env", "expected"), ROWS.items())
def test_each_place(env: str, expected: tuple[bool, ...]) -> None:
    assert msgspec.structs.astuple(decide(env)) == expected
    assert Campaigns.allowed(env) == decide(env)


def test_every_place_we_tell_apart_has_its_row() -> None:
    assert set(ROWS) == {env.value for env in Env}
    for rows in MATRIX.values():
        assert set(rows) == set(Env)


@pytest.mark.parametrize("env", ["", "facebook", "BROWSER", "moon"])
def test_a_place_we_do_not_know_has_the_rules_of_a_browser(env: str) -> None:
    assert decide(env) == decide("browser")


def test_nowhere_is_a_benefit_shown_that_is_not_given() -> None:
    for env in Env:
        allowed = decide(env)
        assert allowed.mirror_reward or not allowed.sharer_benefit
        assert allowed.mirror_reward or not allowed.help


def test_every_channel_has_its_row() -> None:
    for rows in OUTGOING.values():
        assert set(rows) == set(CHANNELS)


@pytest.mark.parametrize("channel", ["wechat", "wechat_moments", "save_card", "system", "moon"])
def test_what_may_land_in_moments_carries_no_benefit(channel: str) -> None:
    assert decide_outgoing(channel) == NOTHING
    assert Campaigns.allowed_outgoing(channel) == NOTHING
