"""Links as a table (CSV, RFC 4180): what spreadsheets write is read, what is written they read.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it, and
read without. The columns that only tell (the address, the counts) are passed over when read, so a
table that was written here may be changed and given back.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, get_args

import msgspec

from yaohe.sharing.links.addresses import UTM_FIELDS
from yaohe.sharing.links.errors import SheetWrong
from yaohe.sharing.links.model import AT_ONCE_MAX, Link, LinkCounts, LinkSource, NewLink

BYTES_MAX: Final = 900_000
_TEXTS: Final = ("name", "source", "slug", "room", "product", "clip", "url", "channel")
_GIVEN: Final = (
    *_TEXTS, "moment_at", "tags", "expires_at", "paused", *(f"utm_{name}" for name in UTM_FIELDS),
)  # fmt: skip
_TOLD: Final = ("link", "token", "state", "created_at", *LinkCounts.__struct_fields__)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_YES: Final = frozenset(("1", "true", "yes", "y", "是"))
_NO: Final = frozenset(("", "0", "false", "no", "n", "否"))


def write_sheet(links: Sequence[Link], *, url: Callable[[Link], str], now: datetime) -> bytes:
    """All of these links, with a mark at the front by which spreadsheets know UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow((*_GIVEN, *_TOLD))
    for link in links:
        told = (url(link), link.token, link.state(now), _time(link.created_at))
        counts = msgspec.structs.astuple(link.counts)
        writer.writerow([_safe(str(cell)) for cell in (*_cells(link), *told, *counts)])
    return ("\ufeff" + out.getvalue()).encode()


def _cells(link: Link) -> list[str]:
    by_room = link.kind in {"room", "product"}
    shown = {"room": link.room if by_room else "", "slug": link.slug or ""}
    texts = [str(shown.get(name, getattr(link, name))) for name in _TEXTS]
    times = {name: _time(getattr(link, name)) for name in ("moment_at", "expires_at")}
    paused = "yes" if link.paused_at else ""
    utm = [link.utm.get(name, "") for name in UTM_FIELDS]
    tags = ";".join(link.tags)
    return [*texts, times["moment_at"], tags, times["expires_at"], paused, *utm]


def _time(at: datetime | None) -> str:
    return "" if at is None else at.astimezone(UTC).isoformat(timespec="seconds")


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def read_sheet(raw: bytes) -> list[NewLink]:
    """The links of a table, none of them checked yet; raises `SheetWrong` naming the line."""
    text = _text(raw)
    first = text.partition("\n")[0]
    mark = max((",", ";", "\t"), key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True))
    except csv.Error as error:
        raise SheetWrong(f"This is no CSV: {error}.", field="sheet") from None
    if not rows:
        raise SheetWrong("The table is empty.", field="sheet")
    columns = [cell.strip().lower() for cell in rows[0]]
    unknown = [name for name in columns if name not in _GIVEN and name not in _TOLD]
    if unknown or "name" not in columns or len(set(columns)) < len(columns):
        known = ", ".join(_GIVEN)
        raise SheetWrong(f"The first line names the columns, each once: {known}.", field="sheet")
    filled = [(nth, row) for nth, row in enumerate(rows[1:], 2) if any(map(str.strip, row))]
    if not 1 <= len(filled) <= AT_ONCE_MAX:
        raise SheetWrong(f"A table has 1 to {AT_ONCE_MAX} links.", field="sheet")
    return [_link(nth, dict(zip(columns, row, strict=False))) for nth, row in filled]


def _text(raw: bytes) -> str:
    """Spreadsheets on Chinese desktops write GB 18030 where others write UTF-8."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise SheetWrong("The table is neither UTF-8 nor GB 18030.", field="sheet")


def _link(line: int, row: Mapping[str, str]) -> NewLink:
    cells = {name: _plain(cell) for name, cell in row.items() if name in _GIVEN}
    wish: dict[str, Any] = {name: cells[name] for name in _TEXTS if cells.get(name)}
    wish |= {name: cells[name] for name in ("moment_at", "expires_at") if cells.get(name)}
    wish["tags"] = [tag for tag in cells.get("tags", "").split(";") if tag.strip()]
    wish["utm"] = {n: cells[f"utm_{n}"] for n in UTM_FIELDS if cells.get(f"utm_{n}")}
    paused = cells.get("paused", "").lower()
    if paused not in _YES | _NO:
        raise SheetWrong(f"Line {line}: paused is yes or no.", field="paused")
    if wish.get("source") not in {None, *get_args(LinkSource)}:
        known = ", ".join(get_args(LinkSource))
        raise SheetWrong(f"Line {line}: source is one of {known}.", field="source")
    try:
        return msgspec.convert({"name": "", **wish, "paused": paused in _YES}, NewLink)
    except msgspec.ValidationError as error:
        raise SheetWrong(f"Line {line}: {error}.", field="sheet") from None


def _plain(cell: str) -> str:
    text = cell.strip()
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA) else text
