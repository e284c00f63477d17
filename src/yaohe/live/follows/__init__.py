"""Follows: people who want to see more of a host. Words: follow, follower."""

from yaohe.live.follows.service import FollowChange, Follows, FollowsFull
from yaohe.live.follows.store import Followed

__all__ = ["FollowChange", "Followed", "Follows", "FollowsFull"]
