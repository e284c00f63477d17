"""Ledger: where every cent is, in double entry, appended and never changed.

Its words: account, transfer, entry, hold, post, void, expire. It knows nothing of orders and plays:
who moves money names the accounts, chooses the id, and says so in the transaction in which the
money moves.
"""

from yaohe.ledger.audit import Journal, JournalLine, LedgerReport, audit
from yaohe.ledger.errors import HoldEnded, LedgerShort, TransferReused
from yaohe.ledger.model import Account, AccountKind, Hold, Post, Transfer, Void
from yaohe.ledger.service import Ledger

__all__ = [
    "Account",
    "AccountKind",
    "Hold",
    "HoldEnded",
    "Journal",
    "JournalLine",
    "Ledger",
    "LedgerReport",
    "LedgerShort",
    "Post",
    "Transfer",
    "TransferReused",
    "Void",
    "audit",
]
