"""Shares: making them, marking them, reading them."""

from yaohe.sharing.errors import ShareNotFound
from yaohe.sharing.shares.model import Share, State

__all__ = ["Share", "ShareNotFound", "State"]
