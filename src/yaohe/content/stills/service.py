"""Keyframes as pictures, decoded in the sandbox: for the page, its inlined first glance, cards."""

from __future__ import annotations

import msgspec

from yaohe.content.sandbox.jobs import DecodeKeyframe, StillWish
from yaohe.content.sandbox.service import Sandbox

TIMEOUT_S = 2.0
SHARP = StillWish(width=720, quality=76, bytes_max=40_000, width_kept=540)
TINY = StillWish(width=96, quality=44, bytes_max=1_500)


class Stills(msgspec.Struct, frozen=True):
    """`sharp` for the page and the card (≤ 40 KB), `tiny` to be inlined (96 wide, ≤ 1.5 KB)."""

    sharp: bytes
    tiny: bytes


class KeyframeDecoder:
    """Takes a configuration record and one sample of the codec that `entry` names by its four
    letters; refuses with `PictureUnreadable`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def stills(self, avcc: bytes, sample: bytes, entry: str = "avc1") -> Stills:
        """Both usual sizes for the price of one decoding."""
        sharp, tiny = await self._run(avcc, sample, SHARP, TINY, entry=entry)
        return Stills(sharp, tiny)

    async def sharp(self, avcc: bytes, sample: bytes) -> bytes:
        return (await self._run(avcc, sample, SHARP))[0]

    async def tiny(self, avcc: bytes, sample: bytes) -> bytes:
        return (await self._run(avcc, sample, TINY))[0]

    async def jpeg(
        self,
        extradata_avcc: bytes,
        sample: bytes,
        *,
        width: int,
        quality: int = 80,
        max_bytes: int = 200_000,
    ) -> bytes:
        """At most `width` wide and at most `max_bytes`; quality gives way first, then width."""
        wish = StillWish(width=width, quality=quality, bytes_max=max_bytes)
        return (await self._run(extradata_avcc, sample, wish))[0]

    async def face(
        self, record: bytes, sample: bytes, entry: str, *, width: int, bytes_max: int
    ) -> bytes:
        """A small picture for a time line."""
        wish = StillWish(width=width, quality=60, bytes_max=bytes_max)
        return (await self._run(record, sample, wish, entry=entry))[0]

    async def _run(
        self, avcc: bytes, sample: bytes, *wishes: StillWish, entry: str = "avc1"
    ) -> tuple[bytes, ...]:
        job = DecodeKeyframe(bytes(avcc), bytes(sample), wishes, entry)
        return await self._sandbox.run(job, timeout_s=TIMEOUT_S)
