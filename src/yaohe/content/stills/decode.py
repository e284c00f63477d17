"""One keyframe to JPEG. Runs only in the sandbox: the bytes come from whoever publishes.

The sample is as in MP4, with the configuration record that describes it. Anything that does
not decode cleanly is refused; a picture with invented parts is worse than the previous one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation
from PIL import Image

from yaohe.content.cards.jpeg import FULL_COLOUR, HALF_COLOUR, encode_within
from yaohe.content.errors import PictureUnreadable
from yaohe.content.sandbox.jobs import StillWish

AVCC_BYTES_MAX = 64 * 1024
SAMPLE_BYTES_MAX = 8 * 2**20
PIXELS_MAX = 4096 * 2304
NALS_MAX = 2_000
WIDTH_MIN = 48
THUMB_WIDTH = 200
FAIR_QUALITY, POOR_QUALITY = 46, 12
UNSPECIFIED = 2


# By the sample entry's four letters: who decodes it, and where its record says how long the lengths
# in front of NAL units are (AV1 has none).
DECODERS = {"avc1": ("h264", 4), "hvc1": ("hevc", 21), "av01": ("libdav1d", None)}


def stills(
    avcc: bytes, sample: bytes, wishes: Sequence[StillWish], entry: str = "avc1"
) -> tuple[bytes, ...]:
    """One JPEG for each wish, in order."""
    check(avcc, sample, entry)
    frame = decode(avcc, sample, entry)
    return tuple(_still(frame, wish) for wish in wishes)


def check(avcc: bytes, sample: bytes, entry: str = "avc1") -> None:
    """The lengths add up: cheap, and it refuses nearly everything that is not a keyframe."""
    if entry not in DECODERS:
        raise PictureUnreadable
    lengths_at = DECODERS[entry][1]
    if lengths_at is None:
        least, version = 4, 0x81
    else:
        least, version = lengths_at + 3, 1
    if not least <= len(avcc) <= AVCC_BYTES_MAX or avcc[0] != version:
        raise PictureUnreadable
    if not 5 <= len(sample) <= SAMPLE_BYTES_MAX:
        raise PictureUnreadable
    if lengths_at is not None:
        _check_units(sample, (avcc[lengths_at] & 3) + 1)


def _check_units(sample: bytes, length_bytes: int) -> None:
    place = count = 0
    while place < len(sample):
        size = int.from_bytes(sample[place : place + length_bytes], "big")
        place += length_bytes + size
        count += 1
        if size == 0 or place > len(sample) or count > NALS_MAX:
            raise PictureUnreadable


def decode(avcc: bytes, sample: bytes, entry: str = "avc1") -> VideoFrame:
    context = cast(VideoCodecContext, av.CodecContext.create(DECODERS[entry][0], "r"))
    context.options = {"err_detect": "explode", "max_pixels": str(PIXELS_MAX)}
    context.thread_count = 1
    try:
        context.extradata = avcc
        frames: list[VideoFrame] = context.decode(av.Packet(sample)) + context.decode(None)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise PictureUnreadable from error
    if not frames or not 0 < frames[0].width * frames[0].height <= PIXELS_MAX:
        raise PictureUnreadable
    return frames[0]


def _still(frame: VideoFrame, wish: StillWish) -> bytes:
    for wide, least in _attempts(min(wish.width, frame.width), wish.width_kept):
        found = encode_within(
            scaled(frame, wide),
            wish.bytes_max,
            best=wish.quality,
            least=min(wish.quality, least),
            subsampling=FULL_COLOUR if wish.quality >= 90 else HALF_COLOUR,
            progressive=wide > THUMB_WIDTH,
        )
        if found is not None:
            return found
    raise PictureUnreadable


def _attempts(width: int, width_kept: int) -> Iterator[tuple[int, int]]:
    """Widths with the least quality to go down to at each."""
    wide, kept = width, max(1, min(width, width_kept or WIDTH_MIN))
    while wide > kept and wide > THUMB_WIDTH:
        yield wide, FAIR_QUALITY
        wide = max(kept, wide * 7 // 8)
    while wide >= min(WIDTH_MIN, width):
        yield wide, POOR_QUALITY
        wide = wide * 7 // 8


def scaled(frame: VideoFrame, wide: int) -> Image.Image:
    """RGB at `wide` pixels, in the colours the stream says, or those usual for its size."""
    high = max(1, round(frame.height * wide / frame.width))
    known = frame.colorspace != UNSPECIFIED
    usual = Colorspace.ITU709 if max(frame.width, frame.height) >= 1280 else Colorspace.ITU601
    small = frame.reformat(
        wide,
        high,
        "rgb24",
        threads=1,
        src_colorspace=None if known else usual,
        interpolation=Interpolation.AREA if wide < frame.width else Interpolation.BICUBIC,
    )
    plane = small.planes[0]
    return Image.frombuffer("RGB", (wide, high), bytes(plane), "raw", "RGB", plane.line_size, 1)
