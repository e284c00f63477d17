"""Accounts: one person over several browsers, known by their logins at other services."""

from yaohe.identity.accounts.events import VisitorMerged
from yaohe.identity.accounts.model import Account
from yaohe.identity.accounts.service import Accounts

__all__ = ["Account", "Accounts", "VisitorMerged"]
