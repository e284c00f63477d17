"""Making, showing, revoking and recognising app keys; and who their user tokens speak of."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Final, cast

from yaohe.identity.errors import ApiKeyNotFound, KeyReadOnly
from yaohe.identity.keys import store
from yaohe.identity.keys.model import (
    Algorithm,
    App,
    AppKey,
    IssuedAppKey,
    Kind,
    Mode,
    book_of,
    clean_scopes,
    clean_sites,
    looks_like_key,
    new_app_key,
)
from yaohe.identity.keys.usertoken import User, UserTokenRefused, ed25519_key, read_user_token
from yaohe.identity.staff.model import Staff, token_hash
from yaohe.identity.staff.service import audit
from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_id
from yaohe.kernel.seal import Sealer
from yaohe.kernel.text import clean_text

SITES_KNOWN_FOR_S: Final = 2.0


class AppKeys:
    def __init__(self, db: Database, clock: Clock, secret: bytes) -> None:
        self._db, self._clock = db, clock
        self._sealer = Sealer(secret, "user_keys.v1")
        self._sites: tuple[float, Mapping[str, frozenset[str]]] = (0.0, {})

    # For staff ----------------------------------------------------------------------------

    async def create(
        self,
        staff: Staff,
        name: str,
        *,
        kind: Kind,
        mode: Mode,
        scopes: Iterable[str] = (),
        sites: Iterable[str] = (),
        apps: bool = False,
    ) -> IssuedAppKey:
        """Make a key; the key itself is never shown again. `apps` lets a public key be used
        where there is no site: in apps and mini-programs."""
        _by_hand(staff)
        cleaned = clean_sites(sites, mode)
        if kind == "public" and not cleaned and not apps:
            raise BadInput("Name the sites this key is used on.", field="sites")
        key, prefix = new_app_key(kind, mode)
        row: dict[str, object] = {
            "id": new_id("app"),
            "shop_id": staff.shop_id,
            "staff_id": staff.id,
            "name": clean_text(name, field="name", chars_max=60),
            "kind": kind,
            "mode": mode,
            "prefix": prefix,
            "scopes": clean_scopes(scopes, kind),
            "sites": cleaned,
            "apps": apps and kind == "public",
        }
        async with self._db.begin() as tx:
            info = await store.insert_key(tx.conn, row, key_hash=token_hash(key))
            detail = {"name": info.name, "kind": kind, "mode": mode, "sites": cleaned}
            await audit(tx, staff=staff, action="app_key.create", subject=info.id, detail=detail)
        self._forget_sites()
        return IssuedAppKey(info=info, key=key)

    async def all(self, staff: Staff) -> list[AppKey]:
        async with self._db.connect() as conn:
            return await store.keys_of(conn, staff.shop_id)

    async def change_sites(self, staff: Staff, key_id: str, sites: Iterable[str]) -> list[str]:
        """Put these sites in place of those the key had."""
        _by_hand(staff)
        async with self._db.begin() as tx:
            mode = await store.mode_of(tx.conn, key_id, staff.shop_id)
            if mode is None:
                raise ApiKeyNotFound
            cleaned = clean_sites(sites, cast(Mode, mode))
            if not await store.set_sites(tx.conn, key_id, staff.shop_id, cleaned):
                raise ApiKeyNotFound
            detail = {"sites": cleaned}
            await audit(tx, staff=staff, action="app_key.sites", subject=key_id, detail=detail)
        self._forget_sites()
        return cleaned

    async def revoke(self, staff: Staff, key_id: str) -> None:
        _by_hand(staff)
        async with self._db.begin() as tx:
            if not await store.revoke(tx.conn, key_id, staff.shop_id):
                raise ApiKeyNotFound
            await audit(tx, staff=staff, action="app_key.revoke", subject=key_id)
        self._forget_sites()

    async def register_user_key(
        self, staff: Staff, key_id: str, algorithm: Algorithm, public_key: str = ""
    ) -> str | None:
        """From now on this public key takes user tokens so signed. For HS256 the new shared
        secret is answered, once; for EdDSA the public half is given."""
        _by_hand(staff)
        made = secrets.token_bytes(32) if algorithm == "HS256" else None
        sealed = self._sealer.seal(ed25519_key(public_key) if made is None else made)
        async with self._db.begin() as tx:
            if not await store.set_user_key(tx.conn, key_id, staff.shop_id, algorithm, sealed):
                raise ApiKeyNotFound
            detail = {"algorithm": algorithm}
            await audit(tx, staff=staff, action="app_key.user_key", subject=key_id, detail=detail)
        return None if made is None else urlsafe_b64encode(made).rstrip(b"=").decode()

    # For callers --------------------------------------------------------------------------

    async def app(self, bearer: str) -> App | None:
        """Who this key lets in; None when it is not valid (any more)."""
        if not looks_like_key(bearer):
            return None
        async with self._db.connect() as conn:
            found = await store.app_of(conn, token_hash(bearer))
            if found is None:
                return None
            app, stale = found
            if stale:
                await store.touch(conn, app.id)
        return app

    async def user(self, app: App, token: str) -> User:
        """Who a customer's back end says is there; raises `UserTokenRefused`."""
        async with self._db.connect() as conn:
            registered = await store.user_key(conn, app.id)
        key = None if registered is None else self._sealer.open(registered[1])
        if registered is None or key is None:
            raise UserTokenRefused("No key for user tokens is registered with this app key.")
        return read_user_token(
            token,
            algorithm=registered[0],
            key=key,
            audience=app.id,
            now_s=self._clock.now().timestamp(),
        )

    async def sites(self, book: str) -> frozenset[str]:
        """The sites of all keys of a book: where its links may lead."""
        return (await self._known_sites()).get(book, frozenset())

    async def is_site(self, origin: str) -> bool:
        """Whether any key in use belongs to this site; the key itself is checked with the call."""
        return any(origin in sites for sites in (await self._known_sites()).values())

    def _forget_sites(self) -> None:
        self._sites = (0.0, {})

    async def _known_sites(self) -> Mapping[str, frozenset[str]]:
        until, known = self._sites
        if until > self._clock.monotonic():
            return known
        async with self._db.connect() as conn:
            rows = await store.sites(conn)
        found: dict[str, frozenset[str]] = {}
        for shop_id, mode, sites in rows:
            book = book_of(shop_id, cast(Mode, mode))
            found[book] = found.get(book, frozenset()) | frozenset(sites)
        self._sites = (self._clock.monotonic() + SITES_KNOWN_FOR_S, found)
        return found


def _by_hand(staff: Staff) -> None:
    if staff.key_id is not None:
        raise KeyReadOnly("An API key cannot make or change keys. Sign in to do this.")
