"""The documents: `/`, `/r/{room}`, `/s/{token}`, `/studio`.

`/s/{token}` is the landing page itself, answered with 200 to people and crawlers alike; the hit is
in the database before the answer leaves. A page is the same bytes for everybody who asks for the
same share in the same language and kind of browser, so the visitor is only in the cookie.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import structlog
from msgspec import structs

from yaohe.campaigns import Campaigns
from yaohe.front.assets import Assets, csp_hash
from yaohe.front.document import Prepared, Raw, Template, json_for_script, mark
from yaohe.front.gate import Gate
from yaohe.front.home import HomePage, security
from yaohe.front.landings import Landings
from yaohe.front.made import Made
from yaohe.front.oembed import PATH as OEMBED
from yaohe.front.request import Request, answer
from yaohe.front.snapshots import Snapshots
from yaohe.front.templates import read_template
from yaohe.front.view import Allowance, Snapshot, document_values, preview_tags
from yaohe.front.words import Words
from yaohe.identity import friendly_name
from yaohe.kernel.errors import TryAgain
from yaohe.kernel.wire import Fields
from yaohe.live.privacy import InvitationOver, Ticket
from yaohe.live.rooms import RoomNotFound
from yaohe.outside import Outside, is_outside
from yaohe.platforms.wechat import Wechat
from yaohe.sharing import Fetch, Share, Sharing, environment
from yaohe.sharing.links import LinkTerms, way_out

LATE: Final = frozenset(
    {"preview_tags", "share_url", "invited", "sharer", "note", "bought", "share_json"}
)
PAGES_KEPT: Final = 2_048
WECHAT: Final = "wechat"  # what the names of its environments begin with
NOBODY: Final = {
    "share_url": "",
    "invited": "",
    "sharer": "",
    "note": "",
    "bought": "",
    "share_json": Raw("null"),
}

log = structlog.get_logger(__name__)

# What may change about a share while its room stays the same.
Told = tuple[str, str, bool, str | None, datetime | None, str | None]
OfWhom = tuple[str, bool, Told] | None  # a share, whether it is the reader's own, what it says
ShareKind = tuple[bool, bool, bool]  # is there a share, is it somebody's, has it a clip


class Pages:
    def __init__(
        self,
        *,
        assets: Assets,
        words: Words,
        snapshots: Snapshots,
        sharing: Sharing,
        campaigns: Campaigns,
        home: HomePage,
        outside: Outside,
        gate: Gate,
        landings: Landings,
        public_url: str,
        wechat: Wechat,
        ask_consent: bool = False,
    ) -> None:
        self._ask_consent = ask_consent
        self._outside = outside
        self._wechat = wechat
        self._words, self._snapshots, self._sharing = words, snapshots, sharing
        self._campaigns, self._home, self._public_url = campaigns, home, public_url
        self._gate, self._landings = gate, landings
        entry = assets.entry("app/src/rooms/main.ts")
        self._fixed = {
            "page_style": Raw(assets.page_style),
            "boot_script": Raw(assets.boot_script),
            "app_script": entry.script,
            "app_styles": " ".join(entry.styles),
        }
        self._room = Template(read_template("room.html"), late=LATE)
        self._prepared: Made[tuple[str, str, str, ShareKind], Prepared] = Made(PAGES_KEPT)
        self._finished: Made[tuple[str, OfWhom, str, str], bytes] = Made(PAGES_KEPT)
        self._headers = _headers(assets)
        self._wechat_headers = _headers(assets, more_scripts=wechat.sdk_origin)

    async def landing(self, request: Request) -> None:
        """`/s/{token}`: the hit, then the room with who invited."""
        token = request.path[3:]
        share = await self._sharing.share(token)
        fetch = Fetch(
            method=request.scope["method"],
            user_agent=request.user_agent,
            address="" if request.is_unnamed else request.address,
            referer=request.header(b"referer"),
            headers=request.headers,
            query=request.query if request.scope["query_string"] else None,
        )
        known = request.known_visitor_id
        hit = self._sharing.hit(
            fetch, token=share.token if share else token, share=share, visitor_id=known or ""
        )
        if known is None and not hit.is_bot and not request.is_unnamed:
            hit = structs.replace(hit, visitor_id=request.visitor.id)
        # A buyer whom the cashier sends back was here before; that is no second opening.
        if known is None or fetch.query is None or "order" not in fetch.query:
            try:
                await self._sharing.record_hit(hit)
            except TryAgain:
                # The page is worth more than the count; the log tells what was not kept.
                log.error("hit_not_kept", token=token)
        if share is None:
            await self._home.missing(request)
            return
        if share.link is not None and await self._is_link_answered(request, share, share.link):
            return
        if is_outside(share.room_id):
            await self._leave(request, share, visitor_id=None if hit.is_bot else request.visitor.id)
            return
        mine = known == share.sharer_id
        await self._show(request, share.room_id, share=share, mine=mine)

    async def _leave(self, request: Request, share: Share, *, visitor_id: str | None) -> None:
        """A share of a room on somebody else's site leads there, with a click id."""
        way = await self._outside.way_out(share, visitor_id=visitor_id or None)
        if way is None:
            await self._home.missing(request)
            return
        await _go(request, way)

    async def _is_link_answered(self, request: Request, share: Share, terms: LinkTerms) -> bool:
        """Whether a link of staff ends here: it is over, or it leads to a site of their list."""
        closed = self._sharing.link_closed(share)
        if closed is not None:
            await self._home.link_closed(request, closed)
        elif terms.url:
            await _go(request, way_out(share, terms))
        return closed is not None or bool(terms.url)

    async def room(self, request: Request) -> None:
        """`/r/{room}`: the room without an invitation."""
        visitor = request.visitor  # a person gets a cookie with their first page
        room_id = request.path[3:]
        try:
            if await self._gate.let_in(request, room_id):
                return
        except InvitationOver as over:
            await self._home.by_invitation(request, over)
            return
        shown = await self._show(request, room_id, share=None, mine=False)
        if shown and not request.is_unnamed:
            self._landings.page(request, room_id, visitor.id)

    async def _show(
        self, request: Request, room_id: str, *, share: Share | None, mine: bool
    ) -> bool:
        """Show the room, or what is shown instead of one; whether it is there."""
        try:
            moment = await self._snapshots.of(room_id)
        except RoomNotFound:
            await self._home.missing(request)
            return False
        why = await self._gate.refusal(request, room_id)
        if why is not None:
            await self._home.by_invitation(request, why)
            return False
        query = request.query if request.scope["query_string"] else None
        env = environment(request.user_agent, query)
        ticket = await self._gate.ticket(request, room_id)
        if ticket is None:
            body = self._page(moment, share, request.lang, env.value, mine=mine)
        else:
            body = self._ticketed(moment, share, request.lang, env.value, ticket, mine=mine)
        in_wechat = env.startswith(WECHAT)
        await answer(request, 200, body, self._wechat_headers if in_wechat else self._headers)
        return True

    def _ticketed(
        self,
        moment: Snapshot,
        share: Share | None,
        lang: str,
        env: str,
        ticket: Ticket,
        *,
        mine: bool,
    ) -> bytes:
        """The page of a private room: made for one person, and not kept."""
        prepared = self._prepare(moment, lang, env, kind=_kind(share), ticket=ticket)
        return prepared.finish(NOBODY if share is None else self._late(share, lang, mine=mine))

    def _page(
        self, moment: Snapshot, share: Share | None, lang: str, env: str, *, mine: bool
    ) -> bytes:
        of_whom = None if share is None else (share.token, mine, _told(share))
        key = (moment.room_id, of_whom, lang, env)
        kept = self._finished.get(key, moment)
        if kept is not None:
            return kept
        prepared = self._prepared_for(moment, lang, env, _kind(share))
        body = prepared.finish(NOBODY if share is None else self._late(share, lang, mine=mine))
        return self._finished.keep(key, moment, body)

    def _prepared_for(self, moment: Snapshot, lang: str, env: str, kind: ShareKind) -> Prepared:
        key = (moment.room_id, lang, env, kind)
        kept = self._prepared.get(key, moment)
        if kept is not None:
            return kept
        return self._prepared.keep(key, moment, self._prepare(moment, lang, env, kind=kind))

    def _prepare(
        self,
        moment: Snapshot,
        lang: str,
        env: str,
        *,
        kind: ShareKind,
        ticket: Ticket | None = None,
    ) -> Prepared:
        shared, named, has_clip = kind
        url = mark("share_url") if shared else f"{self._public_url}/r/{moment.room_id}"
        values = {
            **document_values(moment, self.allowance(moment, env), self._words, lang, ticket),
            **self._fixed,
            "preview_tags": preview_tags(
                moment,
                self._words,
                lang,
                url=url,
                image=f"{url}/card.jpg",
                sharer=mark("sharer") if named else None,
                video=f"{url}/clip.mp4" if has_clip else None,
                oembed=f"{self._public_url}{OEMBED}",
            ),
        }
        return self._room.prepare(values)

    def allowance(self, moment: Snapshot, env: str) -> Allowance:
        allowed = self._campaigns.allowed(env)
        return Allowance(
            env=env,
            open_coupon=allowed.open_coupon,
            help=allowed.help and moment.sharer_amount_minor is not None,
            sharer_benefit=allowed.sharer_benefit,
            wechat_sdk=self._wechat.sdk_url if env.startswith(WECHAT) else "",
            ask_consent=self._ask_consent,
        )

    def _late(self, share: Share, lang: str, *, mine: bool) -> dict[str, str]:
        """The words of one share. Nobody invites by a link of the shop's own."""
        sharer = ""
        if share.is_named:
            sharer = friendly_name(share.sharer_id, lang, given=share.sharer_name)
        bought = self._words.say(lang, "land.bought") if share.bought and not mine else ""
        told = {
            "token": share.token,
            "sharer": sharer,
            "mine": mine,
            "note": share.note,
            "bought": bought,
            "moment_at": share.moment_at,
            "product": share.product_id,
            "clip": f"/s/{share.token}/clip.mp4" if share.clip_key else None,
        }
        return {
            "share_url": self._sharing.share_url(share.token),
            "invited": "" if mine or not sharer else "1",
            "sharer": sharer,
            "note": "" if mine else share.note,
            "bought": bought,
            "share_json": json_for_script(told),
        }


def _told(share: Share) -> Told:
    return (
        share.sharer_name,
        share.note,
        share.bought,
        share.product_id,
        share.moment_at,
        share.clip_key,
    )


def _kind(share: Share | None) -> ShareKind:
    if share is None:
        return False, False, False
    return True, share.is_named, share.clip_key is not None


async def _go(request: Request, way: str) -> None:
    """On to another site; what it is told of us is where, not by which share."""
    headers = [
        (b"location", way.encode()),
        (b"cache-control", b"private, no-store"),
        (b"referrer-policy", b"origin"),
    ]
    await answer(request, 302, b"", headers)


def _headers(assets: Assets, *, more_scripts: str = "") -> Fields:
    """Those of a room's document; `more_scripts` is an origin its policy lets scripts come from."""
    script = f"{csp_hash(assets.boot_script)} {more_scripts}".rstrip()
    return Fields(
        [
            *security(script=script, style=csp_hash(assets.page_style)),
            (b"content-encoding", b"gzip"),
            (b"cache-control", b"private, no-store"),
            (b"vary", b"cookie, accept-language, user-agent"),
        ]
    )
