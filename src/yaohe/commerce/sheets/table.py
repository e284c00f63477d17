"""The columns of a sheet of products, and its rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from yaohe.commerce.sheets.cells import plain, rows_in, written
from yaohe.commerce.sheets.model import ROWS_MAX, ProductSheetWrong

GIVEN: Final = (
    "id", "title", "title_en", "subtitle", "subtitle_en", "price", "list_price", "stock",
    "stock_was", "status", "delivery", "picture_key", "variant_id", "variant", "variant_en",
)  # fmt: skip
TOLD: Final = ("currency", "sold")


class Row(msgspec.Struct, frozen=True):
    """A line of the table, by column. In one that `overflows` a comma split a cell, so that
    what follows it stands in wrong columns."""

    line: int
    cells: dict[str, str]
    overflows: bool = False


def write_table(rows: Iterable[Sequence[object]]) -> bytes:
    return written((*GIVEN, *TOLD), rows)


def read_table(raw: bytes) -> list[Row]:
    """The rows that hold something; raises `ProductSheetWrong`."""
    rows = rows_in(raw, ProductSheetWrong)
    columns = [cell.strip().lower() for cell in rows[0]] if rows else []
    unknown = [name for name in columns if name not in GIVEN and name not in TOLD]
    if unknown or "title" not in columns or len(set(columns)) < len(columns):
        known = ", ".join(GIVEN)
        raise ProductSheetWrong(
            f"The first line names the columns, each once: {known}.", field="sheet"
        )
    filled = [(nth, row) for nth, row in enumerate(rows[1:], 2) if any(map(str.strip, row))]
    if not 1 <= len(filled) <= ROWS_MAX:
        raise ProductSheetWrong(f"A table has 1 to {ROWS_MAX} rows.", field="sheet")
    return [
        Row(
            nth,
            {n: plain(c) for n, c in zip(columns, row, strict=False)},
            overflows=any(map(str.strip, row[len(columns) :])),
        )
        for nth, row in filled
    ]
