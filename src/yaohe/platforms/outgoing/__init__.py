"""Outgoing: how the house asks other services over HTTP, and what that can end in."""

from yaohe.platforms.outgoing.client import Answer, Outgoing
from yaohe.platforms.outgoing.errors import PlatformAway, PlatformQuota, PlatformRefused

__all__ = ["Answer", "Outgoing", "PlatformAway", "PlatformQuota", "PlatformRefused"]
