"""Payments: money asked for through a gateway, told by notices, given back when late."""

from yaohe.commerce.events import PaymentRefunded

__all__ = ["PaymentRefunded"]
