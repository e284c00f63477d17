"""Notices as the gateway would send them, with anything bent."""

from __future__ import annotations

from secrets import token_hex
from typing import Any

import msgspec
from tests.support.shop import sandbox_keys

from yaohe.commerce.payments.model import Payment
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.ids import new_id
from yaohe.platforms.sandbox_pay.keys import MCHID, PUBLIC_KEY_ID
from yaohe.platforms.wechat_pay.signing import seal, stamp_headers


def sent(
    resource: dict[str, Any],
    *,
    event_type: str,
    notice_id: str | None = None,
    ago_s: int = 0,
    serial: str = PUBLIC_KEY_ID,
    key: Any = None,
    v3_key: bytes | None = None,
) -> tuple[dict[str, str], bytes]:
    """Headers and body of a notice that holds `resource`."""
    keys = sandbox_keys()
    sealed = seal(
        v3_key or keys.v3_key,
        msgspec.json.encode(resource),
        nonce=token_hex(6),
        about="transaction",
    )
    raw = msgspec.json.encode(
        {
            "id": notice_id or new_id("msg"),
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "resource": sealed,
        }
    )
    at_s = int(SystemClock().now().timestamp()) - ago_s
    headers = stamp_headers(
        key or keys.platform, serial=serial, body=raw, at_s=at_s, nonce=token_hex(16)
    )
    return headers, raw


def paid_notice(
    payment: Payment,
    *,
    amount_minor: int | None = None,
    currency: str | None = None,
    mchid: str = MCHID,
    **more: Any,
) -> tuple[dict[str, str], bytes]:
    """The payer has paid."""
    resource = {
        "mchid": mchid,
        "out_trade_no": payment.id,
        "trade_state": "SUCCESS",
        "amount": {
            "total": payment.amount_minor if amount_minor is None else amount_minor,
            "currency": currency or payment.currency,
        },
        "success_time": SystemClock().now().isoformat(),
    }
    return sent(resource, event_type="TRANSACTION.SUCCESS", **more)


def refund_notice(
    payment: Payment, refund_id: str, amount_minor: int, *, status: str = "SUCCESS", **more: Any
) -> tuple[dict[str, str], bytes]:
    """The money went back, or what else became of it."""
    resource = {
        "mchid": MCHID,
        "out_trade_no": payment.id,
        "out_refund_no": refund_id,
        "refund_status": status,
        "amount": {"total": payment.amount_minor, "refund": amount_minor},
    }
    return sent(resource, event_type=f"REFUND.{status}", **more)
