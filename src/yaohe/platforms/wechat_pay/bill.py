"""The daily bill: a file of comma-separated lines in which every value has a backtick before it.

What is read is found by the names of its columns, so that new ones do no harm. Amounts are in yuan
with two decimals.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import Final

from yaohe.platforms.payments import BillLine

TIME, APP, MCHID, TRANSACTION, PAYMENT, WAY, STATE, CURRENCY = (
    "交易时间", "公众账号ID", "商户号", "微信订单号", "商户订单号", "交易类型", "交易状态",
    "货币种类",
)  # fmt: skip
REFUND, REFUND_STATE, SUBJECT, TOTAL, ASKED = (
    "商户退款单号", "退款状态", "商品名称", "订单金额", "申请退款金额",
)  # fmt: skip
COLUMNS: Final = (
    TIME, APP, MCHID, "特约商户号", "设备号", TRANSACTION, PAYMENT, "用户标识", WAY, STATE,
    "付款银行", CURRENCY, "应结订单金额", "代金券金额", "微信退款单号", REFUND, "退款金额",
    "充值券退款金额", "退款类型", REFUND_STATE, SUBJECT, "商户数据包", "手续费", "费率", TOTAL,
    ASKED, "费率备注",
)  # fmt: skip
SUMMARY: Final = (
    "总交易单数", "应结订单总金额", "退款总金额", "充值券退款总金额", "手续费总金额", "订单总金额",
    "申请退款总金额",
)  # fmt: skip
_YUAN: Final = re.compile(r"([0-9]{1,13})\.([0-9]{2})\Z")


class BillUnreadable(ValueError):
    """It is not a bill as documented; nothing of it is believed."""


def yuan(amount_minor: int) -> str:
    return f"{amount_minor // 100}.{amount_minor % 100:02d}"


def minor(text: str) -> int:
    found = _YUAN.match(text)
    if found is None:
        raise BillUnreadable(f"{text[:20]!r} is no amount.")
    return int(found[1]) * 100 + int(found[2])


def read_bill(text: str) -> list[BillLine]:
    """The movements of a bill, and only a bill whose summary agrees with its lines."""
    rows = _rows(text)
    header = next(rows, [])
    if not {PAYMENT, STATE, CURRENCY, REFUND, TOTAL, ASKED} <= set(header):
        raise BillUnreadable("The columns of the bill are not known.")
    lines: list[BillLine] = []
    for row in rows:
        if row and row[0] == SUMMARY[0]:
            _check_summary(dict(zip(row, next(rows, []), strict=False)), lines)
            return lines
        if len(row) != len(header):
            raise BillUnreadable("A line of the bill has another length than its header.")
        lines.append(_line(dict(zip(header, row, strict=True))))
    raise BillUnreadable("The bill ends before its summary.")


def _rows(text: str) -> Iterator[list[str]]:
    try:
        for row in csv.reader(text.removeprefix("\ufeff").splitlines()):
            if row:
                yield [value.removeprefix("`").strip() for value in row]
    except csv.Error as error:
        raise BillUnreadable(str(error)) from error


def _line(of: dict[str, str]) -> BillLine:
    is_refund = of[STATE] == "REFUND"
    refund_id = of[REFUND] if is_refund else None
    if not of[PAYMENT] or refund_id == "":
        raise BillUnreadable("A line of the bill names no order.")
    return BillLine(
        payment_id=of[PAYMENT],
        refund_id=refund_id,
        amount_minor=minor(of[ASKED] if is_refund else of[TOTAL]),
        currency=of[CURRENCY],
    )


def _check_summary(told: dict[str, str], lines: list[BillLine]) -> None:
    paid = sum(line.amount_minor for line in lines if line.refund_id is None)
    back = sum(line.amount_minor for line in lines if line.refund_id is not None)
    wanted = {SUMMARY[0]: str(len(lines)), SUMMARY[5]: yuan(paid), SUMMARY[6]: yuan(back)}
    if any(told.get(name) != value for name, value in wanted.items()):
        raise BillUnreadable("The summary of the bill does not agree with its lines.")
