"""The verbs of the address book: show it, keep an address, choose the default, drop one."""

from __future__ import annotations

from yaohe.commerce.addresses import store
from yaohe.commerce.addresses.model import ADDRESSES_MAX, Address, cleaned_address
from yaohe.commerce.errors import AddressNotFound
from yaohe.commerce.orders.model import Buyer
from yaohe.identity import SHOP_ID
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id


class Addresses:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def of(self, visitor_id: str) -> list[Address]:
        """The default first, then the one used last."""
        async with self._db.connect() as conn:
            return await store.of(conn, visitor_id)

    async def keep(
        self,
        visitor_id: str,
        given: Buyer,
        *,
        default: bool = False,
        instead_of: str | None = None,
        shop_id: str = SHOP_ID,
    ) -> list[Address]:
        """Keep an address for the next order; the same one again is only noted as used. With
        `instead_of` it takes the place of that one of theirs."""
        buyer = cleaned_address(given)
        async with self._db.begin() as tx:
            await store.hold(tx.conn, visitor_id)
            before = {one.id: one for one in await store.of(tx.conn, visitor_id)}
            if instead_of is not None and instead_of not in before:
                raise AddressNotFound
            kept = await store.keep(tx.conn, new_id("adr"), shop_id, visitor_id, buyer)
            if instead_of is not None and instead_of != kept:
                default = default or before[instead_of].is_default
                await store.drop(tx.conn, visitor_id, instead_of)
            if default:
                await store.set_default(tx.conn, visitor_id, kept)
            await store.default_if_none(tx.conn, visitor_id)
            await store.trim(tx.conn, visitor_id, keep=ADDRESSES_MAX)
            return await store.of(tx.conn, visitor_id)

    async def drop(self, visitor_id: str, address_id: str) -> list[Address]:
        """Forget one of one's own."""
        async with self._db.begin() as tx:
            await store.hold(tx.conn, visitor_id)
            if not await store.drop(tx.conn, visitor_id, address_id):
                raise AddressNotFound
            await store.default_if_none(tx.conn, visitor_id)
            return await store.of(tx.conn, visitor_id)
