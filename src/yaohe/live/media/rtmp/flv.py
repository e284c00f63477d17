"""Audio and video messages of RTMP: FLV tags, old and enhanced, into a publication.

H.264, H.265 and AV1 are passed through, and AAC-LC and Opus; every other codec is refused by its
name, with what to set instead. Of several tracks the first is taken: one room has one picture.
"""

from __future__ import annotations

from collections.abc import Mapping

from yaohe.live.media.codecs.tracks import AAC, AUDIO_CODECS, AVC, HEVC, VIDEO_CODECS
from yaohe.live.media.errors import BadBytes, CodecUnsupported
from yaohe.live.media.fmp4.fragment import Bytes
from yaohe.live.media.publication import Publication
from yaohe.live.media.rtmp import enhanced
from yaohe.live.media.rtmp.amf import AmfValue

# Of the old numbers; 12 was never in the specification, but in many encoders for years.
_VIDEO_CODECS = {7: AVC, 12: HEVC}
_AAC = 10
_ENHANCED_VIDEO = 0x80
_ENHANCED_AUDIO = 9
_KEYFRAME = 1
_COMMAND_FRAME = 5
# Encoders put a few tags together; what holds thousands only wants to keep us busy.
_AGGREGATE_TAGS_MAX = 1_024

_VIDEO_NAMES = {
    1: "JPEG",
    2: "Sorenson H.263",
    3: "Screen video",
    4: "VP6",
    5: "VP6 with alpha",
    6: "Screen video 2",
    8: "H.263",
    9: "MPEG-4 Part 2",
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
    b"vp08": "VP8",
    b"vp09": "VP9",
    b"vvc1": "VVC",
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

    def caption(self, timestamp: int, text: str) -> None:
        """A line of onTextData."""
        self._publication.caption(self._unwrap(timestamp), text)

    def video(self, timestamp: int, payload: bytes) -> None:
        if len(payload) < 5:
            return
        head = payload[0]
        if head & _ENHANCED_VIDEO:
            self._enhanced_video(timestamp, payload)
            return
        if head >> 4 == _COMMAND_FRAME:
            return
        codec = _VIDEO_CODECS.get(head & 15)
        if codec is None:
            raise _no_video(_VIDEO_NAMES.get(head & 15, "a codec this server does not know"))
        kind = payload[1]
        if kind == 0:
            self._publication.configure_video(payload[5:], codec)
        elif kind == 1:
            offset = int.from_bytes(payload[2:5], "big", signed=True)
            self._frame(timestamp, head >> 4 == _KEYFRAME, offset, memoryview(payload)[5:])

    def audio(self, timestamp: int, payload: bytes) -> None:
        if len(payload) < 2:
            return
        codec = payload[0] >> 4
        if codec == _ENHANCED_AUDIO:
            self._enhanced_audio(timestamp, payload)
        elif codec != _AAC:
            raise _no_audio(_AUDIO_NAMES.get(codec, "a codec this server does not know"))
        elif payload[1] == 0:
            self._publication.configure_audio(payload[2:], AAC)
        elif payload[1] == 1:
            self._publication.audio(self._unwrap(timestamp), memoryview(payload)[2:])

    def aggregate(self, timestamp: int, payload: bytes) -> None:
        """Several FLV tags in one message; their times are relative to the first."""
        position, first, tags = 0, None, 0
        while position + 11 <= len(payload):
            tags += 1
            if tags > _AGGREGATE_TAGS_MAX:
                raise BadBytes("An RTMP aggregate holds too many tags.")
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
        for part in enhanced.read_video(payload):
            if part.track:
                continue
            if part.codec not in VIDEO_CODECS:
                raise _no_video(_fourcc_name(part.codec))
            offset, body = 0, part.body
            if part.kind == enhanced.SEQUENCE_START:
                self._publication.configure_video(bytes(body), part.codec)
                continue
            if part.kind == enhanced.CODED_FRAMES and part.codec in (AVC, HEVC):
                offset, body = int.from_bytes(body[:3], "big", signed=True), body[3:]
            elif part.kind not in (enhanced.CODED_FRAMES, enhanced.CODED_FRAMES_X):
                continue
            self._frame(timestamp, part.keyframe, offset, body)

    def _enhanced_audio(self, timestamp: int, payload: bytes) -> None:
        for part in enhanced.read_audio(payload):
            if part.track:
                continue
            if part.codec not in AUDIO_CODECS:
                raise _no_audio(_fourcc_name(part.codec))
            if part.kind == enhanced.SEQUENCE_START:
                self._publication.configure_audio(bytes(part.body), part.codec)
            elif part.kind == enhanced.CODED_FRAMES:
                self._publication.audio(self._unwrap(timestamp), part.body)

    def _frame(self, timestamp: int, keyframe: bool, offset: int, data: Bytes) -> None:
        if len(data):
            self._publication.video(self._unwrap(timestamp), offset, keyframe, data)

    def _unwrap(self, timestamp: int) -> int:
        if self._clock is None:
            self._clock = timestamp
        step = ((timestamp - self._clock + 0x8000_0000) & 0xFFFF_FFFF) - 0x8000_0000
        self._clock += step
        return self._clock
