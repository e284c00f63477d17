"""App keys: kinds, modes, scopes and the sites they belong to. Pure rules.

A key is `yhs_live_…`, `yhs_test_…` (secret) or `yhp_live_…`, `yhp_test_…` (public). Keys are random
and long, so a plain SHA-256 keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_secret
from yaohe.kernel.origin import is_loopback

Kind = Literal["secret", "public"]
Mode = Literal["live", "test"]
Scope = Literal["rooms:write", "shares:write", "events:write", "orders:write", "reports:read"]
Algorithm = Literal["HS256", "EdDSA"]

# What a public key may do is fixed: whoever opens the page has it.
PUBLIC_SCOPES: Final[tuple[Scope, ...]] = ("shares:write", "events:write")
SECRET_SCOPES: Final[tuple[Scope, ...]] = (
    "rooms:write", "shares:write", "events:write", "orders:write", "reports:read",
)  # fmt: skip
KEY_CHARS_MAX: Final = 80
SITES_MAX: Final = 20
TEST_BOOK: Final = "_test"

_HOST: Final = re.compile(
    r"(?=.{1,253}(?::|\Z))(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)"
    r"(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*(?::[0-9]{1,5})?\Z"
)


def book_of(shop_id: str, mode: Mode) -> str:
    """Which book a mode writes into: the shop's, or the one for trying things out. Shares, clicks
    and credits never cross from one to the other."""
    return shop_id if mode == "live" else shop_id + TEST_BOOK


class App(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls: a program or page with an app key."""

    id: str
    shop_id: str
    kind: Kind
    mode: Mode
    scopes: tuple[str, ...]
    sites: tuple[str, ...]
    apps: bool

    @property
    def book(self) -> str:
        """Which book this key writes into."""
        return book_of(self.shop_id, self.mode)

    @property
    def key_id(self) -> str:
        return self.id


class AppKey(msgspec.Struct, frozen=True, kw_only=True):
    """An app key as one may show it: never the key itself."""

    id: str
    name: str
    kind: Kind
    mode: Mode
    prefix: str
    scopes: list[str]
    sites: list[str]
    apps: bool
    user_tokens: Algorithm | None
    created_at: datetime
    last_used_at: datetime | None


class IssuedAppKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new app key. This is the only moment at which `key` is known."""

    info: AppKey
    key: str


def new_app_key(kind: Kind, mode: Mode) -> tuple[str, str]:
    """A new key and the start of it that may be shown later."""
    head = f"yh{kind[0]}_{mode}_"
    key = head + new_secret(24)
    return key, key[: len(head) + 4]


def looks_like_key(text: str) -> bool:
    return text.startswith(("yhs_", "yhp_")) and len(text) <= KEY_CHARS_MAX and text.isascii()


def clean_site(text: str, mode: Mode) -> str:
    """A site as browsers write its origin, such as `https://live.example.com`."""
    wrong = BadInput(
        "Write a site as https://host or https://host:port, without a path.", field="sites"
    )
    try:
        parts = urlsplit(text.strip().lower().rstrip("/"))
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.path or parts.query or parts.fragment or not _HOST.match(parts.netloc):
        raise wrong
    site = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme == "http" and not (mode == "test" or is_loopback(site)):
        raise BadInput("A site of live mode must begin with https://.", field="sites")
    if parts.scheme not in {"http", "https"}:
        raise wrong
    default = {"http": 80, "https": 443}[parts.scheme]
    return site.removesuffix(f":{default}") if port == default else site


def clean_sites(sites: Iterable[str], mode: Mode) -> list[str]:
    cleaned = list(dict.fromkeys(clean_site(site, mode) for site in sites))
    if len(cleaned) > SITES_MAX:
        raise BadInput(f"At most {SITES_MAX} sites for one key.", field="sites")
    return cleaned


def clean_scopes(scopes: Iterable[str], kind: Kind) -> list[str]:
    """The scopes a new key gets; a public key has its own, whatever was asked."""
    if kind == "public":
        return list(PUBLIC_SCOPES)
    wanted = list(dict.fromkeys(scopes))
    if not wanted:
        raise BadInput("Choose at least one thing this key may do.", field="scopes")
    return [scope for scope in SECRET_SCOPES if scope in wanted]
