"""What a sheet asks for, and what became of it."""

from __future__ import annotations

from typing import Final

import msgspec

from yaohe.commerce.catalog.model import NewProduct, ProductChange
from yaohe.commerce.variants import NewVariant
from yaohe.kernel.errors import BadInput

ROWS_MAX: Final = 1_000
BYTES_MAX: Final = 900_000


class ProductSheetWrong(BadInput):
    code = "product_sheet_wrong"
    message = "This is no table of products."


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What the rows of one product ask for. Without an `id` it is new; `variants` None leaves
    those that are there."""

    line: int
    id: str | None
    product: NewProduct | ProductChange
    variants: tuple[NewVariant, ...] | None


class RowProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why nothing was written: the line of the table (the heading is line 1) and its column."""

    line: int
    field: str | None
    code: str
    message: str


class SheetReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a sheet does, or would do. Nothing of it is `written` when there is a problem."""

    written: bool
    created: int
    changed: int
    problems: list[RowProblem]


class RowWrong(Exception):
    """A row that cannot be understood; the service lists it."""

    def __init__(self, line: int, error: BadInput) -> None:
        self.line, self.error = line, error
        super().__init__(error.text)
