"""Pictures over HTTP: cards and posters of shares and rooms, stills, avatars, products.

A card is drawn for the room as it is now and cached by what it says; its address never changes, so
crawlers fetch the present state.
"""

from __future__ import annotations

import re
from typing import Any, Final, Literal
from zlib import crc32

from yaohe.campaigns import Campaigns
from yaohe.content import PRODUCT_KINDS, CardFormat, CardModel, CardStudio, Rendered
from yaohe.content.keyframes import LatestStills
from yaohe.content.uploads import Uploads
from yaohe.front.request import Request, answer
from yaohe.front.snapshots import Snapshots
from yaohe.front.view import VIEWERS_SHOWN_FROM, Snapshot
from yaohe.identity import friendly_name
from yaohe.kernel.errors import AppError, NotFound
from yaohe.kernel.money import Money, price_text
from yaohe.kernel.times import date_text, zone_text
from yaohe.sharing import Share, Sharing, environment

_FORMATS: Final[dict[str, CardFormat]] = {
    "card.jpg": "card",
    "square.jpg": "square",
    "wide54.jpg": "wide54",
    "thumb.jpg": "thumb",
}
NAMES: Final = (*_FORMATS, "poster.jpg", "host.jpg")
_PICTURE_KEY: Final = re.compile(r"(?P<kind>[a-z_]{2,20})-(?P<seed>[0-9a-z]{1,8})\Z")


class NoPicture(NotFound):
    code = "no_picture"
    message = "There is no picture here."


class Images:
    def __init__(
        self,
        *,
        studio: CardStudio,
        stills: LatestStills,
        snapshots: Snapshots,
        sharing: Sharing,
        campaigns: Campaigns,
        uploads: Uploads,
        public_url: str,
    ) -> None:
        self._studio, self._stills, self._snapshots = studio, stills, snapshots
        self._sharing, self._campaigns = sharing, campaigns
        self._uploads, self._public_url = uploads, public_url

    async def share_image(self, request: Request) -> None:
        """`/s/{token}/{name}`: looked at, never a hit: the link itself is what counts."""
        await self._answer(request, self._share_image(request))

    async def room_image(self, request: Request) -> None:
        """`/r/{room}/{name}`."""
        await self._answer(request, self._room_image(request))

    async def product(self, request: Request) -> None:
        """`/media/products/{key}`: `kind-seed` is drawn by the project, else it was stored."""
        await self._answer(request, self._product(request.path.rpartition("/")[2]), age_s=86_400)

    async def poster(self, request: Request) -> None:
        """`/live/{room}/poster.jpg`: the latest keyframe."""
        await self._answer(request, self._still(request.path.split("/")[2]), age_s=1)

    async def _share_image(self, request: Request) -> Rendered:
        _, _, token, name = request.path.split("/")
        share = await self._sharing.share(token)
        if share is None or self._sharing.link_closed(share) is not None:
            raise NoPicture
        moment = await self._snapshots.of(share.room_id)
        model = await self._model(request, moment, share)
        if name == "poster.jpg":
            return await self._studio.poster(model, self._sharing.share_url(share.token))
        return await self._studio.card(model, _FORMATS[name])

    async def _room_image(self, request: Request) -> Rendered:
        _, _, room_id, name = request.path.split("/")
        moment = await self._snapshots.of(room_id)
        if name == "host.jpg":
            return await self._studio.avatar(moment.host, crc32(moment.room_id.encode()) & 0xFF)
        model = await self._model(request, moment, None)
        if name == "poster.jpg":
            return await self._studio.poster(model, f"{self._public_url}/r/{room_id}")
        return await self._studio.card(model, _FORMATS[name])

    async def _product(self, key: str) -> Rendered:
        drawn = _PICTURE_KEY.match(key)
        if drawn and drawn["kind"] in PRODUCT_KINDS:
            return await self._studio.product_picture(drawn["kind"], crc32(drawn["seed"].encode()))
        given = await self._uploads.find(key)
        if given is None:
            raise NoPicture
        return Rendered(given, f'"{key}"')

    async def _still(self, room_id: str) -> Rendered:
        # Only rooms that exist are remembered; their snapshot knows that without asking again.
        await self._snapshots.of(room_id)
        still = await self._stills.of(room_id)
        if still is None:
            raise NoPicture
        return Rendered(still.sharp, f'"{still.mark}"')

    async def _model(self, request: Request, moment: Snapshot, share: Share | None) -> CardModel:
        lang: Literal["zh-CN", "en"] = "zh-CN" if request.lang == "zh-CN" else "en"
        product = moment.shown_product
        still = await self._stills.of(moment.room_id)
        price, was = moment.price_of(product) if product else (None, None)
        starts = moment.starts_at
        return CardModel(
            title=moment.title_in(lang),
            host=moment.host_in(lang),
            status="live" if moment.status == "live" else moment.status,  # type: ignore[arg-type]
            lang=lang,
            viewers=_rounded(moment.viewers),
            price=price,
            was=was,
            offer_line=self._offer_line(request, moment, share, lang),
            sharer_name=_sharer(share, lang),
            starts=date_text(starts, lang) if starts else "",
            starts_zone=zone_text(starts, lang) if starts else "",
            picture=still.sharp if still else None,
        )

    def _offer_line(
        self, request: Request, moment: Snapshot, share: Share | None, lang: str
    ) -> str | None:
        """One true line: the coupon that waits for whoever comes, where it may be shown."""
        coupon = moment.coupon
        env = environment(request.user_agent).value
        # A prepared share does not know its channel yet: the sheet says what the picture is for.
        wanted = request.query.get("for", "") if request.scope["query_string"] else ""
        ways = [way for way in (wanted, share.channel if share else "") if way]
        allowed = [self._campaigns.allowed(env)]
        allowed += [self._campaigns.allowed_outgoing(way) for way in ways]
        if coupon is None or coupon.left <= 0 or not all(one.open_coupon for one in allowed):
            return None
        if coupon.kind != "amount":
            return coupon.title_in(lang)
        amount = price_text(Money(coupon.amount_minor, moment.currency))
        return f"{amount} {coupon.title_in(lang)}"

    async def _answer(self, request: Request, image: Any, *, age_s: int = 5) -> None:
        try:
            rendered: Rendered = await image
        except AppError as error:
            await answer(request, error.status, b"", [(b"cache-control", b"no-store")])
            return
        etag = rendered.etag.encode()
        headers = [
            (b"content-type", b"image/jpeg"),
            (b"cache-control", f"public, max-age={age_s}".encode()),
            (b"etag", etag),
            (b"x-content-type-options", b"nosniff"),
        ]
        if request.headers.get(b"if-none-match") == etag:
            await answer(request, 304, b"", headers)
            return
        await answer(request, 200, rendered.jpeg, headers)


def _sharer(share: Share | None, lang: str) -> str | None:
    if share is None or not share.is_named:
        return None
    return friendly_name(share.sharer_id, lang, given=share.sharer_name)


def _rounded(viewers: int) -> int | None:
    """The count a card shows: two leading digits, so that one more viewer is not a new drawing."""
    if viewers < VIEWERS_SHOWN_FROM:
        return None
    step = int(10 ** max(0, len(str(viewers)) - 2))
    return viewers // step * step
