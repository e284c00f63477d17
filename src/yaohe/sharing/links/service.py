"""`Links`: what staff do with links. Opening one is the way of every share (`sharing.shares`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final

import msgspec
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from yaohe.identity import SHOP_ID, Staff, audit
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.ids import new_id, new_token
from yaohe.platforms import takes
from yaohe.sharing.errors import ChannelRefused
from yaohe.sharing.links import store
from yaohe.sharing.links.errors import (
    LinkNotFound,
    LinksFull,
    SiteNotAllowed,
    SlugTaken,
    TargetMissing,
)
from yaohe.sharing.links.model import (
    AT_ONCE_MAX,
    LINKS_MAX,
    SITES_MAX,
    Link,
    NewLink,
    TagCount,
    clean_site,
    site_of,
)

SHARER_PREFIX: Final = "lnk"
READ_AT_ONCE: Final = 1_000

# Whether a room sells all of these products; None where there is no such room.
Sells = Callable[[str, Collection[str]], Awaitable[bool | None]]


class LinkPage(msgspec.Struct, frozen=True, kw_only=True):
    """`total` is how many links there are for what was asked."""

    items: list[Link]
    total: int
    tags: list[TagCount]


class Links:
    """`forget` is told by which names changed links were known; None: any link."""

    def __init__(
        self,
        db: Database,
        *,
        sells: Sells,
        forget: Callable[[Collection[str] | None], None],
        shop_id: str = SHOP_ID,
    ) -> None:
        self._db, self._sells, self._forget, self._shop_id = db, sells, forget, shop_id

    async def page(
        self, *, words: str = "", tag: str = "", limit: int = 50, offset: int = 0
    ) -> LinkPage:
        """The newest links, and all tags there are."""
        async with self._db.connect() as conn:
            items, total = await store.page(
                conn, self._shop_id, words=words, tag=tag, limit=limit, offset=offset
            )
            return LinkPage(items=items, total=total, tags=await store.tags(conn, self._shop_id))

    async def every(self) -> list[Link]:
        """All of them."""
        items: list[Link] = []
        while True:
            async with self._db.connect() as conn:
                last = items[-1] if items else None
                found = await store.after(conn, self._shop_id, last, limit=READ_AT_ONCE)
            items += found
            if len(found) < READ_AT_ONCE:
                return items

    async def one(self, token: str) -> Link:
        async with self._db.connect() as conn:
            found = await store.some(conn, self._shop_id, [token])
        if token not in found:
            raise LinkNotFound
        return found[token]

    async def create(self, wishes: Sequence[NewLink], *, by: Staff) -> list[Link]:
        """Make these links, or none; an error names the line where there are many."""
        if not 1 <= len(wishes) <= AT_ONCE_MAX:
            raise BadInput(f"1 to {AT_ONCE_MAX} links at once.", field="links")
        links = [_cleaned(nth, len(wishes), wish) for nth, wish in enumerate(wishes)]
        await self._check_rooms(links)
        asked = [(new_token(), new_id(SHARER_PREFIX), link) for link in links]
        async with self._db.begin() as tx:
            await self._check_kept(tx.conn, links)
            if await store.count_locked(tx.conn, self._shop_id) + len(links) > LINKS_MAX:
                raise LinksFull
            made = await store.create(tx.conn, asked, shop_id=self._shop_id, staff_id=by.id)
            for nth, (token, _, link) in enumerate(asked):
                if token not in made:
                    raise _told(
                        nth, len(asked), SlugTaken(f"{link.slug!r} is taken.", field="slug")
                    )
            subject = asked[0][0] if len(asked) == 1 else f"{len(asked)} links"
            await audit(tx, staff=by, action="link.create", subject=subject)
            found = await store.some(tx.conn, self._shop_id, list(made))
        self._forget([link.slug for link in links])
        return [found[token] for token, _, _ in asked]

    async def change(self, token: str, wish: NewLink, *, by: Staff) -> Link:
        """Make a link what `wish` says; what it brought stays."""
        link = wish.cleaned()
        await self._check_rooms([link])
        try:
            async with self._db.begin() as tx:
                slug = await store.lock(tx.conn, token, self._shop_id)
                if slug is None:
                    raise LinkNotFound
                await self._check_kept(tx.conn, [link])
                if link.slug and await store.is_taken(tx.conn, link.slug, token):
                    raise SlugTaken(field="slug")
                await store.change(tx.conn, token, link)
                await audit(tx, staff=by, action="link.change", subject=token)
        except IntegrityError:  # somebody else took the name in this moment
            raise SlugTaken(field="slug") from None
        self._forget([token, slug, link.slug])
        return await self.one(token)

    # ── sites ────────────────────────────────────────────────────────────────────────────────

    async def sites(self) -> list[str]:
        """Where links of the shop may lead outside."""
        async with self._db.connect() as conn:
            return await store.sites(conn, self._shop_id)

    async def set_sites(self, sites: Sequence[str], *, by: Staff) -> list[str]:
        """Exactly these; a link to a site that is gone opens nothing until it is back."""
        wanted = sorted({clean_site(site) for site in sites})
        if len(wanted) > SITES_MAX:
            raise BadInput(f"The list takes {SITES_MAX} sites at most.", field="sites")
        async with self._db.begin() as tx:
            await store.set_sites(tx.conn, self._shop_id, wanted)
            await audit(tx, staff=by, action="link.sites", subject=self._shop_id)
        self._forget(None)
        return wanted

    # ── what a link must meet ────────────────────────────────────────────────────────────────

    async def _check_rooms(self, links: Sequence[NewLink]) -> None:
        rooms: dict[str, set[str]] = {}
        for link in links:
            if link.room:
                rooms.setdefault(link.room, set()).update(filter(None, [link.product]))
        for room, products in rooms.items():
            sells = await self._sells(room, products)
            if not sells:
                field = "room" if sells is None else "product"
                raise TargetMissing(f"There is no such {field}: {room[:40]!r}.", field=field)

    async def _check_kept(self, conn: AsyncConnection, links: Sequence[NewLink]) -> None:
        """Clips and sites that must be there, in the transaction that relies on them."""
        allowed = set(await store.sites(conn, self._shop_id))
        tokens = [link.clip for link in links if link.clip]
        clips = await store.clips(conn, self._shop_id, tokens) if tokens else set()
        for nth, link in enumerate(links):
            content = "clip" if link.clip else "card"
            wrong: AppError | None = None
            if link.url and site_of(link.url) not in allowed:
                wrong = SiteNotAllowed(field="url")
            elif link.clip and link.clip not in clips:
                wrong = TargetMissing("This share has no clip.", field="clip")
            elif not takes(link.channel, content):
                wrong = ChannelRefused(field="channel")
            if wrong is not None:
                raise _told(nth, len(links), wrong)


def _cleaned(nth: int, count: int, wish: NewLink) -> NewLink:
    try:
        return wish.cleaned()
    except AppError as error:
        raise _told(nth, count, error) from None


def _told(nth: int, count: int, error: AppError) -> AppError:
    """The same refusal, with the number of the link it is about where there are many."""
    if count == 1:
        return error
    return type(error)(f"Link {nth + 1}: {error.text}", field=error.field)
