"""The words of the screens, as the web sources wrote them, for documents drawn by the server."""

from __future__ import annotations

from typing import Final

import msgspec

from yaohe.kernel.language import is_chinese

LANGS: Final = ("zh-CN", "en")


class Words:
    """`words.json` of the built pages: one table per language."""

    def __init__(self, raw: bytes) -> None:
        self._tables = msgspec.json.decode(raw, type=dict[str, dict[str, str]])
        self._slots = {
            lang: {"t_" + key.replace(".", "_"): text for key, text in table.items()}
            for lang, table in self._tables.items()
        }

    def say(self, lang: str, key: str, **values: object) -> str:
        text = self._tables[lang][key]
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        return text

    def slots(self, lang: str) -> dict[str, str]:
        """Every word under its slot name: `room.sound_on` fills `{{t_room_sound_on}}`."""
        return self._slots[lang]


def count_text(number: int, lang: str) -> str:
    """A count as rooms show it: in full below ten thousand, then compact with one decimal."""
    if number < 10_000:
        return f"{number:,}"
    unit, name = (10_000, "万") if is_chinese(lang) else (1_000, "K")
    if not is_chinese(lang) and number >= 1_000_000:
        unit, name = 1_000_000, "M"
    short = f"{number / unit:.1f}".removesuffix(".0")
    return short + name
