"""The verbs of coupons: offer them, claim them, show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import asyncpg

from yaohe.commerce.coupons import parts, store
from yaohe.commerce.coupons.claims import claim
from yaohe.commerce.coupons.days import ShopZone, ZoneOf
from yaohe.commerce.coupons.model import (
    CLAIM_CHARS_MAX,
    Claim,
    Coupon,
    CouponTemplate,
    NewTemplate,
    Part,
    PartGiven,
    TemplateStatus,
    check_part,
    cleaned_template,
    slot_of,
)
from yaohe.commerce.errors import (
    CouponNotFound,
    CouponPartLow,
    CouponSpent,
    ProductNotFound,
    TemplateNotFound,
)
from yaohe.commerce.events import CouponSupplyChanged
from yaohe.identity import SHOP_ID, Staff, audit
from yaohe.kernel.coalesce import Coalescer
from yaohe.kernel.db import Database, Tx
from yaohe.kernel.errors import AppError, BadInput
from yaohe.kernel.ids import new_id
from yaohe.kernel.money import check_currency

# What the trail says of a new template.
_NOTED: Final = (
    "kind", "percent", "amount_minor", "threshold_minor", "total", "per_person", "per_day",
    "per_show", "product_ids",
)  # fmt: skip

TEMPLATES_MAX: Final = 500
COUPONS_MAX: Final = 200


class Coupons:
    """`time_zone` tells when a day begins at the shop."""

    def __init__(self, db: Database, time_zone: ZoneOf) -> None:
        self._db = db
        self._zone = ShopZone(time_zone)
        self.claims: Coalescer[Claim, Coupon] = Coalescer(
            "coupon_claims", self._decide, db=db, key=lambda item: item.template_id, check=_check
        )

    async def _decide(
        self, conn: asyncpg.Connection, items: list[Claim]
    ) -> list[Coupon | AppError]:
        return await claim(conn, items, zone=self._zone.known)

    async def create_template(
        self, new: NewTemplate, *, by: Staff | None = None, shop_id: str = SHOP_ID
    ) -> CouponTemplate:
        values = cleaned_template(new)
        values["currency"] = check_currency(new.currency or "CNY")
        async with self._db.begin() as tx:
            wanted = set(new.product_ids or ())
            if not await store.all_products(tx.conn, shop_id, sorted(wanted)):
                raise ProductNotFound(field="product_ids")
            made = await store.insert_template(tx.conn, new_id("ct"), shop_id, values)
            if by is not None:
                await audit(
                    tx,
                    staff=by,
                    action="coupon_template.create",
                    subject=made.id,
                    detail={name: values[name] for name in _NOTED if values[name] is not None},
                )
        return made

    async def set_template_status(
        self,
        template_id: str,
        status: TemplateStatus,
        *,
        by: Staff | None = None,
        shop_id: str = SHOP_ID,
    ) -> CouponTemplate:
        """Stop giving a coupon out, or go on. Coupons already claimed stay good."""
        async with self._db.begin() as tx:
            changed = await store.set_template_status(tx.conn, template_id, shop_id, status)
            if changed is None:
                raise TemplateNotFound
            await tx.record(CouponSupplyChanged(shop_id=shop_id, template_id=template_id))
            if by is not None:
                await audit(
                    tx,
                    staff=by,
                    action="coupon_template.update",
                    subject=template_id,
                    detail={"status": status},
                )
        return changed

    async def template(self, template_id: str) -> CouponTemplate:
        async with self._db.connect() as conn:
            found = await store.template(conn, template_id)
        if found is None:
            raise TemplateNotFound
        return found

    async def templates(self, shop_id: str = SHOP_ID) -> list[CouponTemplate]:
        async with self._db.connect() as conn:
            return await store.templates_of(conn, shop_id, limit=TEMPLATES_MAX)

    async def set_part(
        self, tx: Tx, template_id: str, room_id: str, part: Part, *, field: str
    ) -> None:
        """What a room and its shows may give of a template's total; both null: as much as there
        is. `field` is what the caller calls it when it is refused."""
        total = await parts.lock_template(tx.conn, template_id)
        if total is None:
            raise TemplateNotFound
        check_part(part, total, field=field)
        if not await parts.set_part(tx.conn, template_id, room_id, part):
            raise CouponPartLow

    async def part_given(self, template_id: str, room_id: str, show: str) -> PartGiven | None:
        """A room's part and what it has given of it; None when it may give all there are."""
        async with self._db.connect() as conn:
            return await parts.part_given(conn, template_id, room_id, show)

    async def claim(
        self,
        template_id: str,
        visitor_id: str,
        *,
        source: str,
        source_ref: str,
        reward_key: str | None = None,
        room_id: str | None = None,
        show: str | None = None,
    ) -> Coupon:
        """One coupon for this person. Asking again for the same source (or the same reward)
        answers the same coupon; `coupon_gone…`, `coupon_limit…`, `coupon_over` say why not.
        `room_id` and `show` are where it is claimed, for what a room and a show may give."""
        if not self._zone.is_known:
            await self._zone.ask()
        return await self.claims.submit(
            Claim(
                template_id=template_id,
                visitor_id=visitor_id,
                slot=slot_of(source, reward_key),
                source=source,
                source_ref=source_ref,
                room_id=room_id,
                show=show,
                repeats=reward_key is None,
            )
        )

    async def coupons_of(self, visitor_id: str) -> list[Coupon]:
        """A person's coupons, newest first, with the state they have now."""
        async with self._db.connect() as conn:
            return await store.coupons_of(conn, visitor_id, limit=COUPONS_MAX)

    async def revoke(self, coupon_id: str, *, by: Staff) -> Coupon:
        """Take an unused coupon back from a person."""
        async with self._db.begin() as tx:
            revoked = await store.revoke(tx.conn, coupon_id, by.shop_id)
            found = await store.coupon(tx.conn, coupon_id)
            if found is None or found.shop_id != by.shop_id:
                raise CouponNotFound
            if not revoked:
                raise CouponSpent("Only an unused coupon can be taken back.")
            await audit(tx, staff=by, action="coupon.revoke", subject=coupon_id)
        return found

    async def claims_by_source(self, source: str, refs: Sequence[str]) -> dict[str, int]:
        """How many coupons each of these references brought (revoked ones do not count)."""
        if not refs:
            return {}
        async with self._db.connect() as conn:
            return await store.claims_by_source(conn, source, refs)


def _check(item: Claim) -> None:
    # All parts at once: this runs for every claim of a rush.
    whole = item.template_id + item.visitor_id + item.slot + item.source + item.source_ref
    if item.room_id is not None and item.show is not None:
        whole += item.room_id + item.show
    elif item.room_id is not item.show:
        raise BadInput("A claim in a room names its show, and no show is without a room.")
    if not whole.isascii() or not whole.isprintable() or len(whole) > CLAIM_CHARS_MAX:
        raise BadInput("A claim is made of ids and keys: printable ASCII, not too long.")
    if not (item.template_id and item.visitor_id and item.source):
        raise BadInput("A claim names a template, a visitor and a source.")
