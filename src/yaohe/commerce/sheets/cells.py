"""The bytes of a sheet (CSV, RFC 4180): what spreadsheets write is read, what is written they read.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it, and read
without.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from yaohe.kernel.errors import BadInput
from yaohe.kernel.money import decimals_of

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def written(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """With a mark at the front by which spreadsheets know UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([_safe(str(cell)) for cell in row])
    return ("\ufeff" + out.getvalue()).encode()


def rows_in(raw: bytes, wrong: type[BadInput]) -> list[list[str]]:
    """All the rows, the heading first; raises what is `wrong` with bytes that are no table."""
    text = _text(raw, wrong)
    first = text.partition("\n")[0]
    mark = max((",", ";", "\t"), key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True))
    except csv.Error as error:
        raise wrong(f"This is no CSV: {error}.", field="sheet") from None


def plain(cell: str) -> str:
    """What a cell says, without the apostrophe that kept it from being a formula."""
    text = cell.strip()
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA) else text


def amount(minor: int, currency: str) -> str:
    """A sum in whole units and decimals, as a cell that can be added up."""
    places = decimals_of(currency)
    whole, rest = divmod(minor, 10**places)
    return f"{whole}.{rest:0{places}d}" if places else str(whole)


def _text(raw: bytes, wrong: type[BadInput]) -> str:
    """Spreadsheets on Chinese desktops write GB 18030 where others write UTF-8."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise wrong("The table is neither UTF-8 nor GB 18030.", field="sheet")


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
