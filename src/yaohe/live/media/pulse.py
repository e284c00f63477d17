"""The pulse of a publication: what its frames tell about the encoder and the line to it.

A few numbers per frame over the last ten seconds, and the slowest trend there is: how the
publisher's clock stands to ours, minute by minute. Nothing is decoded.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from statistics import median
from typing import NamedTuple

import msgspec

WINDOW_S = 10.0
# Rates over less than this say nothing yet.
SETTLED_S = 5.0
# Minutes before the trend of the clock is worth a word.
DRIFT_MINUTES_MIN = 5
# The line's delay is measured against its best within this many minutes.
_FLOORS_MAX = 60
_FRAMES_MAX = 2_000
_PEAK_MS = 2_000
_GAP = 1.8  # frame durations between two pictures that mean one is missing


class Vitals(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured; None where there is nothing to measure yet, or no such track."""

    settled: bool = False
    # A web page sends: its people have no encoder to set.
    by_page: bool = False
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    bitrate_kbps: int = 0
    # The fullest two seconds against the average.
    bitrate_peak: float | None = None
    gop_ms: int = 0
    b_frames: bool = False
    # How much later a picture is shown than sent, at most, because of reordering.
    reorder_ms: int = 0
    # Pictures that should have come and did not, of a hundred.
    missing_percent: float = 0.0
    pace: float | None = None
    behind_ms: int = 0
    drift_ms_per_hour: int | None = None
    frame_age_ms: int = 0
    audio_rate: int | None = None
    audio_age_ms: int | None = None
    # How much further the sound is than the picture, as it arrives.
    sound_ahead_ms: int | None = None


class _Picture(NamedTuple):
    wall_s: float
    at_ms: int
    size: int


class Pulse:
    """`restart` when the timeline changes; then `video` and `audio` for every frame."""

    def __init__(self) -> None:
        self._pictures: deque[_Picture] = deque(maxlen=_FRAMES_MAX)
        self._sounds: deque[_Picture] = deque(maxlen=_FRAMES_MAX)
        self.restart()

    def restart(self) -> None:
        self._pictures.clear()
        self._sounds.clear()
        self._keyframe_ms: int | None = None
        self._gop_ms = 0
        self._shown_ms = -1
        self._reordered_s = self._began_s = -1.0
        self._reorder_ms = 0
        # The least lateness of each minute: (minute, wall minus media in ms).
        self._floors: deque[tuple[int, float]] = deque(maxlen=_FLOORS_MAX)
        self._first_floor: tuple[int, float] | None = None

    def video(self, wall_s: float, at_ms: int, offset_ms: int, keyframe: bool, size: int) -> None:
        if keyframe:
            if self._keyframe_ms is not None:
                self._gop_ms = at_ms - self._keyframe_ms
            self._keyframe_ms = at_ms
        shown = at_ms + offset_ms
        if shown < self._shown_ms:
            self._reordered_s = wall_s
            self._reorder_ms = max(self._reorder_ms, self._shown_ms - shown)
        self._shown_ms = max(self._shown_ms, shown)
        self._note(self._pictures, _Picture(wall_s, at_ms, size))
        self._note_lateness(wall_s, at_ms)

    def audio(self, wall_s: float, at_ms: int, size: int) -> None:
        self._note(self._sounds, _Picture(wall_s, at_ms, size))
        if not self._pictures:
            self._note_lateness(wall_s, at_ms)

    def lateness_ms(self) -> float | None:
        """Our clock minus the publisher's, by the frame that came soonest in the last minutes."""
        recent = tuple(self._floors)[-3:]
        return min(floor for _, floor in recent) if recent else None

    def vitals(self, now_s: float) -> Vitals:
        """Everything but what the configuration says, and the age of the newest frame."""
        for line in (self._pictures, self._sounds):
            self._trim(line, now_s)
        pictures, sounds = self._pictures, self._sounds
        leading = pictures or sounds
        settled = self._began_s >= 0 and now_s - self._began_s >= SETTLED_S and len(leading) > 1
        return Vitals(
            settled=settled,
            fps=_fps(pictures),
            bitrate_kbps=_bitrate_kbps(pictures, sounds),
            bitrate_peak=_peak(pictures) if settled else None,
            gop_ms=self._running_gop_ms(),
            b_frames=self._reordered_s >= now_s - WINDOW_S,
            reorder_ms=self._reorder_ms,
            missing_percent=_missing_percent(pictures) if settled else 0.0,
            pace=_pace(leading) if settled else None,
            behind_ms=self._behind_ms(now_s),
            drift_ms_per_hour=self._drift(),
            audio_age_ms=round((now_s - sounds[-1].wall_s) * 1000) if sounds else None,
            sound_ahead_ms=sounds[-1].at_ms - pictures[-1].at_ms if sounds and pictures else None,
        )

    def _note(self, line: deque[_Picture], one: _Picture) -> None:
        if self._began_s < 0:
            self._began_s = one.wall_s
        line.append(one)
        self._trim(line, one.wall_s)

    @staticmethod
    def _trim(line: deque[_Picture], now_s: float) -> None:
        while line and line[0].wall_s < now_s - WINDOW_S:
            line.popleft()

    def _note_lateness(self, wall_s: float, at_ms: int) -> None:
        minute, late = int(wall_s - self._began_s) // 60, wall_s * 1000 - at_ms
        if self._floors and self._floors[-1][0] == minute:
            late = min(late, self._floors.pop()[1])
        self._floors.append((minute, late))
        if minute == 0:
            self._first_floor = (0, late)

    def _behind_ms(self, now_s: float) -> int:
        """How much later frames come now than at the best of the last minutes."""
        line = self._pictures or self._sounds
        recent = [one.wall_s * 1000 - one.at_ms for one in line if one.wall_s > now_s - 1.0]
        if not recent or not self._floors:
            return 0
        best = min(floor for _, floor in tuple(self._floors)[-3:])
        return max(round(median(recent) - best), 0)

    def _drift(self) -> int | None:
        """Of the whole minutes' best frames: congestion only delays, so these show the clock."""
        if self._first_floor is None or len(self._floors) < 2:
            return None
        minute, floor = self._floors[-2]
        if minute < DRIFT_MINUTES_MIN:
            return None
        return round((floor - self._first_floor[1]) * 60 / minute)

    def _running_gop_ms(self) -> int:
        if self._keyframe_ms is None or not self._pictures:
            return self._gop_ms
        return max(self._gop_ms, self._pictures[-1].at_ms - self._keyframe_ms)


