"""The bill of a day: a zip of files of comma-separated lines, of which one tells every movement.

What is read is found by the names of its columns, so that new ones do no harm. Lines with "#" in
front stand around it, and the last of them tell how many movements there are.
"""

from __future__ import annotations

import csv
import io
import re
import struct
import zipfile
import zlib
from typing import Final

from yaohe.platforms.alipay_pay.model import CURRENCY, Unreadable, minor
from yaohe.platforms.payments import BillLine

FILE_BYTES_MAX: Final = 200_000_000
FILES_MAX: Final = 10
PAYMENT, KIND, AMOUNT, REFUND = "商户订单号", "业务类型", "订单金额（元）", "退款批次号/请求号"
_KINDS: Final = {"交易": False, "退款": True}
_COUNTS: Final = re.compile(r"#(交易|退款)合计：\s*([0-9]{1,9})\s*笔")


def read_bill(packed: bytes) -> list[BillLine]:
    """The movements of a bill, and only of one that tells as many as it holds."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as files:
            entries = files.infolist()
            if len(entries) > FILES_MAX:
                raise Unreadable("The bill has too many files.")
            found = [lines for one in entries if (lines := _lines(_text(files, one))) is not None]
    except Unreadable:
        raise
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError, OSError,
            RuntimeError, ValueError) as error:  # fmt: skip
        raise Unreadable("The bill is no zip file.") from error
    if len(found) != 1:
        raise Unreadable("The bill has no list of movements.")
    return found[0]


def _text(files: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    with files.open(entry) as file:
        raw = file.read(FILE_BYTES_MAX + 1)
    if len(raw) > FILE_BYTES_MAX:
        raise Unreadable("The bill is too large.")
    try:
        return raw.decode("gb18030")
    except UnicodeDecodeError as error:
        raise Unreadable("The bill is not written in GBK.") from error


def _lines(text: str) -> list[BillLine] | None:
    """The movements of this file; None when it is another."""
    rows = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    try:
        table = [[value.strip() for value in row] for row in csv.reader(rows)]
    except csv.Error as error:
        raise Unreadable(str(error)) from error
    header = table[0] if table else []
    if not {PAYMENT, KIND, AMOUNT, REFUND} <= set(header):
        return None
    lines = []
    for row in table[1:]:
        if len(row) != len(header):
            raise Unreadable("A line of the bill has another length than its header.")
        lines.append(_line(dict(zip(header, row, strict=True))))
    refunds = sum(line.refund_id is not None for line in lines)
    told = {kind: int(number) for kind, number in _COUNTS.findall(text)}
    if told != {"交易": len(lines) - refunds, "退款": refunds}:
        raise Unreadable("The bill does not hold as many movements as it tells.")
    return lines


def _line(of: dict[str, str]) -> BillLine:
    is_refund = _KINDS.get(of[KIND])
    if is_refund is None or not of[PAYMENT] or (is_refund and not of[REFUND]):
        raise Unreadable("A line of the bill is of no known kind.")
    return BillLine(
        payment_id=of[PAYMENT],
        refund_id=of[REFUND] if is_refund else None,
        amount_minor=minor(of[AMOUNT].removeprefix("-")),
        currency=CURRENCY,
    )
