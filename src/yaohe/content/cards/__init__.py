"""Cards: the picture a share is seen by in a chat or a feed."""

from yaohe.content.cards.typeface import FONT_BOLD

__all__ = ["FONT_BOLD"]
