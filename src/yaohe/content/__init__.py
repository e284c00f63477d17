"""Content: every image the server draws or decodes.

Cards and posters by look.md §4, stills of the latest keyframe, pictures the project makes itself.
All of it happens in the sandbox, a child without rights; `CardStudio` keeps what is finished.

    sandbox = Sandbox(); await sandbox.open()
    studio = CardStudio(sandbox, LocalStore(prefix=folder, mkdir=True))
    rendered = await studio.card(CardModel(title=…, host=…, status="live"), format="card")
"""

from yaohe.content.cards.draw import draw_card
from yaohe.content.cards.model import CardFormat, CardModel
from yaohe.content.errors import DrawingLate, LinkTooLong, PictureUnreadable
from yaohe.content.pictures import PRODUCT_KINDS, avatar, product_picture
from yaohe.content.posters.draw import draw_poster
from yaohe.content.sandbox import Sandbox
from yaohe.content.service import CardStudio, Rendered
from yaohe.content.stills import KeyframeDecoder, Stills

__all__ = [
    "PRODUCT_KINDS",
    "CardFormat",
    "CardModel",
    "CardStudio",
    "DrawingLate",
    "KeyframeDecoder",
    "LinkTooLong",
    "PictureUnreadable",
    "Rendered",
    "Sandbox",
    "Stills",
    "avatar",
    "draw_card",
    "draw_poster",
    "product_picture",
]
