"""How the money of orders is booked: which accounts it moves between, and by which ids.

payment:<payment>   what a buyer paid: from the provider to the sales, or, when the order had
                    ended, to what the shop owes
owed:<refund>       what the shop decided to give back: from the sales to what it owes
refund:<refund>     asked of the provider: what is owed is held for it ...
refunded:<refund>   ... and moves when the provider has done it
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from yaohe.ledger import Account, Hold, JournalLine, Post, Transfer


class Money(Protocol):
    """What a payment and a refund have in common."""

    @property
    def id(self) -> str: ...
    @property
    def shop_id(self) -> str: ...
    @property
    def gateway(self) -> str: ...
    @property
    def amount_minor(self) -> int: ...
    @property
    def currency(self) -> str: ...


def _provider(of: Money) -> Account:
    return Account(
        shop_id=of.shop_id, kind="provider_clearing", owner=of.gateway, currency=of.currency
    )


def _sales(of: Money) -> Account:
    return Account(shop_id=of.shop_id, kind="sales", currency=of.currency)


def _owed(of: Money) -> Account:
    return Account(shop_id=of.shop_id, kind="refund_payable", currency=of.currency)


def sold(payment: Money) -> Transfer:
    """The payment of an order that was open."""
    return Transfer(
        id=f"payment:{payment.id}",
        source=_provider(payment),
        target=_sales(payment),
        amount_minor=payment.amount_minor,
    )


def to_give_back(payment: Money) -> Transfer:
    """Money that came for an order that had ended, or a second time."""
    return Transfer(
        id=f"payment:{payment.id}",
        source=_provider(payment),
        target=_owed(payment),
        amount_minor=payment.amount_minor,
    )


def owed(refund: Money) -> Transfer:
    """The shop gives back what it had sold."""
    return Transfer(
        id=f"owed:{refund.id}",
        source=_sales(refund),
        target=_owed(refund),
        amount_minor=refund.amount_minor,
    )


def asked(refund: Money) -> Hold:
    """The provider is to give this back."""
    return Hold(
        id=f"refund:{refund.id}",
        source=_owed(refund),
        target=_provider(refund),
        amount_minor=refund.amount_minor,
    )


def done(refund: Money) -> Post:
    """The provider gave it back."""
    return Post(
        id=f"refunded:{refund.id}", hold_id=f"refund:{refund.id}", amount_minor=refund.amount_minor
    )


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """A payment (`too_late` is told of it) or a refund (`done`, `decided`), as audits read it."""

    id: str
    shop_id: str
    gateway: str
    amount_minor: int
    currency: str
    too_late: bool | None = None
    done: bool | None = None
    decided: bool = False  # by the shop, not because the money came too late


def expected(of: Booked) -> list[JournalLine]:
    """What the ledger has to have written for it."""
    if of.done is None:
        transfer = to_give_back(of) if of.too_late else sold(of)
        return [JournalLine.of(transfer)]
    hold = asked(of)
    lines = [JournalLine.of(hold)]
    if of.decided:
        lines.append(JournalLine.of(owed(of)))
    return [*lines, JournalLine.of(hold, post=done(of))] if of.done else lines
