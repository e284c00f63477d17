"""Prices: what a product costs for a while in one room, and what may be taken off together."""

from yaohe.commerce.prices.model import LivePrice, NewLivePrice

__all__ = ["LivePrice", "NewLivePrice"]
