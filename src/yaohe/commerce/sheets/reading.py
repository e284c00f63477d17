"""From rows to what they ask for, and from products to rows.

Rows are of one product by the same id, or of a new one with variants by the same title, wherever
they stand: tables are sorted. A row that names a variant is that variant's; the first row speaks
for the product. Stock is a difference to `stock_was`, what was there when the table was written, so
that what was sold since stays sold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, get_args

from msgspec import UNSET, structs

from yaohe.commerce.catalog.model import NewProduct, Product, ProductChange, ProductStatus
from yaohe.commerce.delivery import DeliveryKind
from yaohe.commerce.sheets.cells import amount
from yaohe.commerce.sheets.model import RowWrong, Wish
from yaohe.commerce.sheets.table import Row
from yaohe.commerce.variants import NewVariant, Variant
from yaohe.kernel.errors import BadInput
from yaohe.kernel.money import decimals_of

_AMOUNT = re.compile(r"(\d{1,12}|\d{1,3}(?:,\d{3}){1,3})(?:\.(\d{1,2}))?\Z", re.ASCII)
_COUNT = re.compile(r"\d{1,9}\Z", re.ASCII)
_TEXTS: Final = ("title", "title_en", "subtitle", "subtitle_en")
_OF_PRODUCT: Final = (*_TEXTS, "list_price", "status", "delivery", "picture_key")
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "status": get_args(ProductStatus),
    "delivery": get_args(DeliveryKind),
}


def rows_of(products: Iterable[Product]) -> Iterator[Sequence[object]]:
    """One row a product, one a variant of those that have some."""
    for product in products:
        for one in product.variants or (None,):
            yield _row(product, one)


def _row(product: Product, variant: Variant | None) -> Sequence[object]:
    sold = variant or product
    was = product.list_price_minor
    return (
        product.id, product.title, product.title_en, product.subtitle, product.subtitle_en,
        amount(sold.price_minor, product.currency),
        "" if was is None else amount(was, product.currency),
        sold.stock, sold.stock, product.status, product.delivery, product.picture_key or "",
        variant.id if variant else "", variant.title if variant else "",
        variant.title_en if variant else "", product.currency, product.sold,
    )  # fmt: skip


def wishes_of(
    rows: Sequence[Row], currency: str, there: Mapping[str, Product]
) -> Iterator[Wish | RowWrong]:
    """What each product's rows ask for, or what is wrong with one of them. Amounts are in the
    currency of the product that is `there`, those of new ones in the shop's."""
    groups: dict[tuple[str, str | int], list[Row]] = {}
    for row in rows:
        groups.setdefault(_whose(row), []).append(row)
    for group in groups.values():
        yield _wish(group, currency, there.get(group[0].cells.get("id", "")))


def _whose(row: Row) -> tuple[str, str | int]:
    """Which product a row is about; a new one without variants is a line of its own."""
    if row.cells.get("id"):
        return "id", row.cells["id"]
    if row.cells.get("variant"):
        return "title", row.cells.get("title", "")
    return "line", row.line


def _wish(group: list[Row], currency: str, there: Product | None) -> Wish | RowWrong:
    line = group[0].line
    currency = there.currency if there else currency
    try:
        for row in group:
            line = row.line
            _agrees(group[0], row)
            if there or not row.cells.get("id"):
                _priced_in(row, currency)
        line = group[0].line
        varied = any(row.cells.get("variant") or row.cells.get("variant_id") for row in group)
        product_id = group[0].cells.get("id") or None
        product = _product(group[0], currency, new=product_id is None, varied=varied)
        variants = []
        for row in group if varied else ():
            line = row.line
            variants.append(_variant(row, currency))
        if not varied and len(group) > 1:
            line = group[1].line
            raise BadInput("This product stands in the table twice.", field="id")
    except BadInput as error:
        return RowWrong(line, error)
    return Wish(
        line=group[0].line,
        id=product_id,
        product=product,
        variants=tuple(variants) if varied else None,
    )


