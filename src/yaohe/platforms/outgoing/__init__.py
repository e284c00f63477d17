"""Outgoing: how the house asks other services over HTTP, and what that can end in."""

from yaohe.platforms.outgoing.client import FILE_S_MAX, Answer, Outgoing
from yaohe.platforms.outgoing.errors import PlatformAway, PlatformQuota, PlatformRefused
from yaohe.platforms.outgoing.public import Answered, NotReached, PublicOutgoing, is_public

__all__ = [
    "FILE_S_MAX",
    "Answer",
    "Answered",
    "NotReached",
    "Outgoing",
    "PlatformAway",
    "PlatformQuota",
    "PlatformRefused",
    "PublicOutgoing",
    "is_public",
]
