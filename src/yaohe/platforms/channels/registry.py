"""Every channel, one entry each. Addresses are those the services document for web pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from yaohe.platforms.channels.model import LINK_BY_LENGTH, Channel, Content, Device, Message

_ALL: Final[tuple[Content, ...]] = ("link", "card", "poster", "clip")
_LINKED: Final[tuple[Content, ...]] = ("link", "card", "clip")
_PHONE: Final[frozenset[Device]] = frozenset({"phone"})
_DESK: Final[frozenset[Device]] = frozenset({"desk"})
_WECHAT: Final = frozenset({"wechat"})

# What the page does by itself, with nobody's help.
_OURS: Final = (
    Channel(
        id="copy_link", name_zh="复制链接", name_en="Copy link", rank_zh=30, rank_en=10,
        opens="clipboard", takes=_ALL, text_max=200,
    ),
    Channel(
        id="save_card", name_zh="存图片", name_en="Picture", rank_zh=40, rank_en=50,
        opens="save", takes=("card", "poster"),
    ),
    Channel(
        id="save_clip", name_zh="存视频", name_en="Video", rank_zh=42, rank_en=52,
        opens="save", takes=("clip",),
    ),
    Channel(
        id="qr_poster", name_zh="海报", name_en="Poster", rank_zh=45, rank_en=55,
        opens="poster", takes=("poster",), picture="poster",
    ),
    Channel(
        id="system", name_zh="更多", name_en="More", rank_zh=60, rank_en=30,
        opens="system", takes=_ALL, text_max=500,
    ),
    Channel(
        id="embed", name_zh="嵌入代码", name_en="Embed code", rank_zh=900, rank_en=900,
        opens="embed", takes=("link",), needs="embed", devices=_DESK,
    ),
)  # fmt: skip

# A page cannot open WeChat's share sheet: inside, its own menu sends the page; outside, a poster
# with a QR code travels, because a bare link is passed on as a bare link.
_WECHATS: Final = (
    Channel(
        id="wechat", name_zh="微信", name_en="WeChat", rank_zh=10, rank_en=190,
        opens="poster", takes=("link", "card", "poster"), text_max=128, home=_WECHAT,
        picture="thumb", cut="1:1", picture_bytes_max=32_000, app_url="weixin://",
    ),
    Channel(
        id="wechat_group", name_zh="微信群", name_en="WeChat group", rank_zh=15, rank_en=191,
        opens=None, takes=("link", "card"), text_max=128, home=_WECHAT,
        picture="thumb", cut="1:1", picture_bytes_max=32_000,
    ),
    Channel(
        id="wechat_moments", name_zh="朋友圈", name_en="Moments", rank_zh=20, rank_en=192,
        opens="poster", takes=("link", "card", "poster"), text_max=128, home=_WECHAT,
        picture="thumb", cut="1:1", picture_bytes_max=32_000, app_url="weixin://",
    ),
    Channel(
        id="wechat_mini", name_zh="小程序", name_en="Mini-program", rank_zh=25, rank_en=193,
        opens=None, takes=("card",), text_max=128, home=_WECHAT,
        needs="mini_program", picture="wide54", cut="5:4", picture_bytes_max=128_000,
    ),
)  # fmt: skip

_CHINESE: Final = (
    Channel(
        id="weibo", name_zh="微博", name_en="Weibo", rank_zh=50, rank_en=240,
        opens="intent", takes=_LINKED, text_max=130,
        address="https://service.weibo.com/share/share.php?url={url}&title={text}&pic={picture}",
    ),
    Channel(
        id="qq", name_zh="QQ", name_en="QQ", rank_zh=70, rank_en=250,
        opens="intent", takes=_LINKED, text_max=80, home=frozenset({"qq", "qzone"}),
        picture="thumb", cut="1:1", picture_bytes_max=32_000,
        address="https://connect.qq.com/widget/shareqq/index.html"
        "?url={url}&title={text}&pics={picture}",
    ),
    Channel(
        id="qzone", name_zh="QQ 空间", name_en="Qzone", rank_zh=80, rank_en=260,
        opens="intent", takes=_LINKED, text_max=200, home=frozenset({"qq", "qzone"}),
        picture="thumb", cut="1:1",
        address="https://sns.qzone.qq.com/cgi-bin/qzshare/cgi_qzshare_onekey"
        "?url={url}&title={text}&pics={picture}",
    ),
    # Both hide posts with a QR code or a link of others, so a picture without either is posted.
    Channel(
        id="douyin", name_zh="抖音", name_en="Douyin", rank_zh=90, rank_en=270,
        opens="picture", takes=("card", "clip"), text_max=1000, devices=_PHONE,
        picture="square", cut="1:1", app_url="snssdk1128://",
    ),
    Channel(
        id="xiaohongshu", name_zh="小红书", name_en="RedNote", rank_zh=100, rank_en=200,
        opens="picture", takes=("card", "clip"), text_max=1000, devices=_PHONE,
        picture="square", cut="1:1", app_url="xhsdiscover://",
    ),
    Channel(
        id="wecom", name_zh="企业微信", name_en="WeCom", rank_zh=110, rank_en=280,
        opens="paste", takes=("link", "card"), text_max=500, home=frozenset({"wecom"}),
        picture="thumb", cut="1:1", app_url="wxwork://",
    ),
    Channel(
        id="dingtalk", name_zh="钉钉", name_en="DingTalk", rank_zh=120, rank_en=290,
        opens="paste", takes=("link", "card"), text_max=500, home=frozenset({"dingtalk"}),
        picture="thumb", cut="1:1", app_url="dingtalk://",
    ),
    Channel(
        id="feishu", name_zh="飞书", name_en="Feishu", rank_zh=130, rank_en=300,
        opens="paste", takes=("link", "card"), text_max=500, home=frozenset({"feishu"}),
        app_url="feishu://",
    ),
)  # fmt: skip

_ELSEWHERE: Final = (
    Channel(
        id="whatsapp", name_zh="WhatsApp", name_en="WhatsApp", rank_zh=160, rank_en=20,
        opens="intent", takes=_LINKED, text_max=700, link_in_text=True,
        address="https://wa.me/?text={text}",
    ),
    Channel(
        id="messenger", name_zh="Messenger", name_en="Messenger", rank_zh=200, rank_en=40,
        opens="app", takes=_LINKED, devices=_PHONE,
        address="fb-messenger://share/?link={url}",
    ),
    Channel(
        id="facebook", name_zh="Facebook", name_en="Facebook", rank_zh=150, rank_en=60,
        opens="intent", takes=_LINKED,
        address="https://www.facebook.com/sharer/sharer.php?u={url}",
    ),
    Channel(
        id="x", name_zh="X", name_en="X", rank_zh=140, rank_en=70,
        opens="intent", takes=_LINKED, cut="2:1",
        # X counts every link as 23, however long it is; it stands after the text and a space.
        text_max=280, link_weight=23, wide_counts_double=True,
        address="https://x.com/intent/tweet?text={text}&url={url}",
    ),
    Channel(
        id="telegram", name_zh="Telegram", name_en="Telegram", rank_zh=170, rank_en=80,
        opens="intent", takes=_LINKED, text_max=700,
        address="https://t.me/share/url?url={url}&text={text}",
    ),
    Channel(
        id="line", name_zh="LINE", name_en="LINE", rank_zh=180, rank_en=90,
        opens="intent", takes=_LINKED, text_max=500,
        address="https://social-plugins.line.me/lineit/share?url={url}&text={text}",
    ),
    Channel(
        id="kakaotalk", name_zh="KakaoTalk", name_en="KakaoTalk", rank_zh=190, rank_en=100,
        opens="paste", takes=_LINKED, text_max=500, devices=_PHONE, app_url="kakaotalk://",
    ),
    Channel(
        id="threads", name_zh="Threads", name_en="Threads", rank_zh=210, rank_en=110,
        opens="intent", takes=_LINKED, text_max=500, link_weight=LINK_BY_LENGTH,
        address="https://www.threads.com/intent/post?text={text}&url={url}",
    ),
    Channel(
        id="linkedin", name_zh="领英", name_en="LinkedIn", rank_zh=240, rank_en=120,
        opens="intent", takes=_LINKED,
        address="https://www.linkedin.com/sharing/share-offsite/?url={url}",
    ),
    Channel(
        id="reddit", name_zh="Reddit", name_en="Reddit", rank_zh=220, rank_en=130,
        opens="intent", takes=_LINKED, text_max=300,
        address="https://www.reddit.com/submit?url={url}&title={text}",
    ),
    Channel(
        id="bluesky", name_zh="Bluesky", name_en="Bluesky", rank_zh=230, rank_en=140,
        opens="intent", takes=_LINKED, text_max=300, link_weight=LINK_BY_LENGTH, link_in_text=True,
        address="https://bsky.app/intent/compose?text={text}",
    ),
    Channel(
        id="pinterest", name_zh="Pinterest", name_en="Pinterest", rank_zh=250, rank_en=150,
        opens="intent", takes=("card",), text_max=500, picture="square", cut="1:1",
        address="https://www.pinterest.com/pin/create/button/"
        "?url={url}&media={picture}&description={text}",
    ),
    Channel(
        id="email", name_zh="邮件", name_en="E-mail", rank_zh=260, rank_en=160,
        opens="app", takes=_LINKED, text_max=500, link_in_text=True,
        address="mailto:?subject={title}&body={text}",
    ),
    # `?&` is what both iPhones and Android phones read.
    Channel(
        id="sms", name_zh="短信", name_en="SMS", rank_zh=270, rank_en=170,
        opens="app", takes=("link",), text_max=300, link_weight=LINK_BY_LENGTH, devices=_PHONE,
        link_in_text=True, address="sms:?&body={text}",
    ),
)  # fmt: skip

CHANNELS: Final[Mapping[str, Channel]] = {
    channel.id: channel for channel in (*_OURS, *_WECHATS, *_CHINESE, *_ELSEWHERE)
}
CONTENTS: Final = frozenset(_ALL)
_WITH_WINDOW: Final = tuple(one for one in CHANNELS.values() if one.address is not None)


def takes(channel_id: str, content: str) -> bool:
    """Whether this channel exists and can carry this kind of content."""
    channel = CHANNELS.get(channel_id)
    return channel is not None and content in channel.takes


def intents(message: Message) -> dict[str, str]:
    """Every compose window, by channel id."""
    found = ((channel.id, channel.intent(message)) for channel in _WITH_WINDOW)
    return {channel_id: address for channel_id, address in found if address is not None}
