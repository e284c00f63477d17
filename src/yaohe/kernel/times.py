"""Moments as people read them: a day and an hour, and whose hour it is.

Every function takes a moment that is already in its zone (`at.astimezone(ZoneInfo(…))`). An hour
without its zone is a riddle for whoever reads it elsewhere, so a show's start is always told with
`zone_text`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from yaohe.kernel.language import is_chinese

_BEIJING: Final = frozenset(
    {"Asia/Shanghai", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "PRC"}
)


def date_text(at: datetime, lang: str) -> str:
    """ "11月22日 20:05", "Nov 22, 20:05"."""
    clock = f"{at.hour:02d}:{at.minute:02d}"
    if is_chinese(lang):
        return f"{at.month}月{at.day}日 {clock}"
    return f"{at:%b} {at.day}, {clock}"


def zone_text(at: datetime, lang: str) -> str:
    """The zone by the name its readers use, 北京时间, else by its distance: GMT+8, GMT-3:30."""
    if is_chinese(lang) and getattr(at.tzinfo, "key", "") in _BEIJING:
        return "北京时间"
    offset = at.utcoffset()
    assert offset is not None, "the moment is in no zone"
    hours, minutes = divmod(abs(round(offset.total_seconds() / 60)), 60)
    if not hours and not minutes:
        return "GMT"
    sign = "-" if offset.days < 0 else "+"
    return f"GMT{sign}{hours}" + (f":{minutes:02d}" if minutes else "")
