"""Real H.264 keyframes for tests, encoded on the spot."""

from __future__ import annotations

from functools import cache
from io import BytesIO

import av
from PIL import Image, ImageDraw


def bands(width: int, height: int) -> Image.Image:
    """Three broad bands of known colour with a little detail."""
    image = Image.new("RGB", (width, height), (200, 40, 40))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, height // 3, width, height), fill=(40, 160, 70))
    pen.rectangle((0, height * 2 // 3, width, height), fill=(50, 70, 190))
    for step in range(0, width, 90):
        pen.line((step, 0, width - step, height), fill=(240, 230, 210), width=2)
    return image


@cache
def keyframe(width: int = 720, height: int = 1280, *, plain: bool = False) -> tuple[bytes, bytes]:
    """avcC record and the first sample, length-prefixed, as a publisher would send them."""
    image = bands(width, height)
    if plain:
        image = Image.new("RGB", (width, height), (200, 40, 40))
    out = BytesIO()
    with av.open(out, "w", format="mp4") as target:
        stream = target.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "ultrafast", "tune": "zerolatency"}
        colours = "ITU709" if max(width, height) >= 1280 else "ITU601"
        frame = av.VideoFrame.from_image(image).reformat(
            format="yuv420p", dst_colorspace=colours, threads=1
        )
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            target.mux(packet)
    with av.open(BytesIO(out.getvalue())) as source:
        video = source.streams.video[0]
        packet = next(p for p in source.demux(video) if p.is_keyframe)
        return bytes(video.codec_context.extradata or b""), bytes(packet)
