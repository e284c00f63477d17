"""The child's side: `python -m yaohe.kernel.encoder.child FD`.

Everything is loaded and used once, then the process becomes nobody with few rights, then fragments
are encoded one after the other until the parent hangs up. It gives way to the server: what it makes
is an offer, the show itself is not.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import sys
import traceback
from fractions import Fraction

import av
from av.video.frame import VideoFrame

from yaohe.kernel.encoder.messages import (
    LENGTH_BYTES,
    MESSAGE_BYTES_MAX,
    Begin,
    Done,
    Fault,
    Report,
    decode_order,
    encode,
)
from yaohe.kernel.encoder.transcode import DECODERS, Transcoder
from yaohe.kernel.rights import give_up_rights

NICE = 5


def warm() -> None:
    """Use what will be used, while files may still be read."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4", options={"movflags": "empty_moov+frag_keyframe"}) as made:
        video = made.add_stream("libx264", rate=30)
        video.width, video.height, video.pix_fmt = 960, 540, "yuv420p"
        video.options = {"threads": "1", "tune": "zerolatency"}
        picture = VideoFrame(960, 540, "yuv420p")
        picture.pts, picture.time_base = 0, Fraction(1, 30)
        made.mux(video.encode(picture))
        made.mux(video.encode(None))
    list(Transcoder(0, b"").read(out.getvalue()))
    for name in DECODERS.values():
        av.CodecContext.create(name, "r")


def serve(line: socket.socket) -> None:
    """Encode until the parent closes its end."""
    line.sendall((0).to_bytes(LENGTH_BYTES, "big"))
    transcoder: Transcoder | None = None
    with line.makefile("rb") as orders:
        while head := orders.read(LENGTH_BYTES):
            size = int.from_bytes(head, "big")
            if size > MESSAGE_BYTES_MAX:
                return
            order = decode_order(orders.read(size))
            if isinstance(order, Begin):
                transcoder = Transcoder(order.epoch, order.init)
            elif transcoder is not None:
                with contextlib.suppress(av.InvalidDataError):  # a damaged picture: the next comes
                    for report in transcoder.read(order.data):
                        send(line, report)
                send(line, Done())


def send(line: socket.socket, report: Report) -> None:
    line.sendall(encode(report))


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    av.logging.set_level(None)
    os.nice(NICE)
    line = socket.socket(fileno=int(sys.argv[1]))
    warm()
    give_up_rights()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        try:
            serve(line)
        except Exception:
            send(line, Fault(traceback.format_exc()))


if __name__ == "__main__":
    main()
