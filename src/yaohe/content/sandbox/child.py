"""The child's side: `python -m yaohe.content.sandbox.child FD`.

Everything it will ever need is loaded and opened first, then `give_up_rights` closes the door, then
jobs are done one at a time until the parent hangs up. No byte from outside is looked at before.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import resource
import signal
import socket
import sys
import traceback

from yaohe.content.cards.draw import draw_card
from yaohe.content.cards.model import CardModel
from yaohe.content.cards.picture import ink_panel
from yaohe.content.cards.typeface import warm
from yaohe.content.errors import REFUSALS, PictureUnreadable
from yaohe.content.pictures import avatar, product_picture
from yaohe.content.posters.draw import draw_poster
from yaohe.content.sandbox.jobs import (
    LENGTH_BYTES,
    READS,
    Answer,
    DecodeKeyframe,
    DrawAvatar,
    DrawCard,
    DrawPoster,
    DrawProduct,
    Job,
    RemakePicture,
    decode_job,
    encode_answer,
)
from yaohe.content.stills.decode import stills
from yaohe.content.uploads.decode import examples, remade
from yaohe.kernel.money import Money
from yaohe.kernel.rights import give_up_rights

CPU_S_MAX = 4


def do(job: Job) -> tuple[bytes, ...]:
    """The images of one job; expected refusals are raised."""
    match job:
        case DrawCard():
            return (draw_card(job.model, job.form),)
        case DrawPoster():
            return (draw_poster(job.model, job.url),)
        case DrawProduct():
            return (product_picture(job.kind, job.seed),)
        case DrawAvatar():
            return (avatar(job.name, job.seed),)
        case DecodeKeyframe():
            return stills(job.avcc, job.sample, job.wishes, job.entry)
        case RemakePicture():
            return (remade(job.given),)


def answer(job: Job) -> Answer:
    try:
        return Answer(images=do(job))
    except tuple(REFUSALS.values()) as refusal:
        return Answer(error=refusal.code)
    except Exception:
        gc.collect()
        if isinstance(job, READS):
            return Answer(error=PictureUnreadable.code)
        return Answer(fault=traceback.format_exc())


def prepare() -> None:
    """Load, open and use everything once, so that nothing is opened later."""
    warm()
    ink_panel(480, 630)
    model = CardModel(
        title="吆喝", host="Yaohe", status="live", price=Money(9900), sharer_name="林"
    )
    portrait = draw_card(model)
    draw_card(CardModel(title="吆喝", host="Yaohe", status="live", picture=portrait), "thumb")
    draw_poster(model, "https://example.com/s/0000000000")
    with contextlib.suppress(PictureUnreadable):
        stills(b"\x01\x64\x00\x1f\xff\xe1\x00\x00\x00", b"\x00\x00\x00\x01\x65", ())
    for picture in examples():
        remade(picture)


def trim_memory() -> None:
    """Give freed pages back to the system, where the C library can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def limit_cpu(seconds: int) -> None:
    """A job that burns longer than this is ended by the kernel, should the parent not do it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime)
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds + 1, resource.RLIM_INFINITY))


def serve(line: socket.socket) -> None:
    """Answer jobs until the parent closes its end."""
    send(line, b"")
    while (message := receive(line)) is not None:
        limit_cpu(CPU_S_MAX)
        job = decode_job(message)
        send(line, encode_answer(answer(job)))
        if isinstance(job, DrawProduct | RemakePicture):
            trim_memory()  # a large canvas now and then should not stay with us


def send(line: socket.socket, message: bytes) -> None:
    line.sendall(len(message).to_bytes(LENGTH_BYTES, "big") + message)


def receive(line: socket.socket) -> bytearray | None:
    head = _exactly(line, LENGTH_BYTES)
    return None if head is None else _exactly(line, int.from_bytes(head, "big"))


def _exactly(line: socket.socket, size: int) -> bytearray | None:
    whole = bytearray(size)
    view, filled = memoryview(whole), 0
    while filled < size:
        count = line.recv_into(view[filled:])
        if count == 0:
            return None
        filled += count
    return whole


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = socket.socket(fileno=int(sys.argv[1]))
    prepare()
    gc.collect()
    gc.freeze()
    trim_memory()
    give_up_rights()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        serve(line)  # until the parent is gone


if __name__ == "__main__":
    main()
