"""Asking WeChat Pay: every request signed by us, every answer believed only when signed by it."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import msgspec

from yaohe.kernel.clock import Clock
from yaohe.kernel.ids import new_secret
from yaohe.platforms.outgoing import FILE_S_MAX, Answer, Outgoing, PlatformAway, PlatformRefused
from yaohe.platforms.wechat_pay.keys import Certificates, Merchant, PlatformKeys, PublicKey
from yaohe.platforms.wechat_pay.signing import TOLERANCE_S, authorization, is_stamped, stamp_of

ADDRESS: Final = "https://api.mch.weixin.qq.com"
USER_AGENT: Final = "yaohe"
FILE_BYTES_MAX: Final = 64_000_000


class _No(msgspec.Struct, frozen=True):
    code: str = ""
    message: str = ""


class NotThere(PlatformRefused):
    """It knows no such payment or refund."""


class WechatPayClient:
    """`known` is the platform's public key; without it its certificates are asked for."""

    def __init__(
        self,
        outgoing: Outgoing,
        clock: Clock,
        merchant: Merchant,
        *,
        known: PublicKey | None = None,
        address: str = ADDRESS,
    ) -> None:
        self._outgoing, self._clock, self.merchant = outgoing, clock, merchant
        self._address = address.rstrip("/")
        self.keys: PlatformKeys = known or Certificates(clock, merchant.v3_key, self._certificates)

    def now_s(self) -> int:
        return int(self._clock.now().timestamp())

    async def ask(self, method: str, target: str, body: object = None) -> bytes:
        """The body of a good answer, verified; `target` is a path with its query."""
        answer = await self._send(method, target, body)
        await self._verify(answer)
        _check(answer)
        return answer.body

    async def file(self, url: str) -> bytes:
        """A file it told us the address of, at its own host. Its answer is not signed: who calls
        compares the hash that was told by a signed answer."""
        parts = urlsplit(url)
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        answer = await self._send(
            "GET", target, None, bytes_max=FILE_BYTES_MAX, answer_s_max=FILE_S_MAX
        )
        _check(answer)
        return answer.body

    async def _certificates(self) -> bytes:
        """Sealed by the secret we share, and that is what makes them believed."""
        answer = await self._send("GET", "/v3/certificates", None)
        _check(answer)
        return answer.body

    async def _send(
        self,
        method: str,
        target: str,
        body: object,
        *,
        bytes_max: int = 2_000_000,
        answer_s_max: float | None = None,
    ) -> Answer:
        raw = None if body is None else msgspec.json.encode(body)
        me = self.merchant
        headers = {
            "user-agent": USER_AGENT,
            "authorization": authorization(
                me.private_key,
                mchid=me.mchid,
                serial=me.serial,
                method=method,
                target=target,
                body=raw or b"",
                at_s=self.now_s(),
                nonce=new_secret(),
            ),
        }
        if self.keys.serial:
            headers["wechatpay-serial"] = self.keys.serial
        return await self._outgoing.ask(
            method,
            self._address + target,
            raw=raw,
            headers=headers,
            bytes_max=bytes_max,
            answer_s_max=answer_s_max,
        )

    async def _verify(self, answer: Answer) -> None:
        stamp = stamp_of(answer.headers)
        if stamp is None:
            # A refusal that nobody signed (ours was not understood) says no more than that.
            if answer.status >= 400:
                raise PlatformRefused(_reason(answer))
            raise PlatformAway("WeChat Pay did not sign its answer.")
        key = await self.keys.find(stamp.serial)
        if key is None or not is_stamped(key, stamp, answer.body):
            raise PlatformAway("The signature of WeChat Pay's answer does not match.")
        if abs(self.now_s() - stamp.at_s) > TOLERANCE_S:
            raise PlatformAway("WeChat Pay's answer is too old.")


def _check(answer: Answer) -> None:
    if answer.status == 404:
        raise NotThere(_reason(answer))
    if not 200 <= answer.status < 300:
        raise PlatformRefused(_reason(answer))


def _reason(answer: Answer) -> str:
    """Their word for it, or the status."""
    try:
        said = msgspec.json.decode(answer.body, type=_No).code
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = ""
    return said[:60] if said.isascii() and said.isprintable() and said else str(answer.status)
