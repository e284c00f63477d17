"""`/oembed`: how a room or a share is put into a page of another site (oembed.com, 1.0).

A consumer gives the address of a page of ours and gets the frame that shows it. The frame stands
only in the sites that staff named (`embeds.py`); elsewhere a consumer shows title and picture.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape as xml_escape

import msgspec

from yaohe.front.gate import Gate
from yaohe.front.request import Request, answer
from yaohe.front.snapshots import Snapshots
from yaohe.front.view import Snapshot
from yaohe.kernel.errors import AppError, BadInput, NotFound
from yaohe.kernel.wire import WHOLE
from yaohe.live.rooms import RoomNotFound
from yaohe.outside import is_outside
from yaohe.sharing import Sharing

PATH: Final = "/oembed"
URL_CHARS_MAX: Final = 500
CACHE_S: Final = 300
LEAST: Final = (320, 180)
LANDSCAPE: Final = (640, 360)
PORTRAIT: Final = (360, 640)
THUMBNAIL: Final = (1200, 630)
ALLOW: Final = "autoplay; fullscreen; picture-in-picture; clipboard-write; web-share"
_ADDRESS: Final = re.compile(r"/(?P<kind>r|embed|s)/(?P<name>[A-Za-z0-9_-]{1,64})\Z")
_NOT_IN_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SIZE: Final = re.compile(r"[0-9]{1,5}\Z")


class FormatUnknown(AppError):
    code = "format_unknown"
    status = 501
    message = "Ask for format=json or format=xml."


class NotEmbeddable(NotFound):
    message = "There is no room or share of this shop at this address."


@dataclass(frozen=True, slots=True)
class Asked:
    """A page of ours, taken out of its address."""

    kind: str  # r | embed | s
    name: str


def page_in(url: str, *, public_url: str) -> Asked:
    """Which page of this shop an address is; raises `NotEmbeddable` for every other address."""
    if len(url) > URL_CHARS_MAX or not url.isascii() or not url.isprintable():
        raise NotEmbeddable
    try:
        asked, own = urlsplit(url), urlsplit(public_url)
    except ValueError:
        raise NotEmbeddable from None
    found = _ADDRESS.match(asked.path)
    is_own = asked.scheme in {"http", "https"} and asked.netloc.lower() == own.netloc.lower()
    if found is None or not is_own:
        raise NotEmbeddable
    return Asked(found["kind"], found["name"])


def fitted(
    natural: tuple[int, int], *, width_max: int | None, height_max: int | None
) -> tuple[int, int]:
    """The natural size, made smaller in its shape; never smaller than can be used."""
    width, height = natural
    scale = min(1.0, (width_max or width) / width, (height_max or height) / height)
    return max(LEAST[0], round(width * scale)), max(LEAST[1], round(height * scale))


def iframe(address: str, title: str, width: int, height: int) -> str:
    """The embed code."""
    return (
        f'<iframe src="{escape(address)}" width="{width}" height="{height}" '
        f'title="{escape(title)}" style="border:0" loading="lazy" allow="{ALLOW}"></iframe>'
    )


def _size(query: dict[str, str], field: str) -> int | None:
    text = query.get(field)
    if text is None:
        return None
    if not _SIZE.match(text) or int(text) < 1:
        raise BadInput(f"{field} is a number of pixels.", field=field)
    return int(text)


def as_xml(told: dict[str, Any]) -> bytes:
    """The answer as XML 1.0; what that cannot hold (its §2.2) is left out."""
    kept = {name: _NOT_IN_XML.sub("", str(one)) for name, one in told.items()}
    fields = "".join(f"<{name}>{xml_escape(one)}</{name}>" for name, one in kept.items())
    head = '<?xml version="1.0" encoding="utf-8" standalone="yes"?>'
    return f"{head}<oembed>{fields}</oembed>".encode()


class Oembed:
    def __init__(
        self, *, snapshots: Snapshots, sharing: Sharing, gate: Gate, public_url: str
    ) -> None:
        self._snapshots, self._sharing, self._gate = snapshots, sharing, gate
        self._public_url = public_url

    async def show(self, request: Request) -> None:
        query = request.query if request.scope["query_string"] else {}
        kind = query.get("format", "json")
        if kind not in {"json", "xml"}:
            raise FormatUnknown
        limits = _size(query, "maxwidth"), _size(query, "maxheight")
        if "url" not in query:
            raise BadInput("Give the address of a page of this shop.", field="url")
        asked = page_in(query["url"], public_url=self._public_url)
        told = await self._told(request, asked, limits)
        body = as_xml(told) if kind == "xml" else msgspec.json.encode(told)
        kept = f"public, max-age={CACHE_S}".encode()
        if self._gate.is_private(await self._room_of(asked)):
            kept = b"private, no-store"
        request.scope.get("extensions", {}).pop(WHOLE, None)
        content = b"text/xml; charset=utf-8" if kind == "xml" else b"application/json"
        headers = [
            (b"content-type", content),
            (b"cache-control", kept),
            (b"vary", b"accept-language"),
            (b"access-control-allow-origin", b"*"),
            (b"x-content-type-options", b"nosniff"),
        ]
        await answer(request, 200, body, headers)

    async def _room_of(self, asked: Asked) -> str:
        if asked.kind != "s":
            return asked.name
        share = await self._sharing.share(asked.name)
        leads_away = share is not None and share.link is not None and share.link.url
        if share is None or leads_away or self._sharing.link_closed(share):
            raise NotEmbeddable
        if is_outside(share.room_id):
            raise NotEmbeddable
        return share.room_id

    async def _told(
        self, request: Request, asked: Asked, limits: tuple[int | None, int | None]
    ) -> dict[str, Any]:
        room_id = await self._room_of(asked)
        try:
            moment = await self._snapshots.of(room_id)
        except RoomNotFound:
            raise NotEmbeddable from None
        await self._gate.require(request, room_id)
        token = asked.name if asked.kind == "s" else None
        return self._answer(moment, request.lang, token, limits)

    def _answer(
        self,
        moment: Snapshot,
        lang: str,
        token: str | None,
        limits: tuple[int | None, int | None],
    ) -> dict[str, Any]:
        portrait = moment.picture is not None and moment.portrait
        width, height = fitted(
            PORTRAIT if portrait else LANDSCAPE, width_max=limits[0], height_max=limits[1]
        )
        room = f"{self._public_url}/r/{moment.room_id}"
        page = room if token is None else self._sharing.share_url(token)
        fields = {"s": token} if token else {}
        frame = f"{self._public_url}/embed/{moment.room_id}"
        if fields:
            frame += f"?{urlencode(fields)}"
        title = moment.title_in(lang)
        plays = moment.status == "live" or moment.has_replay
        return {
            "version": "1.0",
            "type": "video" if plays else "rich",
            "title": title,
            "author_name": moment.host_in(lang),
            "author_url": room,
            "provider_name": moment.shop_in(lang),
            "provider_url": self._public_url,
            "cache_age": CACHE_S,
            **self._thumbnail(page, limits),
            "html": iframe(frame, title, width, height),
            "width": width,
            "height": height,
        }

    @staticmethod
    def _thumbnail(page: str, limits: tuple[int | None, int | None]) -> dict[str, Any]:
        """The card, unless it is larger than was asked for: then none may be told."""
        if (limits[0] or THUMBNAIL[0]) < THUMBNAIL[0] or (limits[1] or THUMBNAIL[1]) < THUMBNAIL[1]:
            return {}
        return {
            "thumbnail_url": f"{page}/card.jpg",
            "thumbnail_width": THUMBNAIL[0],
            "thumbnail_height": THUMBNAIL[1],
        }
