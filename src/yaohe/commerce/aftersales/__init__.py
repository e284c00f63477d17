"""After-sale requests: a buyer asks for money back, or sends goods back, and the shop answers.
Words: after-sale request, after-sale rule."""

from yaohe.commerce.aftersales.events import AftersaleMoved

__all__ = ["AftersaleMoved"]
