"""The API of coupons: templates for staff, one's own coupons for guests."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Controller, Response, get, patch, post
from litestar.di import NamedDependency as Given
from litestar.di import Provide
from litestar.params import FromPath, JSONBody

from yaohe.commerce.coupons.model import (
    Coupon,
    CouponKind,
    CouponState,
    CouponTemplate,
    NewTemplate,
    TemplateStatus,
)
from yaohe.commerce.errors import CouponNotFound, CouponSpent, ProductNotFound, TemplateNotFound
from yaohe.commerce.service import Commerce
from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Guest, Identity, Staff, current_guest
from yaohe.kernel.errors import BadInput

GUESTS = {"guest": Provide(current_guest)}


class TemplateView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    title_en: str
    amount_minor: int
    threshold_minor: int
    currency: str
    total: int
    claimed: int
    used: int
    per_person: int
    valid_from: datetime
    valid_until: datetime | None
    valid_days: int | None
    status: TemplateStatus
    kind: CouponKind
    percent: int | None
    product_ids: list[str] | None
    per_day: int | None
    per_show: int | None


class TemplateList(msgspec.Struct, frozen=True):
    items: list[TemplateView]


class StatusRequest(msgspec.Struct, frozen=True):
    status: TemplateStatus


class CouponView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    title_en: str
    state: CouponState
    amount_minor: int
    threshold_minor: int
    currency: str
    claimed_at: datetime
    expires_at: datetime
    kind: CouponKind
    percent: int | None
    product_ids: list[str] | None


class CouponList(msgspec.Struct, frozen=True):
    items: list[CouponView]


def template_view(template: CouponTemplate) -> TemplateView:
    return TemplateView(
        id=template.id,
        title=template.title,
        title_en=template.title_en,
        amount_minor=template.amount_minor,
        threshold_minor=template.threshold_minor,
        currency=template.currency,
        total=template.total,
        claimed=template.claimed,
        used=template.used,
        per_person=template.per_person,
        valid_from=template.valid_from,
        valid_until=template.valid_until,
        valid_days=template.valid_days,
        status=template.status,
        kind=template.kind,
        percent=template.percent,
        product_ids=template.product_ids,
        per_day=template.per_day,
        per_show=template.per_show,
    )


def coupon_view(coupon: Coupon) -> CouponView:
    return CouponView(
        id=coupon.id,
        title=coupon.title,
        title_en=coupon.title_en,
        state=coupon.state,
        amount_minor=coupon.amount_minor,
        threshold_minor=coupon.threshold_minor,
        currency=coupon.currency,
        claimed_at=coupon.claimed_at,
        expires_at=coupon.expires_at,
        kind=coupon.kind,
        percent=coupon.percent,
        product_ids=coupon.product_ids,
    )


class Templates(Controller):
    path = "/api/v1/coupon-templates"
    tags = ("coupons",)
    dependencies = STAFF_ONLY

    @get("/", summary="All coupons on offer, newest first", opt={"errors": STAFF_ERRORS})
    async def show(self, staff: Given[Staff], commerce: Given[Commerce]) -> TemplateList:
        found = await commerce.templates(staff.shop_id)
        return TemplateList([template_view(template) for template in found])

    @post("/", summary="Offer a coupon", opt={"errors": (*STAFF_ERRORS, BadInput, ProductNotFound)})
    async def create(
        self,
        data: JSONBody[NewTemplate],
        staff: Given[Staff],
        commerce: Given[Commerce],
        identity: Given[Identity],
    ) -> TemplateView:
        if data.currency is None:
            data = msgspec.structs.replace(data, currency=(await identity.shop()).currency)
        made = await commerce.create_template(data, by=staff, shop_id=staff.shop_id)
        return template_view(made)

    @patch(
        "/{template_id:str}",
        summary="Stop giving a coupon out, or go on",
        opt={"errors": (*STAFF_ERRORS, BadInput, TemplateNotFound)},
    )
    async def change(
        self,
        template_id: FromPath[str],
        data: JSONBody[StatusRequest],
        staff: Given[Staff],
        commerce: Given[Commerce],
    ) -> TemplateView:
        changed = await commerce.set_template_status(
            template_id, data.status, by=staff, shop_id=staff.shop_id
        )
        return template_view(changed)


class CouponDesk(Controller):
    path = "/api/v1/coupons"
    tags = ("coupons",)
    dependencies = STAFF_ONLY

    @post(
        "/{coupon_id:str}/revoke",
        status_code=204,
        summary="Take an unused coupon back",
        opt={"errors": (*STAFF_ERRORS, CouponNotFound, CouponSpent)},
    )
    async def revoke(
        self, coupon_id: FromPath[str], staff: Given[Staff], commerce: Given[Commerce]
    ) -> None:
        await commerce.revoke_coupon(coupon_id, by=staff)


class MyCoupons(Controller):
    path = "/api/v1/me/coupons"
    tags = ("guest",)
    dependencies = GUESTS

    @get("/", summary="One's own coupons, newest first")
    async def show(self, guest: Given[Guest], commerce: Given[Commerce]) -> Response[CouponList]:
        found = await commerce.coupons_of(guest.visitor.id)
        headers = {**guest.headers, "Cache-Control": "no-store"}
        return Response(CouponList([coupon_view(coupon) for coupon in found]), headers=headers)