def changes_of(wish: Wish, there: Product | None) -> Wish | None:
    """What of a wish differs from the product that is there; None when nothing does."""
    if there is None or not isinstance(wish.product, ProductChange):
        return wish
    given = {name: getattr(wish.product, name) for name in ProductChange.__struct_fields__}
    changed = {
        name: value
        for name, value in given.items()
        if value is not UNSET and (name == "stock_change" or value != getattr(there, name))
    }
    variants = wish.variants
    if variants is not None and _are_there(variants, there.variants):
        variants = None
    if not changed and variants is None:
        return None
    return structs.replace(wish, product=ProductChange(**changed), variants=variants)


def _are_there(wanted: Sequence[NewVariant], there: Sequence[Variant]) -> bool:
    return [
        (one.id, one.title, one.title_en, one.price_minor, one.stock_change) for one in wanted
    ] == [(one.id, one.title, one.title_en, one.price_minor, 0) for one in there]


def _agrees(first: Row, row: Row) -> None:
    if row.overflows:
        raise BadInput('There are more cells than columns: put "" around a cell with a comma.')
    for name in _OF_PRODUCT:
        cell = row.cells.get(name, "")
        if cell and cell != first.cells.get(name, ""):
            raise BadInput(
                f"{name} differs from the first row of this product, line {first.line}.", field=name
            )


def _priced_in(row: Row, currency: str) -> None:
    told = row.cells.get("currency", "")
    if told and told.upper() != currency:
        raise BadInput(f"Amounts here are in {currency}.", field="currency")


def _product(row: Row, currency: str, *, new: bool, varied: bool) -> NewProduct | ProductChange:
    cells = row.cells
    values: dict[str, Any] = {name: cells[name] for name in _TEXTS if name in cells}
    if "list_price" in cells:
        values["list_price_minor"] = _amount(cells, "list_price", currency)
    if "picture_key" in cells:
        values["picture_key"] = cells["picture_key"] or None
    for name, choices in _CHOICES.items():
        if cells.get(name):
            if cells[name] not in choices:
                raise BadInput(f"{name} is one of {', '.join(choices)}.", field=name)
            values[name] = cells[name]
    if not varied:
        price = _amount(cells, "price", currency)
        if price is not None:
            values["price_minor"] = price
        values |= _stock(cells, new=new)
    if not new:
        return ProductChange(**values)
    if varied:
        values |= {"price_minor": 0, "stock": 0}  # those of its variants hold
    elif "price_minor" not in values:
        raise BadInput("A new product needs a price.", field="price")
    return NewProduct(**{"stock": 0, **values})


def _variant(row: Row, currency: str) -> NewVariant:
    cells = row.cells
    price = _amount(cells, "price", currency)
    if price is None:
        raise BadInput("Each variant needs its price.", field="price")
    variant_id = cells.get("variant_id") or None
    stock = _stock(cells, new=variant_id is None)
    if variant_id is not None and "stock" in stock:
        raise BadInput(
            "Leave stock_was as it was written: the stock changes by the difference.",
            field="stock_was",
        )
    return NewVariant(
        id=variant_id,
        title=cells.get("variant", ""),
        title_en=cells.get("variant_en", ""),
        price_minor=price,
        **stock,
    )


def _stock(cells: dict[str, str], *, new: bool) -> dict[str, int]:
    """A new thing has a stock; one that is there has it changed by what was edited."""
    stock, was = _count(cells, "stock"), _count(cells, "stock_was")
    if stock is None:
        return {}
    if new or was is None:
        return {"stock": stock}
    return {"stock_change": stock - was} if stock != was else {}


def _amount(cells: dict[str, str], name: str, currency: str) -> int | None:
    """An amount in whole units and decimals as minor units, exact; None for an empty cell."""
    cell = cells.get(name, "")
    if not cell:
        return None
    found, places = _AMOUNT.match(cell), decimals_of(currency)
    if found is None or len(found[2] or "") > places:
        raise BadInput(f"{name} is an amount such as 99.00.", field=name)
    decimals = (found[2] or "").ljust(places, "0")
    return int(found[1].replace(",", "") + decimals)


def _count(cells: dict[str, str], name: str) -> int | None:
    cell = cells.get(name, "")
    if not cell:
        return None
    if not _COUNT.match(cell):
        raise BadInput(f"{name} is a whole number.", field=name)
    return int(cell)
