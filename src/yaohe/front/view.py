"""What a room's document shows: one moment of a room, gathered from its contexts, as plain values.

`Snapshot` is the moment; `document_values` and `boot_data` say it in one language for one kind of
browser. Both are pure.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any, Final
from zoneinfo import ZoneInfo

from yaohe.commerce import Product
from yaohe.commerce.coupons import CouponKind
from yaohe.commerce.prices import LivePrice
from yaohe.front.document import Raw, json_for_script, mark
from yaohe.front.words import Words, count_text
from yaohe.kernel.language import is_chinese, said
from yaohe.kernel.money import Money, price_parts, price_text
from yaohe.kernel.times import date_text, zone_text
from yaohe.live.privacy import Ticket
from yaohe.live.shelf import product_cards

VIEWERS_SHOWN_FROM: Final = 20
OEMBED_TYPES: Final = {"json": "application/json+oembed", "xml": "text/xml+oembed"}
LEFT_SHOWN_UP_TO: Final = 20
# Where help is not offered its rules are not even in the document.
_NO_HELP: Final = dict.fromkeys(("help", "help_button", "rule_1", "rule_2", "rule_3"), "")
_GREY: Final = "data:image/gif;base64,R0lGODlhAQABAIAAACgjHwAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw=="


@dataclass(frozen=True, slots=True)
class CouponView:
    """The coupon that is open to every visitor of the room."""

    template_id: str
    title: str
    title_en: str
    amount_minor: int
    threshold_minor: int
    left: int
    kind: CouponKind = "amount"
    percent: int | None = None
    scoped: bool = False
    again: bool = False

    def title_in(self, lang: str) -> str:
        return said(lang, self.title, self.title_en)


@dataclass(frozen=True, slots=True)
class PictureView:
    """The latest keyframe: the tiny form that is inlined, and the mark of the sharp one."""

    tiny: bytes
    etag: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class NextShow:
    room_id: str
    title: str
    title_en: str
    at: datetime

    def title_in(self, lang: str) -> str:
        return said(lang, self.title, self.title_en)


@dataclass(frozen=True, slots=True)
class Snapshot:
    room_id: str
    shop_id: str
    shop_name: str
    shop_name_en: str
    zone: str
    currency: str
    title: str
    title_en: str
    host: str
    host_en: str
    status: str
    slate: bool
    slate_since: datetime | None
    scheduled_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    viewers: int
    likes: int
    products: tuple[Product, ...]
    pinned_id: str | None
    live_prices: dict[str, LivePrice]
    chat: tuple[dict[str, Any], ...]
    coupon: CouponView | None
    sharer_amount_minor: int | None
    picture: PictureView | None
    next_show: NextShow | None
    has_replay: bool
    at: float = field(compare=False)

    def title_in(self, lang: str) -> str:
        return said(lang, self.title, self.title_en)

    def host_in(self, lang: str) -> str:
        return said(lang, self.host, self.host_en)

    def shop_in(self, lang: str) -> str:
        return said(lang, self.shop_name, self.shop_name_en)

    @property
    def starts_at(self) -> datetime | None:
        """When a show that has not begun starts, in the shop's zone."""
        if self.status != "upcoming" or self.scheduled_at is None:
            return None
        return self.scheduled_at.astimezone(ZoneInfo(self.zone))

    @property
    def shown_product(self) -> Product | None:
        """The pinned product; before and after the show the first of the shelf."""
        for product in self.products:
            if product.id == self.pinned_id:
                return product
        if self.status != "live" and self.products:
            return self.products[0]
        return None

    def price_of(self, product: Product) -> tuple[Money, Money | None]:
        """What the product costs in this room now, and the price to strike beside it."""
        live = self.live_prices.get(product.id)
        if live is not None and live.left != 0:
            return Money(live.price_minor, product.currency), Money(
                product.price_minor, product.currency
            )
        was = product.list_price_minor
        struck = was is not None and was > product.price_minor
        return Money(product.price_minor, product.currency), (
            Money(was or 0, product.currency) if struck else None
        )

    @property
    def portrait(self) -> bool:
        return self.picture is None or self.picture.height >= self.picture.width


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the policy lets this kind of browser see, made by `campaigns`, and what the browser
    brings: `wechat_sdk` is where WeChat's script is, inside it and with an account connected;
    `ask_consent` says that people are asked before they are remembered."""

    env: str
    open_coupon: bool
    help: bool
    sharer_benefit: bool
    wechat_sdk: str = ""
    ask_consent: bool = False


def viewers_text(moment: Snapshot, words: Words, lang: str) -> str:
    if moment.viewers < VIEWERS_SHOWN_FROM or moment.status != "live":
        return ""
    return words.say(lang, "room.watching", n=count_text(moment.viewers, lang))


def description(moment: Snapshot, lang: str) -> str:
    """One true line for previews: the product with its price, else whose room it is."""
    product = moment.shown_product
    if product is None:
        return moment.shop_in(lang)
    price = price_text(moment.price_of(product)[0])
    return f"{product.title_in(lang)} {price} · {moment.shop_in(lang)}"


def _product_values(moment: Snapshot, words: Words, lang: str) -> dict[str, str]:
    product = moment.shown_product
    if product is None:
        names = [
            "picture",
            "title",
            "sign",
            "integer",
            "decimals",
            "was",
            "left",
            "live",
            "sold_out",
        ]
        return {f"product_{name}": "" for name in names} | {"has_product": ""}
    now, was = moment.price_of(product)
    price = price_parts(now)
    lower = now.amount_minor < product.price_minor
    few = not lower and 0 < product.stock <= LEFT_SHOWN_UP_TO
    return {
        "has_product": "1",
        "product_picture": product.picture,
        "product_title": product.title_in(lang),
        "product_sign": price.symbol,
        "product_integer": price.integer,
        "product_decimals": price.decimals,
        "product_was": price_text(was) if was else "",
        "product_left": words.say(lang, "buy.left", n=product.stock) if few else "",
        "product_live": words.say(lang, "buy.live_price") if lower else "",
        "product_sold_out": "" if product.stock > 0 else "1",
    }


def _help_values(moment: Snapshot, allowance: Allowance, words: Words, lang: str) -> dict[str, str]:
    """Helping stands in the first paint, with the name of the one who invited."""
    if not allowance.help:
        return _NO_HELP
    amount = moment.sharer_amount_minor if allowance.sharer_benefit else None
    told = {"name": mark("sharer")}
    if amount is not None:
        told["amount"] = price_text(Money(amount, moment.currency))
    third = "land.help_rule_3" if amount is None else "land.help_rule_3_amount"
    return {
        "help": mark("invited"),
        "help_button": words.say(lang, "land.help", **told),
        "rule_1": words.say(lang, "land.help_rule_1"),
        "rule_2": words.say(lang, "land.help_rule_2", **told),
        "rule_3": words.say(lang, third, **told),
    }


def document_values(
    moment: Snapshot,
    allowance: Allowance,
    words: Words,
    lang: str,
    ticket: Ticket | None = None,
) -> dict[str, str]:
    """The slots of `room.html` that change with the room; `ticket` is for a private one."""
    picture = moment.picture
    tiny = _GREY
    if picture is not None:
        tiny = "data:image/jpeg;base64," + base64.b64encode(picture.tiny).decode()
    starts = moment.starts_at
    return {
        **words.slots(lang),
        **_help_values(moment, allowance, words, lang),
        **_product_values(moment, words, lang),
        "lang": lang,
        "title": f"{moment.title_in(lang)} · {moment.shop_in(lang)}",
        "status": moment.status,
        "slate": "1" if moment.slate else "",
        "replay": "1" if moment.has_replay else "",
        "source": "portrait" if moment.portrait else "landscape",
        "poster_inline": tiny,
        "poster_url": poster_url(moment) or _goods_url(moment) or tiny,
        "room_title": moment.title_in(lang),
        "host_name": moment.host_in(lang),
        "host_avatar": f"/r/{moment.room_id}/host.jpg",
        "invites": words.say(lang, "land.invites" if moment.status == "live" else "land.invited"),
        "status_word": words.say(lang, f"room.{moment.status}"),
        "viewers_text": viewers_text(moment, words, lang),
        "bag_count": str(len(moment.products)),
        "starts_iso": starts.isoformat() if starts else "",
        "starts_text": date_text(starts, lang) if starts else words.say(lang, "upcoming.title"),
        "starts_zone": zone_text(starts, lang) if starts else "",
        "boot_json": json_for_script(boot_data(moment, allowance, lang, ticket)),
    }


def poster_url(moment: Snapshot) -> str | None:
    if moment.picture is None:
        return None
    return f"/live/{moment.room_id}/poster.jpg?v={moment.picture.etag}"


def _goods_url(moment: Snapshot) -> str | None:
    """Without a picture of the show, what it sells stands behind its date."""
    product = moment.shown_product
    return product.picture if product is not None and moment.status != "live" else None


def boot_data(
    moment: Snapshot, allowance: Allowance, lang: str, ticket: Ticket | None = None
) -> dict[str, Any]:
    """What the scripts start from (`web/sdk/src/boot-handle.ts`, BootData)."""
    starts = moment.starts_at
    return {
        "v": 1,
        "lang": lang,
        "base": "",
        "room": {
            "id": moment.room_id,
            "title": moment.title_in(lang),
            "host": {"name": moment.host_in(lang), "avatar": f"/r/{moment.room_id}/host.jpg"},
            "shop": moment.shop_in(lang),
            "status": moment.status,
            "scheduled_at": starts,
            "zone": zone_text(starts, lang) if starts else "",
            "started_at": moment.started_at,
            "ended_at": moment.ended_at,
            "replay": moment.has_replay,
            "slate": moment.slate,
            "slate_since": moment.slate_since,
        },
        "media": _media_data(moment, ticket),
        "ticket": None if ticket is None else {"text": ticket.ticket, "life_s": ticket.life_s},
        "share": None,
        "offer": {
            "coupon": _coupon_data(moment, lang) if allowance.open_coupon else None,
            "help": allowance.help,
            "sharer_amount_minor": moment.sharer_amount_minor if allowance.sharer_benefit else None,
        },
        "products": product_cards(moment.products, moment.pinned_id, lang, moment.live_prices),
        "counts": {"viewers": moment.viewers, "likes": moment.likes},
        "chat": list(moment.chat),
        "currency": moment.currency,
        "env": allowance.env,
        "wechat_sdk": allowance.wechat_sdk,
        "ask_consent": allowance.ask_consent,
        "rt": "/rt",
        "visitor": None,
        "policy": {"sharer_benefit": allowance.sharer_benefit},
        "next_show": _next_data(moment, lang),
    }


def _next_data(moment: Snapshot, lang: str) -> dict[str, Any] | None:
    if (following := moment.next_show) is None:
        return None
    at = following.at.astimezone(ZoneInfo(moment.zone))
    return {
        "id": following.room_id,
        "title": following.title_in(lang),
        "scheduled_at": at,
        "zone": zone_text(at, lang),
        "url": f"/r/{following.room_id}",
    }


def _media_data(moment: Snapshot, ticket: Ticket | None) -> dict[str, Any]:
    """Where the picture is or will be: who waits for the show sees it begin."""
    base = f"/live/{moment.room_id}"
    query = "" if ticket is None else f"?ticket={ticket.ticket}"
    return {
        "stream": f"{base}/stream.mp4{query}",
        "ws": f"{base}/ws{query}",
        "hls": f"{base}/master.m3u8{query}",
        "poster": f"{base}/poster.jpg",
        "w": moment.picture.width if moment.picture else 0,
        "h": moment.picture.height if moment.picture else 0,
    }


def _coupon_data(moment: Snapshot, lang: str) -> dict[str, Any] | None:
    if (coupon := moment.coupon) is None:
        return None
    names = ("amount_minor", "threshold_minor", "left", "kind", "percent", "scoped", "again")
    return {"title": coupon.title_in(lang)} | {name: getattr(coupon, name) for name in names}


def preview_tags(
    moment: Snapshot,
    words: Words,
    lang: str,
    *,
    url: str,
    image: str,
    sharer: str | None,
    video: str | None = None,
    oembed: str = "",
) -> Raw:
    """Open Graph and X tags; crawlers and people get the same document (ogp.me). `oembed` is where
    other sites ask how this page is embedded (oembed.com)."""
    title = moment.title_in(lang)
    if sharer:
        title = f"{words.say(lang, 'land.invited_you', name=sharer)} · {title}"
    text = description(moment, lang)
    locale = "zh_CN" if is_chinese(lang) else "en_US"
    tags = [
        ("property", "og:type", "website"),
        ("property", "og:site_name", moment.shop_in(lang)),
        ("property", "og:locale", locale),
        ("property", "og:title", title),
        ("property", "og:description", text),
        ("property", "og:url", url),
        ("property", "og:image", image),
        ("property", "og:image:type", "image/jpeg"),
        ("property", "og:image:width", "1200"),
        ("property", "og:image:height", "630"),
        ("name", "twitter:card", "summary_large_image"),
        ("name", "description", text),
    ]
    if video is not None:
        tags += [("property", "og:video", video), ("property", "og:video:type", "video/mp4")]
    lines = [f'<meta {kind}="{name}" content="{escape(value)}">' for kind, name, value in tags]
    lines.append(f'<link rel="canonical" href="{escape(url)}">')
    for kind in ("json", "xml") if oembed else ():
        # The address of this page holds nothing that would have to be written otherwise in a query.
        asked = escape(f"{oembed}?url={url}&format={kind}")
        lines.append(f'<link rel="alternate" type="{OEMBED_TYPES[kind]}" href="{asked}">')
    return Raw("\n".join(lines))
