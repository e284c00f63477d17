"""Delivery: how goods reach the buyer, and what the shop asks for it."""

from yaohe.commerce.delivery.model import DeliveryKind, DeliveryRule

__all__ = ["DeliveryKind", "DeliveryRule"]
