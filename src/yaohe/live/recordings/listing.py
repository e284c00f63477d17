"""The list of a recording for HLS players: it slides while the show is live, and ends with it.

    rewind.m3u8     of the show that is on, or of the last one that was recorded

Reels are numbered once and for all, so that a list may lose its oldest and keep its order. `skip`
leaves out what a player that asked before already knows: four hours are a long list.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from yaohe.live.recordings.model import Recording, Reel

TARGET_S_MIN = 6
SKIP_TARGETS = 6


def playlist(recording: Recording, reels: Sequence[Reel], *, skip: bool = False) -> str | None:
    """The media playlist of `reels`; None when there are none."""
    if not reels:
        return None
    longest_ms = max(reel.duration_ms for reel in reels)
    target_s = max(TARGET_S_MIN, math.floor(longest_ms / 1000 + 0.5))
    over = recording.ended_at is not None
    skipped = 0 if over or not skip else _skippable(reels, target_s)
    lines = ["#EXTM3U", "#EXT-X-VERSION:9", f"#EXT-X-TARGETDURATION:{target_s}"]
    if over:
        lines.append("#EXT-X-PLAYLIST-TYPE:VOD")
    else:
        skip_s = SKIP_TARGETS * target_s
        lines.append(f"#EXT-X-SERVER-CONTROL:CAN-SKIP-UNTIL={skip_s:.1f}")
    lines += [
        f"#EXT-X-MEDIA-SEQUENCE:{reels[0].number}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{reels[0].breaks}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    if skipped:
        lines.append(f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}")
    before = reels[skipped - 1] if skipped else None
    for reel in reels[skipped:]:
        lines += _entry(recording, reel, before)
        before = reel
    if over:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def _entry(recording: Recording, reel: Reel, before: Reel | None) -> list[str]:
    show, lines = recording.show, []
    is_break = before is not None and before.breaks != reel.breaks
    if is_break:
        lines.append("#EXT-X-DISCONTINUITY")
    if before is None or before.epoch != reel.epoch:
        lines.append(f'#EXT-X-MAP:URI="reel-{show}-init-{reel.epoch}.mp4"')
    if before is None or is_break:
        at = recording.at(reel)
        stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{stamp}Z")
    lines.append(f"#EXTINF:{reel.duration_ms / 1000:.3f},")
    lines.append(f"reel-{show}-{reel.number}.m4s")
    return lines


def _skippable(reels: Sequence[Reel], target_s: int) -> int:
    behind_ms = 0
    for place in range(len(reels) - 1, -1, -1):
        behind_ms += reels[place].duration_ms
        if behind_ms > SKIP_TARGETS * target_s * 1000:
            return place
    return 0
