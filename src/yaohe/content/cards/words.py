"""The few words on cards and posters, in both languages. No image promises anything for sharing."""

from __future__ import annotations

from yaohe.content.cards.model import VIEWERS_SHOWN_MIN, CardModel, Language, Status

_STATUS: dict[Language, dict[Status, str]] = {
    "zh-CN": {"live": "直播中", "upcoming": "预告", "ended": "已结束", "replay": "回放"},
    "en": {"live": "LIVE", "upcoming": "Upcoming", "ended": "Ended", "replay": "Replay"},
}
# What the person beside it says or does: the sharer, or once it is over the host.
_DEED: dict[Language, dict[Status, str]] = {
    "zh-CN": {
        "live": "邀你来看",
        "upcoming": "邀你来看",
        "ended": "谢谢来看",
        "replay": "邀你来看",
    },
    "en": {
        "live": "is watching",
        "upcoming": "invites you",
        "ended": "Thank you for coming",
        "replay": "invites you",
    },
}
_SCAN: dict[Language, dict[Status, str]] = {
    "zh-CN": {
        "live": "长按识别 看直播",
        "upcoming": "长按识别 到点来看",
        "ended": "长按识别 进店看看",
        "replay": "长按识别 看回放",
    },
    "en": {
        "live": "Scan to watch",
        "upcoming": "Scan to join in time",
        "ended": "Scan to see the shop",
        "replay": "Scan to watch again",
    },
}


def status_word(model: CardModel) -> str:
    return _STATUS[model.lang][model.status]


def deed(model: CardModel) -> str:
    """ "邀你来看 / is watching" for the sharer; thanks from the host when it is over."""
    return _DEED[model.lang][model.status]


def scan_line(model: CardModel) -> str:
    return _SCAN[model.lang][model.status]


def viewers_line(model: CardModel) -> str:
    """ "1,284 人在看 / 1,284 watching"; empty below 20 or when not live."""
    if model.status != "live" or model.viewers is None or model.viewers < VIEWERS_SHOWN_MIN:
        return ""
    if model.lang == "zh-CN":
        return f"{count_zh(model.viewers)} 人在看"
    return f"{count_en(model.viewers)} watching"


def count_zh(number: int) -> str:
    """In full below 10,000, then 1.3万: one decimal, never rounded up."""
    if number < 10_000:
        return f"{number:,}"
    if number < 100_000_000:
        return _tenths(number, 10_000) + "万"
    return _tenths(number, 100_000_000) + "亿"


def count_en(number: int) -> str:
    """In full below 10,000, then 12.8K or 1.2M: one decimal, never rounded up."""
    if number < 10_000:
        return f"{number:,}"
    return _tenths(number, 1_000) + "K" if number < 1_000_000 else _tenths(number, 1_000_000) + "M"


def _tenths(number: int, unit: int) -> str:
    tenths = number * 10 // unit
    return f"{tenths // 10:,}" + (f".{tenths % 10}" if tenths % 10 else "")


def fallback_title(lang: Language) -> str:
    """For a title that has nothing in it that could be drawn."""
    return "来看直播" if lang == "zh-CN" else "Come and watch"
