"""`Accounts`: sending people to a login service, and knowing them when they come back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Final

import msgspec

from yaohe.identity.accounts import store
from yaohe.identity.accounts.events import VisitorMerged
from yaohe.identity.accounts.model import Account, checked_next, decide
from yaohe.identity.errors import LoginNotOffered, LoginStale
from yaohe.identity.visitors.model import Visitor
from yaohe.identity.visitors.names import friendly_name
from yaohe.kernel.db import Database
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.ids import new_id, new_secret
from yaohe.kernel.text import clean_text
from yaohe.platforms.logins import LoginClient, LoginService, Person

CODE_CHARS_MAX: Final = 1_024
SETTLED_AFTER_S: Final = 3_600


class Returned(msgspec.Struct, frozen=True):
    """Back from a login: where to go, and the visitor this browser is from now on. `failed` is
    the code of what went wrong, when they are not logged in."""

    next_path: str
    visitor: Visitor
    failed: str = ""


class Accounts:
    """`clients` are the services that are configured; no other is offered."""

    def __init__(
        self,
        db: Database,
        clients: Iterable[LoginClient],
        *,
        public_url: str,
        shop_id: str,
        new_visitor: Callable[[], Visitor],
    ) -> None:
        self._db, self._public_url, self._shop_id = db, public_url, shop_id
        self._clients = {client.service.id: client for client in clients}
        self._new_visitor = new_visitor

    def offered(self, user_agent: str) -> list[LoginService]:
        """The services this browser can log in with."""
        services = [client.service for client in self._clients.values()]
        # WeCom's browser says MicroMessenger too, and is another world.
        wecom = "wxwork" in user_agent
        return [s for s in services if s.agent in user_agent and not (s.agent and wecom)]

    async def begin(self, service_id: str, visitor: Visitor, *, next_path: str) -> str:
        """The address of the service's own page; what comes back is good once, for this visitor."""
        client = self._client(service_id)
        state = new_secret()
        async with self._db.begin() as tx:
            await store.save_state(
                tx.conn,
                _hashed(state),
                visitor_id=visitor.id,
                service=service_id,
                next_path=checked_next(next_path),
            )
        return client.door_url(redirect_uri=self._back_url(service_id), state=state)

    async def finish(self, service_id: str, visitor: Visitor, *, state: str, code: str) -> Returned:
        """Who came back joins their account. A state that this visitor did not begin, or used, is
        stale and tells nothing; an empty code is somebody who changed their mind."""
        client = self._client(service_id)
        async with self._db.begin() as tx:
            next_path = await store.take_state(
                tx.conn, _hashed(state), visitor_id=visitor.id, service=service_id
            )
        if next_path is None:
            return Returned("/", visitor, LoginStale.code)
        if not 0 < len(code) <= CODE_CHARS_MAX:
            return Returned(next_path, visitor, "login_canceled")
        try:
            person = await client.person(code=code, redirect_uri=self._back_url(service_id))
        except AppError as error:
            return Returned(next_path, visitor, error.code)
        return Returned(next_path, await self.join(person, visitor))

    async def join(self, person: Person, visitor: Visitor) -> Visitor:
        """The visitor this browser is from now on: the account's own, who takes over all that this
        browser did as a guest."""
        person = msgspec.structs.replace(person, name=_name(person.name))
        async with self._db.begin() as tx:
            decision = decide(await store.known(tx.conn, person, visitor.id))
            account_id = decision.account_id
            if account_id is None:
                account_id = new_id("acc")
                await store.make(tx.conn, account_id, self._shop_id)
            for absorbed in decision.absorbed:
                await store.absorb(tx.conn, absorbed, into=account_id)
            main_id = await store.main_visitor(tx.conn, account_id)
            if decision.fresh_visitor:
                visitor = self._new_visitor() if main_id is None else self._visitor(main_id)
            await store.join(tx.conn, person, account_id, visitor.id)
            if main_id is not None and main_id != visitor.id:
                merged = VisitorMerged(shop_id=self._shop_id, from_id=visitor.id, into_id=main_id)
                await store.merge(tx.conn, merged)
                await tx.record(merged)
                visitor = self._visitor(main_id)
        return visitor

    async def settle(self) -> None:
        """Tell merges once more when what the old name had begun (a payment, a page in another
        tab) is over: what came late is moved as well."""
        async with self._db.begin() as tx:
            for merged in await store.settle(tx.conn, age_s=SETTLED_AFTER_S):
                await tx.record(merged)

    @staticmethod
    def _visitor(visitor_id: str) -> Visitor:
        return Visitor(visitor_id, friendly_name(visitor_id))

    async def of_visitor(self, visitor_id: str) -> Account | None:
        async with self._db.connect() as conn:
            return await store.of_visitor(conn, visitor_id)

    async def forget(self, visitor_id: str) -> None:
        """Take away who this visitor is, with the account they log in to."""
        async with self._db.begin() as tx:
            await store.forget(tx.conn, visitor_id)

    async def names(self, visitor_id: str) -> list[str]:
        """The visitor, and the guests who became them by logging in."""
        async with self._db.connect() as conn:
            return await store.names(conn, visitor_id)

    async def forgotten(self) -> list[str]:
        """Who was forgotten, when all that was under way then is over: what came late is to go."""
        async with self._db.connect() as conn:
            return await store.forgotten(conn, age_s=SETTLED_AFTER_S)

    async def let_go(self, visitor_id: str) -> None:
        """What came late about somebody forgotten is gone as well."""
        async with self._db.begin() as tx:
            await store.let_go(tx.conn, visitor_id)

    def _client(self, service_id: str) -> LoginClient:
        client = self._clients.get(service_id)
        if client is None:
            raise LoginNotOffered
        return client

    def _back_url(self, service_id: str) -> str:
        return f"{self._public_url}/login/{service_id}/back"


def _name(given: str) -> str:
    """A name as the service told it, or none when it cannot be stored."""
    try:
        return clean_text(given, field="name", chars_max=60, empty=True)
    except BadInput:
        return ""


def _hashed(state: str) -> bytes:
    return sha256(state.encode("utf-8", "replace")).digest()
