"""What the sandbox says, in WeChat Pay's shapes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from yaohe.platforms.sandbox_pay.keys import APP_ID, MCHID
from yaohe.platforms.sandbox_pay.model import SandboxPayment, SandboxRefund, told_minor
from yaohe.platforms.wechat_pay.bill import COLUMNS, SUMMARY, yuan
from yaohe.platforms.wechat_pay.model import time_text

_TRADE_TYPES: Final = {"h5": "MWEB", "native": "NATIVE", "jsapi": "JSAPI"}
_REFUND_STATES: Final = {
    "pending": "PROCESSING", "failed": "ABNORMAL", "closed": "CLOSED", "done": "SUCCESS",
}  # fmt: skip


def transaction(payment: SandboxPayment) -> dict[str, Any]:
    """A payment as a query answers it and a notice holds it."""
    said: dict[str, Any] = {
        "appid": APP_ID,
        "mchid": MCHID,
        "out_trade_no": payment.id,
        "trade_state": _trade_state(payment),
        "trade_state_desc": payment.state,
    }
    if payment.paid_at is not None:
        total, currency = told_minor(payment), payment.currency
        said |= {
            "transaction_id": number(payment.id),
            "trade_type": _TRADE_TYPES[payment.way],
            "bank_type": "OTHERS",
            "attach": "",
            "success_time": time_text(payment.paid_at),
            "payer": {"openid": "sandbox-payer"},
            "amount": {
                "total": total, "payer_total": total, "currency": currency,
                "payer_currency": currency,
            },
        }  # fmt: skip
    return said


def _trade_state(payment: SandboxPayment) -> str:
    if payment.paid_at is not None:
        return "REFUND" if payment.state == "refunded" else "SUCCESS"
    over = payment.state == "closed" or payment.seconds_left <= 0
    return "CLOSED" if over else "NOTPAY"


def refund(payment: SandboxPayment, of: SandboxRefund, *, notice: bool = False) -> dict[str, Any]:
    """A refund; a notice calls its state otherwise than an answer, and names no currency."""
    amount: dict[str, Any] = {
        "total": payment.amount_minor,
        "refund": of.amount_minor,
        "payer_total": payment.amount_minor,
        "payer_refund": of.amount_minor,
    }
    said: dict[str, Any] = {
        "out_trade_no": payment.id,
        "transaction_id": number(payment.id),
        "out_refund_no": of.id,
        "refund_id": number(of.id),
        "refund_status" if notice else "status": _REFUND_STATES[of.state],
        "user_received_account": "sandbox",
    }
    if of.done_at is not None:
        said["success_time"] = time_text(of.done_at)
    if notice:
        said["mchid"] = MCHID
    if not notice or payment.currency != "CNY":
        amount["currency"] = payment.currency
    return {**said, "amount": amount}


def number(own_id: str) -> str:
    """The gateway's own number of a payment or refund."""
    return f"sandbox{own_id.replace('_', '')}"[:32]


def text(said: dict[str, Any]) -> str:
    return msgspec.json.encode(said).decode()


def bill(paid: list[SandboxPayment], back: list[tuple[SandboxRefund, SandboxPayment]]) -> str:
    """The bill of a day: what was paid and what went back, then the sums of both."""
    rows = [_bill_row(payment, payment.paid_at) for payment in paid]
    rows += [_bill_row(payment, refund.done_at, refund) for refund, payment in back]
    total = sum(payment.amount_minor for payment in paid)
    returned = sum(refund.amount_minor for refund, _ in back)
    sums = (
        str(len(rows)), yuan(total), yuan(returned), "0.00", "0.00", yuan(total), yuan(returned),
    )  # fmt: skip
    lines = [",".join(COLUMNS), *map(_joined, rows), ",".join(SUMMARY), _joined(list(sums))]
    return "\ufeff" + "\r\n".join(lines) + "\r\n"


def _bill_row(
    payment: SandboxPayment, at: datetime | None, refund: SandboxRefund | None = None
) -> list[str]:
    assert at is not None, "only what has happened is on a bill"
    of = {
        "交易时间": time_text(at)[:19].replace("T", " "),
        "公众账号ID": APP_ID,
        "商户号": MCHID,
        "微信订单号": number(payment.id),
        "商户订单号": payment.id,
        "用户标识": "sandbox-payer",
        "交易类型": _TRADE_TYPES[payment.way],
        "交易状态": "SUCCESS" if refund is None else "REFUND",
        "付款银行": "OTHERS",
        "货币种类": payment.currency,
        "应结订单金额": yuan(payment.amount_minor if refund is None else 0),
        "商品名称": payment.subject.replace(",", " ").replace("\n", " "),
        "手续费": "0.00",
        "费率": "0.00%",
        "订单金额": yuan(payment.amount_minor if refund is None else 0),
        "退款金额": yuan(refund.amount_minor if refund else 0),
        "申请退款金额": yuan(refund.amount_minor if refund else 0),
    }
    if refund is not None:
        of |= {
            "微信退款单号": number(refund.id),
            "商户退款单号": refund.id,
            "退款类型": "ORIGINAL",
            "退款状态": "SUCCESS",
        }
    return [of.get(column, "") for column in COLUMNS]


def _joined(values: list[str]) -> str:
    return ",".join("`" + value.replace('"', "'") for value in values)
