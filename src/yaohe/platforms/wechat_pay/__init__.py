"""WeChat Pay, API v3: how the shop takes real money in WeChat, and how the sandbox pretends to."""

from yaohe.platforms.wechat_pay.client import WechatPayClient
from yaohe.platforms.wechat_pay.keys import (
    KeysUnusable,
    Merchant,
    PublicKey,
    read_private_key,
    read_public_key,
    read_v3_key,
)
from yaohe.platforms.wechat_pay.payers import WechatPayers
from yaohe.platforms.wechat_pay.service import WechatPay

__all__ = [
    "KeysUnusable",
    "Merchant",
    "PublicKey",
    "WechatPay",
    "WechatPayClient",
    "WechatPayers",
    "read_private_key",
    "read_public_key",
    "read_v3_key",
]
