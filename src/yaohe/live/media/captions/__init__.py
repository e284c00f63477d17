"""Captions that a publisher sends with its picture: found in it, read, put in order."""

from yaohe.live.media.captions.track import CaptionTrack

__all__ = ["CaptionTrack"]
