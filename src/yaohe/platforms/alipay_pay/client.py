"""Asking Alipay: every request signed by us, every answer believed only when signed by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from yaohe.kernel.clock import Clock
from yaohe.platforms.alipay_pay.keys import AlipayAccount
from yaohe.platforms.alipay_pay.model import BEIJING, TIME
from yaohe.platforms.alipay_pay.signing import holds, sent_text, sign
from yaohe.platforms.outgoing import FILE_S_MAX, Outgoing, PlatformAway, PlatformRefused

ADDRESS: Final = "https://openapi.alipay.com/gateway.do"
SANDBOX_ADDRESS: Final = "https://openapi-sandbox.dl.alipaydev.com/gateway.do"
FILE_BYTES_MAX: Final = 64_000_000
_FILES: Final = (".alipay.com", ".alipaydev.com")
_DONE: Final = "10000"
# It does not know itself what became of it.
_AWAY: Final = frozenset({"20000", "ACQ.SYSTEM_ERROR", "AOP.ACQ.SYSTEM_ERROR"})
_NOT_THERE: Final = "ACQ.TRADE_NOT_EXIST"
_FORM: Final = "application/x-www-form-urlencoded;charset=utf-8"

Shape = TypeVar("Shape")


class NotThere(PlatformRefused):
    """It knows no such payment."""


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    sub_code: str = ""

    @property
    def reason(self) -> str:
        word = self.sub_code or self.code
        return word[:60] if word.isascii() and word.isprintable() else "unknown"


class AlipayClient:
    def __init__(
        self, outgoing: Outgoing, clock: Clock, account: AlipayAccount, *, address: str = ADDRESS
    ) -> None:
        self._outgoing, self._clock, self.account = outgoing, clock, account
        self._address = address

    def page(self, method: str, about: Mapping[str, Any], **more: str) -> str:
        """The address of a page of Alipay's, signed; only the payer's browser goes there."""
        fields = self._signed(method, about, **more)
        return f"{self._address}?{urlencode(fields)}"

    async def ask(
        self, method: str, about: Mapping[str, Any], shape: type[Shape], **more: str
    ) -> Shape:
        """The answer in its shape, verified."""
        fields = self._signed(method, about, **more)
        body = urlencode({"biz_content": fields.pop("biz_content")}).encode()
        answer = await self._outgoing.ask(
            "POST",
            f"{self._address}?{urlencode(fields)}",
            raw=body,
            headers={"content-type": _FORM},
        )
        raw = self._verified(answer.body, f"{method.replace('.', '_')}_response")
        said = _read(raw, _Said)
        if said.code != _DONE:
            raise _refusal(said)
        return _read(raw, shape)

    async def file(self, url: str) -> bytes:
        """A file it told us the address of, in a signed answer; only at its own hosts."""
        parts = urlsplit(url)
        if not (parts.hostname or "").endswith(_FILES):
            raise PlatformAway("Alipay named a file that is not its own.")
        safe = f"https://{parts.hostname}{parts.path}?{parts.query}"
        answer = await self._outgoing.ask(
            "GET", safe, bytes_max=FILE_BYTES_MAX, answer_s_max=FILE_S_MAX
        )
        if answer.status != 200:
            raise PlatformAway
        return answer.body

    def _signed(self, method: str, about: Mapping[str, Any], **more: str) -> dict[str, str]:
        fields = {
            "app_id": self.account.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": self._clock.now().astimezone(BEIJING).strftime(TIME),
            "version": "1.0",
            "biz_content": msgspec.json.encode(about).decode(),
            **{name: value for name, value in more.items() if value},
        }
        return {**fields, "sign": sign(self.account.key, sent_text(fields))}

    def _verified(self, body: bytes, name: str) -> bytes:
        """The part of an answer that is signed, byte for byte as it came."""
        parts = _read(body, dict[str, msgspec.Raw])
        raw = bytes(parts.get(name) or b"")
        if not raw or "sign" not in parts:
            # A refusal that nobody signed (ours was not understood) says no more than that.
            refused = _read(parts.get("error_response") or raw or b"{}", _Said)
            raise PlatformAway if refused.code == _DONE else PlatformRefused(refused.reason)
        if not holds(self.account.alipay_key, _read(parts["sign"], str), raw):
            raise PlatformAway("The signature of Alipay's answer does not match.")
        return raw


def _refusal(said: _Said) -> PlatformAway | PlatformRefused:
    if said.code in _AWAY or said.sub_code.upper() in _AWAY:
        return PlatformAway()
    return (NotThere if said.sub_code == _NOT_THERE else PlatformRefused)(said.reason)


def _read(raw: bytes | msgspec.Raw, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, UnicodeError):
        raise PlatformAway("Alipay answered something unreadable.") from None