def _span_ms(line: deque[_Picture]) -> int:
    return line[-1].at_ms - line[0].at_ms if len(line) > 1 else 0


def _fps(pictures: deque[_Picture]) -> float:
    span = _span_ms(pictures)
    return round((len(pictures) - 1) * 1000 / span, 1) if span > 0 else 0.0


def _bitrate_kbps(*lines: deque[_Picture]) -> int:
    total = 0.0
    for line in lines:
        span = _span_ms(line)
        if span > 0:
            total += sum(one.size for one in list(line)[:-1]) * 8 / span
    return round(total)


def _peak(pictures: deque[_Picture]) -> float | None:
    """By the publisher's own time: how the line stretches it is another matter. Two seconds hold a
    keyframe each, so that keyframes are no peaks."""
    if _span_ms(pictures) < 4 * _PEAK_MS:
        return None
    first = pictures[0].at_ms
    sums: dict[int, int] = {}
    for one in pictures:
        place = (one.at_ms - first) // _PEAK_MS
        sums[place] = sums.get(place, 0) + one.size
    whole = [sums[place] for place in sorted(sums)[:-1]]
    average = sum(whole) / len(whole)
    return round(max(whole) / average, 2) if average else None


def _pace(line: deque[_Picture]) -> float | None:
    wall_ms = (line[-1].wall_s - line[0].wall_s) * 1000
    return round(_span_ms(line) / wall_ms, 3) if wall_ms > 0 else None


def _missing_percent(pictures: deque[_Picture]) -> float:
    stamps = [one.at_ms for one in pictures]
    gaps = [after - before for before, after in pairwise(stamps)]
    usual = median(gaps) if gaps else 0
    if usual <= 0:
        return 0.0
    missing = sum(round(gap / usual) - 1 for gap in gaps if gap > _GAP * usual)
    return round(100 * missing / (len(gaps) + missing), 1)
