"""What the sandbox gateway refuses.

NotFound 404
└── SandboxPaymentNotFound   sandbox_payment_not_found
Conflict 409
├── SandboxMismatch          sandbox_mismatch     the same id with another amount
└── SandboxNotPaid           sandbox_not_paid     nothing to give back
NotAllowed 403
└── CashierForm              cashier_form         the form is not from our page, or too old
"""

from __future__ import annotations

from yaohe.kernel.errors import Conflict, NotAllowed, NotFound


class SandboxPaymentNotFound(NotFound):
    code = "sandbox_payment_not_found"
    message = "The sandbox knows no such payment."


class SandboxMismatch(Conflict):
    code = "sandbox_mismatch"
    message = "This payment id was used with another amount or currency."


class SandboxNotPaid(Conflict):
    code = "sandbox_not_paid"
    message = "This payment was not paid, so nothing can be given back."


class CashierForm(NotAllowed):
    code = "cashier_form"
    message = "This page is too old. Open it again from your order."
