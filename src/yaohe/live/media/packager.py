"""From frames to fragments, for one epoch: the clockwork between a publisher and the log.

A fragment holds at most 200 ms of video and never crosses a keyframe. It leaves with the frame that
completes its time: the last frame's duration is then the running frame duration, and the next
fragment begins exactly where this one said it would end, its composition offset keeping the picture
at its true time. So decode times have no gaps, whatever the publisher's clock does, and browsers
never discard a GOP over a missing frame. A picture is never shown early; it may be a little late
where the publisher's frames suddenly come faster than they did.

Audio runs on its own line of equal frames. Video never waits for it: when no audio came for more
than 300 ms, silent frames take its place.
"""

from __future__ import annotations

from collections.abc import Callable

from yaohe.live.media.codecs.config import AudioConfig
from yaohe.live.media.codecs.tracks import audio_samples
from yaohe.live.media.fmp4.fragment import Bytes, VideoSample, audio_fragment, video_fragment
from yaohe.live.media.log import FragmentLog

FRAGMENT_MS = 200
# RTMP rounds to milliseconds: six frames of 33.33 ms may measure 201.
_ROUNDING_MS = 2
SILENCE_MS = 300
# Frames that wait longer than this leave although their fragment's time is not complete.
STALL_S = 0.25
# An audio-only stream has no keyframes; readers start at most this far back, HLS cuts here.
AUDIO_GOP_MS = 1_000

_FRAME_MS_AT_FIRST = 1000 / 30
_FRAME_MS_PREDICTED_MAX = 100.0
# Sound may come this many frames early or late before it is moved.
_JITTER_FRAMES = 3.0
_BYTES_MAX = 4 * 1024 * 1024
_FRAMES_MAX = 128
# Late frames in a row (about two seconds) after which the audio line is laid anew.
_LATE_MAX = 100
_FILL_FRAMES_MAX = 1_000


