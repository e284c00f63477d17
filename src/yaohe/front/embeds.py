"""`/embed/{room}`: the room inside a page of another site, and what that page brought.

It stands only in pages of the sites that staff named with their app keys of live mode; browsers see
to that (`frame-ancestors`). The document is the same for everybody. Who watches is known by a
cookie of the frame's own (CHIPS) or, where there is none, by a *frame token* that the page keeps:
both come with the first call of its script, which also says which site it stands in and whose
share the embed code was. Where the shop asks before it remembers anybody, nobody is remembered in
a frame: they watch, and take part in the shop.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
import structlog
from msgspec import Meta

from yaohe.front.assets import Assets, csp_hash
from yaohe.front.document import Raw, Template, escape
from yaohe.front.edge import HotRoute
from yaohe.front.gate import Gate
from yaohe.front.home import HomePage, security
from yaohe.front.made import Made
from yaohe.front.pages import LATE, NOBODY, Pages
from yaohe.front.request import Header, Request, answer, fields_of
from yaohe.front.snapshots import Snapshots
from yaohe.front.templates import read_template
from yaohe.front.view import Snapshot, document_values
from yaohe.front.words import Words
from yaohe.identity import Identity, Visitor
from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Unknown
from yaohe.kernel.errors import BadInput, Busy, TryAgain
from yaohe.kernel.limits import Limit
from yaohe.live.privacy import InvitationOver
from yaohe.live.rooms import RoomNotFound
from yaohe.sharing import Fetch, Share, Sharing, environment
from yaohe.sharing.landings import NAME_CHARS_MAX, source_of

PREFIX: Final = "/embed/"
KEPT: Final = 256

Sites = Callable[[], Awaitable[frozenset[str]]]
Text = Annotated[str, Meta(max_length=512)]
log = structlog.get_logger(__name__)


class EmbeddedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """POST /api/v1/rooms/{room}/embedded: the frame's page is open. `site` is the origin of the
    page around it, `query` that of the frame's own address."""

    site: Text = ""
    query: Text = ""
    share: Annotated[str, Meta(max_length=64)] | None = None


class EmbeddedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`frame` is the token to send as `X-Yaohe-Frame`, empty where the shop asks before it
    remembers anybody: a frame cannot keep the answer. `site` is empty where it is none of the
    shop's; `mine`: the embed code was made by this visitor."""

    frame: str
    site: str
    share: str | None
    mine: bool


