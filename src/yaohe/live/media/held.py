"""Frames that wait until a publisher's tracks are known."""

from __future__ import annotations

import msgspec

from yaohe.live.media.fmp4.fragment import Bytes

JUMP_BACK_MS = 1_000
JUMP_AHEAD_MS = 10_000
# Sound this much before the first picture still belongs to the beginning.
LEAD_MS = 500


class Held(msgspec.Struct):
    is_video: bool
    at: int
    offset: int
    keyframe: bool
    data: Bytes


def without_jumps(held: list[Held], first: int) -> list[Held]:
    """The frames of one timeline: a clock may jump while the tracks are waited for."""
    near, last = [], first
    for frame in held:
        if frame.is_video:
            if -JUMP_BACK_MS <= frame.at - last <= JUMP_AHEAD_MS:
                near.append(frame)
                last = frame.at
        elif first - LEAD_MS <= frame.at <= first + JUMP_AHEAD_MS:
            near.append(frame)
    return near