class AudioLine:
    """Audio as an unbroken row of frames, kept to the publisher's clock within a frame.

    AAC's frames are all of one length; Opus may change it at any time."""

    __slots__ = (
        "_drift",
        "config",
        "end",
        "filled",
        "filled_frames",
        "late",
        "pending",
        "sizes",
        "start",
    )

    def __init__(self, config: AudioConfig) -> None:
        self.config = config
        self.pending: list[Bytes] = []
        self.sizes: list[int] = []  # … of each, in samples
        self.start = 0  # of the pending frames, in samples
        self.end = -1  # of everything so far; -1 before the first frame
        self.filled = False
        self.filled_frames = 0
        self.late = 0  # frames in a row that came after their time was sent
        self._drift = 0.0

    @property
    def end_ms(self) -> int:
        return max(self.end, 0) * 1000 // self.config.rate

    @property
    def pending_ms(self) -> float:
        return sum(self.sizes) * 1000 / self.config.rate

    def add(self, at_ms: int, data: Bytes) -> None:
        size = self.config.frame_samples
        at = max(at_ms, 0) * self.config.rate // 1000
        if self.end < 0:
            self.start = self.end = at
        drift = (at - self.end) / size
        tolerance = 0.5 if self.filled else _JITTER_FRAMES
        if drift < -tolerance:
            # Its time is already sent.
            self.late += 1
            return
        self.late = 0
        self._drift += (drift - self._drift) / 32
        if drift > tolerance:
            self.fill_frames(round(drift))
        elif self._drift > 1.0:
            # The publisher's clock runs away slowly: one frame more, or less, and it fits again.
            self.fill_frames(1)
        elif self._drift < -1.0:
            self._drift = 0.0
            return
        self.filled = False
        self._push(data, audio_samples(self.config, memoryview(data)))

    def fill(self, until_ms: int) -> None:
        """Silence up to (not beyond) `until_ms`."""
        if self.end < 0:
            self.start = self.end = 0
        until = until_ms * self.config.rate // 1000
        self.fill_frames((until - self.end) // self.config.frame_samples)
        self.filled = True

    def fill_frames(self, count: int) -> None:
        for _ in range(min(count, _FILL_FRAMES_MAX)):
            self._push(self.config.silence, self.config.frame_samples)
            self.filled_frames += 1
        self._drift = 0.0

    def take(self, sequence: int) -> list[Bytes]:
        """The pending frames as a fragment's parts."""
        parts = audio_fragment(sequence, self.pending, self.start, self.sizes)
        self.start = self.end
        self.pending, self.sizes = [], []
        return parts

    def _push(self, data: Bytes, size: int) -> None:
        self.pending.append(data)
        self.sizes.append(size)
        self.end += size


class Packager:
    """Cuts one epoch's frames into the log. Times are on the epoch's timeline, in milliseconds."""

    def __init__(
        self,
        log: FragmentLog,
        *,
        has_video: bool,
        audio: AudioConfig | None,
        monotonic: Callable[[], float],
    ) -> None:
        self._log = log
        self._monotonic = monotonic
        self.has_video = has_video
        self.audio = AudioLine(audio) if audio else None
        self._sequence = 0
        self._samples: list[VideoSample] = []
        self._samples_bytes = 0
        self._first_ms = 0  # the publisher's time of the first waiting frame
        self._last_ms = -1  # … and of the newest frame
        self._frame_ms = 0.0
        self._end_ms = -1  # where the last fragment said it would end
        self._heard_ms = 0  # the video's time when audio last came
        self._audio_lag_ms = 0
        self._audio_key_ms = -AUDIO_GOP_MS
        self._waiting_since = 0.0

    @property
    def is_audio_lost(self) -> bool:
        """Audio keeps coming for times already sent: only a new epoch can place it."""
        return self.audio is not None and self.audio.late > _LATE_MAX

    def add_video(self, dts: int, offset: int, keyframe: bool, data: Bytes) -> None:
        shown = dts + offset
        self._measure(dts)
        if self._samples and (keyframe or self._is_full(dts)):
            self._flush(max(dts, self._samples[-1].dts + 1))
        if self._samples:
            dts_here = max(dts, self._samples[-1].dts + 1)
        else:
            dts_here = self._end_ms if self._end_ms >= 0 else max(dts, 0)
            self._first_ms = dts
            if not self.audio or not self.audio.pending:
                self._waiting_since = self._monotonic()
        # Offsets below zero are legal, but players read them in different ways: only the
        # publisher's own are passed on.
        composed = max(shown - dts_here, min(offset, 0))
        self._samples.append(VideoSample(dts_here, composed, keyframe, data))
        self._samples_bytes += len(data)
        self._last_ms = dts
        frame_ms = min(self._frame_ms or _FRAME_MS_AT_FIRST, FRAGMENT_MS)
        if dts + 2 * frame_ms - self._first_ms > FRAGMENT_MS + _ROUNDING_MS:
            self.flush()

    def add_audio(self, at: int, data: Bytes) -> None:
        line = self.audio
        if line is None:
            return
        if not self._samples and not line.pending:
            self._waiting_since = self._monotonic()
        line.add(at, data)
        self._heard_ms = max(self._last_ms, 0)
        self._audio_lag_ms = max(self._last_ms - line.end_ms, 0)
        full = line.pending_ms + line.config.frame_ms > FRAGMENT_MS
        # With frames waiting, the video leads and takes the audio along.
        if full and (not self._samples or line.pending_ms > 2 * FRAGMENT_MS):
            self.flush()

    def flush_stalled(self) -> None:
        """Let frames go whose fragment does not fill; called on a timer."""
        waiting = self._samples or (self.audio and self.audio.pending)
        if waiting and self._monotonic() - self._waiting_since >= STALL_S:
            self.flush()

    def flush(self) -> None:
        """Send what waits, closing the last frame with the running frame duration."""
        if not self._samples:
            self._flush(self._end_ms)
            return
        # Rounded down and one less: the next frame shall rather seem late than early.
        frame_ms = int(min(self._frame_ms or _FRAME_MS_AT_FIRST, _FRAME_MS_PREDICTED_MAX)) - 1
        self._flush(max(self._last_ms + frame_ms, self._samples[-1].dts + 1))

    def _is_full(self, dts: int) -> bool:
        return (
            dts - self._first_ms > FRAGMENT_MS - _ROUNDING_MS
            or self._samples_bytes > _BYTES_MAX
            or len(self._samples) >= _FRAMES_MAX
        )

    def _measure(self, dts: int) -> None:
        """Follow the frame duration: down at once, up slowly, unmoved by single stumbles."""
        if self._last_ms < 0 or dts <= self._last_ms:
            return
        delta = dts - self._last_ms
        if not self._frame_ms:
            self._frame_ms = float(min(delta, FRAGMENT_MS))
            return
        change = min(delta, 2 * self._frame_ms) - self._frame_ms
        self._frame_ms += change / (2 if change < 0 else 16)

    def _flush(self, end: int) -> None:
        """Write the waiting video (up to `end`) and all waiting audio as one fragment."""
        samples, line = self._samples, self.audio
        parts: list[Bytes] = []
        keyframe, picture = False, None
        start, stop, frames = -1, -1, 0
        if samples:
            parts += video_fragment(self._sequence, samples, end)
            self._sequence += 1
            keyframe = samples[0].keyframe
            picture = bytes(samples[0].data) if keyframe else None
            start, stop, frames = samples[0].dts, end, len(samples)
            self._end_ms = end
            self._samples, self._samples_bytes = [], 0
            if line is not None and end - self._heard_ms > SILENCE_MS:
                line.fill(end - self._audio_lag_ms)
        if line is not None and line.pending:
            begin = line.start * 1000 // line.config.rate
            count = len(line.pending)
            parts += line.take(self._sequence)
            self._sequence += 1
            if start < 0:
                start, stop = begin, line.end_ms
                frames = 0 if self.has_video else count
            if not self.has_video and begin - self._audio_key_ms >= AUDIO_GOP_MS:
                keyframe, self._audio_key_ms = True, begin
        if parts:
            self._log.append(
                b"".join(parts),
                keyframe=keyframe,
                dts_ms=start,
                duration_ms=stop - start,
                frames=frames,
                picture=picture,
            )
