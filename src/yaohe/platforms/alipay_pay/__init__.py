"""Alipay: how the shop takes money in CNY through Alipay's open platform, signed by RSA2."""

from yaohe.platforms.alipay_pay.client import ADDRESS, SANDBOX_ADDRESS, AlipayClient
from yaohe.platforms.alipay_pay.keys import (
    AlipayAccount,
    AlipayKeysUnusable,
    read_alipay_key,
    read_own_key,
)
from yaohe.platforms.alipay_pay.service import AlipayPay

__all__ = [
    "ADDRESS",
    "SANDBOX_ADDRESS",
    "AlipayAccount",
    "AlipayClient",
    "AlipayKeysUnusable",
    "AlipayPay",
    "read_alipay_key",
    "read_own_key",
]
