"""The plain documents: the list of rooms, the studio's shell, the API's reader, nothing here."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from yaohe.front.assets import Assets, csp_hash
from yaohe.front.document import Raw, Template
from yaohe.front.request import Header, Request, answer
from yaohe.front.templates import read_template
from yaohe.front.view import VIEWERS_SHOWN_FROM
from yaohe.front.words import Words, count_text
from yaohe.identity import Identity, Shop
from yaohe.kernel.errors import AppError
from yaohe.kernel.language import is_chinese
from yaohe.kernel.times import date_text, zone_text
from yaohe.live.privacy import InvitationOver
from yaohe.live.realtime import Hub
from yaohe.live.rooms import Room, Rooms
from yaohe.sharing.links import Closed

FRESH_S: Final = 1.0
_STUDIO_TITLE: Final = {"zh-CN": "工作台 · 吆喝", "en": "Studio · Yaohe"}
_STUDIO_NOSCRIPT: Final = {
    "zh-CN": "打开 JavaScript 才能用工作台。",
    "en": "Turn JavaScript on to use the studio.",
}
_OTHER: Final = {"zh-CN": ("English", "/?lang=en"), "en": ("中文", "/?lang=zh")}
_MISSING: Final = {
    "zh-CN": ("这里没有直播间", "链接可能不完整，或者房间已经撤下。", "看看别的直播"),
    "en": (
        "There is no room here",
        "The link may be cut short, or the room was taken down.",
        "See other rooms",
    ),
}
_NOTHING: Final = {
    "zh-CN": ("这里没有页面", "地址可能打错了，或者不完整。", "去看直播"),
    "en": ("There is no page here", "The address may be mistyped or cut short.", "See the rooms"),
}

_BY_INVITATION: Final = {
    "zh-CN": (
        "这个直播间凭邀请进入",
        "用收到的邀请链接打开。没有链接，就问问邀你来的人。",
        "看看别的直播",
    ),
    "en": (
        "This room is by invitation",
        "Open it with the link you were sent, or ask whoever told you about it for one.",
        "See other rooms",
    ),
}
_INVITATION_OVER: Final = {
    "zh-CN": ("这份邀请用不了了", "它已经到期、用完，或被收回。请再要一个新链接。", "看看别的直播"),
    "en": (
        "This invitation is over",
        "It has expired, was taken back or is used up. Ask whoever sent it for a new link.",
        "See other rooms",
    ),
}
_LINK_CLOSED: Final[dict[Closed, tuple[int, dict[str, tuple[str, str, str]]]]] = {
    "paused": (
        404,
        {
            "zh-CN": ("这个链接暂时停用", "店家先停了它，也许晚些会再打开。", "去看直播"),
            "en": (
                "This link is paused",
                "The shop has paused it. It may open again later.",
                "See the rooms",
            ),
        },
    ),
    "expired": (
        410,
        {
            "zh-CN": ("这个链接已经到期", "它带来的活动结束了，店里还有别的直播。", "去看直播"),
            "en": (
                "This link has ended",
                "What it was for is over. The shop has other shows.",
                "See the rooms",
            ),
        },
    ),
}


def security(*, script: str = "", style: str = "", framed_by: str = "") -> list[Header]:
    """Headers of every document; `script` and `style` are hashes of what stands inline, `framed_by`
    the sites beside our own in whose pages it may stand."""
    policy = (
        f"default-src 'self'; script-src 'self' {script}; style-src 'self' {style}; "
        "img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' ws: wss:; "
        f"object-src 'none'; base-uri 'none'; form-action 'self'; "
        f"frame-ancestors 'self' {framed_by}"
    ).rstrip()
    return [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"strict-origin-when-cross-origin"),
    ]


class HomePage:
    def __init__(
        self, *, assets: Assets, words: Words, rooms: Rooms, identity: Identity, hub: Hub
    ) -> None:
        self._words, self._rooms, self._identity, self._hub = words, rooms, identity, hub
        self._style = assets.home_style
        self._home_script = assets.entry("app/src/home/main.ts").script
        self._home = Template(read_template("home.html"))
        self._card = Template(read_template("home_room.html"))
        self._missing = Template(read_template("missing.html"))
        self._headers = security(style=csp_hash(self._style))
        studio = assets.entry("app/src/studio/main.ts")
        self._studio = {
            lang: Template(read_template("studio.html"))
            .prepare(
                {
                    "lang": lang,
                    "title": _STUDIO_TITLE[lang],
                    "noscript": _STUDIO_NOSCRIPT[lang],
                    "script": studio.script,
                    "styles": _links("stylesheet", studio.styles),
                    "preloads": _links("modulepreload", studio.preload),
                }
            )
            .finish({})
            for lang in _STUDIO_TITLE
        }
        self._studio_headers = security()
        self._docs = Template(read_template("docs.html")).prepare({}).finish({})
        self._kept: dict[str, tuple[float, bytes]] = {}

    async def show(self, request: Request) -> None:
        """`/`: live, upcoming and ended rooms."""
        _ = request.visitor
        lang = request.lang
        kept = self._kept.get(lang)
        if kept is None or time.monotonic() - kept[0] >= FRESH_S:
            kept = self._kept[lang] = (time.monotonic(), await self._draw(lang))
        await self._send(request, 200, kept[1], self._headers)

    async def studio(self, request: Request) -> None:
        await self._send(request, 200, self._studio[request.lang], self._studio_headers)

    async def docs(self, request: Request) -> None:
        """`/docs`: the API for readers, drawn from its OpenAPI document."""
        # RapiDoc writes style attributes into its templates.
        await self._send(request, 200, self._docs, security(style="'unsafe-inline'"))

    async def missing(self, request: Request, *, framed_by: str = "") -> None:
        """A room, a share or a picture that is not there; `framed_by` are sites it may stand in."""
        await self._send_missing(request, *_MISSING[request.lang], framed_by=framed_by)

    async def nothing(self, request: Request) -> None:
        """Any other address at which there is nothing."""
        await self._send_missing(request, *_NOTHING[request.lang])

    async def by_invitation(self, request: Request, why: AppError, *, framed_by: str = "") -> None:
        """A private room's door: kind, and silent about what is behind it."""
        told = _INVITATION_OVER if isinstance(why, InvitationOver) else _BY_INVITATION
        words = told[request.lang]
        await self._send_missing(request, *words, status=why.status, framed_by=framed_by)

    async def link_closed(self, request: Request, why: Closed) -> None:
        """A link that staff paused, or whose time is over."""
        status, told = _LINK_CLOSED[why]
        await self._send_missing(request, *told[request.lang], status=status)

    async def _send_missing(
        self,
        request: Request,
        title: str,
        text: str,
        action: str,
        status: int = 404,
        framed_by: str = "",
    ) -> None:
        values = {
            "lang": request.lang,
            "title": title,
            "text": text,
            "action": action,
            "page_style": Raw(self._style),
        }
        body = self._missing.prepare(values).finish({})
        headers = self._headers
        if framed_by:
            headers = security(style=csp_hash(self._style), framed_by=framed_by)
        await self._send(request, status, body, headers)

    @staticmethod
    async def _send(request: Request, status: int, body: bytes, headers: list[Header]) -> None:
        more = [(b"content-encoding", b"gzip"), (b"cache-control", b"private, no-cache")]
        await answer(request, status, body, [*headers, *more])

    async def _draw(self, lang: str) -> bytes:
        shop = await self._identity.shop()
        parts: dict[str, list[str]] = {"live": [], "upcoming": [], "ended": []}
        for room in await self._rooms.rooms():
            if not room.private:
                parts[room.status].append(self._room_card(room, shop, lang))
        other, other_url = _OTHER[lang]
        values = {
            **self._words.slots(lang),
            "lang": lang,
            "page_style": Raw(self._style),
            "app_script": self._home_script,
            "shop_name": shop.name_in(lang),
            "rooms": str(sum(map(len, parts.values()))),
            "about_url": "/shop" if is_chinese(lang) else "/shop?lang=en",
            "other_lang": other,
            "other_lang_url": other_url,
        }
        for status, cards in parts.items():
            values[f"{status}_count"] = str(len(cards))
            values[f"{status}_rooms"] = Raw("".join(cards))
        return self._home.prepare(values).finish({})

    def _room_card(self, room: Room, shop: Shop, lang: str) -> str:
        viewers = self._hub.viewers(room.id)
        shown = room.status == "live" and viewers >= VIEWERS_SHOWN_FROM
        at = _told_time(room, shop)
        zh = is_chinese(lang)
        return self._card.fill(
            {
                "url": f"/r/{room.id}" + ("" if zh else "?lang=en"),
                "status": room.status,
                "picture": f"/live/{room.id}/poster.jpg"
                if room.status != "upcoming"
                else f"/r/{room.id}/host.jpg",
                "title": room.title if zh or not room.title_en else room.title_en,
                "host": room.host_name if zh or not room.host_name_en else room.host_name_en,
                "status_word": self._words.say(lang, f"room.{room.status}"),
                "viewers_text": self._words.say(lang, "room.watching", n=count_text(viewers, lang))
                if shown
                else "",
                "at_iso": at.isoformat() if at else "",
                "at_text": date_text(at, lang) if at else "",
                # A show that is over is told by its day; nobody has to be there in time.
                "at_zone": zone_text(at, lang) if at and room.status == "upcoming" else "",
            }
        )


def _told_time(room: Room, shop: Shop) -> datetime | None:
    """When it starts or ended, in the shop's zone."""
    at = {"upcoming": room.scheduled_at, "ended": room.ended_at}.get(room.status)
    return None if at is None else at.astimezone(ZoneInfo(shop.time_zone))


def _links(kind: str, urls: tuple[str, ...]) -> Raw:
    return Raw("".join(f'<link rel="{kind}" href="{url}">' for url in urls))
