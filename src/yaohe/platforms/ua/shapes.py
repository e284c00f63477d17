"""The class of a user agent by its shape: the text in small letters, every digit a 0.

A crowd of a million people has a few thousand shapes, because versions and models differ in their
digits; so a shape is looked at once and remembered.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Final

from yaohe.platforms.ua.apps import APPS
from yaohe.platforms.ua.programs import ANYWHERE, BARE_PREVIEWS, LIBRARIES, Kind, Names

UA_CHARS_MAX: Final = 1024
SHAPES_MAX: Final = 32_768

Found = tuple[Kind, str]  # the class, and the app or program when its name is known

_TO_SHAPE: Final = bytes(
    ord("0") if chr(byte).isdigit() and byte < 128 else ord(chr(byte).lower())
    if byte < 128
    else byte
    for byte in range(256)
)  # fmt: skip


def shape_of(user_agent: bytes) -> bytes:
    return user_agent[:UA_CHARS_MAX].translate(_TO_SHAPE)


def _shaped(text: str) -> str:
    return shape_of(text.encode()).decode()


def _flat(names: Names) -> tuple[tuple[str, str], ...]:
    """(token, name) pairs, in order."""
    return tuple((_shaped(token), name) for name, tokens in names for token in tokens)


_ANYWHERE: Final = tuple(
    (token, (kind, name)) for kind, names in ANYWHERE for token, name in _flat(names)
)


def _keyed() -> dict[str, list[int]]:
    """Which names to try where three letters stand: the three of a name that fewest names share.
    Hundreds of names are then a handful to look for."""
    shared = Counter(part for token, _ in _ANYWHERE for part in _threes(token))
    keyed: dict[str, list[int]] = {}
    for number, (token, _) in enumerate(_ANYWHERE):
        keyed.setdefault(min(_threes(token), key=lambda part: (shared[part], part)), []).append(
            number
        )
    return keyed


def _threes(text: str) -> set[str]:
    return {text[at : at + 3] for at in range(len(text) - 2)}


_KEYED: Final = _keyed()
_KEYS: Final = frozenset(_KEYED)
_BARE: Final = _flat(BARE_PREVIEWS)
_LIBRARIES: Final = _flat(LIBRARIES)
_APPS: Final = tuple((_shaped(token), name) for token, name in APPS)

_ENGINE: Final = re.compile(
    r"applewebkit/|gecko/|khtml/|trident/|presto/|\bmsie |\bopera|netfront|blackberry|symbian"
    r"|ucbrowser|goanna/|servo/|ladybird/"
)
# Whatever began like this before browsers agreed on Mozilla/5.0, and the few that never did.
_OLD: Final = re.compile(
    r"mozilla/0\.0+[a-z]? ?(?:\[[a-z]|\(.*; ?[iun][ ;)])"
    r"|(?:opera|ucweb|nokia|blackberry|dolfin|samsung-|sonyericsson|lg-|lge-|mot-|docomo/|kddi-"
    r"|softbank/|vodafone|j-phone|palm|netfront|obigo|lynx/|links |elinks|w0m/|netsurf/|dillo/"
    r"|konqueror|amaya/|ncsa|icab|\[fba?n/|instagram [0-9])"
)
_GENERIC: Final = re.compile(
    r"(?<!cu)bot(?![a-z])|bots\b|crawl|spider(?![a-z])|scrap(?:er|ing)|\bfetch(?:er)?\b|archiver"
    r"|\bpreview\b|link ?check|\bvalidator\b|\+ ?https?:|[;(] ?https?://|@[a-z0-9-]+\.[a-z]{2}"
    r"|unfurl|\bmonitor\b|\bprobe\b|\bscanner\b"
)
# A toolbar of a time when people's own browsers named its maker's page.
_TOOLBAR: Final = re.compile(r"[;(] ?(?:embedded web browser from: )?http://bsalsa\.com/?")
# Viber on a desk fetches for its cards with a whole engine; who reads in it does so on a phone.
_VIBER_CARD: Final = re.compile(r"(?!.*(?:mobile|android)).* viber/")
_SOCIAL: Final = re.compile(
    r"(?:telegram|discord|slack|whatsapp|viber|skype|teams|zoom|line|kakao\w*|zalo|vk|reddit|"
    r"pinterest|snap(?:chat)?|twitter|linkedin|facebook|instagram|threads|bluesky|mastodon|weibo|"
    r"douyin|xiaohongshu|xhs|wechat|weixin|wework|wecom|qq|qzone|dingtalk|feishu|lark|tumblr|"
    r"mattermost|matrix|signal|imessage|tiktok)[ _/-]?(?:link|url|share)?[ _/-]?"
    r"(?:bot|crawl|fetch|scrap|preview|unfurl|spider)"
)
_GUESSES: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (
    ("scanner", re.compile(r"scan|secur|phish|malware|threat|virus|safe[-_ ]?link|sandbox")),
    ("ai", re.compile(r"gpt|llm|(?<![a-z])(?:gen)?ai(?![a-z])|(?<![a-z])ai(?:bot|crawl|agent)")),
    ("preview", _SOCIAL),
    ("preview", re.compile(r"preview|unfurl|embed|snippet|thumbnail")),
    ("search", re.compile(r"spider(?![a-z])|search|index")),
)


@lru_cache(maxsize=SHAPES_MAX)
def found_by_shape(shape: bytes) -> Found:
    """The class of a shape, and the app or program when its name is known."""
    text = shape.decode("utf-8", "replace").strip()
    for number in sorted(number for key in _KEYS & _threes(text) for number in _KEYED[key]):
        token, found = _ANYWHERE[number]
        if token in text:
            return found
    program = _GENERIC.search(_TOOLBAR.sub("", text)) is not None
    if not _is_browser(text):
        return _bare(text, program)
    if program and "compatible;" in text:
        return _guess(text), ""
    if _VIBER_CARD.match(text) is not None:
        return "preview", "viber"
    for token, name in _APPS:
        if token in text:
            return "person", name
    return (_guess(text), "") if program else ("person", "")


def kind_of(user_agent: bytes) -> Kind:
    """The class of whatever bytes a request gave as its user agent."""
    return found_by_shape(shape_of(user_agent))[0]


def _is_browser(text: str) -> bool:
    """Whether it begins like a browser: what does not is somebody's program."""
    if "applewebkit/" in text or _OLD.match(text) is not None:
        return True
    if not text.startswith("mozilla/"):
        return False
    return _ENGINE.search(text) is not None or any(token in text for token, _ in _APPS)


def _bare(text: str, program: bool) -> Found:
    """A program by its own name: an app that draws cards, a library, or what its words say."""
    for token, name in _BARE:
        if text.startswith(token):
            return "preview", name
    for token, name in _LIBRARIES:
        if token in text:
            return "tool", name
    return (_guess(text) if program else "preview" if "preview" in text else "tool"), ""


def _guess(text: str) -> Kind:
    for kind, words in _GUESSES:
        if words.search(text) is not None:
            return kind
    return "tool"
