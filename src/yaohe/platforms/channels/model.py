"""What a channel is: what opens it, what it takes, how much text it holds, whom it suits.

A channel is a value in `registry.py`. `Channel.intent` makes the address that opens another
service's own compose window, every value percent-encoded as UTF-8. Nothing here can tell whether
somebody then pressed send: only landings are proof.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final, Literal
from urllib.parse import quote

import msgspec

from yaohe.kernel.language import said

Opening = Literal[
    "clipboard",  # the link is copied
    "save",  # a picture is saved
    "system",  # the device's own share sheet (Web Share)
    "menu",  # only the app's own "…" menu can send the page; JS-SDK says what it shows
    "poster",  # the poster with its QR code is saved and sent by hand
    "picture",  # a picture without a QR code is saved and posted by hand, where codes are refused
    "intent",  # an address of theirs opens a compose window
    "app",  # a scheme opens the app; without the app nothing happens, so the link is copied too
    "paste",  # words and link are copied, to be pasted there
    "embed",  # a piece of HTML for somebody's own page is copied
]
Content = Literal["link", "card", "poster", "clip"]
Picture = Literal["card", "square", "wide54", "thumb", "poster"]
Device = Literal["phone", "desk"]
Need = Literal["mini_program", "embed"]

ELLIPSIS: Final = "…"
LINK_BY_LENGTH: Final = -1


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What the sharer would say: one line, the link, and a picture where the service takes one."""

    text: str
    url: str
    picture_url: str | None = None


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One way out. `address` is a template of the compose window, None where there is none."""

    id: str
    name_zh: str
    name_en: str
    rank_zh: int  # who reads Chinese sees the lowest first
    rank_en: int
    opens: Opening | None  # outside of its own app; None: only inside of it
    takes: tuple[Content, ...]
    text_max: int = 0  # weight of words and link together; 0: it takes no words of ours
    address: str | None = None
    app_url: str | None = None  # opens the app itself, for what is pasted or posted by hand
    home: frozenset[str] = frozenset()  # the apps whose own menu sends a page to it
    devices: frozenset[Device] = frozenset({"phone", "desk"})
    needs: Need | None = None  # what the installation has to have for it
    picture: Picture = "card"  # the one of our pictures that is seen there
    cut: str = ""  # the shape that picture is cut to there, where it differs from ours
    picture_bytes_max: int = 300_000
    link_weight: int = 0  # what a link costs of `text_max`; LINK_BY_LENGTH: its length
    wide_counts_double: bool = False
    link_in_text: bool = False

    def name(self, lang: str) -> str:
        return said(lang, self.name_zh, self.name_en)

    def text_room(self, url: str) -> int:
        """How much of the limit is left for words beside the link."""
        if not self.text_max:
            return 0
        cost = len(url) if self.link_weight == LINK_BY_LENGTH else self.link_weight
        return max(1, self.text_max - cost - (1 if cost else 0))

    def fit(self, text: str, url: str = "") -> str:
        """`text`, cut with an ellipsis where the service would cut it in the middle of a word."""
        room = self.text_room(url)
        if self.weight(text) <= room:
            return text
        left, kept = room - self.weight(ELLIPSIS), []
        for piece in _clusters(text):
            left -= self.weight(piece)
            if left < 0:
                break
            kept.append(piece)
        return "".join(kept).rstrip() + ELLIPSIS if kept else ""

    def weight(self, text: str) -> int:
        """How much of the service's limit `text` uses."""
        if not self.wide_counts_double:
            return len(text)
        return sum(1 if _is_light(ord(mark)) else 2 for mark in text)

    def intent(self, message: Message) -> str | None:
        """The address that opens the compose window with this message in it."""
        if self.address is None:
            return None
        title = _quoted(self.fit(message.text, message.url)) if self.text_max else ""
        url = _quoted(message.url)
        return self.address.format(
            text=_joined(title, url) if self.link_in_text else title,
            title=title,
            url=url,
            picture=_quoted(message.picture_url or ""),
        )


@lru_cache(maxsize=8_192)
def _quoted(text: str) -> str:
    """Kept, because the words of a room are said by everybody who shares it."""
    return quote(text, safe="")


def _joined(title: str, url: str) -> str:
    return f"{title}%0A{url}" if title else url


def _is_light(code: int) -> bool:
    """The ranges that X counts as one: Latin and its neighbours, and general punctuation."""
    return (
        code <= 0x10FF
        or 0x2000 <= code <= 0x200D
        or 0x2010 <= code <= 0x201F
        or 0x2032 <= code <= 0x2037
    )


def _clusters(text: str) -> list[str]:
    """`text` in pieces that must not be cut apart: a mark with its accents and joined emoji."""
    pieces: list[str] = []
    for mark in text:
        joins = pieces and (
            unicodedata.combining(mark)
            or mark in "\u200d\ufe0e\ufe0f"
            or 0x1F3FB <= ord(mark) <= 0x1F3FF
            or pieces[-1].endswith("\u200d")
        )
        if joins:
            pieces[-1] += mark
        else:
            pieces.append(mark)
    return pieces
