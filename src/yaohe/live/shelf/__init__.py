"""Shelf: the products of a room, in order, and the one that is pinned on the picture."""

from yaohe.live.shelf.cards import bilingual_cards, live_fields, product_cards
from yaohe.live.shelf.service import Shelf, ShelfState

__all__ = ["Shelf", "ShelfState", "bilingual_cards", "live_fields", "product_cards"]