class Embeds:
    """`sites` are those in whose pages a room may stand."""

    def __init__(
        self,
        *,
        assets: Assets,
        words: Words,
        snapshots: Snapshots,
        sharing: Sharing,
        identity: Identity,
        home: HomePage,
        pages: Pages,
        gate: Gate,
        sites: Sites,
        public_url: str,
    ) -> None:
        self._words, self._snapshots, self._sharing = words, snapshots, sharing
        self._identity, self._home, self._pages, self._gate = identity, home, pages, gate
        self._sites, self._public_url = sites, public_url
        self._own_host = urlsplit(public_url).hostname or ""
        entry = assets.entry("app/src/embeds/main.ts")
        self._fixed = {
            "page_style": Raw(assets.text("embed.css")),
            "boot_script": Raw(assets.boot_script),
            "app_script": entry.script,
            "app_styles": " ".join(entry.styles),
        }
        self._hashes = {
            "script": csp_hash(assets.boot_script),
            "style": csp_hash(assets.text("embed.css")),
        }
        self._template = Template(read_template("room.html"), late=LATE)
        self._finished: Made[tuple[str, str, str], bytes] = Made(KEPT)

    async def show(self, request: Request) -> None:
        """The document of the frame."""
        room_id = request.path[len(PREFIX) :]
        framed_by = " ".join(sorted(await self._sites()))
        try:
            if await self._gate.let_in(request, room_id, framed=True):
                return
            moment = await self._snapshots.of(room_id)
        except InvitationOver as over:
            await self._home.by_invitation(request, over, framed_by=framed_by)
            return
        except RoomNotFound:
            await self._home.missing(request, framed_by=framed_by)
            return
        why = await self._gate.refusal(request, room_id)
        if why is not None:
            await self._home.by_invitation(request, why, framed_by=framed_by)
            return
        await answer(request, 200, await self._body(request, moment), self._headers(framed_by))

    def _headers(self, framed_by: str) -> list[Header]:
        return [
            *security(**self._hashes, framed_by=framed_by),
            (b"content-encoding", b"gzip"),
            (b"cache-control", b"private, no-store"),
            (b"vary", b"cookie, accept-language, user-agent"),
        ]

    async def _body(self, request: Request, moment: Snapshot) -> bytes:
        env, lang = environment(request.user_agent, None).value, request.lang
        ticket = await self._gate.ticket(request, moment.room_id)
        key = (moment.room_id, lang, env)
        kept = self._finished.get(key, moment)
        if ticket is None and kept is not None:
            return kept
        values = {
            **document_values(
                moment, self._pages.allowance(moment, env), self._words, lang, ticket
            ),
            **self._fixed,
            "preview_tags": self._tags(moment),
        }
        body = self._template.prepare(values).finish(NOBODY)
        return body if ticket is not None else self._finished.keep(key, moment, body)

    def _tags(self, moment: Snapshot) -> Raw:
        """Search engines find the room itself, and what is left by a link opens beside the page."""
        room = escape(f"{self._public_url}/r/{moment.room_id}")
        return Raw(
            f'<meta name="robots" content="noindex">\n<link rel="canonical" href="{room}">\n'
            '<base target="_blank">'
        )

    async def opened(self, request: Request, room_id: str, wish: EmbeddedRequest) -> EmbeddedAnswer:
        """The frame's page is on screen: who it is, and where they came from."""
        await self._snapshots.of(room_id)  # a room that is not there is not watched
        site = wish.site if wish.site in await self._sites() else ""
        share = await self._share_of(room_id, wish.share)
        visitor = None if request.is_unnamed else self._visitor(request)
        if not self._sharing.is_program(request.user_agent):
            if share is not None:
                await self._hit(request, share, site, visitor.id if visitor else "")
            elif visitor is not None:
                self._land(room_id, visitor.id, site, wish.query)
        return EmbeddedAnswer(
            frame="" if visitor is None else self._identity.frame_token(visitor),
            site=site,
            share=None if share is None else share.token,
            mine=share is not None and visitor is not None and share.sharer_id == visitor.id,
        )

    def _visitor(self, request: Request) -> Visitor:
        """Who watches; somebody new gets the frame's own cookie."""
        known = request.known_visitor
        if known is not None:
            return known
        visitor = self._identity.new_visitor()
        request.cookie = self._identity.visitor_cookie(visitor, framed=True)
        return visitor

    async def _share_of(self, room_id: str, token: str | None) -> Share | None:
        """The share whose embed code this is; one of another room led nobody here."""
        share = None if token is None else await self._sharing.share(token)
        if share is None or share.room_id != room_id or self._sharing.link_closed(share):
            return None
        return share

    async def _hit(self, request: Request, share: Share, site: str, visitor_id: str) -> None:
        """The frame was fetched. It becomes a click only when somebody touches what is in it."""
        fetch = Fetch(
            method="GET",
            user_agent=request.user_agent,
            address="" if request.is_unnamed else request.address,
            referer=site,
            headers=request.headers,
        )
        hit = self._sharing.hit(fetch, token=share.token, share=share, visitor_id=visitor_id)
        try:
            await self._sharing.record_hit(hit)
        except TryAgain:
            log.error("hit_not_kept", token=share.token)

    def _land(self, room_id: str, visitor_id: str, site: str, query: str) -> None:
        """The class of what the frame's own address says, else of the site; named by the site."""
        way = source_of(fields_of(query.removeprefix("?")), site, own_host=self._own_host)
        if way is not None:
            host = urlsplit(site).netloc[:NAME_CHARS_MAX]
            self._sharing.land(room_id, visitor_id, way[0], host or way[1])

    def route(self, clock: Clock) -> HotRoute:
        return HotRoute(
            method="POST",
            path="/api/v1/rooms/{room_id}/embedded",
            body=EmbeddedRequest,
            answer=EmbeddedAnswer,
            status=200,
            verb=self.opened,
            errors=(RoomNotFound, BadInput, Busy, TryAgain, Unknown),
            summary="An embedded room is on screen: who watches, and in whose page",
            limit=Limit(clock, burst=30, per_second=0.5),
        )
