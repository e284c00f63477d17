"""The verbs of coupons: offer them, claim them, show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from yaohe.commerce.coupons import store
from yaohe.commerce.coupons.claims import claim
from yaohe.commerce.coupons.model import (
    CLAIM_CHARS_MAX,
    Claim,
    Coupon,
    CouponTemplate,
    NewTemplate,
    TemplateStatus,
    cleaned_template,
    slot_of,
)
from yaohe.commerce.errors import CouponNotFound, CouponSpent, TemplateNotFound
from yaohe.commerce.events import CouponSupplyChanged
from yaohe.identity import SHOP_ID, Staff, audit
from yaohe.kernel.coalesce import Coalescer
from yaohe.kernel.db import Database
from yaohe.kernel.errors import BadInput
from yaohe.kernel.ids import new_id
from yaohe.kernel.money import check_currency

TEMPLATES_MAX: Final = 500
COUPONS_MAX: Final = 200


class Coupons:
    def __init__(self, db: Database) -> None:
        self._db = db
        self.claims: Coalescer[Claim, Coupon] = Coalescer(
            "coupon_claims", claim, db=db, key=lambda item: item.template_id, check=_check
        )

    async def create_template(
        self, new: NewTemplate, *, by: Staff | None = None, shop_id: str = SHOP_ID
    ) -> CouponTemplate:
        values = cleaned_template(new)
        values["currency"] = check_currency(new.currency or "CNY")
        async with self._db.begin() as tx:
            made = await store.insert_template(tx.conn, new_id("ct"), shop_id, values)
            if by is not None:
                await audit(
                    tx,
                    staff=by,
                    action="coupon_template.create",
                    subject=made.id,
                    detail={"amount_minor": made.amount_minor, "total": made.total},
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

    async def claim(
        self,
        template_id: str,
        visitor_id: str,
        *,
        source: str,
        source_ref: str,
        reward_key: str | None = None,
    ) -> Coupon:
        """One coupon for this person. Asking again for the same source (or the same reward)
        answers the same coupon; `coupon_gone`, `coupon_limit`, `coupon_over` say why not."""
        return await self.claims.submit(
            Claim(
                template_id=template_id,
                visitor_id=visitor_id,
                slot=slot_of(source, reward_key),
                source=source,
                source_ref=source_ref,
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
    if not whole.isascii() or not whole.isprintable() or len(whole) > CLAIM_CHARS_MAX:
        raise BadInput("A claim is made of ids and keys: printable ASCII, not too long.")
    if not (item.template_id and item.visitor_id and item.source):
        raise BadInput("A claim names a template, a visitor and a source.")
