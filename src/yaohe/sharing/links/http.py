"""The API of links, for staff who are signed in and their API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Request, Response, get, post, put
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Staff
from yaohe.sharing.errors import ChannelRefused
from yaohe.sharing.links.errors import LINK_ERRORS, LinkNotFound, SheetWrong
from yaohe.sharing.links.model import (
    AT_ONCE_MAX,
    Kind,
    Link,
    LinkCounts,
    LinkSource,
    NewLink,
    State,
    TagCount,
)
from yaohe.sharing.links.service import Links
from yaohe.sharing.links.sheet import BYTES_MAX, read_sheet, write_sheet
from yaohe.sharing.service import Sharing

_MAKE: Final = (*STAFF_ERRORS, *LINK_ERRORS, ChannelRefused)
Words = Annotated[str, QueryParameter(max_length=80)]
Sites = Annotated[list[Annotated[str, Meta(max_length=300)]], Meta(max_length=200)]


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """A link with its address. `state`: paused also where its site left the list."""

    token: str
    slug: str | None
    link: str
    name: str
    kind: Kind
    room: str
    product: str
    clip: str
    url: str
    moment_at: datetime | None
    source: LinkSource
    channel: str
    tags: list[str]
    utm: dict[str, str]
    expires_at: datetime | None
    paused: bool
    state: State
    created_at: datetime
    counts: LinkCounts


class LinkList(msgspec.Struct, frozen=True, kw_only=True):
    items: list[LinkView]
    total: int
    tags: list[TagCount]


class ManyLinks(msgspec.Struct, frozen=True):
    links: Annotated[list[NewLink], Meta(min_length=1, max_length=AT_ONCE_MAX)]


class LinkSites(msgspec.Struct, frozen=True):
    """Where links may lead outside: hosts, without what is below them."""

    sites: Sites


def _view(link: Link, sharing: Sharing) -> LinkView:
    known = {
        name: getattr(link, name) for name in LinkView.__struct_fields__ if hasattr(link, name)
    }
    return LinkView(
        **{
            **known,
            "link": sharing.share_url(link.path_name),
            "paused": link.paused_at is not None,
            "state": link.state(sharing.now()),
        }
    )


class LinkDesk(Controller):
    path = "/api/v1/links"
    tags = ("links",)
    dependencies = STAFF_ONLY

    @get("/", summary="Links and what they brought, the newest first", opt={"errors": STAFF_ERRORS})
    async def page(
        self,
        staff: Given[Staff],
        links: Given[Links],
        sharing: Given[Sharing],
        q: Words = "",
        tag: Words = "",
        limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
        offset: Annotated[int, QueryParameter(ge=0, le=100_000)] = 0,
    ) -> LinkList:
        found = await links.page(words=q.strip(), tag=tag, limit=limit, offset=offset)
        views = [_view(link, sharing) for link in found.items]
        return LinkList(items=views, total=found.total, tags=found.tags)

    @post("/", summary="Make a link", opt={"errors": _MAKE})
    async def make(
        self,
        data: JSONBody[NewLink],
        staff: Given[Staff],
        links: Given[Links],
        sharing: Given[Sharing],
    ) -> LinkView:
        return _view((await links.create([data], by=staff))[0], sharing)

    @post("/bulk", summary="Make many links, all or none of them", opt={"errors": _MAKE})
    async def make_many(
        self,
        data: JSONBody[ManyLinks],
        staff: Given[Staff],
        links: Given[Links],
        sharing: Given[Sharing],
    ) -> LinkList:
        return _made(await links.create(data.links, by=staff), sharing)

    @get("/csv", summary="All links as a table", opt={"errors": STAFF_ERRORS})
    async def sheet(
        self, staff: Given[Staff], links: Given[Links], sharing: Given[Sharing]
    ) -> Response[bytes]:
        body = write_sheet(
            await links.every(), url=lambda one: sharing.share_url(one.path_name), now=sharing.now()
        )
        headers = {
            "Content-Disposition": 'attachment; filename="links.csv"',
            "Cache-Control": "private, no-store",
        }
        return Response(body, media_type="text/csv; charset=utf-8", headers=headers)

    @post(
        "/csv",
        request_max_body_size=BYTES_MAX,
        summary="Make the links of a table, all or none of them",
        opt={"errors": (*_MAKE, SheetWrong), "body": "text/csv"},
    )
    async def read(
        self,
        request: Request[Any, Any, Any],
        staff: Given[Staff],
        links: Given[Links],
        sharing: Given[Sharing],
    ) -> LinkList:
        wishes = read_sheet(await request.body())
        return _made(await links.create(wishes, by=staff), sharing)

    @get("/sites", summary="The sites links may lead to", opt={"errors": STAFF_ERRORS})
    async def sites(self, staff: Given[Staff], links: Given[Links]) -> LinkSites:
        return LinkSites(await links.sites())

    @put(
        "/sites",
        summary="Exactly these sites; links to others open nothing",
        opt={"errors": STAFF_ERRORS},
    )
    async def set_sites(
        self, data: JSONBody[LinkSites], staff: Given[Staff], links: Given[Links]
    ) -> LinkSites:
        return LinkSites(await links.set_sites(data.sites, by=staff))

    @get("/{token:str}", summary="A link", opt={"errors": (*STAFF_ERRORS, LinkNotFound)})
    async def one(
        self,
        token: FromPath[str],
        staff: Given[Staff],
        links: Given[Links],
        sharing: Given[Sharing],
    ) -> LinkView:
        return _view(await links.one(token), sharing)

    @put(
        "/{token:str}",
        summary="Change a link: all of it as it shall be; what it brought stays",
        opt={"errors": (*_MAKE, LinkNotFound)},
    )
    async def change(
        self,
        token: FromPath[str],
        data: JSONBody[NewLink],
        staff: Given[Staff],
        links: Given[Links],
        sharing: Given[Sharing],
    ) -> LinkView:
        return _view(await links.change(token, data, by=staff), sharing)


def _made(links: list[Link], sharing: Sharing) -> LinkList:
    return LinkList(items=[_view(link, sharing) for link in links], total=len(links), tags=[])


controllers = (LinkDesk,)
