"""Connecting the gateway that takes the money, and refusing a sandbox beside real keys."""

from __future__ import annotations

from pathlib import Path

from yaohe.app.settings import Settings, SettingsError
from yaohe.kernel.clock import Clock
from yaohe.kernel.db import Database
from yaohe.platforms.alipay_pay import (
    ADDRESS,
    SANDBOX_ADDRESS,
    AlipayAccount,
    AlipayClient,
    AlipayKeysUnusable,
    AlipayPay,
    read_alipay_key,
    read_own_key,
)
from yaohe.platforms.logins import WECHAT_SILENT, LoginClient
from yaohe.platforms.outgoing import Outgoing
from yaohe.platforms.payments import PaymentGateway
from yaohe.platforms.sandbox_pay import SandboxProcess, installation_keys
from yaohe.platforms.stripe_pay import StripeClient, StripePay
from yaohe.platforms.wechat_pay import (
    KeysUnusable,
    Merchant,
    PublicKey,
    WechatPay,
    WechatPayClient,
    WechatPayers,
    read_private_key,
    read_public_key,
    read_v3_key,
)


def sandbox_process(settings: Settings, database_url: str) -> SandboxProcess | None:
    """The sandbox gateway, not started yet; None where real money is taken."""
    if settings.payments != "sandbox":
        return None
    installation_keys(settings.data)  # made before anybody asks for them
    return SandboxProcess(
        settings.data, database_url=database_url, notify_origin=settings.own_address
    )


def gateway(
    settings: Settings,
    db: Database,
    clock: Clock,
    outgoing: Outgoing,
    secret: bytes,
    *,
    sandbox: str | None,
) -> PaymentGateway:
    """The shop's gateway; `sandbox` is where the sandbox answers, when it is that."""
    if settings.payments == "wechat":
        client = WechatPayClient(outgoing, clock, _merchant(settings), known=_public_key(settings))
        return WechatPay(
            client, ways=settings.wechat_pay_ways, payers=_payers(settings, outgoing, secret)
        )
    if settings.payments == "stripe":
        stripe = StripeClient(outgoing, key=settings.stripe_key)
        return StripePay(stripe, db, clock, secret=settings.stripe_webhook_secret)
    if settings.payments == "alipay":
        address = SANDBOX_ADDRESS if settings.alipay_sandbox else ADDRESS
        alipay = AlipayClient(outgoing, clock, _alipay_account(settings), address=address)
        return AlipayPay(alipay, clock, ways=settings.alipay_ways)
    keys = installation_keys(settings.data)
    client = WechatPayClient(outgoing, clock, keys.account, known=keys.known, address=sandbox or "")
    return WechatPay(client, name="sandbox", ways={"h5"}, works_in_app={"h5"})


def _payers(settings: Settings, outgoing: Outgoing, secret: bytes) -> WechatPayers:
    login = LoginClient(
        outgoing, WECHAT_SILENT, app_id=settings.wechat_app_id, secret=settings.wechat_secret
    )
    return WechatPayers(login, secret)


def _merchant(settings: Settings) -> Merchant:
    try:
        return Merchant(
            mchid=settings.wechat_pay_mchid,
            app_id=settings.wechat_app_id,
            serial=settings.wechat_pay_serial.upper(),
            private_key=read_private_key(_file(settings.wechat_pay_key_file)),
            v3_key=read_v3_key(settings.wechat_pay_v3_key),
        )
    except KeysUnusable as error:
        raise SettingsError(f"wechat_pay: {error}") from None


def _alipay_account(settings: Settings) -> AlipayAccount:
    try:
        return AlipayAccount(
            app_id=settings.alipay_app_id,
            seller_id=settings.alipay_seller_id,
            key=read_own_key(_file(settings.alipay_key_file)),
            alipay_key=read_alipay_key(_file(settings.alipay_public_key_file)),
        )
    except AlipayKeysUnusable as error:
        raise SettingsError(f"alipay: {error}") from None


def _public_key(settings: Settings) -> PublicKey | None:
    if not settings.wechat_pay_public_key_id:
        return None
    try:
        key = read_public_key(_file(settings.wechat_pay_public_key_file))
    except KeysUnusable as error:
        raise SettingsError(f"wechat_pay: {error}") from None
    return PublicKey(settings.wechat_pay_public_key_id, key)


def _file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None
