"""The settings of payments: the sandbox, or the shop's account at WeChat Pay, Alipay or Stripe."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from yaohe.app.platform_settings import PlatformSettings
from yaohe.platforms.stripe_pay import CURRENCIES as STRIPE_CURRENCIES


class PaymentSettings(PlatformSettings, frozen=True, kw_only=True):
    payments: Annotated[
        Literal["sandbox", "wechat", "alipay", "stripe"],
        Meta(
            description="Who takes the money: 'sandbox' (none moves), 'wechat' (WeChat Pay), "
            "'alipay' or 'stripe'."
        ),
    ] = "sandbox"
    wechat_pay_mchid: Annotated[
        str,
        Meta(
            pattern=r"^([0-9]{8,12})?$",
            description="Merchant number at WeChat Pay (docs/ops/payments.md).",
        ),
    ] = ""
    wechat_pay_serial: Annotated[
        str,
        Meta(
            pattern=r"^([0-9A-Fa-f]{16,64})?$",
            description="Serial number of the merchant's API certificate.",
        ),
    ] = ""
    wechat_pay_key_file: Annotated[
        str, Meta(description="The merchant's private key, apiclient_key.pem.")
    ] = ""
    wechat_pay_v3_key: Annotated[str, Meta(description="The APIv3 key: 32 characters.")] = ""
    wechat_pay_public_key_id: Annotated[
        str,
        Meta(
            pattern=r"^(PUB_KEY_ID_[0-9A-Za-z_]{1,60})?$",
            description="Id of WeChat Pay's public key; empty: its certificates are asked for.",
        ),
    ] = ""
    wechat_pay_public_key_file: Annotated[
        str, Meta(description="That public key, pub_key.pem.")
    ] = ""
    wechat_pay_ways: Annotated[
        tuple[Literal["h5", "native", "jsapi"], ...],
        Meta(
            description="Products the merchant may use: h5 (phone browsers), native (codes), "
            "jsapi (inside of WeChat)."
        ),
    ] = ("h5", "native")
    alipay_app_id: Annotated[
        str, Meta(pattern=r"^([0-9]{8,32})?$", description="App at Alipay's open platform.")
    ] = ""
    alipay_seller_id: Annotated[
        str,
        Meta(
            pattern=r"^(2088[0-9]{12})?$",
            description="Alipay's number of who gets the money (PID).",
        ),
    ] = ""
    alipay_key_file: Annotated[
        str, Meta(description="The app's private key (RSA2), PEM or base64.")
    ] = ""
    alipay_public_key_file: Annotated[
        str, Meta(description="Alipay's public key (not the app's), PEM or base64.")
    ] = ""
    alipay_ways: Annotated[
        tuple[Literal["h5", "page", "native"], ...],
        Meta(
            description="Products the app may use: h5 (phone browsers), page (desks), "
            "native (codes)."
        ),
    ] = ("h5", "page")
    alipay_sandbox: Annotated[
        bool, Meta(description="Ask Alipay's own sandbox, with an account of it.")
    ] = False
    stripe_key: Annotated[
        str,
        Meta(
            pattern=r"^((sk|rk)_(test|live)_[0-9A-Za-z_]{8,250})?$",
            description="Secret or restricted key of the account at Stripe.",
        ),
    ] = ""
    stripe_webhook_secret: Annotated[
        str,
        Meta(
            pattern=r"^(whsec_[0-9A-Za-z+/=_-]{8,250})?$",
            description="Signing secret of Stripe's webhook to this shop.",
        ),
    ] = ""

    @property
    def has_live_keys(self) -> bool:
        """Whether anything of a real account is named."""
        return any(
            (
                self.wechat_pay_mchid,
                self.wechat_pay_serial,
                self.wechat_pay_key_file,
                self.wechat_pay_v3_key,
                self.wechat_pay_public_key_id,
                self.wechat_pay_public_key_file,
                self.alipay_app_id,
                self.alipay_seller_id,
                self.alipay_key_file,
                self.alipay_public_key_file,
                self.stripe_key,
                self.stripe_webhook_secret,
            )
        )

    def payment_trouble(self, public_url: str, currency: str) -> str:
        """What is wrong with these settings together; empty when nothing is."""
        if self.payments == "sandbox":
            if self.has_live_keys:
                return (
                    "payments is 'sandbox', but keys of a real account are set (wechat_pay_…, "
                    "alipay_…, stripe_…). Name it in payments, or take the keys away."
                )
            return ""
        if not public_url.startswith("https://"):
            return (
                f"payments is '{self.payments}': public_url must be an https:// address that "
                "it can reach."
            )
        if self.payments == "stripe":
            return self._stripe_trouble(currency)
        if self.payments == "alipay":
            return self._alipay_trouble(currency)
        return self._wechat_trouble(currency)

    def _alipay_trouble(self, currency: str) -> str:
        for name in ("app_id", "seller_id", "key_file", "public_key_file"):
            if not getattr(self, f"alipay_{name}"):
                return f"payments is 'alipay', but alipay_{name} is not set."
        if not self.alipay_ways:
            return "alipay_ways must name at least one way to pay."
        if currency != "CNY":
            return "payments is 'alipay': currency must be CNY, Alipay takes no other here."
        return ""

    def _stripe_trouble(self, currency: str) -> str:
        for name in ("stripe_key", "stripe_webhook_secret"):
            if not getattr(self, name):
                return f"payments is 'stripe', but {name} is not set."
        if currency not in STRIPE_CURRENCIES:
            return f"payments is 'stripe': it and this shop do not agree on how {currency} is cut."
        return ""

    def _wechat_trouble(self, currency: str) -> str:
        needed = ("mchid", "serial", "key_file", "v3_key")
        missing = [name for name in needed if not getattr(self, f"wechat_pay_{name}")]
        if missing:
            return f"payments is 'wechat', but wechat_pay_{missing[0]} is not set."
        if not self.wechat_app_id:
            return "payments is 'wechat', but wechat_app_id is not set: people pay in that app."
        if bool(self.wechat_pay_public_key_id) != bool(self.wechat_pay_public_key_file):
            return "wechat_pay_public_key_id and wechat_pay_public_key_file belong together."
        if not self.wechat_pay_ways:
            return "wechat_pay_ways must name at least one way to pay."
        if "jsapi" in self.wechat_pay_ways and not self.wechat_secret:
            return "wechat_pay_ways names jsapi: wechat_secret is needed to know who pays."
        if currency != "CNY":
            return "payments is 'wechat': currency must be CNY, WeChat Pay takes no other."
        return ""
