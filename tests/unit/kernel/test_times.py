"""A show's hour, and whose hour it is."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from yaohe.kernel.times import date_text, zone_text

AT = datetime(2026, 3, 5, 1, 7, tzinfo=UTC)


def test_dates() -> None:
    at = AT.astimezone(ZoneInfo("Asia/Shanghai"))
    assert date_text(at, "zh-CN") == "3月5日 09:07"
    assert date_text(at, "en") == "Mar 5, 09:07"


@pytest.mark.parametrize(
    ("zone", "zh", "en"),
    [
        ("Asia/Shanghai", "北京时间", "GMT+8"),
        ("Asia/Tokyo", "GMT+9", "GMT+9"),
        ("Asia/Kolkata", "GMT+5:30", "GMT+5:30"),
        ("America/St_Johns", "GMT-3:30", "GMT-3:30"),
        ("America/New_York", "GMT-5", "GMT-5"),
        ("Europe/London", "GMT", "GMT"),
    ],
)
def test_zones(zone: str, zh: str, en: str) -> None:
    at = AT.astimezone(ZoneInfo(zone))
    assert (zone_text(at, "zh-CN"), zone_text(at, "en")) == (zh, en)


def test_summer_time_is_of_the_moment() -> None:
    zone = ZoneInfo("Europe/Berlin")
    assert zone_text(datetime(2026, 1, 5, tzinfo=zone), "en") == "GMT+1"
    assert zone_text(datetime(2026, 7, 5, tzinfo=zone), "en") == "GMT+2"
