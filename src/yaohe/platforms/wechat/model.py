"""What WeChat's rules are made of: the signature of a page, which pages are signed, its errors.

The signature is SHA-1 because WeChat says so; it proves to WeChat that we know the ticket and
guards nothing of ours.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from yaohe.kernel.errors import BadInput, NotFound
from yaohe.platforms.outgoing import PlatformAway, PlatformQuota, PlatformRefused
from yaohe.platforms.passes import Trouble

URL_CHARS_MAX: Final = 2_048
# What a share needs of the JS-SDK, and nothing that could leave the page.
JS_APIS: Final = ("updateAppMessageShareData", "updateTimelineShareData")

OK: Final = 0
STALE: Final = frozenset({40001, 40014, 42001})  # the access token is not, or no longer, good
_BUSY: Final = -1
_DAY_QUOTA: Final = 45009
_MINUTE_QUOTA: Final = 45011
_MINUTE_PAUSE_S: Final = 60

_URL = re.compile(r"https?://[\x21-\x7e]+")


class WechatNotConnected(NotFound):
    code = "wechat_not_connected"
    message = "No WeChat account is connected. docs/ops/wechat.md says how."


class WechatUrlRefused(BadInput):
    code = "wechat_url_refused"
    message = "Only pages of this installation are signed; give the page's whole address."


class JsConfig(msgspec.Struct, frozen=True):
    """What `wx.config` takes."""

    app_id: str
    timestamp: int
    nonce: str
    signature: str
    apis: tuple[str, ...] = JS_APIS


class Connection(msgspec.Struct, frozen=True):
    """One account of the shop's, and what WeChat does not give it now."""

    kind: Literal["official"]
    app_id: str
    troubles: list[Trouble]


def signed_url(url: str, hosts: Collection[str]) -> str:
    """The address that is signed: as the page was opened, without the fragment.

    What WeChat appended (`from=`, `isappinstalled=`) stays in: the client signs what it shows.
    `hosts` are our own, with their ports where these are not the usual ones."""
    whole = url.partition("#")[0]
    if len(whole) > URL_CHARS_MAX or _URL.fullmatch(whole) is None:
        raise WechatUrlRefused(field="url")
    try:
        parts = urlsplit(whole)
    except ValueError:
        raise WechatUrlRefused(field="url") from None
    if "\\" in parts.netloc or "@" in parts.netloc or parts.netloc.lower() not in hosts:
        raise WechatUrlRefused(field="url")
    return whole


def js_signature(ticket: str, *, nonce: str, timestamp: int, url: str) -> str:
    """The signature of one page: keys in alphabetical order, values as they are."""
    text = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={url}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def error_number(said: dict[str, Any]) -> int:
    """The `errcode` of an answer; 0 when all is well."""
    number = said.get("errcode", OK)
    return number if isinstance(number, int) else _BUSY


def refusal(number: int) -> PlatformAway | PlatformQuota | PlatformRefused:
    """Our word for one of WeChat's error numbers."""
    if number == _BUSY:
        return PlatformAway()
    if number == _DAY_QUOTA:
        return PlatformQuota(str(number), retry_after_s=3_600)
    if number == _MINUTE_QUOTA:
        return PlatformQuota(str(number), daily=False, retry_after_s=_MINUTE_PAUSE_S)
    return PlatformRefused(str(number))
