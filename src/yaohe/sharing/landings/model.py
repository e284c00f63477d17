"""Where somebody came from who opened a room without a share link.

What the link itself says goes before the page that linked: click ids of ad networks, then UTM,
then the referrer. Coming back from a login or a payment is no landing at all, nor is a page of our
own; whoever says nothing came directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import urlsplit

import msgspec

from yaohe.sharing.shares.model import check_key

Source = Literal["share", "promoter", "ad", "recommendation", "search", "direct"]
NAME_CHARS_MAX: Final = 64

_AD_CLICK_IDS: Final = frozenset(
    ("gclid", "gbraid", "wbraid", "dclid", "msclkid", "ttclid", "twclid", "li_fat_id", "epik",
     "qz_gdt", "gdt_vid", "bd_vid", "sccid", "yclid", "ksclickid", "adid")
)  # fmt: skip
_MEDIA: Final[tuple[tuple[Source, frozenset[str]], ...]] = (
    ("ad", frozenset(("cpc", "ppc", "cpm", "cpv", "paid", "ad", "ads", "banner", "display",
                      "paidsocial", "paid_social", "paid-social", "paidsearch", "retargeting"))),
    ("promoter", frozenset(("affiliate", "partner", "promoter", "kol", "koc", "influencer", "cps",
                            "creator", "ambassador"))),
    ("recommendation", frozenset(("recommend", "recommendation", "feed", "push", "social",
                                  "referral", "email", "sms", "newsletter"))),
    ("search", frozenset(("organic", "search"))),
)  # fmt: skip
_SEARCH_HOSTS: Final = (
    "google.", "bing.com", "baidu.com", "sogou.com", "so.com", "sm.cn", "toutiao.com/search",
    "yandex.", "duckduckgo.com", "yahoo.", "naver.com", "daum.net", "ecosia.org", "qwant.com",
    "seznam.cz", "search.brave.com", "kagi.com", "startpage.com",
)  # fmt: skip
# Between putting something in the bag and paying for it people are sent to these and back.
_PASSED_THROUGH: Final = (
    "pay.weixin.qq.com", "wx.tenpay.com", "open.weixin.qq.com", "mclient.alipay.com", "alipay.com",
    "alipayobjects.com", "unionpay.com", "95516.com", "paypal.com", "stripe.com", "klarna.com",
    "adyen.com", "accounts.google.com", "appleid.apple.com", "login.microsoftonline.com",
    "graph.qq.com", "api.weibo.com", "passport.weibo.com", "login.taobao.com", "access.line.me",
    "facebook.com/dialog/oauth", "kauth.kakao.com",
)  # fmt: skip


class Landing(msgspec.Struct, frozen=True, kw_only=True):
    """One visitor came into one room in one way; `name` is the campaign or the site."""

    room_id: str
    visitor_id: str
    source: Source
    name: str


def check_landing(landing: Landing) -> None:
    check_key(landing.room_id, field="room")
    check_key(landing.visitor_id, field="visitor_id")
    check_key(landing.name, field="name", empty=True)


def source_of(
    query: Mapping[str, str], referer: str, *, own_host: str
) -> tuple[Source, str] | None:
    """The class and the name of a way in; None when it is no way in but a way back."""
    name = _word(query.get("utm_campaign") or query.get("utm_source") or "")
    if _AD_CLICK_IDS.intersection(query):
        return "ad", name
    medium = query.get("utm_medium", "").lower()
    for source, words in _MEDIA:
        if medium in words:
            return source, name
    host, place = _place(referer)
    if not host:
        return ("recommendation" if name else "direct"), name
    if host == own_host or _among(_PASSED_THROUGH, host, place):
        return None
    if _among(_SEARCH_HOSTS, host, place):
        return "search", name or _word(host)
    return "recommendation", name or _word(host)


def _place(referer: str) -> tuple[str, str]:
    """The host of a page and its host with path; empty for what is no page on the web."""
    try:
        parts = urlsplit(referer)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return "", ""
    return (host, host + parts.path) if parts.scheme in ("http", "https") else ("", "")


def _among(places: tuple[str, ...], host: str, place: str) -> bool:
    """Whether a page is of one of these: `a.b` and all below it, `a.` for any country's."""
    for known in places:
        if "/" in known:
            if place.startswith(known):
                return True
        elif known.endswith("."):
            if host.startswith(known) or f".{known}" in host:
                return True
        elif host == known or host.endswith(f".{known}"):
            return True
    return False


def _word(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text[:NAME_CHARS_MAX]).strip()
