"""Captions: words to read with a show, told while it is live and kept for its replay."""

from yaohe.live.captions.model import CaptionLine
from yaohe.live.captions.service import Captions

__all__ = ["CaptionLine", "Captions"]
