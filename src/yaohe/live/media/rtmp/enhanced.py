"""Enhanced RTMP: tags that name their codec by four letters, versions 1 and 2.

`read` gives what a tag holds, one part per track. Extensions of a tag (ModEx: nanoseconds and
whatever comes later) are stepped over, so a tag that carries them is taken as if it did not.
"""

from __future__ import annotations

from typing import NamedTuple

from yaohe.live.media.errors import BadBytes

# What a part is; video and audio agree on the first two.
SEQUENCE_START = 0
CODED_FRAMES = 1
CODED_FRAMES_X = 3  # of video: without a composition offset

_VIDEO_METADATA = 4
_VIDEO_MULTITRACK, _AUDIO_MULTITRACK = 6, 5
_MOD_EX = 7
_COMMAND_FRAME = 5
_KEYFRAME = 1
_ONE_TRACK, _MANY_CODECS = 0, 2
_PARTS_MAX = 32


class Part(NamedTuple):
    kind: int
    codec: bytes
    track: int
    keyframe: bool
    body: memoryview


def read_video(payload: bytes) -> list[Part]:
    """The parts of a video tag whose first bit is set. Raises `BadBytes`."""
    frame = payload[0] >> 4 & 7
    cut = _Cut(payload)
    kind = cut.past_extensions(payload[0] & 15)
    if frame == _COMMAND_FRAME and kind != _VIDEO_METADATA:
        return []
    return _parts(cut, kind, _VIDEO_MULTITRACK, frame == _KEYFRAME)


def read_audio(payload: bytes) -> list[Part]:
    """The parts of an audio tag of sound format 9. Raises `BadBytes`."""
    cut = _Cut(payload)
    return _parts(cut, cut.past_extensions(payload[0] & 15), _AUDIO_MULTITRACK, False)


class _Cut:
    """Takes bytes from the front; what is missing is `BadBytes`."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._position = 1  # the tag's own head

    @property
    def left(self) -> int:
        return len(self._data) - self._position

    def take(self, count: int) -> memoryview:
        end = self._position + count
        if end > len(self._data):
            raise BadBytes("An enhanced RTMP tag is cut short.")
        found = self._data[self._position : end]
        self._position = end
        return found

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def past_extensions(self, kind: int) -> int:
        """The kind of what follows all extensions."""
        while kind == _MOD_EX:
            size = self.number(1) + 1
            if size == 256:
                size = self.number(2) + 1
            self.take(size)
            kind = self.number(1) & 15
        return kind


def _parts(cut: _Cut, kind: int, multitrack: int, keyframe: bool) -> list[Part]:
    if kind != multitrack:
        codec = bytes(cut.take(4))
        return [Part(kind, codec, 0, keyframe, cut.take(cut.left))]
    head = cut.number(1)
    form, kind = head >> 4, head & 15
    codec = b"" if form == _MANY_CODECS else bytes(cut.take(4))
    found: list[Part] = []
    while cut.left and len(found) < _PARTS_MAX:
        own = bytes(cut.take(4)) if form == _MANY_CODECS else codec
        track = cut.number(1)
        size = cut.left if form == _ONE_TRACK else cut.number(3)
        found.append(Part(kind, own, track, keyframe, cut.take(size)))
    return found
