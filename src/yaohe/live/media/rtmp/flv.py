"""Audio and video messages of RTMP: FLV tags, old and enhanced, into a publication.

Only H.264 and AAC-LC are taken; every other codec is refused by its name, with what to set instead.
"""

from __future__ import annotations

from collections.abc import Mapping

from yaohe.live.media.errors import BadBytes, CodecUnsupported
from yaohe.live.media.publication import Publication
from yaohe.live.media.rtmp.amf import AmfValue

_AVC = 7
_AAC = 10
_ENHANCED_VIDEO = 0x80
_ENHANCED_AUDIO = 9
_KEYFRAME = 1
_COMMAND_FRAME = 5

_VIDEO_NAMES = {
    1: "JPEG",
    2: "Sorenson H.263",
    3: "Screen video",
    4: "VP6",
    5: "VP6 with alpha",
    6: "Screen video 2",
    8: "H.263",
    9: "MPEG-4 Part 2",
    12: "HEVC",
    13: "AV1",
    14: "VVC",
}
_AUDIO_NAMES = {
    0: "uncompressed PCM",
    1: "ADPCM",
    2: "MP3",
    3: "uncompressed PCM",
    4: "Nellymoser",
    5: "Nellymoser",
    6: "Nellymoser",
    7: "G.711",
    8: "G.711",
    11: "Speex",
    13: "Opus",
    14: "MP3",
}
_FOURCC_NAMES = {
    b"hvc1": "HEVC",
    b"av01": "AV1",
    b"vp08": "VP8",
    b"vp09": "VP9",
    b"vvc1": "VVC",
    b"Opus": "Opus",
    b"fLaC": "FLAC",
    b"ac-3": "AC-3",
    b"ec-3": "E-AC-3",
    b".mp3": "MP3",
}


def _no_video(name: str) -> CodecUnsupported:
    return CodecUnsupported(f"Your encoder sends {name}; set its video to H.264.")


def _no_audio(name: str) -> CodecUnsupported:
    return CodecUnsupported(f"Your encoder sends {name}; set its audio to AAC.")


def _fourcc_name(fourcc: bytes) -> str:
    return _FOURCC_NAMES.get(fourcc, "a codec this server does not know")


class FlvIngest:
    """Feeds one publication; unwraps the 32-bit clock (49.7 days) on the way."""

    __slots__ = ("_clock", "_publication")

    def __init__(self, publication: Publication) -> None:
        self._publication = publication
        self._clock: int | None = None

    def metadata(self, values: Mapping[str, AmfValue]) -> None:
        """onMetaData: which tracks are announced, where it says so."""
        video = "videocodecid" in values or "width" in values
        audio = "audiocodecid" in values or "audiosamplerate" in values
        if video or audio:
            self._publication.expect(video=video, audio=audio)

    def video(self, timestamp: int, payload: bytes) -> None:
        if len(payload) < 5:
            return
        head = payload[0]
        if head & _ENHANCED_VIDEO:
            self._enhanced_video(timestamp, payload)
            return
        if head >> 4 == _COMMAND_FRAME:
            return
        codec = head & 15
        if codec != _AVC:
            raise _no_video(_VIDEO_NAMES.get(codec, "a codec this server does not know"))
        kind = payload[1]
        if kind == 0:
            self._publication.configure_video(payload[5:])
        elif kind == 1:
            self._frame(timestamp, head >> 4 == _KEYFRAME, payload, 5, 2)

    def audio(self, timestamp: int, payload: bytes) -> None:
        if len(payload) < 2:
            return
        codec = payload[0] >> 4
        if codec == _ENHANCED_AUDIO:
            self._enhanced_audio(timestamp, payload)
        elif codec != _AAC:
            raise _no_audio(_AUDIO_NAMES.get(codec, "a codec this server does not know"))
        elif payload[1] == 0:
            self._publication.configure_audio(payload[2:])
        elif payload[1] == 1:
            self._publication.audio(self._unwrap(timestamp), memoryview(payload)[2:])

    def aggregate(self, timestamp: int, payload: bytes) -> None:
        """Several FLV tags in one message; their times are relative to the first."""
        position, first = 0, None
        while position + 11 <= len(payload):
            kind = payload[position] & 31
            size = int.from_bytes(payload[position + 1 : position + 4], "big")
            low = int.from_bytes(payload[position + 4 : position + 7], "big")
            at = low | payload[position + 7] << 24
            first = at if first is None else first
            begin = position + 11
            position = begin + size + 4
            if begin + size > len(payload):
                raise BadBytes("An RTMP aggregate is cut short.")
            tag = payload[begin : begin + size]
            if kind == 9:
                self.video(timestamp + at - first, tag)
            elif kind == 8:
                self.audio(timestamp + at - first, tag)

    def _enhanced_video(self, timestamp: int, payload: bytes) -> None:
        head = payload[0]
        if head >> 4 & 7 == _COMMAND_FRAME:
            return
        kind, fourcc = head & 15, payload[1:5]
        if kind == 6:
            raise CodecUnsupported("Your encoder sends several tracks; set it to one video track.")
        if fourcc != b"avc1":
            raise _no_video(_fourcc_name(fourcc))
        keyframe = head >> 4 & 7 == _KEYFRAME
        if kind == 0:
            self._publication.configure_video(payload[5:])
        elif kind == 1:
            self._frame(timestamp, keyframe, payload, 8, 5)
        elif kind == 3:
            self._frame(timestamp, keyframe, payload, 5, None)

    def _enhanced_audio(self, timestamp: int, payload: bytes) -> None:
        kind, fourcc = payload[0] & 15, payload[1:5]
        if kind == 5:
            raise CodecUnsupported("Your encoder sends several tracks; set it to one audio track.")
        if fourcc != b"mp4a":
            raise _no_audio(_fourcc_name(fourcc))
        if kind == 0:
            self._publication.configure_audio(payload[5:])
        elif kind == 1:
            self._publication.audio(self._unwrap(timestamp), memoryview(payload)[5:])

    def _frame(
        self, timestamp: int, keyframe: bool, payload: bytes, begin: int, offset_at: int | None
    ) -> None:
        if len(payload) <= begin:
            return
        offset = 0
        if offset_at is not None:
            offset = int.from_bytes(payload[offset_at : offset_at + 3], "big", signed=True)
        at = self._unwrap(timestamp)
        self._publication.video(at, offset, keyframe, memoryview(payload)[begin:])

    def _unwrap(self, timestamp: int) -> int:
        if self._clock is None:
            self._clock = timestamp
        step = ((timestamp - self._clock + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000
        self._clock += step
        return self._clock
