"""Landings: ways into a room that were no share: an ad, a promoter, a platform, a search, none."""

from yaohe.sharing.landings.model import NAME_CHARS_MAX, Source, source_of

__all__ = ["NAME_CHARS_MAX", "Source", "source_of"]
