"""Who is asking, by the words of the user agent: a person, or a fetcher of which kind.

    person    somebody's browser or the browser inside an app they use; never a bot
    preview   fetches a link to draw its card in a chat or a feed
    search    crawls for a search engine           ai    crawls or reads for a model
    tool      libraries, command lines, monitors, headless browsers
    scanner   checks links for harm, or probes for holes

Names of known fetchers decide first and generic words last, because loose words hit real people:
Baidu's app, Sogou's browser and Cubot phones are people.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec

from yaohe.platforms.ua.programs import Kind
from yaohe.platforms.ua.shapes import UA_CHARS_MAX, found_by_shape, shape_of


class UaClass(msgspec.Struct, frozen=True):
    kind: Kind
    app: str = ""  # the app or fetcher, when its name is known
    is_prefetch: bool = False  # the browser fetched ahead; nobody has looked yet

    @property
    def is_bot(self) -> bool:
        return self.kind != "person"


class Env(StrEnum):
    """Where a page is open, as far as other people's rules differ there."""

    BROWSER = "browser"
    WECHAT = "wechat"
    WECHAT_MOMENTS = "wechat_moments"
    MINI_PROGRAM = "mini_program"
    WECOM = "wecom"
    DOUYIN = "douyin"


_PURPOSES: Final = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
_AHEAD: Final = (b"prefetch", b"prerender", b"preview")


def classify(user_agent: str, headers: Mapping[bytes, bytes] | None = None) -> UaClass:
    """The class of a request by its user agent and, when given, its lower-case raw headers."""
    found = _classify(user_agent[:UA_CHARS_MAX])
    if headers is not None and is_prefetch(headers):
        return UaClass(found.kind, found.app, True)
    return found


def is_prefetch(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser says that it only fetches ahead."""
    for name in _PURPOSES:
        value = headers.get(name)
        if value is not None and any(word in value.lower() for word in _AHEAD):
            return True
    return False


@lru_cache(maxsize=16_384)
def _classify(user_agent: str) -> UaClass:
    return UaClass(*found_by_shape(shape_of(user_agent.encode("utf-8", "replace"))))


@lru_cache(maxsize=16_384)
def _shell(user_agent: str) -> Env:
    text = user_agent.lower()
    if "wxwork/" in text:
        return Env.WECOM
    if "micromessenger" in text:
        return Env.MINI_PROGRAM if "miniprogram" in text else Env.WECHAT
    if _classify(user_agent).app in {"douyin", "toutiao"}:
        return Env.DOUYIN
    return Env.BROWSER


def environment(user_agent: str, query: Mapping[str, str] | None = None) -> Env:
    """Where the page is open. WeChat adds `from=timeline` to what was opened in Moments."""
    env = _shell(user_agent[:UA_CHARS_MAX])
    if env is Env.WECHAT and query is not None and query.get("from") == "timeline":
        return Env.WECHAT_MOMENTS
    return env
