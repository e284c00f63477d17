"""Money is an integer of minor units plus a currency; it is never a float.

`decimals` follows ISO 4217. Formatting for people happens in the browser with `Intl`; the one
formatter here serves images and pages drawn by the server.
"""

from __future__ import annotations

import msgspec

from yaohe.kernel.errors import BadInput

_DECIMALS = {"JPY": 0, "KRW": 0, "VND": 0}
_SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "HKD": "$", "KRW": "₩"}

AMOUNT_MINOR_MAX = 10**13


class Money(msgspec.Struct, frozen=True):
    amount_minor: int
    currency: str = "CNY"


class PriceParts(msgspec.Struct, frozen=True):
    """A price cut for drawing: sign and decimals are set smaller than the integer."""

    sign: str
    symbol: str
    integer: str
    decimals: str  # with its point, empty when the price is whole

    def text(self) -> str:
        return f"{self.sign}{self.symbol}{self.integer}{self.decimals}"


def check_currency(code: str) -> str:
    """A code of ISO 4217 by its form; raises `BadInput`."""
    if len(code) != 3 or not code.isascii() or not code.isupper() or not code.isalpha():
        raise BadInput("A currency is three capital letters, such as CNY.", field="currency")
    return code


def decimals_of(currency: str) -> int:
    return _DECIMALS.get(currency, 2)


def price_parts(money: Money, *, strip_if_integer: bool = True) -> PriceParts:
    """Cut 9900 CNY into "¥" "99" "" (rooms and cards strip empty decimals, orders keep them)."""
    places = decimals_of(money.currency)
    whole, rest = divmod(abs(money.amount_minor), 10**places)
    decimals = "" if places == 0 or (strip_if_integer and rest == 0) else f".{rest:0{places}d}"
    return PriceParts(
        sign="−" if money.amount_minor < 0 else "",
        symbol=_SYMBOLS.get(money.currency, money.currency + " "),
        integer=f"{whole:,}",
        decimals=decimals,
    )


def price_text(money: Money, *, strip_if_integer: bool = True) -> str:
    return price_parts(money, strip_if_integer=strip_if_integer).text()
