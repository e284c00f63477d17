"""Shares: making them, marking them, reading them, and what their sharers say."""

from yaohe.sharing.errors import ShareNotFound, ShareNotYours
from yaohe.sharing.shares.model import Share, State, checked_note
from yaohe.sharing.wire import NoteAnswer, NoteRequest

__all__ = [
    "NoteAnswer",
    "NoteRequest",
    "Share",
    "ShareNotFound",
    "ShareNotYours",
    "State",
    "checked_note",
]
