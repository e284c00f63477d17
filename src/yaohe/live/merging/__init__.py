"""Merging: follows, blocks, lines and what moderators said of a guest become their account's
visitor's. Logging in frees nobody: the longer of two penalties stays."""

from yaohe.live.merging.service import Merging

__all__ = ["Merging"]
