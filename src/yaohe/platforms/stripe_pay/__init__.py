"""Stripe: how the shop takes money in many currencies, on a page that Stripe shows (Checkout).

What is asked goes through Stripe's own library, which is not loaded before it is needed.
"""

from yaohe.platforms.stripe_pay.client import StripeClient
from yaohe.platforms.stripe_pay.model import CURRENCIES
from yaohe.platforms.stripe_pay.service import StripePay

__all__ = ["CURRENCIES", "StripeClient", "StripePay"]
