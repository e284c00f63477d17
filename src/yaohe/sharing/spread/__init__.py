"""Spread: how far sharing went, generation by generation, and how many each sharer brought on."""

from yaohe.sharing.spread.model import Generation, Spread
from yaohe.sharing.spread.service import Spreading

__all__ = ["Generation", "Spread", "Spreading"]
