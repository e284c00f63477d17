"""WeChat Pay (API v3) behind the payment port: prepay, query, close, refund, notices, bills."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final, Literal, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from yaohe.kernel.ids import new_secret
from yaohe.platforms.outgoing import PlatformAway, PlatformRefused
from yaohe.platforms.payments import (
    BillLine,
    BillNotThere,
    News,
    NoticeStale,
    NoticeUnreadable,
    NoticeUnsigned,
    Payers,
    PaymentNotice,
    PaymentRequest,
    PaymentStanding,
    RefundRequest,
    Way,
)
from yaohe.platforms.wechat_pay.bill import BillUnreadable, read_bill
from yaohe.platforms.wechat_pay.client import NotThere, WechatPayClient
from yaohe.platforms.wechat_pay.model import (
    Refunded,
    Transaction,
    cut_subject,
    paid_news,
    refund_news,
    standing,
    time_text,
)
from yaohe.platforms.wechat_pay.signing import (
    TOLERANCE_S,
    Sealed,
    is_stamped,
    sign,
    stamp_of,
    unseal,
)

NOTICE_ID_CHARS_MAX: Final = 100
_IN_APP: Final[tuple[Way, ...]] = ("jsapi",)
_ANSWER: Final[Mapping[Way, str]] = {"h5": "h5_url", "native": "code_url", "jsapi": "prepay_id"}
_NO_BILL: Final = frozenset({"NO_STATEMENT_EXIST", "STATEMENT_CREATING", "BILL_NOT_EXIST"})

_Shape = TypeVar("_Shape")


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A notice before it is opened."""

    id: str
    event_type: str
    resource: Sealed
    resource_type: Literal["encrypt-resource"] = "encrypt-resource"


class _BillAnswer(msgspec.Struct, frozen=True, kw_only=True):
    hash_type: Literal["SHA1"]
    hash_value: str
    download_url: str


