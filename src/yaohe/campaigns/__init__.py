"""Campaigns: what shares bring, under whose rules.

Words owned: *offer* (the coupons of a room's shares), *play* (one set of rules), *policy* (what may
be offered where), *help* (a friend's tap) and *assist* (a help that counted).
"""

from yaohe.campaigns.errors import CAMPAIGN_ERRORS, OfferOver
from yaohe.campaigns.events import AssistCounted
from yaohe.campaigns.model import RoomOffer, ShareOffer
from yaohe.campaigns.policy import Allowed
from yaohe.campaigns.service import Campaigns

__all__ = [
    "CAMPAIGN_ERRORS",
    "Allowed",
    "AssistCounted",
    "Campaigns",
    "OfferOver",
    "RoomOffer",
    "ShareOffer",
]
