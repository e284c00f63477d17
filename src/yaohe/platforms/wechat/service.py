"""`Wechat`: what the shop can have of WeChat, as far as its accounts are connected."""

from __future__ import annotations

import contextlib
from collections.abc import Collection
from typing import Final, Literal
from urllib.parse import urlsplit

from yaohe.kernel.clock import Clock
from yaohe.kernel.ids import new_secret
from yaohe.platforms.outgoing import Outgoing, PlatformAway, PlatformQuota, PlatformRefused
from yaohe.platforms.passes import Fetched, Pass, Passes, Trouble
from yaohe.platforms.wechat.api import WechatApi, fetched
from yaohe.platforms.wechat.model import (
    Connection,
    JsConfig,
    WechatNotConnected,
    js_signature,
    signed_url,
)

SDK: Final = "https://res.wx.qq.com/open/js/jweixin-1.6.0.js"
_NONCE_BYTES: Final = 12


class Wechat:
    """`account` is the official account whose safe domains ours are; `hosts` are those domains.
    `codes` are what WeChat gives out as `MP_verify_{code}.txt` to prove that a domain is ours."""

    def __init__(
        self,
        outgoing: Outgoing,
        passes: Passes,
        clock: Clock,
        *,
        account: WechatApi | None,
        hosts: Collection[str],
        codes: Collection[str] = (),
    ) -> None:
        self._clock, self._passes, self._account = clock, passes, account
        self._hosts, self.codes = frozenset(host.lower() for host in hosts), frozenset(codes)
        self._sdk_url = outgoing.at(SDK)
        self._ticket: Pass | None = None
        if account is not None:
            self._ticket = passes.pass_for(
                account.prefix + "jsapi_ticket", secret=account.secret, fetch=self._fetch_ticket
            )

    @property
    def sdk_url(self) -> str:
        """The address of WeChat's own script; empty when no account is connected."""
        return self._sdk_url if self._account is not None else ""

    @property
    def sdk_origin(self) -> str:
        """Where the pages' policy has to allow a script from; empty like `sdk_url`."""
        parts = urlsplit(self.sdk_url)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    @property
    def app_id(self) -> str:
        return "" if self._account is None else self._account.app_id

    async def js_config(self, url: str) -> JsConfig:
        """The signed configuration for one page of ours."""
        if self._account is None or self._ticket is None:
            raise WechatNotConnected
        page = signed_url(url, self._hosts)
        ticket = await self._ticket.value()
        nonce, timestamp = new_secret(_NONCE_BYTES), int(self._clock.now().timestamp())
        signature = js_signature(ticket, nonce=nonce, timestamp=timestamp, url=page)
        return JsConfig(self._account.app_id, timestamp, nonce, signature)

    async def connections(self) -> list[Connection]:
        """The accounts that are set, each with what WeChat does not give it now; a trouble is
        named by the key or call it is about."""
        if self._account is None:
            return []
        return [await self._connection("official", self._account)]

    async def check(self) -> list[Connection]:
        """Ask WeChat now, whatever failed before: for who has just mended a setting there. A
        used-up quota is not asked past."""
        if self._account is None or self._ticket is None:
            raise WechatNotConnected
        await self._passes.end_pauses(self._account.prefix)
        for one in (self._account.token, self._ticket):
            # What fails stands in the troubles afterwards.
            with contextlib.suppress(PlatformAway, PlatformQuota, PlatformRefused):
                await one.check()
        return await self.connections()

    async def _connection(self, kind: Literal["official"], account: WechatApi) -> Connection:
        troubles = [
            Trouble(trouble.name.removeprefix(account.prefix), trouble.kind, trouble.until)
            for trouble in await self._passes.troubles(account.prefix)
        ]
        return Connection(kind, account.app_id, troubles)

    async def _fetch_ticket(self, _force: bool) -> Fetched:
        assert self._account is not None, "a ticket belongs to an account"
        said = await self._account.call(
            "GET", "/cgi-bin/ticket/getticket", params={"type": "jsapi"}
        )
        return fetched(said, "ticket")
