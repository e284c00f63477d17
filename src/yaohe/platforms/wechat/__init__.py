"""WeChat: signed pages, and what an official account is asked for.

Words owned: account (an official account of the shop's at WeChat), ticket, signed page.
"""

from yaohe.platforms.wechat.api import WechatApi
from yaohe.platforms.wechat.model import Connection, JsConfig, WechatNotConnected, WechatUrlRefused
from yaohe.platforms.wechat.service import Wechat

__all__ = [
    "Connection",
    "JsConfig",
    "Wechat",
    "WechatApi",
    "WechatNotConnected",
    "WechatUrlRefused",
]
