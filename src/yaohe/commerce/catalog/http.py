"""The API of the catalog, for staff."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Controller, get, patch, post
from litestar.di import NamedDependency as Given
from litestar.params import FromPath, JSONBody

from yaohe.commerce.catalog.model import NewProduct, Product, ProductChange, ProductStatus
from yaohe.commerce.delivery import DeliveryKind
from yaohe.commerce.errors import ProductNotFound, StockTooLow
from yaohe.commerce.service import Commerce
from yaohe.commerce.variants import Variant
from yaohe.identity import STAFF_ERRORS, STAFF_ONLY, Identity, Staff
from yaohe.kernel.errors import BadInput


class ProductView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    title_en: str
    subtitle: str
    subtitle_en: str
    price_minor: int
    list_price_minor: int | None
    currency: str
    stock: int
    sold: int
    picture_key: str | None
    picture: str | None
    status: ProductStatus
    delivery: DeliveryKind
    digital_text: str
    created_at: datetime
    variants: tuple[Variant, ...]


class ProductList(msgspec.Struct, frozen=True):
    items: list[ProductView]


def product_view(product: Product) -> ProductView:
    return ProductView(
        id=product.id,
        title=product.title,
        title_en=product.title_en,
        subtitle=product.subtitle,
        subtitle_en=product.subtitle_en,
        price_minor=product.price_minor,
        list_price_minor=product.list_price_minor,
        currency=product.currency,
        stock=product.stock,
        sold=product.sold,
        picture_key=product.picture_key,
        picture=product.picture,
        status=product.status,
        delivery=product.delivery,
        digital_text=product.digital_text,
        created_at=product.created_at,
        variants=product.variants,
    )


class Products(Controller):
    path = "/api/v1/products"
    tags = ("products",)
    dependencies = STAFF_ONLY

    @get("/", summary="All products, newest first", opt={"errors": STAFF_ERRORS})
    async def show(self, staff: Given[Staff], commerce: Given[Commerce]) -> ProductList:
        found = await commerce.products(staff.shop_id)
        return ProductList([product_view(product) for product in found])

    @post("/", summary="Put a product up", opt={"errors": (*STAFF_ERRORS, BadInput)})
    async def create(
        self,
        data: JSONBody[NewProduct],
        staff: Given[Staff],
        commerce: Given[Commerce],
        identity: Given[Identity],
    ) -> ProductView:
        if data.currency is None:
            data = msgspec.structs.replace(data, currency=(await identity.shop()).currency)
        made = await commerce.create_product(data, by=staff, shop_id=staff.shop_id)
        return product_view(made)

    @patch(
        "/{product_id:str}",
        summary="Change a product",
        opt={"errors": (*STAFF_ERRORS, BadInput, ProductNotFound, StockTooLow)},
    )
    async def change(
        self,
        product_id: FromPath[str],
        data: JSONBody[ProductChange],
        staff: Given[Staff],
        commerce: Given[Commerce],
    ) -> ProductView:
        changed = await commerce.update_product(product_id, data, by=staff, shop_id=staff.shop_id)
        return product_view(changed)
