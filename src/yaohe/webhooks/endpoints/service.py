"""Making, changing, pausing and deleting endpoints; turning their secrets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from yaohe.identity import Staff, audit
from yaohe.identity.keys import Mode, book_of
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id
from yaohe.kernel.seal import Sealer
from yaohe.kernel.text import clean_text
from yaohe.webhooks.endpoints import store
from yaohe.webhooks.errors import WebhookNotFound, WebhooksFull
from yaohe.webhooks.model import ENDPOINTS_MAX, Endpoint, clean_events, clean_url
from yaohe.webhooks.signing import new_key, secret_text


class IssuedEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint with its new secret. This is the only moment at which `secret` is known."""

    info: Endpoint
    secret: str


class Endpoints:
    def __init__(self, db: Database, sealer: Sealer, *, private: bool) -> None:
        self._db, self._sealer, self._private = db, sealer, private

    async def all(self, staff: Staff) -> list[Endpoint]:
        async with self._db.connect() as conn:
            return await store.all_of(conn, staff.shop_id)

    async def one(self, staff: Staff, endpoint_id: str) -> Endpoint:
        async with self._db.connect() as conn:
            return _there(await store.one(conn, endpoint_id, staff.shop_id))

    async def create(
        self, staff: Staff, url: str, *, mode: Mode, events: Sequence[str], note: str = ""
    ) -> IssuedEndpoint:
        """Tell this address from now on; its secret is never shown again."""
        key = new_key()
        values: dict[str, Any] = {
            "id": new_id("whe"),
            "shop_id": staff.shop_id,
            "book": book_of(staff.shop_id, mode),
            "mode": mode,
            "url": clean_url(url, private=self._private),
            "note": clean_text(note, field="note", chars_max=60, empty=True),
            "events": clean_events(events),
            "secret": self._sealer.seal(key),
        }
        async with self._db.begin() as tx:
            made = await store.add(tx.conn, values, rows_max=ENDPOINTS_MAX)
            if made is None:
                raise WebhooksFull
            detail = {"url": made.url, "mode": mode, "events": made.events}
            await audit(tx, staff=staff, action="webhook.create", subject=made.id, detail=detail)
        return IssuedEndpoint(info=made, secret=secret_text(key))

    async def change(
        self,
        staff: Staff,
        endpoint_id: str,
        *,
        url: str | None = None,
        note: str | None = None,
        events: Sequence[str] | None = None,
        paused: bool | None = None,
    ) -> Endpoint:
        """What is None stays. Whoever resumes an endpoint says that it is well again."""
        changed = {
            "url": None if url is None else clean_url(url, private=self._private),
            "note": note and clean_text(note, field="note", chars_max=60, empty=True),
            "events": None if events is None else clean_events(events),
        }
        async with self._db.begin() as tx:
            endpoint = _there(await store.change(tx.conn, endpoint_id, staff.shop_id, changed))
            if paused is not None:
                turn = store.pause if paused else store.resume
                endpoint = await turn(tx.conn, endpoint_id, staff.shop_id) or endpoint
            detail: dict[str, Any] = {
                name: value for name, value in changed.items() if value is not None
            }
            if paused is not None:
                detail["paused"] = paused
            action = "webhook.change"
            await audit(tx, staff=staff, action=action, subject=endpoint_id, detail=detail)
        return endpoint

    async def rotate(self, staff: Staff, endpoint_id: str) -> IssuedEndpoint:
        """A new secret; for a day messages are signed with both."""
        key = new_key()
        async with self._db.begin() as tx:
            sealed = self._sealer.seal(key)
            info = _there(await store.rotate(tx.conn, endpoint_id, staff.shop_id, sealed))
            await audit(tx, staff=staff, action="webhook.rotate", subject=endpoint_id)
        return IssuedEndpoint(info=info, secret=secret_text(key))

    async def delete(self, staff: Staff, endpoint_id: str) -> None:
        """Gone with everything that waited for it, and its log."""
        async with self._db.begin() as tx:
            if not await store.delete(tx.conn, endpoint_id, staff.shop_id):
                raise WebhookNotFound
            await audit(tx, staff=staff, action="webhook.delete", subject=endpoint_id)


def _there(endpoint: Endpoint | None) -> Endpoint:
    if endpoint is None:
        raise WebhookNotFound
    return endpoint
