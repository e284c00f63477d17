"""What can be wrong about a shelf.

BadInput ── ShelfTooLong         422 shelf_too_long
Conflict ── ProductNotOnShelf    409 product_not_on_shelf
"""

from __future__ import annotations

from yaohe.kernel.errors import BadInput, Conflict


class ShelfTooLong(BadInput):
    code = "shelf_too_long"
    message = "A shelf holds up to 100 different products."


class ProductNotOnShelf(Conflict):
    code = "product_not_on_shelf"
    message = "This product is not on the room's shelf. Put it there first."
