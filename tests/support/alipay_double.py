"""A double of Alipay's open platform, from what Alipay documents: it checks every signature by its
own reading of the rules, signs its answers and notices, and misbehaves when told.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import io
import json
import time
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, quote_plus, urlsplit

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from litestar.types import Receive, Scope, Send
from tests.support.banks import Notice, RefundEnd, Trouble
from tests.support.shop import AskedInside

from yaohe.kernel.clock import SystemClock
from yaohe.kernel.db import Database
from yaohe.kernel.ids import new_id
from yaohe.platforms.alipay_pay import AlipayAccount, AlipayClient, AlipayPay

APP: Final = "2021000000000001"
SELLER: Final = "2088000000000001"
CHINA: Final = timezone(timedelta(hours=8))
_PAGES: Final = {
    "alipay.trade.wap.pay": "QUICK_WAP_WAY", "alipay.trade.page.pay": "FAST_INSTANT_TRADE_PAY",
}  # fmt: skip
_TITLES: Final = (
    "支付宝交易号,商户订单号,业务类型,商品名称,完成时间,订单金额（元）,退款批次号/请求号,备注"
)


@functools.cache
def keys() -> tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey, rsa.RSAPrivateKey]:
    """The app's, Alipay's, and a stranger's."""
    made = [rsa.generate_private_key(public_exponent=65_537, key_size=2_048) for _ in range(3)]
    return made[0], made[1], made[2]


class No(Exception):
    """A refusal of business."""


def sign_by(key: rsa.RSAPrivateKey, text: str) -> str:
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), SHA256())).decode()


