"""The two languages of our words, and which of them a person reads."""

from __future__ import annotations

from typing import Literal

Lang = Literal["zh-CN", "en"]


def is_chinese(lang: str) -> bool:
    return lang.startswith("zh")


def lang_of(*wishes: str | None) -> Lang:
    """The language of the first wish there is: `?lang=` before Accept-Language (RFC 9110 §12.5.4).

    Whoever wishes nothing reads Chinese, whoever wishes anything else than Chinese reads English.
    """
    for wish in wishes:
        if wish and (cleaned := wish.strip().lower()):
            return "zh-CN" if is_chinese(cleaned) else "en"
    return "zh-CN"


def said(lang: str, zh: str, en: str) -> str:
    """What a shop wrote, in this language; Chinese when there are no English words."""
    return zh if is_chinese(lang) or not en else en
