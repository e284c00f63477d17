"""Which page answers which address. What is not here goes to the application behind."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from yaohe.front.assets import Assets
from yaohe.front.clips import ClipDoor
from yaohe.front.edge import Page
from yaohe.front.embeds import PREFIX as EMBED
from yaohe.front.embeds import Embeds
from yaohe.front.home import HomePage
from yaohe.front.images import NAMES, Images
from yaohe.front.media import MediaDoor
from yaohe.front.oembed import PATH as OEMBED
from yaohe.front.oembed import Oembed
from yaohe.front.pages import Pages
from yaohe.front.request import Request, answer
from yaohe.front.rewind import RewindDoor
from yaohe.front.selftest import SelftestPage
from yaohe.front.shop import ShopDocument


@dataclass(frozen=True, slots=True)
class Described:
    """A page or medium for the OpenAPI document: what a GET of `path` answers, by status."""

    path: str
    summary: str
    content_type: str
    answers: tuple[tuple[int, str], ...] = ((200, "The document"),)


_PAGE = ((200, "The document"), (404, "A document that says so"))
_PICTURE = ((200, "The picture"), (304, "Unchanged"), (404, "No picture"), (503, "Try again"))
_PLAYLIST = "application/vnd.apple.mpegurl"
_MEDIA = ((200, "Media"), (404, "Nobody is publishing, or no longer held"))
_LISTS = (*_MEDIA, (400, "`hls_query`"), (503, "`playlist_late`"))
DESCRIBED: Final = (
    Described("/", "Rooms for people", "text/html"),
    Described("/shop", "Who sells, and what holds", "text/html"),
    Described("/r/{room_id}", "A room", "text/html", _PAGE),
    Described("/embed/{room_id}", "The room inside a page of another site", "text/html", _PAGE),
    Described(
        "/oembed",
        "How a page of the shop is embedded (oembed.com)",
        "application/json",
        (
            (200, "The answer, as `format` json or xml"),
            (401, "`invitation_needed`"),
            (404, "`not_found`"),
            (422, "`bad_input`"),
            (501, "`format_unknown`"),
        ),
    ),
    Described("/s/{token}", "A share: the room, with who invited", "text/html", _PAGE),
    Described("/s/{token}/{picture}", "Its card or poster", "image/jpeg", _PICTURE),
    Described("/r/{room_id}/{picture}", "The same without a sharer; host", "image/jpeg", _PICTURE),
    Described("/media/products/{key}", "A product's picture", "image/jpeg", _PICTURE),
    Described("/live/{room_id}/poster.jpg", "The latest keyframe", "image/jpeg", _PICTURE),
    Described("/live/{room_id}/stream.mp4", "fMP4 from the last keyframe on", "video/mp4", _MEDIA),
    Described("/live/{room_id}/index.m3u8", "HLS with low latency", _PLAYLIST, _LISTS),
    Described("/live/{room_id}/cdn.m3u8", "The same without, for a CDN", _PLAYLIST, _LISTS),
    Described("/live/{room_id}/audio.m3u8", "HLS of the sound alone", _PLAYLIST, _LISTS),
    Described("/live/{room_id}/master.m3u8", "All rungs, to choose from", _PLAYLIST, _LISTS),
    Described("/live/{room_id}/cdn-master.m3u8", "The same for a CDN", _PLAYLIST, _LISTS),
    Described("/live/{room_id}/{rung}p-index.m3u8", "HLS of a lower rung", _PLAYLIST, _LISTS),
    Described("/live/{room_id}/{rung}p-cdn.m3u8", "The same for a CDN", _PLAYLIST, _LISTS),
    Described("/live/{room_id}/rungs.json", "The rungs of a show", "application/json"),
    Described("/live/{room_id}/init-{epoch}.mp4", "HLS init segment", "video/mp4", _MEDIA),
    Described("/live/{room_id}/seg-{epoch}-{number}.m4s", "HLS segment", "video/mp4", _MEDIA),
    Described("/live/{room_id}/part-{epoch}-{offset}.m4s", "HLS part", "video/mp4", _MEDIA),
    Described("/live/{room_id}/rewind.m3u8", "What was, up to now", _PLAYLIST, _MEDIA),
    Described("/live/{room_id}/reel-{show}-{number}.m4s", "A piece of it", "video/mp4", _MEDIA),
    Described("/live/{room_id}/reel-{show}-{number}.jpg", "Its face", "image/jpeg", _PICTURE),
    Described("/live/{room_id}/reel-{show}-init-{epoch}.mp4", "Init", "video/mp4", _MEDIA),
    Described(
        "/live/{room_id}/ws",
        "The stream over WebSocket: a JSON text frame, the init, then fragments",
        "video/mp4",
        ((101, "WebSocket"), (403, "`wrong_origin`"), (404, "`not_live`")),
    ),
    Described(
        "/rt",
        "Realtime: Centrifugo's client protocol (JSON) over WebSocket",
        "application/json",
        ((101, "WebSocket"), (403, "`wrong_origin`")),
    ),
    Described("/s/{token}/clip.mp4", "The clip of a share, whole or in ranges", "video/mp4"),
    Described("/studio", "The studio", "text/html"),
    Described("/selftest", "What this browser can do", "text/html"),
    Described("/docs", "This document for readers", "text/html"),
    Described("/api/v1/openapi.json", "This document", "application/json"),
)


class Site:
    def __init__(
        self,
        *,
        pages: Pages,
        embeds: Embeds,
        oembed: Oembed,
        home: HomePage,
        shop: ShopDocument,
        images: Images,
        clips: ClipDoor,
        media: MediaDoor,
        rewind: RewindDoor,
        assets: Assets,
        openapi: Callable[[], dict[str, Any]],
        wechat_codes: Collection[str] = (),
    ) -> None:
        self._pages, self._home, self._images = pages, home, images
        self._embeds = embeds
        self._media, self._rewind, self._clips = media, rewind, clips
        self._assets, self._openapi = assets, openapi
        self._document: bytes | None = None
        self._exact: dict[str, Page] = {
            "/": home.show,
            "/shop": shop.show,
            "/studio": home.studio,
            "/docs": home.docs,
            OEMBED: oembed.show,
            "/selftest": SelftestPage(assets).show,
            "/api/v1/openapi.json": self._api,
            "/favicon.ico": self._icon,
        }
        for code in wechat_codes:
            self._exact[f"/MP_verify_{code}.txt"] = _proof(code)

    def find(self, _method: str, path: str) -> Page | None:
        """The page for a GET or HEAD of `path`; None for the application behind."""
        exact = self._exact.get(path)
        if exact is not None:
            return exact
        start = path[:3]
        if start in {"/s/", "/r/"}:
            return self._room_page(path, shared=start == "/s/")
        if path.startswith("/assets/"):
            return self._asset
        if path.startswith("/live/"):
            return self._medium(path.rpartition("/")[2])
        if path.startswith(EMBED):
            return self._embeds.show if "/" not in path[len(EMBED) :] else self._home.missing
        if path.startswith("/media/products/"):
            return self._images.product
        if path.startswith("/studio/"):
            return self._home.studio
        return None

    def _medium(self, name: str) -> Page:
        if name == "poster.jpg":
            return self._images.poster
        recorded = name == "rewind.m3u8" or name.startswith("reel-")
        return self._rewind.document if recorded else self._media.document

    def _room_page(self, path: str, *, shared: bool) -> Page:
        rest = path[3:]
        if "/" not in rest:
            return self._pages.landing if shared else self._pages.room
        _, _, name = rest.partition("/")
        if shared and name == "clip.mp4":
            return self._clips.show
        if name in NAMES and not (shared and name == "host.jpg"):
            return self._images.share_image if shared else self._images.room_image
        return self._home.missing

    async def _asset(self, request: Request) -> None:
        asset = self._assets.get(request.path[len("/assets/") :])
        if asset is None:
            await self._home.missing(request)
            return
        headers = [
            (b"content-type", asset.content_type),
            (b"cache-control", asset.cache_control),
            (b"etag", asset.etag),
            (b"x-content-type-options", b"nosniff"),
        ]
        if request.path.startswith("/assets/sdk/"):
            # Pages of other sites load these, and check their integrity.
            headers.append((b"access-control-allow-origin", b"*"))
            headers.append((b"cross-origin-resource-policy", b"cross-origin"))
        if request.headers.get(b"if-none-match") == asset.etag:
            await answer(request, 304, b"", headers)
        elif asset.packed is not None and b"gzip" in request.headers.get(b"accept-encoding", b""):
            headers += [(b"content-encoding", b"gzip"), (b"vary", b"accept-encoding")]
            await answer(request, 200, asset.packed, headers)
        else:
            await answer(request, 200, asset.body, headers)

    async def _icon(self, request: Request) -> None:
        await answer(request, 308, b"", [(b"location", b"/assets/mark.svg")])

    async def _api(self, request: Request) -> None:
        if self._document is None:
            self._document = msgspec.json.encode(self._openapi())
        await answer(request, 200, self._document, [(b"content-type", b"application/json")])


def _proof(code: str) -> Page:
    """The file by which WeChat knows that a domain is the shop's: it holds its own code."""

    async def show(request: Request) -> None:
        await answer(request, 200, code.encode(), [(b"content-type", b"text/plain")])

    return show
