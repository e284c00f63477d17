"""A link: a share that staff made for a purpose. Pure rules of its name, class, tags and target.

A link leads into a room, to a product in it, to the clip of a share, or to an address on a site of
the shop's list. A room whose show is over is its replay; `moment_at` says where that begins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from yaohe.kernel.errors import BadInput
from yaohe.kernel.text import clean_text
from yaohe.sharing.links.addresses import clean_rule, clean_url, with_utm
from yaohe.sharing.links.errors import SlugRefused
from yaohe.sharing.shares.model import Share
from yaohe.sharing.shares.terms import Closed, LinkTerms

LinkSource = Literal["share", "promoter", "ad", "recommendation"]
Kind = Literal["room", "product", "clip", "outside"]
State = Closed | Literal["open"]

NAME_CHARS_MAX: Final = 60
TAGS_MAX: Final = 10
TAG_CHARS_MAX: Final = 24
SITES_MAX: Final = 100
LINKS_MAX: Final = 50_000
AT_ONCE_MAX: Final = 500
PORT_MAX: Final = 65_535

_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,38})[a-z0-9]\Z")
# Names people would take for a page of the house itself, or that a later page may need.
RESERVED: Final = frozenset(
    ("about", "account", "admin", "api", "app", "assets", "card", "clip", "docs", "embed", "help",
     "host", "jpg", "live", "login", "logout", "media", "metrics", "new", "null", "oembed", "order",
     "orders", "password", "pay", "poster", "privacy", "robots", "room", "rooms", "sandbox", "sdk",
     "selftest", "settings", "setup", "share", "shop", "square", "staff", "static", "studio",
     "support", "terms", "undefined", "watch", "whip", "yaohe")
)  # fmt: skip
_HOST: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
    r"(?::[0-9]{1,5})?\Z"
)

SLOTS: Final = ("channel", "source", "link")
UTM_RULE: Final = {"source": "{channel}", "medium": "{source}", "campaign": "{link}"}

Id = Annotated[str, Meta(max_length=64)]
Utm = dict[Annotated[str, Meta(max_length=20)], Annotated[str, Meta(max_length=200)]]


class NewLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link as staff want it. Either a room (and a product of it), or `clip` (the token of a
    share that has one), or `url`. Without a `slug` its name is ten random characters."""

    name: Annotated[str, Meta(max_length=240)]
    room: Id = ""
    product: Id = ""
    clip: Id = ""
    url: Annotated[str, Meta(max_length=1_000)] = ""
    moment_at: datetime | None = None
    slug: Annotated[str, Meta(max_length=80)] = ""
    source: LinkSource = "promoter"
    channel: Annotated[str, Meta(max_length=40)] = "copy_link"
    tags: Annotated[list[Annotated[str, Meta(max_length=100)]], Meta(max_length=40)] = []
    utm: Utm = {}
    expires_at: datetime | None = None
    paused: bool = False

    @property
    def kind(self) -> Kind:
        if self.url:
            return "outside"
        if self.clip:
            return "clip"
        return "product" if self.product else "room"

    def cleaned(self) -> NewLink:
        """The same with its texts as they are kept; raises `BadInput`."""
        given = [name for name in ("room", "clip", "url") if getattr(self, name)]
        if len(given) != 1 or (self.product and not self.room):
            raise BadInput("Give one target: a room, the clip of a share, or url.", field="room")
        for name in ("expires_at", "moment_at"):
            at = getattr(self, name)
            if at is not None and at.tzinfo is None:
                raise BadInput(f"{name} needs a time zone, such as Z.", field=name)
            if at is not None and not 2000 <= at.year <= 9000:
                raise BadInput(f"{name} has to be between the years 2000 and 9000.", field=name)
        return msgspec.structs.replace(
            self,
            name=clean_text(self.name, field="name", chars_max=NAME_CHARS_MAX),
            slug=clean_slug(self.slug) if self.slug.strip() else "",
            url=clean_url(self.url, field="url") if self.url else "",
            tags=clean_tags(self.tags),
            utm=clean_rule(self.utm, SLOTS),
        )


class LinkCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What a link brought. `hits` are GETs, `bot_hits` those of programs among them; `clicks` are
    people in the room, `watched` those of them who stayed 30 s; money is net of refunds."""

    hits: int
    bot_hits: int
    clicks: int
    watched: int
    orders: int
    paid_minor: int


class Link(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    slug: str | None
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
    paused_at: datetime | None
    site_allowed: bool
    created_at: datetime
    counts: LinkCounts

    @property
    def path_name(self) -> str:
        """What stands after /s/ in the address that is given away."""
        return self.slug or self.token

    def state(self, now: datetime) -> State:
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "paused" if self.paused_at is not None or not self.site_allowed else "open"


def way_out(share: Share, terms: LinkTerms) -> str:
    """Where a link to another site leads, with its campaign fields."""
    name = terms.slug or share.token
    filled = {"channel": share.channel, "source": terms.source, "link": name}
    return with_utm(terms.url, {**UTM_RULE, **terms.utm}, filled)


class TagCount(msgspec.Struct, frozen=True):
    tag: str
    links: int


def clean_slug(text: str) -> str:
    """A chosen name, in small letters; raises `BadInput`."""
    slug = text.strip().lower()
    if not _SLUG.match(slug) or "--" in slug:
        raise SlugRefused(field="slug")
    if slug in RESERVED:
        raise SlugRefused(f"{slug!r} is kept for the house. Choose another name.", field="slug")
    return slug


def clean_tags(tags: Sequence[str]) -> list[str]:
    """Each tag once, in order."""
    cleaned = [clean_text(tag, field="tags", chars_max=TAG_CHARS_MAX) for tag in tags]
    if any("," in tag or ";" in tag for tag in cleaned):
        raise BadInput("A tag holds no comma and no semicolon.", field="tags")
    once = list(dict.fromkeys(cleaned))
    if len(once) > TAGS_MAX:
        raise BadInput(f"A link takes {TAGS_MAX} tags at most.", field="tags")
    return once


def clean_site(text: str) -> str:
    """A site of the list: a host, with its port where that is not the usual one."""
    site = text.strip().lower().removeprefix("https://").removeprefix("http://").rstrip("/")
    port = site.partition(":")[2]
    if not _HOST.match(site) or (port and not 0 < int(port) <= PORT_MAX):
        raise BadInput("A site is a host such as shop.example.com.", field="sites")
    return site


def site_of(url: str) -> str:
    """The host of a clean address, as it stands on the list."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    usual = {"http": 80, "https": 443}[parts.scheme]
    return host if parts.port in {None, usual} else f"{host}:{parts.port}"
