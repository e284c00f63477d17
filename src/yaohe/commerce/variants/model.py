"""Variants and the rules of what may be written about them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from yaohe.kernel.errors import BadInput
from yaohe.kernel.language import said
from yaohe.kernel.money import AMOUNT_MINOR_MAX
from yaohe.kernel.text import clean_text

VARIANTS_MAX: Final = 40
TITLE_CHARS_MAX: Final = 40
STOCK_MAX: Final = 10_000_000

Text = Annotated[str, Meta(max_length=1_000)]


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One of the ways a product can be had, such as "red, L". `stock` is what is left of it."""

    id: str
    product_id: str
    title: str
    title_en: str
    price_minor: int
    stock: int

    def title_in(self, lang: str) -> str:
        return said(lang, self.title, self.title_en)


class NewVariant(msgspec.Struct, frozen=True, kw_only=True):
    """What staff give, in the order buyers see it. With an `id` it changes the one that is there,
    and `stock_change` adds to what is left by then; a new one starts with `stock`."""

    title: Text
    price_minor: int
    title_en: Text = ""
    id: Text | None = None
    stock: int = 0
    stock_change: int = 0


def cost_the_same(variants: Sequence[Variant]) -> bool:
    """Whether one lower price can hold for all of them."""
    return len({one.price_minor for one in variants}) <= 1


def cleaned_variants(given: Sequence[NewVariant]) -> list[NewVariant]:
    """The variants as they are written, checked; raises `BadInput`."""
    if len(given) > VARIANTS_MAX:
        raise BadInput(f"A product has up to {VARIANTS_MAX} variants.", field="variants")
    found = [_cleaned(one) for one in given]
    for names in ([one.title for one in found], [one.id for one in found if one.id]):
        if len(set(names)) < len(names):
            raise BadInput("Two variants are the same.", field="variants")
    return found


def _cleaned(new: NewVariant) -> NewVariant:
    if not 0 < new.price_minor <= AMOUNT_MINOR_MAX:
        raise BadInput("A variant costs at least 1 minor unit.", field="price_minor")
    if not 0 <= new.stock <= STOCK_MAX or not -STOCK_MAX <= new.stock_change <= STOCK_MAX:
        raise BadInput(f"Stock is between 0 and {STOCK_MAX}.", field="stock")
    if new.id is not None and new.stock:
        raise BadInput("Change the stock of a variant by stock_change.", field="stock")
    if new.id is None and new.stock_change:
        raise BadInput(
            "A new variant has no stock to change yet; give stock.", field="stock_change"
        )
    title = clean_text(new.title, field="title", chars_max=TITLE_CHARS_MAX)
    title_en = clean_text(new.title_en, field="title_en", chars_max=TITLE_CHARS_MAX, empty=True)
    return msgspec.structs.replace(new, title=title, title_en=title_en)
