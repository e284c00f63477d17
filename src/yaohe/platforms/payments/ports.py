"""The port behind which every payment gateway stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Protocol

from yaohe.platforms.payments.model import (
    BillLine,
    News,
    PaymentNotice,
    PaymentRequest,
    PaymentStanding,
    RefundRequest,
    Way,
)


class Payers(Protocol):
    """How people become known to a gateway that wants to know who pays (way `jsapi`)."""

    def door(self, *, back: str, visitor_id: str) -> str:
        """Where somebody is sent; they come back to `back` with `code` and `state`."""

    async def arrive(self, *, code: str, state: str, visitor_id: str) -> str:
        """What to keep in the browser of somebody who came back."""

    def known(self, kept: str, visitor_id: str) -> str:
        """Who they are to the gateway, by what was kept; empty when that is unknown."""


class PaymentGateway(Protocol):
    """Every call may be repeated with the same ids and then answers the same.

    All raise `PlatformAway` when there is no answer and `PlatformRefused` when it is no.
    """

    @property
    def name(self) -> str:
        """How payments and notices of this gateway are told from others'."""

    @property
    def thanks(self) -> str:
        """The word it wants as an answer to a notice that was taken in; empty where the status
        says it."""

    @property
    def ways(self) -> frozenset[Way]:
        """How its payers may come to the cashier."""

    @property
    def ways_in_app(self) -> frozenset[Way]:
        """Those of them that work inside of its own app, whose browser refuses the others."""

    @property
    def payers(self) -> Payers | None:
        """None where no way needs to know them."""

    async def create(self, request: PaymentRequest) -> str:
        """How the payer gets to the cashier: an address for `h5` and `page`, what the code
        holds for `native`, the parameters of the call as JSON for `jsapi`."""

    async def ask(self, payment_id: str) -> PaymentStanding:
        """How this payment stands."""

    async def close(self, payment_id: str) -> None:
        """Take no money for this payment any more; refused when it was paid."""

    async def refund(self, request: RefundRequest) -> News | None:
        """Ask for money to be given back; None while that is under way."""

    async def ask_refund(self, request: RefundRequest) -> News | None:
        """What became of this refund; None while it is under way, or was never asked for."""

    async def open_notice(self, headers: Mapping[str, str], raw: bytes) -> PaymentNotice | None:
        """Verify and read a notice; None for one that is no news of money. `headers` have
        lower-case names."""

    async def bill(self, day: date) -> list[BillLine]:
        """All that moved on a day of the gateway's calendar; raises `BillNotThere`."""
