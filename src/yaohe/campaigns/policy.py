"""What may be offered where, as code: the rules of other people's platforms, one row per place.

WeChat forbids, on pages of others, to reward the act of sharing and every kind of friend-help; in
Moments even a benefit on the card. Mini-programs allow a reward once the friend acted on purpose.
So the default rewards the friend's real action, never the tap on share, and where a rule says no
there is no button and no word. A place we do not know has the rules of a browser. Nothing in this
house evades a platform's rule; when one changes, this table does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from yaohe.sharing import Env

PlayKind = Literal["share_coupon"]


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    open_coupon: bool  # the coupon that every visitor of the room may have
    help: bool  # "help your friend"
    sharer_benefit: bool  # any word of what the sharer gets
    mirror_reward: bool  # the sharer gets a coupon when a friend helped


EVERYTHING: Final = Allowed(open_coupon=True, help=True, sharer_benefit=True, mirror_reward=True)
OPEN_ONLY: Final = Allowed(open_coupon=True, help=False, sharer_benefit=False, mirror_reward=False)
NOTHING: Final = Allowed(open_coupon=False, help=False, sharer_benefit=False, mirror_reward=False)

MATRIX: Final[Mapping[PlayKind, Mapping[Env, Allowed]]] = {
    "share_coupon": {
        Env.BROWSER: EVERYTHING,
        Env.WECHAT: OPEN_ONLY,
        Env.WECHAT_MOMENTS: NOTHING,
        Env.MINI_PROGRAM: EVERYTHING,  # the friend acts on purpose: the tap on help
        Env.WECOM: EVERYTHING,
        Env.DOUYIN: NOTHING,  # coupons there only by its own interface
    },
}


def decide(env: str, play: PlayKind = "share_coupon") -> Allowed:
    """What this play may show and do where the page is open."""
    rows = MATRIX[play]
    try:
        return rows[Env(env)]
    except (ValueError, KeyError):
        return rows[Env.BROWSER]
