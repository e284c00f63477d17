"""How goods reach the buyer, and the fee.

    ship      to an address, for the shop's fee; free once the goods cost enough
    pickup    the buyer comes to the shop's place with a code that counts once
    digital   what the buyer gets is text (a link, a key); it stands in the order once it is paid

The fee is asked once for an order, and for shipping only. Whether the goods cost enough is judged
by what is paid for them: after what a coupon or a live price took off.
"""

from __future__ import annotations

import secrets
from typing import Final, Literal

import msgspec

from yaohe.kernel.errors import BadInput
from yaohe.kernel.language import said
from yaohe.kernel.money import AMOUNT_MINOR_MAX
from yaohe.kernel.text import clean_text

DeliveryKind = Literal["ship", "pickup", "digital"]

PLACE_CHARS_MAX: Final = 200
PICKUP_CODE_DIGITS: Final = 8
# More than this for one parcel is a slip of the keyboard.
FEE_MINOR_MAX: Final = 10_000_000

# The fee of one order, as its statement computes it. It is SQL because only the statement knows
# the price that holds; `tests/flows/test_delivery.py` holds it against the rule in words.
FEE: Final = """
    case when delivery <> 'ship' or goods_minor - goods_off_minor >= free_from_minor then 0
         else coalesce(rule_fee_minor, 0) end
"""


class DeliveryRule(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop asks for shipping (0 is nothing), from which sum it is free (None: never), and
    where goods are picked up."""

    fee_minor: int = 0
    free_from_minor: int | None = None
    pickup_place: str = ""
    pickup_place_en: str = ""

    def place_in(self, lang: str) -> str:
        return said(lang, self.pickup_place, self.pickup_place_en)


def cleaned_rule(given: DeliveryRule) -> DeliveryRule:
    """The rule as it is written, checked; raises `BadInput`."""
    if not 0 <= given.fee_minor <= FEE_MINOR_MAX:
        raise BadInput(
            f"A fee is a whole number of minor units, 0 to {FEE_MINOR_MAX}.", field="fee_minor"
        )
    free = given.free_from_minor
    if free is not None and not 0 < free <= AMOUNT_MINOR_MAX:
        raise BadInput(
            f"Shipping is free from a sum of 1 to {AMOUNT_MINOR_MAX}; leave it out for never.",
            field="free_from_minor",
        )
    return msgspec.structs.replace(
        given,
        pickup_place=_place(given.pickup_place, "pickup_place"),
        pickup_place_en=_place(given.pickup_place_en, "pickup_place_en"),
    )


def _place(text: str, field: str) -> str:
    return clean_text(text, field=field, chars_max=PLACE_CHARS_MAX, empty=True)


def new_pickup_codes(count: int) -> list[str]:
    """Codes a buyer can read out; the unique key of orders finds the rare twin."""
    over = 10**PICKUP_CODE_DIGITS
    return [f"{secrets.randbelow(over):0{PICKUP_CODE_DIGITS}d}" for _ in range(count)]


def cleaned_pickup_code(text: str) -> str:
    """The digits of a code as somebody typed or read it out; raises `BadInput`."""
    digits = "".join(c for c in text if c not in " -\u3000")
    if len(digits) != PICKUP_CODE_DIGITS or not (digits.isascii() and digits.isdigit()):
        raise BadInput(f"A pick-up code has {PICKUP_CODE_DIGITS} digits.", field="code")
    return digits
