"""Every controller of the house, in its order: who mounts what is seen in one place."""

from __future__ import annotations

from typing import Final

from litestar.types import ControllerRouterHandler

from yaohe.campaigns import http as campaigns
from yaohe.commerce import http as commerce
from yaohe.content.codes import http as codes
from yaohe.content.uploads import http as uploads
from yaohe.identity import http as identity
from yaohe.identity.accounts import http as accounts
from yaohe.identity.consent import http as consent
from yaohe.identity.keys import http as app_keys
from yaohe.identity.shop_page import http as shop_page
from yaohe.insights import http as insights
from yaohe.insights.following import http as following
from yaohe.insights.people import http as people
from yaohe.live.follows import http as follows
from yaohe.live.moderation import http as moderation
from yaohe.live.playback import http as playback
from yaohe.live.privacy import http as privacy
from yaohe.live.realtime import http as realtime
from yaohe.live.recordings import http as recordings
from yaohe.live.rooms import http as rooms
from yaohe.live.whip import http as whip
from yaohe.outside import http as outside
from yaohe.platforms.sandbox_pay import http as sandbox_pay
from yaohe.platforms.wechat import http as wechat
from yaohe.sharing import http as sharing
from yaohe.sharing.links import http as links
from yaohe.sharing.wechat import http as sharing_wechat
from yaohe.webhooks import http as webhooks

CONTROLLERS: Final[tuple[ControllerRouterHandler, ...]] = (
    *sandbox_pay.controllers,
    *wechat.controllers,
    *identity.controllers,
    *accounts.controllers,
    *consent.controllers,
    *app_keys.controllers,
    *shop_page.controllers,
    *sharing.controllers,
    *links.controllers,
    *codes.controllers,
    *sharing_wechat.controllers,
    *webhooks.controllers,
    *commerce.controllers,
    *uploads.controllers,
    *outside.controllers,
    *rooms.controllers,
    *privacy.controllers,
    *follows.controllers,
    *realtime.controllers,
    *recordings.controllers,
    *whip.controllers,
    *moderation.controllers,
    *playback.controllers,
    *campaigns.controllers,
    *insights.controllers,
    *following.controllers,
    *people.controllers,
)
