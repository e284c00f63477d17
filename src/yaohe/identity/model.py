"""The shop: whose house this is, and in which currency and zone it counts."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from yaohe.kernel.errors import BadInput
from yaohe.kernel.language import said
from yaohe.kernel.money import check_currency
from yaohe.kernel.text import clean_text

SHOP_ID: Final = "shop_main"


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    name_en: str
    currency: str
    time_zone: str
    created_at: datetime

    def name_in(self, lang: str) -> str:
        """The shop's name for a reader of this language."""
        return said(lang, self.name, self.name_en)


class ShopChange(msgspec.Struct, frozen=True, kw_only=True):
    """What may change about a shop; None leaves a field as it is."""

    name: str | None = None
    name_en: str | None = None
    time_zone: str | None = None
    currency: str | None = None

    def cleaned(self) -> dict[str, str]:
        """The columns to write; raises `BadInput`."""
        values: dict[str, str] = {}
        if self.name is not None:
            values["name"] = clean_text(self.name, field="name", chars_max=40)
        if self.name_en is not None:
            values["name_en"] = clean_text(self.name_en, field="name_en", chars_max=60, empty=True)
        if self.time_zone is not None:
            values["time_zone"] = _zone(self.time_zone)
        if self.currency is not None:
            values["currency"] = check_currency(self.currency)
        return values


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput("This time zone is unknown; try Asia/Shanghai.", field="time_zone") from None
    return name
