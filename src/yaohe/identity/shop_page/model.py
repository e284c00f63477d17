"""What a shop says about itself, and how long it may be."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from yaohe.kernel.errors import BadInput
from yaohe.kernel.language import said
from yaohe.kernel.text import clean_text

LINE_CHARS_MAX: Final = 200
TEXT_CHARS_MAX: Final = 4_000
_EMAIL = re.compile(r"[^@\s<>\"']{1,64}@[^@\s<>\"']{1,255}\Z")
_PHONE = re.compile(r"[+0-9() \-]{5,40}\Z")


class ShopPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything may be empty. `licences` are numbers the law asks for (a business licence, a food
    licence), one a line; `record` is the number under which the site is registered."""

    seller: str = ""
    seller_en: str = ""
    address: str = ""
    address_en: str = ""
    phone: str = ""
    email: str = ""
    licences: str = ""
    record: str = ""
    delivery: str = ""
    delivery_en: str = ""
    returns: str = ""
    returns_en: str = ""
    privacy: str = ""
    privacy_en: str = ""

    def text_in(self, lang: str, name: str) -> str:
        """One of the texts that exist in both languages."""
        return said(lang, getattr(self, name), getattr(self, f"{name}_en"))


_LONG: Final = frozenset(
    {"licences", *(n + e for n in ("delivery", "returns", "privacy") for e in ("", "_en"))}
)


def cleaned_page(given: ShopPage) -> ShopPage:
    """The page as it is written, checked; raises `BadInput`."""
    values = {}
    for name in ShopPage.__struct_fields__:
        long = name in _LONG
        values[name] = clean_text(
            getattr(given, name),
            field=name,
            chars_max=TEXT_CHARS_MAX if long else LINE_CHARS_MAX,
            empty=True,
            lines=long,
        )
    if values["email"] and not _EMAIL.match(values["email"]):
        raise BadInput("This is not an e-mail address.", field="email")
    if values["phone"] and not _PHONE.match(values["phone"]):
        raise BadInput("This is not a telephone number.", field="phone")
    return ShopPage(**values)