def _now() -> str:
    return datetime.now(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def _cents(text: str) -> int:
    whole, _, rest = text.partition(".")
    assert len(rest) == 2, f"{text!r} has not two decimals"
    return int(whole) * 100 + int(rest)


def _yuan(cents: int) -> str:
    return f"{cents / 100:.2f}"


@dataclass
class AlipayDouble:
    db: Database
    trouble: Trouble = ""
    refunds_end: RefundEnd = "done"
    refunds_rest: bool = False  # a refund is taken and nothing comes of it
    stale_s: int = 49 * 3_600
    other_currency: bool = False
    asks_for_cashier: bool = False
    ways: tuple[Any, ...] = ("h5", "page", "native")
    trades: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    refusal: dict[str, Any] | None = None  # an answer that nobody signed
    bill_host: str = "dwbillcenter.alipay.com"
    day: str = ""

    def __post_init__(self) -> None:
        own, alipay, _ = keys()
        account = AlipayAccount(
            app_id=APP, seller_id=SELLER, key=own, alipay_key=alipay.public_key()
        )
        self.outgoing = AskedInside(self.app)
        client = AlipayClient(self.outgoing, SystemClock(), account)
        self.gateway = AlipayPay(client, SystemClock(), ways=self.ways)

    # HTTP -----------------------------------------------------------------------------------

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = b""
        while True:
            message: Any = await receive()
            raw += message.get("body", b"")
            if not message.get("more_body"):
                break
        if self.trouble == "hang":
            await asyncio.sleep(60)
        status, body = 503, b""
        if self.trouble != "down":
            query = scope["query_string"].decode()  # type: ignore[typeddict-item]
            path = scope["path"]  # type: ignore[typeddict-item]
            host = dict(scope["headers"])[b"host"].decode()
            if path == "/downloadBillFile.resource":
                await asyncio.sleep(0)  # a file is on its way for longer than no time
                status, body = 200, self.bill_file()
            else:
                assert (host, path) == ("openapi.alipay.com", "/gateway.do")
                fields = dict(parse_qsl(query)) | dict(parse_qsl(raw.decode()))
                status, body = 200, self._answer(fields)
        if self.trouble == "lost":
            status, body = 502, b""
        if self.trouble == "half":
            body = body[: len(body) // 2]
        await send({"type": "http.response.start", "status": status, "headers": []})  # type: ignore[typeddict-item]
        await send({"type": "http.response.body", "body": body})  # type: ignore[typeddict-item]

    def _checked(self, fields: dict[str, str]) -> dict[str, Any]:
        """What is asked for, once the rules of every request hold."""
        signature = base64.b64decode(fields["sign"])
        names = sorted(name for name, value in fields.items() if value and name != "sign")
        text = "&".join(name + "=" + fields[name] for name in names)
        keys()[0].public_key().verify(signature, text.encode(), padding.PKCS1v15(), SHA256())
        fixed = {"app_id": APP, "charset": "utf-8", "sign_type": "RSA2", "version": "1.0",
                 "format": "JSON"}  # fmt: skip
        assert {name: fields[name] for name in fixed} == fixed
        sent = datetime.strptime(fields["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
        assert abs(datetime.now(CHINA) - sent) < timedelta(minutes=1)
        self.asked.append(fields["method"])
        wish: dict[str, Any] = json.loads(fields["biz_content"])
        return wish

    def _answer(self, fields: dict[str, str]) -> bytes:
        wish = self._checked(fields)
        if self.refusal is not None:
            return json.dumps(self.refusal).encode()
        methods = {
            "alipay.trade.query": self._query, "alipay.trade.close": self._close,
            "alipay.trade.refund": self._refund, "alipay.trade.precreate": self._precreate,
            "alipay.trade.fastpay.refund.query": self._refund_query,
            "alipay.data.dataservice.bill.downloadurl.query": self._bill,
        }  # fmt: skip
        method = fields["method"]
        try:
            said = {"code": "10000", "msg": "Success", **methods[method](wish)}
        except No as no:
            said = {"code": "40004", "msg": "Business Failed", "sub_code": str(no), "sub_msg": "不"}
        inner = json.dumps(said, ensure_ascii=False).replace("/", "\\/")
        name = method.replace(".", "_") + "_response"
        return f'{{"{name}":{inner},"sign":"{sign_by(keys()[1], inner)}"}}'.encode()

    def _trade(self, wish: dict[str, Any]) -> dict[str, Any]:
        if wish["out_trade_no"] not in self.trades:
            raise No("ACQ.TRADE_NOT_EXIST")
        return self.trades[wish["out_trade_no"]]

    def _query(self, wish: dict[str, Any]) -> dict[str, Any]:
        trade = self._trade(wish)
        names = ("out_trade_no", "trade_no", "trade_status", "total_amount", "send_pay_date")
        return {name: trade[name] for name in names if trade.get(name)}

    def _close(self, wish: dict[str, Any]) -> dict[str, Any]:
        trade = self._trade(wish)
        if trade["trade_status"] != "WAIT_BUYER_PAY":
            raise No("ACQ.TRADE_STATUS_ERROR")
        trade["trade_status"] = "TRADE_CLOSED"
        return {"out_trade_no": trade["out_trade_no"]}

    def _precreate(self, wish: dict[str, Any]) -> dict[str, Any]:
        self._wish(wish)
        return {"out_trade_no": wish["out_trade_no"], "qr_code": f"qr:{wish['out_trade_no']}"}

    def _refund(self, wish: dict[str, Any]) -> dict[str, Any]:
        trade, number = self._trade(wish), wish["out_request_no"]
        if trade["trade_status"] not in {"TRADE_SUCCESS", "TRADE_CLOSED"}:
            raise No("ACQ.TRADE_STATUS_ERROR")
        cents = _cents(wish["refund_amount"])
        fresh = number not in self.refunds
        if fresh and self.refunds_rest:
            return {"out_trade_no": trade["out_trade_no"], "fund_change": "N"}
        if fresh:
            if self.took(trade["out_trade_no"]) < cents:
                raise No("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
            self.refunds[number] = {
                "trade": trade, "cents": cents, "at": _now(), "done": self.refunds_end == "done",
            }  # fmt: skip
            if not self.took(trade["out_trade_no"]):
                trade["trade_status"] = "TRADE_CLOSED"
        elif self.refunds[number]["cents"] != cents:
            raise No("ACQ.REASON_TRADE_REFUND_FEE_ERR")
        return {
            "out_trade_no": trade["out_trade_no"], "trade_no": trade["trade_no"],
            "fund_change": "Y" if fresh else "N",
            "refund_fee": _yuan(self._back(trade)),
        }  # fmt: skip

    def _back(self, trade: dict[str, Any]) -> int:
        return sum(one["cents"] for one in self.refunds.values()
                   if one["trade"] is trade and one["done"])  # fmt: skip

    def _refund_query(self, wish: dict[str, Any]) -> dict[str, Any]:
        trade = self._trade(wish)
        known = self.refunds.get(wish["out_request_no"])
        if known is None or known["trade"] is not trade or not known["done"]:
            return {}
        assert wish["query_options"] == ["gmt_refund_pay"]
        return {
            "out_trade_no": trade["out_trade_no"], "out_request_no": wish["out_request_no"],
            "refund_amount": _yuan(known["cents"]), "total_amount": trade["total_amount"],
            "refund_status": "REFUND_SUCCESS", "gmt_refund_pay": known["at"],
        }  # fmt: skip

    def _bill(self, wish: dict[str, Any]) -> dict[str, Any]:
        assert wish["bill_type"] == "trade"
        if wish["bill_date"] != self.day:
            raise No("isp.bill_not_exist")
        query = "bizType=trade&fileType=csv.zip&fileId=1"
        return {"bill_download_url": f"http://{self.bill_host}/downloadBillFile.resource?{query}"}

    def bill_file(self) -> bytes:
        paid = [t for t in self.trades.values() if t.get("send_pay_date")]
        rows = [f"{t['trade_no']}\t,{t['out_trade_no']}\t,交易,茶,{t['send_pay_date']},"
                f"{t['total_amount']},,\t" for t in paid]  # fmt: skip
        back = [(number, one) for number, one in self.refunds.items() if one["done"]]
        rows += [f"2026\t,{one['trade']['out_trade_no']}\t,退款,茶,{one['at']},"
                 f"-{_yuan(one['cents'])},{number}\t,\t" for number, one in back]  # fmt: skip
        lines = [
            "#支付宝业务明细查询", f"#账号：[{SELLER}0156]", "#---业务明细列表---", _TITLES, *rows,
            "#---业务明细列表结束---", f"#交易合计：{len(paid)}笔，商家实收共1.00元",
            f"#退款合计：{len(back)}笔，商家实收退款共-1.00元",
        ]  # fmt: skip
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as files:
            files.writestr(
                "业务明细(汇总).csv", "#汇总\n门店编号,交易订单总笔数\n,1\n".encode("gbk")
            )
            files.writestr("业务明细.csv", "\r\n".join(lines).encode("gbk"))
        return packed.getvalue()

    # What people and time do ----------------------------------------------------------------

    def _wish(self, wish: dict[str, Any]) -> None:
        expires = datetime.strptime(wish["time_expire"], "%Y-%m-%d %H:%M:%S")
        assert expires.replace(tzinfo=CHINA) > datetime.now(CHINA)
        assert not set("/=&") & set(wish["subject"])
        trade = self.trades.setdefault(
            wish["out_trade_no"],
            {
                "out_trade_no": wish["out_trade_no"], "trade_no": new_id("2026"),
                "trade_status": "WAIT_BUYER_PAY", "total_amount": wish["total_amount"],
            },
        )  # fmt: skip
        assert _cents(trade["total_amount"]) == _cents(wish["total_amount"])

    def visit(self, text: str) -> str:
        """The buyer logs in at the page: from now on the trade is there."""
        if text.startswith("qr:"):
            return text[3:]
        assert urlsplit(text)._replace(query="").geturl() == "https://openapi.alipay.com/gateway.do"
        fields = dict(parse_qsl(urlsplit(text).query))
        wish = self._checked(fields)
        assert wish["product_code"] == _PAGES[fields["method"]]
        assert ("quit_url" in wish) == (fields["method"] == "alipay.trade.wap.pay")
        assert fields["return_url"].startswith("http")
        assert fields["notify_url"].endswith("/api/v1/payments/alipay/callback")
        self._wish(wish)
        return str(wish["out_trade_no"])

    def pay(self, payment_id: str) -> bool:
        if self.trades[payment_id]["trade_status"] != "WAIT_BUYER_PAY":
            return False
        self.force(payment_id)
        return True

    def force(self, payment_id: str) -> None:
        self.trades[payment_id] |= {"trade_status": "TRADE_SUCCESS", "send_pay_date": _now()}

    def patience(self, answer_s_max: float) -> None:
        self.outgoing.answer_s_max = answer_s_max

    def yesterday(self) -> None:
        self.day = (datetime.now(CHINA) - timedelta(days=1)).date().isoformat()

    def took(self, payment_id: str) -> int:
        trade = self.trades[payment_id]
        if not trade.get("send_pay_date"):
            return 0
        return _cents(trade["total_amount"]) - self._back(trade)

    def state(self, payment_id: str) -> Literal["open", "closed", "paid"]:
        trade = self.trades[payment_id]
        if trade.get("send_pay_date"):
            return "paid"
        return "closed" if trade["trade_status"] == "TRADE_CLOSED" else "open"

    def end_refund(self, refund_id: str) -> None:
        self.refunds[refund_id]["done"] = True

    # What it tells --------------------------------------------------------------------------

    def paid_notice(
        self,
        payment_id: str,
        *,
        more_minor: int = 0,
        currency: str = "",
        ago_s: int = 0,
        notice_id: str = "",
        forged: bool = False,
        amount_minor: int = 0,
    ) -> Notice:
        trade = self.trades.get(payment_id, {"total_amount": _yuan(amount_minor)})
        cents = _cents(trade["total_amount"]) + more_minor
        return self.notice(
            payment_id, ago_s=ago_s, notice_id=notice_id, forged=forged,
            trade_status="TRADE_SUCCESS", total_amount=_yuan(cents), gmt_payment=_now(),
        )  # fmt: skip

    def refund_notice(self, refund_id: str) -> Notice:
        one = self.refunds[refund_id]
        trade = one["trade"]
        return self.notice(
            trade["out_trade_no"], trade_status=trade["trade_status"], gmt_payment=_now(),
            total_amount=trade["total_amount"], refund_fee=_yuan(self._back(trade)),
            gmt_refund=_now() + ".123", out_biz_no=refund_id,
        )  # fmt: skip

    def notice(
        self,
        payment_id: str,
        *,
        ago_s: int = 0,
        notice_id: str = "",
        forged: bool = False,
        **more: str,
    ) -> Notice:
        at = datetime.fromtimestamp(time.time() - ago_s, CHINA).strftime("%Y-%m-%d %H:%M:%S")
        fields = {
            "notify_time": at, "notify_type": "trade_status_sync", "app_id": APP, "version": "1.0",
            "notify_id": notice_id or new_id("ntf"), "charset": "utf-8", "seller_id": SELLER,
            "out_trade_no": payment_id, "subject": "春茶 & 茶", "body": "", **more,
        }  # fmt: skip
        text = "&".join(f"{name}={value}" for name, value in sorted(fields.items()))
        signature = sign_by(keys()[2] if forged else keys()[1], text)
        form = {**fields, "sign_type": "RSA2", "sign": signature}
        pieces = [f"{quote_plus(name)}={quote_plus(value)}" for name, value in form.items()]
        return {"content-type": "application/x-www-form-urlencoded"}, "&".join(pieces).encode()
