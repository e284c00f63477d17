"""The channels a share can go through: what opens each, what it takes, how much text it holds.

A channel is a value in `CHANNELS`; adding one is one entry here and its glyph in the web app.
`intents` gives the addresses that open another service's own compose window, every value percent-
encoded as UTF-8. Nothing here can tell whether somebody then pressed send: only landings are proof.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import quote

import msgspec

from yaohe.kernel.language import said

Opening = Literal["clipboard", "save", "system", "poster", "intent"]
Content = Literal["link", "card", "poster", "clip"]

ELLIPSIS: Final = "…"
X_WEIGHT_MAX: Final = 280
X_LINK_WEIGHT: Final = 23  # X counts every link as this many, however long it is


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
    opens: Opening
    takes: tuple[Content, ...]
    text_max: int  # weight: characters, except on X where wide ones count double
    address: str | None = None
    wide_counts_double: bool = False
    link_in_text: bool = False

    def name(self, lang: str) -> str:
        return said(lang, self.name_zh, self.name_en)

    def fit(self, text: str) -> str:
        """`text`, cut with an ellipsis where the service would cut it in the middle of a word."""
        if self.weight(text) <= self.text_max:
            return text
        left, kept = self.text_max - self.weight(ELLIPSIS), []
        for piece in _clusters(text):
            left -= self.weight(piece)
            if left < 0:
                break
            kept.append(piece)
        return "".join(kept).rstrip() + ELLIPSIS

    def weight(self, text: str) -> int:
        """How much of the service's limit `text` uses."""
        if not self.wide_counts_double:
            return len(text)
        return sum(1 if _is_light(ord(mark)) else 2 for mark in text)

    def intent(self, message: Message) -> str | None:
        """The address that opens the compose window with this message in it."""
        if self.address is None:
            return None
        text = self.fit(message.text)
        if self.link_in_text:
            text = f"{text}\n{message.url}" if text else message.url
        return self.address.format(
            text=quote(text, safe=""),
            url=quote(message.url, safe=""),
            picture=quote(message.picture_url or "", safe=""),
        )


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


_ALL: Final[tuple[Content, ...]] = ("link", "card", "poster", "clip")

CHANNELS: Final[Mapping[str, Channel]] = {
    channel.id: channel
    for channel in (
        Channel(
            id="copy_link", name_zh="复制链接", name_en="Copy link",
            opens="clipboard", takes=_ALL, text_max=200,
        ),
        Channel(
            id="save_card", name_zh="保存卡片", name_en="Save card",
            opens="save", takes=("card", "poster"), text_max=200,
        ),
        Channel(
            id="system", name_zh="更多", name_en="More",
            opens="system", takes=_ALL, text_max=200,
        ),
        # A page cannot open WeChat's share sheet; a picture with a QR code travels as a card.
        Channel(
            id="wechat", name_zh="微信", name_en="WeChat",
            opens="poster", takes=("link", "card", "poster"), text_max=128,
        ),
        Channel(
            id="weibo", name_zh="微博", name_en="Weibo",
            opens="intent", takes=("link", "card", "clip"), text_max=130,
            address="https://service.weibo.com/share/share.php?url={url}&title={text}&pic={picture}",
        ),
        Channel(
            id="x", name_zh="X", name_en="X",
            opens="intent", takes=("link", "card", "clip"),
            # The link stands after the text and a space.
            text_max=X_WEIGHT_MAX - X_LINK_WEIGHT - 1, wide_counts_double=True,
            address="https://x.com/intent/tweet?text={text}&url={url}",
        ),
        Channel(
            id="whatsapp", name_zh="WhatsApp", name_en="WhatsApp",
            opens="intent", takes=("link", "card", "clip"), text_max=700, link_in_text=True,
            address="https://wa.me/?text={text}",
        ),
        Channel(
            id="telegram", name_zh="Telegram", name_en="Telegram",
            opens="intent", takes=("link", "card", "clip"), text_max=700,
            address="https://t.me/share/url?url={url}&text={text}",
        ),
    )
}  # fmt: skip

CONTENTS: Final = frozenset(_ALL)


def takes(channel_id: str, content: str) -> bool:
    """Whether this channel exists and can carry this kind of content."""
    channel = CHANNELS.get(channel_id)
    return channel is not None and content in channel.takes


def intents(message: Message) -> dict[str, str]:
    """Every compose window, by channel id."""
    found = ((channel.id, channel.intent(message)) for channel in CHANNELS.values())
    return {channel_id: address for channel_id, address in found if address is not None}
