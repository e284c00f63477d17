"""Doubles of payment gateways, all of the same kind: what a suite for every gateway needs of them.

Each double is written from what its vendor documents, not from our client: it checks what we send
and signs what it says by its own code.
"""

from __future__ import annotations

from typing import Literal, Protocol

from yaohe.platforms.payments import PaymentGateway

# down: 503. hang: no answer. half: an answer that breaks off. lost: done, but the answer is lost.
Trouble = Literal["", "down", "hang", "half", "lost"]
RefundEnd = Literal["done", "pending", "failed"]
Notice = tuple[dict[str, str], bytes]


class Bank(Protocol):
    """A gateway's double, with the adapter that talks to it."""

    gateway: PaymentGateway
    trouble: Trouble
    refunds_end: RefundEnd
    stale_s: int  # how old a notice has to be to be refused
    other_currency: bool  # whether it can name another currency at all
    asks_for_cashier: bool  # whether it is asked before the buyer goes there

    def visit(self, text: str) -> str:
        """A browser opens the cashier that the adapter gave; its number of what is paid there."""

    def pay(self, payment_id: str) -> bool:
        """The buyer pays at its cashier; False when that takes no money for it."""

    def force(self, payment_id: str) -> None:
        """The money comes although it was told to take none any more."""

    def took(self, payment_id: str) -> int:
        """What it has taken for this payment and not given back."""

    def state(self, payment_id: str) -> Literal["open", "closed", "paid"]: ...

    def paid_notice(
        self,
        payment_id: str,
        *,
        more_minor: int = 0,
        currency: str = "",
        ago_s: int = 0,
        notice_id: str = "",
        forged: bool = False,
        amount_minor: int = 0,
    ) -> Notice:
        """What it tells of a payment, with anything bent; `amount_minor` is that of one it does not
        know."""

    def refund_notice(self, refund_id: str) -> Notice:
        """What it tells of a refund, as that stands now."""

    def patience(self, answer_s_max: float) -> None:
        """How long the adapter waits for it."""

    def yesterday(self) -> None:
        """All that moved did so a day earlier."""

    def end_refund(self, refund_id: str) -> None:
        """A refund that was under way is done."""
