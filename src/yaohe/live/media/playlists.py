"""The HLS lists of one rung of a room, written from an `HlsView` (RFC 8216bis, fMP4).

index.m3u8    low latency: parts, a preload hint, blocking reload, delta updates
cdn.m3u8      the same segments without any of it: the same for everybody for a second
audio.m3u8    the sound alone
master.m3u8   all rungs and the sound, for players that choose by themselves
cdn-master    the same of the lists for CDNs

Names of a lower rung begin with it: 480p-index.m3u8 lists 480p-seg-….
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from yaohe.live.media.fmp4.audio import audio_codec
from yaohe.live.media.hls import HlsView, Segment

ListKind = Literal["playlist", "plain", "audio", "master", "plain_master"]

# The specification's floor for delta updates, in target durations.
SKIP_TARGETS = 6
# Parts stand in the list for the newest segments only.
PARTS_TARGETS = 3
_HOLD_BACK_S_MIN = 1.0
_AUDIO_BITS_MIN = 64_000
_CAPTIONS = (
    '#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID="captions",NAME="CC",INSTREAM-ID="CC1",'
    "AUTOSELECT=YES,DEFAULT=YES"
)


def stamped(at: datetime) -> str:
    return f"#EXT-X-PROGRAM-DATE-TIME:{at.strftime('%Y-%m-%dT%H:%M:%S.%f')[:-3]}Z"


class Playlists:
    """Writes each list once per change of its view, however many ask."""

    def __init__(self, view: HlsView, lower: Callable[[], list[HlsView]] = list) -> None:
        """`lower` gives the views of the lower rungs that are live, where there are any."""
        self.view, self._lower = view, lower
        self._prefix = f"{view.log.rung}p-" if view.log.rung else ""
        self._written: dict[tuple[ListKind, bool], tuple[int, str | None]] = {}

    def get(self, kind: ListKind, *, skip: bool = False) -> str | None:
        """The list; None until there is something to play. `skip` leaves out what a player that
        asked a moment ago already has."""
        if kind == "master" or kind == "plain_master":
            return self._master("index" if kind == "master" else "cdn")
        kept = self._written.get((kind, skip))
        if kept is not None and kept[0] == self.view.version:
            return kept[1]
        text = self._media(kind, skip=skip)
        self._written[kind, skip] = (self.view.version, text)
        return text

    # ── a list of segments ───────────────────────────────────────────────────────────────────

    def _media(self, kind: ListKind, *, skip: bool) -> str | None:
        view, segments = self.view, list(self.view.segments)
        if not segments:
            return None
        low = kind == "playlist"
        skipped = self._skippable(segments) if low and skip else 0
        lines = self._head(segments[0].number, low=low, skipped=skipped)
        epoch = segments[skipped - 1].epoch if skipped else 0
        with_parts = self._first_with_parts(segments) if low else len(segments)
        prefix = "audio-" if kind == "audio" else self._prefix
        for place, segment in enumerate(segments[skipped:], skipped):
            lines += self._begin(segment, epoch, prefix)
            epoch = segment.epoch
            if place >= with_parts:
                lines += self._parts(segment)
            lines.append(f"#EXTINF:{segment.duration_ms / 1000:.3f},")
            lines.append(f"{prefix}seg-{epoch}-{segment.number}.m4s")
        if view.log.ended:
            lines.append("#EXT-X-ENDLIST")
        elif low:
            lines += self._edge(epoch)
        return "\n".join(lines) + "\n"

    def _head(self, number: int, *, low: bool, skipped: int) -> list[str]:
        view = self.view
        lines = ["#EXTM3U", f"#EXT-X-VERSION:{9 if low else 7}"]
        lines.append(f"#EXT-X-TARGETDURATION:{view.target_s}")
        if low:
            part_s = view.part_target_ms / 1000
            hold_s = max(3 * part_s, _HOLD_BACK_S_MIN)
            lines.append(
                f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={hold_s:.3f},"
                f"CAN-SKIP-UNTIL={SKIP_TARGETS * view.target_s:.1f}"
            )
            lines.append(f"#EXT-X-PART-INF:PART-TARGET={part_s:.3f}")
        lines.append(f"#EXT-X-MEDIA-SEQUENCE:{number}")
        lines.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{view.discontinuities}")
        lines.append("#EXT-X-INDEPENDENT-SEGMENTS")
        if skipped:
            lines.append(f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}")
        return lines

    @staticmethod
    def _begin(segment: Segment, epoch_before: int, prefix: str) -> list[str]:
        lines = ["#EXT-X-DISCONTINUITY"] if segment.breaks else []
        if segment.epoch != epoch_before:
            lines.append(f'#EXT-X-MAP:URI="{prefix}init-{segment.epoch}.mp4"')
        return [*lines, stamped(segment.at)]

    def _parts(self, segment: Segment) -> list[str]:
        return [
            f"#EXT-X-PART:DURATION={part.duration_ms / 1000:.3f},"
            f'URI="{self._prefix}part-{part.epoch}-{part.offset}.m4s"'
            + (",INDEPENDENT=YES" if part.keyframe else "")
            for part in self.view.parts(segment)
        ]

    def _edge(self, epoch: int) -> list[str]:
        """The segment being made, the part that comes next, and how far the sound alone is."""
        view, log = self.view, self.view.log
        segment = view.open_segment
        lines: list[str] = []
        if segment is not None:
            lines += [*self._begin(segment, epoch, self._prefix), *self._parts(segment)]
            name = f"{self._prefix}part-{segment.epoch}-{log.next_offset}.m4s"
            lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{name}"')
        if log.generation is not None and log.generation.has_audio:
            last = view.segments[-1].number
            lines.append(f'#EXT-X-RENDITION-REPORT:URI="audio.m3u8",LAST-MSN={last}')
        for other in self._lower():
            if other.segments:
                uri, last = f"{other.log.rung}p-index.m3u8", other.segments[-1].number
                lines.append(f'#EXT-X-RENDITION-REPORT:URI="{uri}",LAST-MSN={last}')
        return lines

    def _skippable(self, segments: list[Segment]) -> int:
        """How many of the oldest segments end further back than CAN-SKIP-UNTIL."""
        opened = self.view.open_segment
        behind_ms = sum(p.duration_ms for p in self.view.parts(opened)) if opened else 0
        for place in range(len(segments) - 1, -1, -1):
            behind_ms += segments[place].duration_ms
            if behind_ms > SKIP_TARGETS * self.view.target_s * 1000:
                return place
        return 0

    def _first_with_parts(self, segments: list[Segment]) -> int:
        behind_ms, place = 0, len(segments)
        while place and behind_ms < PARTS_TARGETS * self.view.target_s * 1000:
            place -= 1
            behind_ms += segments[place].duration_ms
        return place

    # ── the list of lists ────────────────────────────────────────────────────────────────────

    def _master(self, name: str) -> str | None:
        view = self.view
        newest = view.segments[-1] if view.segments else None
        generation = view.log.generation_of(newest.epoch) if newest is not None else None
        if newest is None or generation is None:
            return None
        lines = ["#EXTM3U", "#EXT-X-VERSION:9", "#EXT-X-INDEPENDENT-SEGMENTS"]
        if view.log.has_captions:
            lines.append(_CAPTIONS)
        for each in (view, *self._lower()):
            lines += _variant(each, name)
        if generation.has_audio and generation.has_video:
            data = view.segment(newest.epoch, newest.number, audio=True) or b""
            sound = max(len(data) * 8000 // newest.duration_ms, _AUDIO_BITS_MIN)
            codec = audio_codec(generation.codecs)
            lines.append(f'#EXT-X-STREAM-INF:BANDWIDTH={sound},CODECS="{codec}"\naudio.m3u8')
        return "\n".join(lines) + "\n"


def _variant(view: HlsView, name: str) -> list[str]:
    """One rung for the list of lists; nothing until it has a segment."""
    generation = view.log.generation_of(view.segments[-1].epoch) if view.segments else None
    if generation is None:
        return []
    peak = held = listed_ms = 0
    for segment in view.segments:
        size = sum(len(part.data) for part in view.parts(segment))
        peak = max(peak, size * 8000 // segment.duration_ms)
        held, listed_ms = held + size, listed_ms + segment.duration_ms
    prefix = f"{view.log.rung}p-" if view.log.rung else ""
    picture = f",RESOLUTION={generation.width}x{generation.height}" if generation.has_video else ""
    if view.log.has_captions:
        picture += ',CLOSED-CAPTIONS="captions"'
    return [
        f"#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={held * 8000 // listed_ms},"
        f'CODECS="{generation.codecs}"{picture}',
        f"{prefix}{name}.m3u8",
    ]
