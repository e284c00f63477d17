"""The API of the shop page: for everybody to read, for staff to write."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Controller, get, put
from litestar.di import NamedDependency as Given
from litestar.params import JSONBody
from msgspec import Meta

from yaohe.identity.access import STAFF_ERRORS, STAFF_ONLY
from yaohe.identity.service import Identity
from yaohe.identity.shop_page.model import ShopPage
from yaohe.identity.staff.model import Staff
from yaohe.kernel.errors import BadInput, TryAgain

Line = Annotated[str, Meta(max_length=1_000)]
Long = Annotated[str, Meta(max_length=20_000)]


class ShopPageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page; what is left out is empty. `licences` has one number a line."""

    seller: Line = ""
    seller_en: Line = ""
    address: Line = ""
    address_en: Line = ""
    phone: Line = ""
    email: Line = ""
    licences: Long = ""
    record: Line = ""
    delivery: Long = ""
    delivery_en: Long = ""
    returns: Long = ""
    returns_en: Long = ""
    privacy: Long = ""
    privacy_en: Long = ""


class ReadShopPage(Controller):
    path = "/api/v1/shop-page"
    tags = ("shop",)

    @get("/", summary="Who sells, how to reach them, and what holds")
    async def show(self, identity: Given[Identity]) -> ShopPage:
        return await identity.shop_pages.page()


class ShopPageDesk(Controller):
    path = "/api/v1/shop/page"
    tags = ("shop",)
    dependencies = STAFF_ONLY

    @put("/", summary="Write the shop page", opt={"errors": (*STAFF_ERRORS, BadInput, TryAgain)})
    async def keep(
        self, data: JSONBody[ShopPageRequest], staff: Given[Staff], identity: Given[Identity]
    ) -> ShopPage:
        return await identity.shop_pages.keep(ShopPage(**msgspec.structs.asdict(data)), by=staff)


controllers = (ReadShopPage, ShopPageDesk)
