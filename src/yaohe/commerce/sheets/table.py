"""The bytes of a sheet (CSV, RFC 4180): what spreadsheets write is read, what is written they read.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it, and read
without.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from yaohe.commerce.sheets.model import ROWS_MAX, ProductSheetWrong

GIVEN: Final = (
    "id", "title", "title_en", "subtitle", "subtitle_en", "price", "list_price", "stock",
    "stock_was", "status", "delivery", "picture_key", "variant_id", "variant", "variant_en",
)  # fmt: skip
TOLD: Final = ("currency", "sold")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Row(msgspec.Struct, frozen=True):
    """A line of the table, by column. In one that `overflows` a comma split a cell, so that
    what follows it stands in wrong columns."""

    line: int
    cells: dict[str, str]
    overflows: bool = False


def write_table(rows: Iterable[Sequence[object]]) -> bytes:
    """With a mark at the front by which spreadsheets know UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow((*GIVEN, *TOLD))
    for row in rows:
        writer.writerow([_safe(str(cell)) for cell in row])
    return ("\ufeff" + out.getvalue()).encode()


def read_table(raw: bytes) -> list[Row]:
    """The rows that hold something; raises `ProductSheetWrong`."""
    text = _text(raw)
    first = text.partition("\n")[0]
    mark = max((",", ";", "\t"), key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True))
    except csv.Error as error:
        raise ProductSheetWrong(f"This is no CSV: {error}.", field="sheet") from None
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
            {n: _plain(c) for n, c in zip(columns, row, strict=False)},
            overflows=any(map(str.strip, row[len(columns) :])),
        )
        for nth, row in filled
    ]


def _text(raw: bytes) -> str:
    """Spreadsheets on Chinese desktops write GB 18030 where others write UTF-8."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ProductSheetWrong("The table is neither UTF-8 nor GB 18030.", field="sheet")


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _plain(cell: str) -> str:
    text = cell.strip()
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA) else text
