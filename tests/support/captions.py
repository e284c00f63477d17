"""Captions as an encoder sends them: CEA-608 commands, in the SEI of a picture."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from urllib.parse import urlsplit

from tests.support.media import Clip
from tests.support.rtmp_encoder import (
    Encoder,
    audio_config,
    connected,
    frame_bytes,
    media,
    opening,
    publishing,
    video_config,
)

from yaohe.live.media.rtmp import chunks
from yaohe.live.media.rtmp.amf import encode

RESUME, BACKSPACE, ERASE_REST = 0x20, 0x21, 0x24
ROLL_2, ROLL_3, PAINT = 0x25, 0x26, 0x29
CLEAR, RETURN, CLEAR_HIDDEN, SHOW = 0x2C, 0x2D, 0x2E, 0x2F


def parity(byte: int) -> int:
    return byte | 0x80 if byte.bit_count() % 2 == 0 else byte


def pair(first: int, second: int) -> bytes:
    return bytes((parity(first), parity(second)))


def command(code: int) -> bytes:
    """Sent twice, as the standard asks."""
    return pair(0x14, code) * 2


def row(number: int) -> bytes:
    """The beginning of row 14 or 15."""
    return pair(0x14, {14: 0x40, 15: 0x60}[number]) * 2


def letters(text: str) -> bytes:
    codes = [ord(one) for one in text] + [0] * (len(text) % 2)
    return b"".join(pair(*codes[at : at + 2]) for at in range(0, len(codes), 2))


def popped(text: str) -> bytes:
    """A whole caption that appears at once."""
    return command(RESUME) + command(CLEAR_HIDDEN) + row(15) + letters(text) + command(SHOW)


def sei(pairs: bytes, *, kind: int = 0, hevc: bool = False) -> bytes:
    """A length-prefixed unit with these pairs of one field."""
    count = len(pairs) // 2
    assert count <= 31
    triplets = b"".join(
        bytes((0xFC | kind,)) + pairs[at : at + 2] for at in range(0, len(pairs), 2)
    )
    body = b"\xb5\x00\x31GA94\x03" + bytes((0x40 | count, 0xFF)) + triplets + b"\xff"
    head = b"\x4e\x01" if hevc else b"\x06"
    unit = head + b"\x04" + bytes((len(body),)) + body + b"\x80"
    unit = escaped(unit)
    return len(unit).to_bytes(4, "big") + unit


def escaped(unit: bytes) -> bytes:
    """Without three bytes that look like the start of a unit."""
    out = bytearray()
    zeros = 0
    for byte in unit:
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


def captioned(clip: Clip, said: dict[int, bytes]) -> Clip:
    """The clip with pairs in its pictures: `said` by the picture's number in the order shown, a
    few pairs in each of the pictures that follow."""
    shown = sorted(clip.video, key=lambda frame: frame.dts_ms + frame.offset_ms)
    units: dict[int, bytes] = {}
    for number, pairs in said.items():
        for step, at in enumerate(range(0, len(pairs), 4)):
            units[id(shown[number + step])] = sei(pairs[at : at + 4])
    frames = tuple(
        replace(frame, data=units[id(frame)] + frame.data) if id(frame) in units else frame
        for frame in clip.frames
    )
    return replace(clip, frames=frames)


@asynccontextmanager
async def performing(publish_url: str, film: Clip, *lines: tuple[int, str]) -> AsyncIterator[None]:
    """The film is published as fast as it was shot, again and again while the block runs, with
    `lines` beside its pictures, each at its time in ms."""
    at, key = urlsplit(publish_url), publish_url.rsplit("/", 1)[-1]
    assert at.port is not None
    async with connected(at.port) as encoder:
        await encoder.send(opening() + publishing(key))
        await encoder.send(video_config(film.avcc) + audio_config(film.asc))
        playing = asyncio.create_task(_play(encoder, film, lines))
        try:
            yield
        finally:
            playing.cancel()
            with suppress(asyncio.CancelledError):
                await playing


async def _play(encoder: Encoder, film: Clip, lines: tuple[tuple[int, str], ...]) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for lap in itertools.count():
        shift_ms = lap * (film.video[-1].dts_ms + 33)
        waiting = list(lines)
        for frame in film.frames:
            at_ms = frame.dts_ms + shift_ms
            await asyncio.sleep(begun + at_ms / 1000 - loop.time())
            while waiting and waiting[0][0] <= frame.dts_ms:
                told = encode("onTextData", {"text": waiting.pop(0)[1]})
                await encoder.send(media(chunks.DATA, at_ms, told))
            await encoder.send(frame_bytes(frame, shift_ms))
