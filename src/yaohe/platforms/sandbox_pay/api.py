"""What the shop asks of the gateway: WeChat Pay's API v3 at its own paths, signed on both ways.

Two paths are the sandbox's own: they script faults, and only who reaches its port can use them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from secrets import token_hex
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives import serialization

from yaohe.kernel.origin import origin_of
from yaohe.platforms.payments import Way
from yaohe.platforms.sandbox_pay import wire
from yaohe.platforms.sandbox_pay.asgi import Answer, Asked, Route, as_json
from yaohe.platforms.sandbox_pay.errors import Misshapen, Unsigned
from yaohe.platforms.sandbox_pay.keys import APP_ID, MCHID, MERCHANT_SERIAL, PUBLIC_KEY_ID
from yaohe.platforms.sandbox_pay.model import Fault, SandboxPayment
from yaohe.platforms.sandbox_pay.service import SandboxGateway
from yaohe.platforms.wechat_pay.model import time_text
from yaohe.platforms.wechat_pay.signing import (
    TOLERANCE_S,
    authorization_fields,
    holds,
    seal,
    stamp_headers,
)

_PAY: Final = "/v3/pay/transactions"
_WAYS: Final[Mapping[str, Way]] = {"h5": "h5", "native": "native", "jsapi": "jsapi"}
_Shape = TypeVar("_Shape")


class _H5(msgspec.Struct, frozen=True):
    type: str
    app_name: str = ""
    app_url: str = ""


class _Scene(msgspec.Struct, frozen=True):
    payer_client_ip: str
    h5_info: _H5


class _Money(msgspec.Struct, frozen=True):
    total: int
    currency: str = "CNY"


class _Payer(msgspec.Struct, frozen=True):
    openid: str


class Prepay(msgspec.Struct, frozen=True, kw_only=True):
    appid: str
    mchid: str
    description: str
    out_trade_no: str
    notify_url: str
    amount: _Money
    time_expire: datetime
    scene_info: _Scene | None = None
    payer: _Payer | None = None


class _Back(msgspec.Struct, frozen=True):
    refund: int
    total: int
    currency: str


class RefundAsked(msgspec.Struct, frozen=True, kw_only=True):
    out_trade_no: str
    out_refund_no: str
    amount: _Back
    notify_url: str
    reason: str = ""


class _Script(msgspec.Struct, frozen=True):
    faults: list[Fault]


class Api:
    def __init__(self, gateway: SandboxGateway) -> None:
        self._gateway, self._keys = gateway, gateway.keys
        order = f"{_PAY}/out-trade-no/{{id}}"
        signed = (
            ("POST", f"{_PAY}/{{way}}", self._prepay),
            ("GET", order, self._ask),
            ("POST", f"{order}/close", self._close),
            ("POST", "/v3/refund/domestic/refunds", self._refund),
            ("GET", "/v3/refund/domestic/refunds/{id}", self._ask_refund),
            ("GET", "/v3/bill/tradebill", self._bill),
            ("GET", "/v3/billdownload/file", self._bill_file),
            ("GET", "/v3/certificates", self._certificates),
        )
        own = (("POST", "/sandbox/payments/{id}/faults", self._faults),)
        self.routes = [Route.to(*route) for route in (*signed, *own)]

    def check(self, asked: Asked) -> None:
        """Raise `Unsigned` unless the shop sent this, now."""
        said = authorization_fields(asked.headers.get("authorization", ""))
        at = said.get("timestamp", "")
        known = said.get("mchid") == MCHID and said.get("serial_no") == MERCHANT_SERIAL
        if not known or not (at.isascii() and at.isdigit() and len(at) <= 12):
            raise Unsigned
        if abs(self._gateway.clock.now().timestamp() - int(at)) > TOLERANCE_S:
            raise Unsigned
        shop = self._keys.merchant.public_key()
        signature, nonce = said.get("signature", ""), said.get("nonce_str", "")
        if not holds(shop, signature, asked.method, asked.target, at, nonce, asked.body):
            raise Unsigned

    def stamped(self, answer: Answer) -> Answer:
        """The same answer, signed."""
        stamp = stamp_headers(
            self._keys.platform,
            serial=PUBLIC_KEY_ID,
            body=answer.body,
            at_s=int(self._gateway.clock.now().timestamp()),
            nonce=token_hex(16),
        )
        return Answer(answer.status, answer.body, {**answer.headers, **stamp})

    async def _prepay(self, asked: Asked) -> Answer:
        wish = _read(asked.body, Prepay)
        way: Way = _way(asked.names["way"])
        if (wish.appid, wish.mchid) != (APP_ID, MCHID) or wish.amount.total < 1:
            raise Misshapen
        scene = wish.scene_info
        if (way == "h5") != (scene is not None) or (way == "jsapi") != (wish.payer is not None):
            raise Misshapen
        site = scene.h5_info.app_url if scene else ""
        payment = await self._gateway.open(
            SandboxPayment(
                id=wish.out_trade_no,
                way=way,
                shop_name=scene.h5_info.app_name if scene else "",
                subject=wish.description,
                amount_minor=wish.amount.total,
                currency=wish.amount.currency,
                site=origin_of(site) if urlsplit(site).netloc else origin_of(wish.notify_url),
                notify_url=wish.notify_url,
                state="open",
                faults=[],
                expires_at=wish.time_expire,
                seconds_left=0,
            )
        )
        cashier = f"{payment.site}/sandbox/cashier/{payment.id}"
        if way == "jsapi":
            return as_json({"prepay_id": wire.number(payment.id)})
        return as_json({"h5_url" if way == "h5" else "code_url": cashier})

    async def _ask(self, asked: Asked) -> Answer:
        if asked.parameter("mchid") != MCHID:
            raise Misshapen
        return as_json(wire.transaction(await self._gateway.payment(asked.names["id"])))

    async def _close(self, asked: Asked) -> Answer:
        if _read(asked.body, dict[str, str]).get("mchid") != MCHID:
            raise Misshapen
        await self._gateway.close(asked.names["id"])
        return Answer(204)

    async def _refund(self, asked: Asked) -> Answer:
        wish = _read(asked.body, RefundAsked)
        refund = await self._gateway.refund(
            wish.out_trade_no,
            wish.out_refund_no,
            wish.amount.refund,
            paid_minor=wish.amount.total,
            notify_url=wish.notify_url,
            reason=wish.reason,
        )
        return as_json(wire.refund(await self._gateway.payment(wish.out_trade_no), refund))

    async def _ask_refund(self, asked: Asked) -> Answer:
        return as_json(wire.refund(*await self._gateway.refund_of(asked.names["id"])))

    async def _bill(self, asked: Asked) -> Answer:
        day = _day(asked)
        file = (await self._gateway.bill(day)).encode()
        host = f"{asked.scheme}://{asked.headers.get('host', '')}"
        return as_json(
            {
                "hash_type": "SHA1",
                "hash_value": hashlib.sha1(file).hexdigest(),  # noqa: S324 - as the real one
                "download_url": f"{host}/v3/billdownload/file?bill_date={day.isoformat()}",
            }
        )

    async def _bill_file(self, asked: Asked) -> Answer:
        file = (await self._gateway.bill(_day(asked))).encode()
        return Answer(200, file, {"content-type": "text/plain; charset=utf-8"})

    async def _certificates(self, asked: Asked) -> Answer:
        certificate = self._keys.certificate
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        sealed = seal(self._keys.v3_key, pem, nonce=token_hex(6), about="certificate")
        one: dict[str, Any] = {
            "serial_no": self._keys.certificate_serial,
            "effective_time": time_text(certificate.not_valid_before_utc),
            "expire_time": time_text(certificate.not_valid_after_utc),
            "encrypt_certificate": msgspec.to_builtins(sealed),
        }
        return as_json({"data": [one]})

    async def _faults(self, asked: Asked) -> Answer:
        """Not signed: a person with `curl` may. The gateway holds no money."""
        faults = _read(asked.body, _Script).faults
        await self._gateway.script(asked.names["id"], *faults)
        return as_json({"faults": faults})


def is_signed(path: str) -> bool:
    """Whether a request to this path has to be the shop's."""
    return path.startswith("/v3/")


def _way(text: str) -> Way:
    if text not in _WAYS:
        raise Misshapen
    return _WAYS[text]


def _day(asked: Asked) -> date:
    try:
        return date.fromisoformat(asked.parameter("bill_date"))
    except ValueError:
        raise Misshapen from None


def _read(raw: bytes, shape: type[_Shape]) -> _Shape:
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Misshapen from None
