"""Connecting the shop's accounts at other services, as far as the settings name them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from yaohe.app.payments import gateway as payment_gateway
from yaohe.app.settings import Settings
from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database
from yaohe.kernel.lease import Leases
from yaohe.platforms.logins import SERVICES, LoginClient
from yaohe.platforms.outgoing import Outgoing
from yaohe.platforms.passes import Passes
from yaohe.platforms.payments import PaymentGateway
from yaohe.platforms.wechat import Wechat, WechatApi


@dataclass(frozen=True, slots=True, kw_only=True)
class Platforms:
    outgoing: Outgoing
    wechat: Wechat
    logins: tuple[LoginClient, ...]
    gateway: PaymentGateway

    async def warnings(self) -> dict[str, str]:
        """What other services do not give us now, with their word why."""
        return {
            f"wechat.{account.kind}.{trouble.name}": trouble.kind
            for account in await self.wechat.connections()
            for trouble in account.troubles
        }


def connect(
    settings: Settings,
    db: Database,
    leases: Leases,
    clock: Clock,
    secret: bytes,
    *,
    sandbox_pay: str | None,
) -> Platforms:
    """Nothing is asked yet; an account that is not set is simply not there."""
    outgoing = Outgoing(through=settings.platforms_url)
    passes, account = Passes(db, leases, clock), None
    if settings.wechat_app_id:
        account = WechatApi(
            outgoing, passes, app_id=settings.wechat_app_id, secret=settings.wechat_secret
        )
    wechat = Wechat(
        outgoing,
        passes,
        clock,
        account=account,
        hosts=[urlsplit(settings.address).netloc],
        codes=settings.wechat_verify,
    )
    logins = tuple(
        LoginClient(outgoing, SERVICES[name], app_id=app_id, secret=secret)
        for name, app_id, secret in settings.login_apps
    )
    gateway = payment_gateway(settings, db, clock, outgoing, secret, sandbox=sandbox_pay)
    return Platforms(outgoing=outgoing, wechat=wechat, logins=logins, gateway=gateway)
