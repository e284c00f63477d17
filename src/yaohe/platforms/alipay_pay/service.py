"""Alipay behind the payment port: pages and codes, query, close, refund, notices, bills.

A payment exists at Alipay from the moment somebody opens its page there; before that it can neither
be asked about nor closed. Its page takes no money after the order's time, and money that comes all
the same is late money.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

from yaohe.kernel.clock import Clock
from yaohe.platforms.alipay_pay.bill import read_bill
from yaohe.platforms.alipay_pay.client import AlipayClient, NotThere
from yaohe.platforms.alipay_pay.model import (
    CURRENCY,
    BillAddress,
    Precreated,
    RefundFound,
    RefundTaken,
    Trade,
    Unreadable,
    moment,
    refund_news,
    standing,
    subject_text,
    time_text,
    told_paid,
    yuan,
)
from yaohe.platforms.alipay_pay.signing import holds, told_text
from yaohe.platforms.outgoing import PlatformAway, PlatformRefused
from yaohe.platforms.payments import (
    BillLine,
    BillNotThere,
    News,
    NoticeStale,
    NoticeUnreadable,
    NoticeUnsigned,
    PaymentNotice,
    PaymentRequest,
    PaymentStanding,
    RefundRequest,
    Way,
)

# It tells a notice again for a day and an hour.
TOLD_FOR: Final = timedelta(hours=48)
NOTICE_ID_CHARS_MAX: Final = 128
_FIELDS_MAX: Final = 100
_PAGES: Final[Mapping[Way, tuple[str, str]]] = {
    "h5": ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
    "page": ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
}
_NO_BILL: Final = "BILL_NOT_EXIST"


class AlipayPay:
    """`ways` are what the merchant's app may use. Other apps, WeChat before all, refuse Alipay's
    pages."""

    name: Final = "alipay"
    thanks: Final = "success"
    payers: Final = None

    def __init__(self, client: AlipayClient, clock: Clock, *, ways: Collection[Way]) -> None:
        self._client, self._clock, self._account = client, clock, client.account
        self.ways = frozenset(ways)
        self.ways_in_app: frozenset[Way] = frozenset()

    # What we ask ----------------------------------------------------------------------------

    async def create(self, request: PaymentRequest) -> str:
        if request.currency != CURRENCY:
            raise PlatformRefused("currency")
        about: dict[str, Any] = {
            "out_trade_no": request.payment_id,
            "total_amount": yuan(request.amount_minor),
            "subject": subject_text(request.subject),
            "time_expire": time_text(request.expires_at),
        }
        notify_url = request.notify_url
        if request.way not in _PAGES:
            method = "alipay.trade.precreate"
            made = await self._client.ask(method, about, Precreated, notify_url=notify_url)
            return made.qr_code
        method, product = _PAGES[request.way]
        about["product_code"] = product
        if request.way == "h5":
            about["quit_url"] = request.return_url
        return self._client.page(
            method, about, notify_url=notify_url, return_url=request.return_url
        )

    async def ask(self, payment_id: str) -> PaymentStanding:
        about = {"out_trade_no": payment_id}
        try:
            trade = await self._client.ask("alipay.trade.query", about, Trade)
        except NotThere:
            return PaymentStanding(state="unknown")
        _check(trade.out_trade_no, payment_id)
        try:
            return standing(trade)
        except Unreadable:
            raise PlatformAway from None

    async def close(self, payment_id: str) -> None:
        try:
            await self._client.ask("alipay.trade.close", {"out_trade_no": payment_id}, dict)
        except NotThere:
            return  # nobody has opened its page yet

    async def refund(self, request: RefundRequest) -> News | None:
        about = {
            "out_trade_no": request.payment_id,
            "out_request_no": request.refund_id,
            "refund_amount": yuan(request.amount_minor),
        }
        taken = await self._client.ask("alipay.trade.refund", about, RefundTaken)
        _check(taken.out_trade_no, request.payment_id)
        # Whether it is done is said by the answer to the question alone.
        news = await self.ask_refund(request)
        if news is None and taken.fund_change != "Y":
            # No money moved and none is on its way: the same request has to be made again.
            raise PlatformAway("Alipay took a refund that moved no money.")
        return news

    async def ask_refund(self, request: RefundRequest) -> News | None:
        return await self._refund(request.payment_id, request.refund_id)

    async def _refund(self, payment_id: str, refund_id: str) -> News | None:
        about = {
            "out_trade_no": payment_id,
            "out_request_no": refund_id,
            "query_options": ["gmt_refund_pay"],
        }
        try:
            method = "alipay.trade.fastpay.refund.query"
            found = await self._client.ask(method, about, RefundFound)
        except NotThere:
            return None
        if found.refund_status:
            _check(found.out_trade_no, payment_id)
            _check(found.out_request_no, refund_id)
        try:
            return refund_news(found)
        except Unreadable:
            raise PlatformAway from None

    async def bill(self, day: date) -> list[BillLine]:
        about = {"bill_type": "trade", "bill_date": day.isoformat()}
        method = "alipay.data.dataservice.bill.downloadurl.query"
        try:
            told = await self._client.ask(method, about, BillAddress)
        except PlatformRefused as error:
            if error.reason.upper().endswith(_NO_BILL):
                raise BillNotThere from None
            raise
        packed = await self._client.file(told.bill_download_url)
        try:
            return await asyncio.to_thread(read_bill, packed)
        except Unreadable as error:
            raise PlatformAway(f"The bill cannot be read: {error}") from None

    # What we are told -----------------------------------------------------------------------

    async def open_notice(self, headers: Mapping[str, str], raw: bytes) -> PaymentNotice | None:
        """Signature, then shape, then time, then whose it is. A notice of a refund tells the sum of
        all refunds, so what became of this one is asked."""
        fields = _fields(raw)
        text = told_text(fields).encode("utf-8", "replace")
        if not holds(self._account.alipay_key, fields.get("sign", ""), text):
            raise NoticeUnsigned
        notice_id = fields.get("notify_id", "")
        try:
            told_at = moment(fields.get("notify_time", ""))
            news = told_paid(fields)
        except Unreadable as error:
            raise NoticeUnreadable from error
        if told_at is None or not _is_id(notice_id):
            raise NoticeUnreadable
        if abs(self._clock.now() - told_at) > TOLD_FOR:
            raise NoticeStale
        me = self._account
        if (fields.get("app_id"), fields.get("seller_id")) != (me.app_id, me.seller_id):
            raise NoticeUnreadable
        if fields.get("gmt_refund") and fields.get("out_biz_no"):
            news = await self._refund(fields.get("out_trade_no", ""), fields["out_biz_no"])
        if news is None:
            return None
        return PaymentNotice(id=notice_id, news=news, text=text.decode())


def _fields(raw: bytes) -> dict[str, str]:
    """The fields of a form, each of which may stand there once."""
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_MAX
        )
    except (UnicodeError, ValueError):
        raise NoticeUnsigned from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise NoticeUnsigned
    return fields


def _check(told: str, wanted: str) -> None:
    if told != wanted:
        raise PlatformAway("Alipay answered about another payment.")


def _is_id(text: str) -> bool:
    return 0 < len(text) <= NOTICE_ID_CHARS_MAX and text.isascii() and text.isprintable()
