"""Variants: one product in several sizes, colours or packs, each with its own price and stock."""

from yaohe.commerce.variants.model import NewVariant, Variant

__all__ = ["NewVariant", "Variant"]