class WechatPay:
    """`ways` are what the merchant's account is allowed. Inside of WeChat only its own call works,
    unless `works_in_app` names more, and that needs `payers`."""

    thanks: Final = ""

    def __init__(
        self,
        client: WechatPayClient,
        *,
        name: str = "wechat",
        ways: Collection[Way],
        works_in_app: Collection[Way] = _IN_APP,
        payers: Payers | None = None,
    ) -> None:
        self._client, self.name, self.ways = client, name, frozenset(ways)
        self.ways_in_app = self.ways & frozenset(works_in_app)
        self.payers = payers
        self._merchant = client.merchant

    # What we ask ----------------------------------------------------------------------------

    async def create(self, request: PaymentRequest) -> str:
        body: dict[str, Any] = {
            "appid": self._merchant.app_id,
            "mchid": self._merchant.mchid,
            "description": cut_subject(request.subject),
            "out_trade_no": request.payment_id,
            "time_expire": time_text(request.expires_at),
            "notify_url": request.notify_url,
            "amount": {"total": request.amount_minor, "currency": request.currency},
        }
        if request.way == "h5":
            body["scene_info"] = {
                "payer_client_ip": request.payer_address,
                "h5_info": {
                    "type": "Wap", "app_name": request.shop_name, "app_url": request.site,
                },
            }  # fmt: skip
        elif request.way == "jsapi":
            body["payer"] = {"openid": request.payer_id}
        raw = await self._client.ask("POST", f"/v3/pay/transactions/{request.way}", body)
        made = _read(raw, dict[str, str]).get(_ANSWER[request.way], "")
        if not made:
            raise PlatformAway
        if request.way == "jsapi":
            return self._call(made)
        if request.way == "native":
            return made
        return (
            f"{made}{'&' if '?' in made else '?'}{urlencode({'redirect_url': request.return_url})}"
        )

    def _call(self, prepay_id: str) -> str:
        """The parameters with which a page inside of WeChat calls the cashier."""
        me = self._merchant
        stamp, nonce, package = str(self._client.now_s()), new_secret(), f"prepay_id={prepay_id}"
        fields = {
            "appId": me.app_id,
            "timeStamp": stamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": sign(me.private_key, me.app_id, stamp, nonce, package),
        }
        return msgspec.json.encode(fields).decode()

    async def ask(self, payment_id: str) -> PaymentStanding:
        try:
            raw = await self._client.ask("GET", f"{_at(payment_id)}?{self._mchid}")
        except NotThere:
            return PaymentStanding(state="unknown")
        said = _read(raw, Transaction)
        if said.out_trade_no != payment_id or said.mchid != self._merchant.mchid:
            raise PlatformAway
        return standing(said)

    async def close(self, payment_id: str) -> None:
        try:
            mchid = {"mchid": self._merchant.mchid}
            await self._client.ask("POST", f"{_at(payment_id)}/close", mchid)
        except NotThere:
            return  # it never heard of it, so nobody can pay it

    async def refund(self, request: RefundRequest) -> News | None:
        body = {
            "out_trade_no": request.payment_id,
            "out_refund_no": request.refund_id,
            "notify_url": request.notify_url,
            "amount": {
                "refund": request.amount_minor,
                "total": request.paid_minor,
                "currency": request.currency,
            },
        }
        raw = await self._client.ask("POST", "/v3/refund/domestic/refunds", body)
        return self._of_refund(raw, request.refund_id)

    async def ask_refund(self, request: RefundRequest) -> News | None:
        refund_id = request.refund_id
        target = f"/v3/refund/domestic/refunds/{quote(refund_id, safe='')}"
        try:
            raw = await self._client.ask("GET", target)
        except NotThere:
            return None
        return self._of_refund(raw, refund_id)

    def _of_refund(self, raw: bytes, refund_id: str) -> News | None:
        said = _read(raw, Refunded)
        if said.out_refund_no != refund_id:
            raise PlatformAway
        return refund_news(said)

    async def bill(self, day: date) -> list[BillLine]:
        query = urlencode({"bill_date": day.isoformat(), "bill_type": "ALL"})
        try:
            told = _read(await self._client.ask("GET", f"/v3/bill/tradebill?{query}"), _BillAnswer)
        except PlatformRefused as error:
            if isinstance(error, NotThere) or error.reason in _NO_BILL:
                raise BillNotThere from None
            raise
        file = await self._client.file(told.download_url)
        if not hmac.compare_digest(hashlib.sha1(file).hexdigest(), told.hash_value.lower()):  # noqa: S324 - theirs
            raise PlatformAway("The bill is not the one WeChat Pay told the hash of.")
        try:
            return read_bill(file.decode("utf-8"))
        except (UnicodeDecodeError, BillUnreadable) as error:
            raise PlatformAway(f"The bill cannot be read: {error}") from None

    @property
    def _mchid(self) -> str:
        return urlencode({"mchid": self._merchant.mchid})

    # What we are told -----------------------------------------------------------------------

    async def open_notice(self, headers: Mapping[str, str], raw: bytes) -> PaymentNotice:
        """Signature, then time, then seal, then shape; the order tells a stranger nothing."""
        stamp = stamp_of(headers)
        key = None if stamp is None else await self._client.keys.find(stamp.serial)
        if stamp is None or key is None or not is_stamped(key, stamp, raw):
            raise NoticeUnsigned
        if abs(self._client.now_s() - stamp.at_s) > TOLERANCE_S:
            raise NoticeStale
        try:
            envelope = msgspec.json.decode(raw, type=Envelope)
            text = unseal(self._merchant.v3_key, envelope.resource)
            if text is None or not _is_id(envelope.id):
                raise NoticeUnreadable
            news = self._news(envelope.event_type, text)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise NoticeUnreadable from error
        if news is None:
            raise NoticeUnreadable
        return PaymentNotice(id=envelope.id, news=news, text=text.decode("utf-8"))

    def _news(self, event_type: str, text: bytes) -> News | None:
        if event_type.startswith("REFUND."):
            refunded = msgspec.json.decode(text, type=Refunded)
            return refund_news(refunded) if refunded.mchid == self._merchant.mchid else None
        paid = msgspec.json.decode(text, type=Transaction)
        return paid_news(paid) if paid.mchid == self._merchant.mchid else None


def _at(payment_id: str) -> str:
    return f"/v3/pay/transactions/out-trade-no/{quote(payment_id, safe='')}"


def _is_id(text: str) -> bool:
    return 0 < len(text) <= NOTICE_ID_CHARS_MAX and text.isascii() and text.isprintable()


def _read(raw: bytes, shape: type[_Shape]) -> _Shape:
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise PlatformAway("WeChat Pay answered something unreadable.") from None
