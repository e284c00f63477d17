"""The lines of an order: which product, how many, at which price, and what a coupon took off it.

An order has 1 to 20 lines, in the order they were asked for. One product may stand in several: in
different variants, or some pieces at a live price and some at the regular one. The same thing
twice is refused, because nobody could tell afterwards which of the two was meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from yaohe.kernel.errors import BadInput
from yaohe.kernel.language import said

LINES_MAX: Final = 20
QUANTITY_MAX: Final = 99
KEY_CHARS_MAX: Final = 80


class WishLine(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants of one product."""

    product_id: str
    quantity: int = 1
    variant_id: str | None = None
    live_price_id: str | None = None


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order. Titles, picture and price are those of the moment it was made;
    `discount_minor` is this line's share of what the coupon took off the goods."""

    product_id: str
    title: str
    title_en: str
    picture_key: str | None
    quantity: int
    unit_price_minor: int
    discount_minor: int
    live_price_id: str | None = None
    variant_id: str | None = None
    refunded_quantity: int = 0

    @property
    def goods_minor(self) -> int:
        return self.unit_price_minor * self.quantity

    @property
    def cost_minor(self) -> int:
        """What is paid for it, without the order's fee."""
        return self.goods_minor - self.discount_minor

    def worth_minor(self, pieces: int, *, after: int) -> int:
        """What so many pieces cost when `after` of them were given back before. The sums of all
        pieces are what the line cost: what does not divide is in the last ones."""
        before = self.cost_minor * after // self.quantity
        return self.cost_minor * (after + pieces) // self.quantity - before

    @property
    def wished(self) -> WishLine:
        return WishLine(
            product_id=self.product_id,
            quantity=self.quantity,
            variant_id=self.variant_id,
            live_price_id=self.live_price_id,
        )

    def title_in(self, lang: str) -> str:
        return said(lang, self.title, self.title_en)


def titled(title: str, title_en: str, lines: int) -> tuple[str, str]:
    """An order in few words, zh and en: its first line, and that there are more."""
    if lines == 1:
        return title, title_en
    return f"{title} 等 {lines} 种", f"{title_en or title} and {lines - 1} more"


def wished_lines(
    lines: Sequence[WishLine] | None,
    *,
    product_id: str | None,
    quantity: int = 1,
    variant_id: str | None = None,
    live_price_id: str | None = None,
) -> tuple[WishLine, ...]:
    """What an order is of, checked: `lines`, or one product by itself. `BadInput` names what is
    wrong."""
    if lines is None:
        if product_id is None:
            raise BadInput("Say what: lines, or product_id for one product.", field="lines")
        line = WishLine(
            product_id=product_id,
            quantity=quantity,
            variant_id=variant_id,
            live_price_id=live_price_id,
        )
        _check_line(line, "")
        return (line,)
    if (product_id, quantity, variant_id, live_price_id) != (None, 1, None, None):
        raise BadInput("With lines, each line says its product, quantity and price.", field="lines")
    return _checked_lines(lines)


def _checked_lines(lines: Sequence[WishLine]) -> tuple[WishLine, ...]:
    if not 1 <= len(lines) <= LINES_MAX:
        raise BadInput(f"An order has 1 to {LINES_MAX} lines.", field="lines")
    seen = set[tuple[str, str | None, str | None]]()
    for place, line in enumerate(lines):
        at = line_field(place)
        _check_line(line, f"{at}.")
        thing = (line.product_id, line.variant_id, line.live_price_id)
        if thing in seen:
            raise BadInput("This is in the order twice: add the quantities up.", field=at)
        seen.add(thing)
    return tuple(lines)


def line_field(place: int) -> str:
    """How a refusal names a line."""
    return f"lines[{place}]"


def _check_line(line: WishLine, at: str) -> None:
    check_key(line.product_id, field=f"{at}product_id")
    check_quantity(line.quantity, field=f"{at}quantity")
    if line.variant_id is not None:
        check_key(line.variant_id, field=f"{at}variant_id")
    if line.live_price_id is not None:
        check_key(line.live_price_id, field=f"{at}live_price_id")


def check_quantity(quantity: int, *, field: str = "quantity") -> int:
    if not 1 <= quantity <= QUANTITY_MAX:
        raise BadInput(f"The quantity is between 1 and {QUANTITY_MAX}.", field=field)
    return quantity


def check_key(text: str, *, field: str, chars_max: int = KEY_CHARS_MAX) -> str:
    """An id or key: printable ASCII without spaces, so that it can go through a batch."""
    if not 1 <= len(text) <= chars_max or not text.isascii() or not text.isprintable():
        raise BadInput(f"{field} must be 1 to {chars_max} printable characters.", field=field)
    if " " in text:
        raise BadInput(f"{field} must not hold spaces.", field=field)
    return text
