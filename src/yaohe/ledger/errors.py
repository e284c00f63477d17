"""What the ledger refuses. All of it rolls the caller's transaction back.

Conflict 409
├── TransferReused   ledger_id_reused    the id stands for another transfer
├── LedgerShort      ledger_short        a guarded account would give more than it has free
└── HoldEnded        ledger_hold_ended   nothing (or less than asked) is left of the hold
"""

from __future__ import annotations

from yaohe.kernel.errors import Conflict


class TransferReused(Conflict):
    code = "ledger_id_reused"
    message = "This transfer id stands for another transfer. Use a new one."


class LedgerShort(Conflict):
    code = "ledger_short"
    message = "There is not enough in the account it should come from."


class HoldEnded(Conflict):
    code = "ledger_hold_ended"
    message = "Less than this is left of what was held."
