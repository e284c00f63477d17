"""The API of variants, for staff. What a product has is read with the product."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Controller, put
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from yaohe.commerce.errors import ProductNotFound, StockTooLow, VariantNotFound, VariantsDiffer
from yaohe.commerce.service import Commerce
from yaohe.commerce.variants.model import NewVariant, Variant
from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Staff
from yaohe.kernel.errors import BadInput


class VariantsRequest(msgspec.Struct, frozen=True):
    variants: Annotated[list[NewVariant], Meta(max_length=100)]


class VariantList(msgspec.Struct, frozen=True):
    items: list[Variant]


class ProductVariants(Controller):
    path = "/api/v1/products/{product_id:str}/variants"
    tags = ("products",)
    dependencies = STAFF_ONLY

    @put(
        "/",
        summary="Say which variants a product has, in order; none: it has its own price and stock",
        opt={
            "errors": (
                *STAFF_ERRORS,
                BadInput,
                ProductNotFound,
                VariantNotFound,
                StockTooLow,
                VariantsDiffer,
            )
        },
    )
    async def replace(
        self,
        product_id: FromPath[str],
        data: JSONBody[VariantsRequest],
        staff: Given[Staff],
        commerce: Given[Commerce],
    ) -> VariantList:
        found = await commerce.set_variants(
            product_id, data.variants, by=staff, shop_id=staff.shop_id
        )
        return VariantList(found)
