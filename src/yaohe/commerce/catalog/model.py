"""Products and the rules of what may be written about them. Money is in minor units."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from yaohe.commerce.delivery import DeliveryKind
from yaohe.commerce.variants import Variant
from yaohe.kernel.errors import BadInput
from yaohe.kernel.language import said
from yaohe.kernel.money import AMOUNT_MINOR_MAX
from yaohe.kernel.text import clean_text

STOCK_MAX: Final = 10_000_000
TITLE_CHARS_MAX: Final = 120
SUBTITLE_CHARS_MAX: Final = 200
DIGITAL_CHARS_MAX: Final = 2_000

ProductStatus = Literal["on_sale", "hidden"]


NO_PICTURE: Final = "parcel-1"  # what the project draws for a product without a picture


def picture_path(picture_key: str | None) -> str:
    """Where the picture of a product is served."""
    return f"/media/products/{picture_key or NO_PICTURE}"


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """Something on sale. With variants, `price_minor` is the lowest of theirs and `stock` what is
    left of all of them together. `digital_text` is what buyers of something digital get: nobody
    else sees it."""

    id: str
    shop_id: str
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
    status: ProductStatus
    created_at: datetime
    updated_at: datetime
    delivery: DeliveryKind = "ship"
    digital_text: str = ""
    variants: tuple[Variant, ...] = ()

    @property
    def picture(self) -> str:
        """Where its picture is served."""
        return picture_path(self.picture_key)

    def title_in(self, lang: str) -> str:
        return said(lang, self.title, self.title_en)

    def subtitle_in(self, lang: str) -> str:
        return said(lang, self.subtitle, self.subtitle_en)


class NewProduct(msgspec.Struct, frozen=True, kw_only=True):
    """What staff give to put something on the shelf. `currency` None means the shop's."""

    title: str
    price_minor: int
    stock: int
    title_en: str = ""
    subtitle: str = ""
    subtitle_en: str = ""
    list_price_minor: int | None = None
    currency: str | None = None
    picture_key: str | None = None
    status: ProductStatus = "on_sale"
    delivery: DeliveryKind = "ship"
    digital_text: str = ""


class ProductChange(msgspec.Struct, frozen=True, kw_only=True):
    """What staff change; fields left out stay as they are.

    `stock` sets the count; `stock_change` adds to it (or takes away) whatever was sold meanwhile.
    """

    title: str | UnsetType = UNSET
    title_en: str | UnsetType = UNSET
    subtitle: str | UnsetType = UNSET
    subtitle_en: str | UnsetType = UNSET
    price_minor: int | UnsetType = UNSET
    list_price_minor: int | UnsetType | None = UNSET
    stock: int | UnsetType = UNSET
    stock_change: int | UnsetType = UNSET
    picture_key: str | UnsetType | None = UNSET
    status: ProductStatus | UnsetType = UNSET
    delivery: DeliveryKind | UnsetType = UNSET
    digital_text: str | UnsetType = UNSET


_TEXTS: Final = {
    "title": (TITLE_CHARS_MAX, False),
    "title_en": (TITLE_CHARS_MAX, True),
    "subtitle": (SUBTITLE_CHARS_MAX, True),
    "subtitle_en": (SUBTITLE_CHARS_MAX, True),
}


def cleaned(given: NewProduct | ProductChange) -> dict[str, str | int | None]:
    """The columns a new product or a change writes, checked; raises `BadInput`."""
    values: dict[str, str | int | None] = {}
    for name in given.__struct_fields__:
        value = getattr(given, name)
        if value is UNSET or name in {"currency", "stock_change"}:
            continue
        if name in _TEXTS:
            chars_max, empty = _TEXTS[name]
            value = clean_text(value, field=name, chars_max=chars_max, empty=empty)
        elif name == "digital_text":
            value = clean_text(
                value, field=name, chars_max=DIGITAL_CHARS_MAX, empty=True, lines=True
            )
        elif name in {"price_minor", "list_price_minor"}:
            value = _amount(name, value)
        elif name == "stock":
            value = _stock(value)
        elif name == "picture_key":
            value = _picture(value)
        values[name] = value
    return values


def check_deliverable(product: Product) -> None:
    """Raises `BadInput` when buyers of something digital would get nothing."""
    if product.delivery == "digital" and not product.digital_text:
        raise BadInput("Say what the buyer gets: a link, a key, a text.", field="digital_text")


def check_prices(product: Product) -> None:
    """Raises `BadInput` when the price would be struck out for a higher one."""
    if product.list_price_minor is not None and product.list_price_minor < product.price_minor:
        raise BadInput(
            "The list price is what it cost before: the price or more. Leave it out if none.",
            field="list_price_minor",
        )


def cleaned_stock_change(change: ProductChange) -> int:
    """How much to add to the stock; 0 when nothing was said."""
    if change.stock_change is UNSET:
        return 0
    if change.stock is not UNSET:
        raise BadInput("Give stock or stock_change, not both.", field="stock_change")
    if not -STOCK_MAX <= change.stock_change <= STOCK_MAX:
        raise BadInput("This is more than a shop can hold.", field="stock_change")
    return change.stock_change


def _amount(name: str, value: int | None) -> int | None:
    if value is None:
        return None
    if not 0 <= value <= AMOUNT_MINOR_MAX:
        raise BadInput(f"An amount is 0 to {AMOUNT_MINOR_MAX} minor units.", field=name)
    return value


def _stock(value: int) -> int:
    if not 0 <= value <= STOCK_MAX:
        raise BadInput(f"Stock is between 0 and {STOCK_MAX}.", field="stock")
    return value


def _picture(value: str | None) -> str | None:
    if value is None:
        return None
    key = clean_text(value, field="picture_key", chars_max=120)
    safe = all(c.isascii() and (c.isalnum() or c in "._-") for c in key)
    if not safe or key.startswith("."):
        raise BadInput("A picture key has only letters, digits, '.', '_' and '-'.",
                       field="picture_key")  # fmt: skip
    return key
