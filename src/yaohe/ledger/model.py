"""Accounts and what moves between them. Amounts are whole minor units, always more than nothing.

A *transfer* takes from one account and gives to another: two entries whose sum is zero. A *hold*
sets money aside without moving it; a *post* moves all or part of it, a *void* lets go of the rest,
and a hold with a deadline *expires* by itself. Every movement has an id that its caller chose:
saying the same again is safe, saying something else by the same id is refused.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from yaohe.kernel.errors import BadInput
from yaohe.kernel.money import AMOUNT_MINOR_MAX, check_currency

AccountKind = Literal[
    "provider_clearing",
    "sales",
    "refund_payable",
    "shop_budget",
    "packet_escrow",
    "user_credit",
    "commission_frozen",
    "commission_available",
]

# A guarded account never gives more than it has and has not set aside. The two that are not are
# where money enters and where it ends: a provider's account stands below zero by what the provider
# keeps for the shop. Nobody waits for anybody there, so a crowd can pay at once.
GUARDED: Final[dict[AccountKind, bool]] = {
    "provider_clearing": False,
    "sales": False,
    "refund_payable": True,
    "shop_budget": True,
    "packet_escrow": True,
    "user_credit": True,
    "commission_frozen": True,
    "commission_available": True,
}

ID_CHARS_MAX: Final = 120
EXPIRES_S_MAX: Final = 366 * 86_400


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One pot of one currency. `owner` tells pots of a kind apart: a provider, a visitor, a play;
    empty where the shop has only one."""

    shop_id: str
    kind: AccountKind
    currency: str
    owner: str = ""

    @property
    def id(self) -> str:
        return f"{self.shop_id}/{self.kind}/{self.owner}/{self.currency}"

    @property
    def guarded(self) -> bool:
        return GUARDED[self.kind]


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """Money goes from `source` to `target`, now and for good."""

    id: str
    source: Account
    target: Account
    amount_minor: int


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Money of `source` is set aside for `target`; `expires_s` is when what is left is let go."""

    id: str
    source: Account
    target: Account
    amount_minor: int
    expires_s: int | None = None


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """So much of what a hold set aside moves."""

    id: str
    hold_id: str
    amount_minor: int


class Void(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a hold is free again."""

    id: str
    hold_id: str


def check_id(value: str) -> str:
    if not value.isascii() or not value.isprintable() or not 0 < len(value) <= ID_CHARS_MAX:
        raise BadInput("A transfer's id is printable ASCII and not too long.", field="id")
    return value


def check_amount(amount_minor: int) -> int:
    if not 0 < amount_minor <= AMOUNT_MINOR_MAX:
        raise BadInput("A transfer moves a whole number of minor units above 0.", field="amount")
    return amount_minor


def check_movement(movement: Transfer | Hold) -> None:
    """Raise `BadInput` for what could not be written as two entries of one currency."""
    check_id(movement.id)
    check_amount(movement.amount_minor)
    source, target = movement.source, movement.target
    for account in (source, target):
        check_id(account.id)
        check_currency(account.currency)
    if source.currency != target.currency or source.shop_id != target.shop_id:
        raise BadInput("Both accounts are of one shop and one currency.", field="target")
    if source.id == target.id:
        raise BadInput("Money goes to another account than it comes from.", field="target")
    expires_s = movement.expires_s if isinstance(movement, Hold) else None
    if expires_s is not None and not 0 < expires_s <= EXPIRES_S_MAX:
        raise BadInput("A hold lasts at least a second and at most a year.", field="expires_s")
