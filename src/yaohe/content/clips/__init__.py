"""Clips: a stretch of a show as an MP4 that plays everywhere, cut by copying, nothing encoded."""

from yaohe.content.clips.errors import ClipEmpty, ClipGone, ClipTooLong, ClipUnreadable
from yaohe.content.clips.service import CLIP_S_MAX, Clips, Made

__all__ = ["CLIP_S_MAX", "ClipEmpty", "ClipGone", "ClipTooLong", "ClipUnreadable", "Clips", "Made"]
