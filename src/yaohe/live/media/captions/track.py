"""One publisher's captions in time: what can be read from which moment on.

Pictures arrive in the order they are decoded, captions belong to the order they are shown. Every
later picture is shown at its decode time at the earliest, so what is due by then can be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from yaohe.live.media.captions.cea608 import Screen
from yaohe.live.media.captions.sei import caption_pairs
from yaohe.live.media.codecs.config import VideoConfig

# Rolling captions grow by two letters a picture; readers get them this often.
TELL_EVERY_MS: Final = 400
# What nobody takes away goes by itself (CEA-608: 16 s).
SHOWN_MS_MAX: Final = 16_000
# A line that comes as text is read and gone sooner.
TEXT_MS_MAX: Final = 7_000
TEXT_CHARS_MAX: Final = 200
_WAITING_MAX: Final = 64
_UNSHOWN: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

Tell = Callable[[int, str], None]


class CaptionTrack:
    """`tell(at_ms, text)` hears of every change, on the clock of the pictures' times."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._screen = Screen()
        self._waiting: list[tuple[int, bytes]] = []
        self._told, self._told_at = "", 0
        self._until = 0
        self._decoded = 0  # when the latest picture was
        self.is_embedded = False  # some were inside the picture itself

    def picture(self, config: VideoConfig, sample: memoryview, *, dts: int, shown: int) -> None:
        """One access unit, with the times at which it is decoded and shown."""
        self._decoded = dts
        pairs = caption_pairs(config, sample)
        if pairs:
            self.is_embedded = True
            self._waiting.append((shown, pairs))
            self._waiting.sort()
        while self._waiting and (self._waiting[0][0] <= dts or len(self._waiting) > _WAITING_MAX):
            at, due = self._waiting.pop(0)
            self._screen.feed(due)
            self._look(at)
        if self._told and dts >= self._until:
            self._screen.clear()
            self._say(dts, "")
        elif self.is_embedded and abs(dts - self._told_at) >= TELL_EVERY_MS:
            self._look(dts)

    def text(self, at: int, words: str) -> None:
        """A line the publisher sent beside its picture; an empty one takes the last away."""
        lines = (_UNSHOWN.sub("", line).strip() for line in words[:TEXT_CHARS_MAX].splitlines())
        self._say(at, "\n".join(line for line in lines if line), lasts_ms=TEXT_MS_MAX)

    def end(self) -> None:
        """The publisher is gone, and what it said with it; what stood last was there to read, so
        it is taken away later than it came."""
        self._screen = Screen()
        self._waiting.clear()
        self._say(max(self._decoded, self._told_at + 1), "")

    def _look(self, at: int) -> None:
        text = self._screen.text
        whole = self._screen.pops or not text
        if whole or abs(at - self._told_at) >= TELL_EVERY_MS:
            self._say(at, text)

    def _say(self, at: int, text: str, *, lasts_ms: int = SHOWN_MS_MAX) -> None:
        if text != self._told:
            self._told, self._told_at, self._until = text, at, at + lasts_ms
            self._tell(at, text)
