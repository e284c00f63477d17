"""`Identity`: one front for visitors, staff and the shop.

The verbs live with their nouns; here they get the names the rest of the house calls them by.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import ClassVar, Final

import structlog

from yaohe.identity import store
from yaohe.identity.accounts import Accounts
from yaohe.identity.consent.model import (
    ConsentMode,
    CookieOf,
    KeptCookie,
    answer_cookie,
    may_remember,
)
from yaohe.identity.model import SHOP_ID, Shop, ShopChange
from yaohe.identity.shop_page import ShopPages
from yaohe.identity.staff.model import SESSION_AGE_S, SESSION_COOKIE, Staff
from yaohe.identity.staff.service import StaffDesk, audit
from yaohe.identity.visitors.model import (
    FRAME_COOKIE,
    FRAME_HEADER,
    VISITOR_COOKIE,
    Visitor,
    set_cookie,
)
from yaohe.identity.visitors.service import Visitors
from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database, Tx
from yaohe.kernel.errors import NotFound
from yaohe.platforms.logins import LoginClient

SWEEP_EVERY_S: Final = 600.0

log = structlog.get_logger(__name__)


class Identity:
    """`secret` signs cookies; `origins` are further addresses people may come from (besides the
    one in the request's own Host), such as the public URL behind a proxy that rewrites it;
    the first is where login services send people back to. `consent` says whether a browser is
    asked before it is remembered."""

    frame_header: ClassVar = FRAME_HEADER

    def __init__(
        self,
        db: Database,
        clock: Clock,
        secret: bytes,
        cookie_secure: bool,
        *,
        origins: tuple[str, ...] = (),
        shop_id: str = SHOP_ID,
        logins: Iterable[LoginClient] = (),
        consent: ConsentMode = "open",
    ) -> None:
        assert len(secret) >= 16, "the installation's secret is too short"
        self._db, self.clock, self.origins = db, clock, origins
        self.cookie_secure = self._secure = cookie_secure
        self._shop_id, self.consent = shop_id, consent
        visitors = self._visitors = Visitors(
            db, secret=secret, cookie_secure=cookie_secure, shop_id=shop_id
        )
        self.new_visitor = visitors.new
        self.visitor_cookie = visitors.cookie
        self.visitor_header = visitors.header
        self.visitor_from_header = visitors.from_header
        self.visitor_passing = visitors.passing
        self.visitor_from_passing = visitors.from_passing
        self.frame_token = visitors.frame_token
        self.seen = visitors.seen
        self.flush_visitors = visitors.flush

        self.accounts = Accounts(
            db,
            logins,
            public_url=origins[0] if origins else "",
            shop_id=shop_id,
            new_visitor=visitors.new,
        )
        self.shop_pages = ShopPages(db)
        desk = self._desk = StaffDesk(db, shop_id=shop_id)
        self.setup_token = desk.setup_token
        self.owner_exists = desk.owner_exists
        self.setup = desk.setup
        self.login = desk.login
        self.logout = desk.logout
        self.staff_from_session = desk.staff_from_session
        self.staff_from_api_key = desk.staff_from_api_key
        self.change_password = desk.change_password
        self.reset_password = desk.reset_password
        self.create_api_key = desk.create_api_key
        self.api_keys = desk.api_keys
        self.revoke_api_key = desk.revoke_api_key
        self.audit_of = desk.audit_of
        self.note = desk.note
        self.audit = audit

    def remembers(self, cookie: CookieOf) -> bool:
        """Whether anything may be kept of who comes with these cookies."""
        return may_remember(self.consent, cookie)

    def visitor_of(
        self, cookie: CookieOf, *, frame: str | None = None, framed: bool = True
    ) -> Visitor | None:
        """The visitor of the shop's cookie, else of a frame's, else of an embedded page's token;
        None for who is new or may not be remembered. Without `framed` who one is inside a page of
        another site does not count."""
        if not self.remembers(cookie):
            return None
        visitors = self._visitors
        own = visitors.from_cookie(cookie(VISITOR_COOKIE))
        if own is not None or not framed:
            return own
        return visitors.from_cookie(cookie(FRAME_COOKIE)) or visitors.from_frame(frame)

    def answered(self, cookie: CookieOf, *, accepted: bool) -> list[KeptCookie]:
        """The cookies of a browser whose person said whether it may be remembered. Who was known
        here before consent was asked for is the same person again."""
        answer = answer_cookie(accepted=accepted)
        if self.consent == "open":
            return [answer]
        known = self._visitors.from_cookie(cookie(VISITOR_COOKIE))
        return [
            answer,
            self._visitors.kept_cookie((known or self.new_visitor()) if accepted else None),
        ]

    def session_cookie(self, session: str) -> str:
        """The whole Set-Cookie value of a staff session."""
        return set_cookie(SESSION_COOKIE, session, age_s=SESSION_AGE_S, secure=self._secure)

    async def staff_of(self, cookies: Mapping[str, str]) -> Staff | None:
        """The member of staff whose session came with a request's cookies."""
        return await self.staff_from_session(cookies.get(SESSION_COOKIE))

    async def is_staff(self, authorization: str | None, cookies: Mapping[str, str]) -> bool:
        """Whether somebody who only reads is staff, by API key or by session."""
        if authorization is None:
            return await self.staff_of(cookies) is not None
        kind, _, bearer = authorization.partition(" ")
        is_key = kind.lower() == "bearer"
        return is_key and await self.staff_from_api_key(bearer.strip()) is not None

    def own_cookie(self, name: str, value: str, *, age_s: int, framed: bool = False) -> str:
        """A whole Set-Cookie value of ours, like all the others."""
        return set_cookie(name, value, age_s=age_s, secure=self._secure, framed=framed)

    @property
    def keeps_framed_cookies(self) -> bool:
        """Whether a page inside one of another site can get a cookie at all: over https only."""
        return self._secure

    def end_session_cookie(self) -> str:
        return set_cookie(SESSION_COOKIE, "", age_s=0, secure=self._secure)

    async def shop(self) -> Shop:
        async with self._db.connect() as conn:
            found = await store.shop(conn, self._shop_id)
        if found is None:
            raise NotFound("The shop is missing. Run `yaohe migrate`.")
        return found

    async def time_zone(self) -> str:
        """The zone by whose clock the shop's days begin."""
        return (await self.shop()).time_zone

    async def update_shop(self, change: ShopChange, *, by: Staff | None = None) -> Shop:
        """Change the shop; `by` is None only when the house itself sets it up."""
        values = change.cleaned()
        async with self._db.begin() as tx:
            shop = await store.update_shop(tx.conn, self._shop_id, values)
            await self._audit_shop(tx, by, values)
        return shop

    async def _audit_shop(self, tx: Tx, by: Staff | None, values: dict[str, str]) -> None:
        if by is not None:
            await self.audit(
                tx, staff=by, action="shop.update", subject=self._shop_id, detail=values
            )

    async def sweep(self) -> None:
        """Forget ended sessions and old login windows; settle what logins merged."""
        await self._desk.sweep()
        await self.accounts.settle()

    async def run(self) -> None:
        """Write visitors seen and sweep old rows until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._visitors.run())
            group.create_task(self._sweep_often())

    async def _sweep_often(self) -> None:
        while True:
            try:
                await self.sweep()
            except Exception:
                log.exception("identity_sweep_failed")
            await asyncio.sleep(SWEEP_EVERY_S)
