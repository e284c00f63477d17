"""One timeline for a peer's sound and picture.

RTP clocks of two tracks begin at random and have nothing in common until sender reports say which
wall-clock instant each of them means. Until both reports came, the tracks are laid by when they
arrived; from then on the sound follows the picture. The picture itself never jumps.
"""

from __future__ import annotations

VIDEO_RATE = 90_000
AUDIO_RATE = 48_000
_WRAP = 1 << 32


class Unwrap:
    """A 32-bit RTP clock counted on beyond its wrap, also where packets come out of order."""

    def __init__(self) -> None:
        self._last: int | None = None

    def map(self, timestamp: int) -> int:
        last = timestamp if self._last is None else self._last
        step = (timestamp - last + _WRAP // 2) % _WRAP - _WRAP // 2
        self._last = last + step
        return self._last


class _Track:
    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.begin: tuple[float, int] | None = None  # arrival in seconds, timestamp
        self.report: tuple[float, int] | None = None  # wall clock in seconds, timestamp

    def by_arrival(self, timestamp: int) -> float:
        assert self.begin is not None
        return self.begin[0] + (timestamp - self.begin[1]) / self.rate


class Timeline:
    """Milliseconds since the peer began, for timestamps that `Unwrap` counted on."""

    def __init__(self, now: float) -> None:
        self._zero = now
        self._video = _Track(VIDEO_RATE)
        self._audio = _Track(AUDIO_RATE)

    def report(self, *, is_video: bool, wall: float, timestamp: int) -> None:
        """A sender report: at `wall` (NTP seconds) the track's clock stood at `timestamp`."""
        track = self._video if is_video else self._audio
        if track.begin is not None:
            track.report = wall, _near(timestamp, track.begin[1], track.report)

    def video_ms(self, timestamp: int, now: float) -> int:
        track = self._video
        if track.begin is None:
            track.begin = now - self._zero, timestamp
        return round(track.by_arrival(timestamp) * 1000)

    def audio_ms(self, timestamp: int, now: float) -> int:
        audio, video = self._audio, self._video
        if audio.begin is None:
            audio.begin = now - self._zero, timestamp
        if audio.report is None or video.report is None:
            return round(audio.by_arrival(timestamp) * 1000)
        wall = audio.report[0] + (timestamp - audio.report[1]) / AUDIO_RATE
        beside = video.report[1] + (wall - video.report[0]) * VIDEO_RATE
        return round(video.by_arrival(round(beside)) * 1000)


def _near(timestamp: int, begin: int, before: tuple[float, int] | None) -> int:
    """The 32-bit `timestamp` of a report, unwrapped to where the track is."""
    last = begin if before is None else before[1]
    return last + (timestamp - last + _WRAP // 2) % _WRAP - _WRAP // 2
