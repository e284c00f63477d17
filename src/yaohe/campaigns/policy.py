"""What may be offered where, as code: the rules of other people's platforms, one row per place.

WeChat forbids, on pages of others, to reward the act of sharing and every kind of friend-help; in
Moments even a benefit on the card. Mini-programs allow a reward once the friend acted on purpose.
What leaves a page has rules of its own, by channel: the second table. So the default rewards the
friend's real action, never the tap on share, and where a rule says no there is no button and no
word. A place we do not know has the rules of a browser, a channel we do not know carries nothing.
Nothing in this house evades a platform's rule; when one changes, these tables do.
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

_WHERE_IT_OPENS: Final = EVERYTHING  # a link: the page of the friend has the rules of its own place
_ANYWHERE: Final = NOTHING  # a picture or a file may be posted where rules are strictest

# What may be said of a play on what leaves through a channel: on its card, in its words.
OUTGOING: Final[Mapping[PlayKind, Mapping[str, Allowed]]] = {
    "share_coupon": {
        "copy_link": _WHERE_IT_OPENS,
        "save_card": _ANYWHERE,
        "save_clip": _ANYWHERE,
        "qr_poster": _ANYWHERE,
        "system": _ANYWHERE,
        "embed": _WHERE_IT_OPENS,
        "wechat": NOTHING,  # a card sent to a friend is passed on to Moments
        "wechat_group": NOTHING,
        "wechat_moments": NOTHING,
        "wechat_mini": EVERYTHING,
        "weibo": EVERYTHING,
        "qq": OPEN_ONLY,
        "qzone": OPEN_ONLY,
        "douyin": NOTHING,
        "xiaohongshu": NOTHING,  # posts that lead to a shop elsewhere are hidden
        "wecom": EVERYTHING,
        "dingtalk": EVERYTHING,
        "feishu": EVERYTHING,
        "x": EVERYTHING,
        "facebook": OPEN_ONLY,  # rewards for sharing on Facebook are against its platform terms
        "messenger": OPEN_ONLY,
        "threads": OPEN_ONLY,
        "whatsapp": EVERYTHING,
        "telegram": EVERYTHING,
        "line": EVERYTHING,
        "kakaotalk": EVERYTHING,
        "linkedin": EVERYTHING,
        "reddit": OPEN_ONLY,  # most communities forbid referral rewards
        "bluesky": EVERYTHING,
        "pinterest": OPEN_ONLY,  # paid or rewarded pins are spam there
        "email": EVERYTHING,
        "sms": EVERYTHING,
    }
}


def decide_outgoing(channel: str, play: PlayKind = "share_coupon") -> Allowed:
    """What this play may say on what goes out through a channel; nothing where we know no rule."""
    return OUTGOING[play].get(channel, NOTHING)


def decide(env: str, play: PlayKind = "share_coupon") -> Allowed:
    """What this play may show and do where the page is open."""
    rows = MATRIX[play]
    try:
        return rows[Env(env)]
    except (ValueError, KeyError):
        return rows[Env.BROWSER]
