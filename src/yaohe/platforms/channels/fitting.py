"""Which channels suit a browser, in which order: by language, by the app it is in, by the device.

The apps with walls let no page open another app or the device's share sheet; in them the app's own
menu comes first, copying and pictures work as anywhere. What only a browser can know of itself (is
there a share sheet, what was used last) the page decides.
"""

from __future__ import annotations

from typing import Final

import msgspec

from yaohe.kernel.language import is_chinese
from yaohe.platforms.channels.model import Channel, Content, Device, Need, Opening, Picture
from yaohe.platforms.channels.registry import CHANNELS

WALLED: Final = frozenset(
    {
        "wechat", "wecom", "qq", "qzone", "weibo", "douyin", "toutiao", "xiaohongshu", "dingtalk",
        "feishu", "kuaishou", "alipay", "taobao", "tmall", "baidu", "bilibili", "zhihu",
    }
)  # fmt: skip


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One channel as a share sheet offers it in one browser. `{text}`, `{title}`, `{url}` and
    `{picture}` in `address` are filled percent-encoded; `text_max` is what words may weigh."""

    id: str
    name: str
    opens: Opening
    takes: tuple[Content, ...]
    text_max: int
    wide_counts_double: bool
    link_in_text: bool
    picture: Picture
    cut: str
    address: str | None
    app_url: str | None


def choices(
    lang: str,
    *,
    app: str,
    device: Device,
    url: str,
    offered: frozenset[Need] = frozenset(),
) -> list[Choice]:
    """Every channel that works here, the likeliest first. `app` is the app whose browser it is ("":
    none), `url` a share link of this installation, `offered` what the installation can do."""
    found = []
    for channel in CHANNELS.values():
        opens = _opening(channel, app, device)
        if opens is not None and (channel.needs is None or channel.needs in offered):
            rank = channel.rank_zh if is_chinese(lang) else channel.rank_en
            found.append((opens != "menu", rank, _choice(channel, opens, lang, app, url)))
    return [choice for _, _, choice in sorted(found, key=lambda one: one[:2])]


def _opening(channel: Channel, app: str, device: Device) -> Opening | None:
    """How this channel opens in this browser; None where it cannot."""
    if app and app in channel.home:
        return "menu"
    if device not in channel.devices:
        return None
    if app in WALLED and channel.opens in {"system", "app"}:
        return None
    return channel.opens


def _choice(channel: Channel, opens: Opening, lang: str, app: str, url: str) -> Choice:
    return Choice(
        id=channel.id,
        name=channel.name(lang),
        opens=opens,
        takes=channel.takes,
        text_max=channel.text_room(url),
        wide_counts_double=channel.wide_counts_double,
        link_in_text=channel.link_in_text,
        picture=channel.picture,
        cut=channel.cut,
        address=channel.address if opens in {"intent", "app"} else None,
        app_url=None if app in WALLED else channel.app_url,
    )
