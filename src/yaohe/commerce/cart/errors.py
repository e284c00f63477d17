"""What can be wrong about a cart.

Conflict 409
└── CartFull             cart_full              it has as many lines as a cart may have
"""

from __future__ import annotations

from yaohe.commerce.cart.model import LINES_MAX
from yaohe.kernel.errors import Conflict


class CartFull(Conflict):
    code = "cart_full"
    message = f"A cart holds {LINES_MAX} different things. Take one out first."
