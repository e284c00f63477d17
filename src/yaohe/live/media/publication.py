"""A publication: one publisher's session into one room's log, whatever protocol brought it.

It waits briefly until both tracks are known, opens epochs, puts times on a timeline that starts
near zero (keeping the offset between sound and picture), and begins a new epoch when codecs change,
the picture paused or the publisher's clock jumps. Until its codecs are accepted and its first
picture is there it writes nothing, so another publication may go on in the same log; `on_taking` is
told before the first epoch opens. Everything runs in the loop and never waits.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from yaohe.kernel.clock import Clock
from yaohe.live.media.captions import CaptionTrack
from yaohe.live.media.codecs.config import AudioConfig, VideoConfig
from yaohe.live.media.codecs.tracks import (
    AAC,
    AVC,
    audio_samples,
    parse_audio_config,
    parse_video_config,
    video_sample,
)
from yaohe.live.media.errors import BadBytes, PublishRefused
from yaohe.live.media.fmp4.fragment import Bytes
from yaohe.live.media.fmp4.init import codec_string, init_segment
from yaohe.live.media.held import JUMP_AHEAD_MS, JUMP_BACK_MS, Held, without_jumps
from yaohe.live.media.log import PAUSE_MS, FragmentLog, is_pause
from yaohe.live.media.packager import Packager
from yaohe.live.media.pulse import Pulse, Vitals
from yaohe.live.media.rungs import ShowClock, kbps_of, measured
from yaohe.live.media.statistics import PublisherStatistics

# How long to wait for the second track before starting with one.
TRACKS_WAIT_MS = 1_000
_HELD_FRAMES_MAX = 2_500
_HELD_BYTES_MAX = 16 * 1024 * 1024
_BROKEN_FRAMES_MAX = 100


class Publication:
    def __init__(
        self,
        log: FragmentLog,
        *,
        remote: str,
        clock: Clock,
        on_started: Callable[[Publication], None],
        on_finished: Callable[[Publication, str, str], None],
        on_replaced: Callable[[PublishRefused], None],
        on_taking: Callable[[Publication], None] = lambda _: None,
        on_epoch: Callable[[Publication], None] = lambda _: None,
        leading: Callable[[Publication], ShowClock | None] = lambda _: None,
        made: bool = False,
        by_page: bool = False,
        on_caption: Callable[[Publication, int, str], None] = lambda *_: None,
    ) -> None:
        self.log, self.remote = log, remote
        self.captions = CaptionTrack(lambda at, text: on_caption(self, at, text))
        self.made = made  # here, of the room's own log: it can neither lead nor stand in
        self.finished = False
        self._clock = clock
        self._on_started = on_started
        self._on_finished = on_finished
        self._on_replaced = on_replaced
        self._on_taking, self._on_epoch = on_taking, on_epoch
        self._leading, self._by_page = leading, by_page
        self._video: VideoConfig | None = None
        self._audio: AudioConfig | None = None
        self._expects: tuple[bool | None, bool | None] = (None, None)
        self._packager: Packager | None = None
        self._stale = False  # the next keyframe begins a new epoch
        self._fresh_video = False  # … and frames before it are of another configuration
        self._fresh_audio = False
        self._held: list[Held] = []
        self._held_bytes = 0
        self._held_since = 0.0
        self._zero = 0
        self._last_video = 0
        self._last_audio = 0
        self._usual_ms = 0  # between the last two pictures
        self._connected = self._last_frame = clock.monotonic()
        self._started = False
        self._frames = self._dropped = 0
        self._filled_ms = 0.0
        self._pulse = Pulse()

    # ── what the ingest tells ────────────────────────────────────────────────────────────────

    def expect(self, *, video: bool | None, audio: bool | None) -> None:
        """Which tracks the publisher announced; None where it did not say."""
        self._expects = (video, audio)

    def configure_video(self, record: bytes, codec: bytes = AVC) -> None:
        """A decoder configuration record; raises when it is unreadable or unsupported."""
        before = self._video
        if before is not None and (before.entry, before.record) == (codec, record):
            return
        self._video = parse_video_config(codec, record)
        self._stale = self._fresh_video = self._packager is not None

    def configure_audio(self, record: bytes, codec: bytes = AAC) -> None:
        """An AudioSpecificConfig, or what is in its place; raises like `configure_video`."""
        before = self._audio
        if before is not None and (before.entry, before.record) == (codec, record):
            return
        self._audio = parse_audio_config(codec, record)
        if self._packager is not None:
            self._stale = self._fresh_audio = True
            if not self._packager.has_video:
                self._close_epoch()
        self._open_when_ready()

    def video(self, dts: int, offset: int, keyframe: bool, data: Bytes) -> None:
        """One access unit, as MP4 holds it; `dts` in ms on the publisher's own clock."""
        config = self._video
        if config is None or self.finished:
            return
        sample = video_sample(config, memoryview(data))
        if sample is None:
            self._drop(broken=True)
            return
        data = sample
        self._last_frame = self._clock.monotonic()
        self._frames += 1
        packager = self._packager
        self._note_pause(dts)
        if packager is not None and (
            (keyframe and (self._stale or packager.is_audio_lost)) or self._jumps(dts)
        ):
            self._close_epoch()
            packager = None
        self._pulse.video(self._last_frame, dts, offset, keyframe, len(data))
        if packager is None:
            self._hold(Held(True, dts, offset, keyframe, data))
        elif self._fresh_video or not packager.has_video:
            self._drop()
        else:
            self._last_video = dts
            packager.add_video(dts - self._zero, offset, keyframe, data)
            at = self._program_ms(dts)
            self.captions.picture(config, sample, dts=at, shown=at + offset)

    def audio(self, at: int, data: Bytes) -> None:
        """One raw frame."""
        config = self._audio
        if config is None or self.finished or not data:
            return
        if not audio_samples(config, memoryview(data)):
            self._drop()
            return
        packager = self._packager
        if packager is not None and not packager.has_video:
            self._last_frame = self._clock.monotonic()
            if not -JUMP_BACK_MS <= at - self._last_audio <= PAUSE_MS:
                self._close_epoch()
                packager = None
        self._pulse.audio(self._clock.monotonic(), at, len(data))
        if packager is None:
            self._hold(Held(False, at, 0, False, data))
        elif packager.audio is None or self._fresh_audio:
            self._drop()
        elif min(abs(at - self._last_video), abs(at - self._last_audio)) > JUMP_AHEAD_MS:
            self._drop()  # sound from elsewhere has no place
        else:
            self._last_audio = at
            packager.add_audio(at - self._zero, data)

    def caption(self, at: int, text: str) -> None:
        """Words to be read with the picture of that moment, sent beside it."""
        if self._packager is not None:
            self.captions.text(self._program_ms(at), text)

    def tick(self) -> None:
        """Called about ten times a second: lets stalled frames go, ends waiting for a track."""
        if self._packager is not None:
            self._packager.flush_stalled()
        else:
            self._open_when_ready()

    def finish(self, reason: str, detail: str = "") -> None:
        """The publisher is gone; what waits is still sent."""
        if self.finished:
            return
        self._close_epoch()
        self._held.clear()
        self.finished = True
        self._on_finished(self, reason, detail)

    def replace(self, refusal: PublishRefused) -> None:
        """Send this publisher away."""
        if not self.finished:
            self._on_replaced(refusal)
            self.finish(refusal.code, refusal.text)

    @property
    def clock(self) -> ShowClock | None:
        """How this publisher's clock stands to the show's; None while it shows nothing."""
        generation, lateness = self.log.generation, self._pulse.lateness_ms()
        if self._packager is None or generation is None or lateness is None:
            return None
        return ShowClock(
            timeline=generation.timeline,
            started_at=generation.started_at,
            zero_ms=self._zero,
            lateness_ms=lateness,
        )

    def realign(self) -> None:
        """The show's timeline is another one: go over to it with the next keyframe."""
        self._stale = self._packager is not None

    @property
    def last_frame_age_s(self) -> float:
        return self._clock.monotonic() - self._last_frame

    def statistics(self) -> PublisherStatistics:
        log, now, vitals = self.log, self._clock.monotonic(), self.vitals()
        recent = [
            f for f in log.span(log.next_offset - 25, log.next_offset) if f.epoch == log.epoch
        ]
        held = measured(log)
        span_ms = recent[-1].end_ms - recent[0].dts_ms if recent else 0
        # The oldest fragment's media came before its `created`, so it counts in no rate of arrival.
        arrival_s = recent[-1].created - recent[0].created if recent else 0.0
        arrived_ms = recent[-1].end_ms - recent[0].end_ms if recent else 0
        has_video = log.generation is not None and log.generation.has_video
        filled = self._packager.audio if self._packager else None
        filled_ms = filled.filled_frames * filled.config.frame_ms if filled else 0.0
        return PublisherStatistics(
            remote=self.remote,
            codecs=log.codecs,
            width=log.width,
            height=log.height,
            bitrate_kbps=kbps_of(held, sum(len(f.data) for f in held)),
            fps=round(sum(f.frames for f in recent) * 1000 / max(span_ms, 1), 1)
            if has_video
            else 0.0,
            gop_ms=log.gop_ms if has_video else 0,
            pace=round(arrived_ms / 1000 / arrival_s, 2) if arrival_s > 0 else 0.0,
            last_frame_age_ms=int((now - self._last_frame) * 1000),
            frames=self._frames,
            frames_dropped=self._dropped,
            audio_filled_ms=int(self._filled_ms + filled_ms),
            connected_s=int(now - self._connected),
            behind_ms=vitals.behind_ms,
            missing_percent=vitals.missing_percent,
            b_frames=vitals.b_frames,
            audio_rate=vitals.audio_rate,
        )

    def vitals(self) -> Vitals:
        """What the publish doctor examines."""
        video, audio = self._video, self._audio
        return msgspec.structs.replace(
            self._pulse.vitals(self._clock.monotonic()),
            by_page=self._by_page,
            codec=video.codec if video else "",
            width=video.width if video else 0,
            height=video.height if video else 0,
            frame_age_ms=int(self.last_frame_age_s * 1000),
            audio_rate=audio.rate if audio else None,
        )

    # ── epochs ───────────────────────────────────────────────────────────────────────────────

    def _jumps(self, dts: int) -> bool:
        ahead = dts - max(self._last_video, self._last_audio)
        return dts - self._last_video < -JUMP_BACK_MS or ahead > JUMP_AHEAD_MS

    def _program_ms(self, at: int) -> int:
        """A time of the publisher's on EXT-X-PROGRAM-DATE-TIME's clock; an epoch must be open."""
        assert self.log.generation is not None
        return round(self.log.generation.started_at.timestamp() * 1000) + at - self._zero

    def _note_pause(self, dts: int) -> None:
        """After a pause the old epoch goes on for those who watch, until the next keyframe."""
        gap_ms = dts - self._last_video
        if self._packager is None or not self._packager.has_video:
            return
        if is_pause(gap_ms, self._usual_ms):
            self._stale = True
        self._usual_ms = gap_ms

    def _hold(self, frame: Held) -> None:
        """Keep a frame until the tracks are known; video begins with a keyframe."""
        if frame.is_video and not frame.keyframe and not any(held.is_video for held in self._held):
            self._drop()
            return
        if not self._held:
            self._held_since = self._clock.monotonic()
        self._held.append(frame)
        self._held_bytes += len(frame.data)
        self._open_when_ready()

    def _open_when_ready(self) -> None:
        if self._packager is not None or not self._held:
            return
        has_video = any(held.is_video for held in self._held)
        expects_video, expects_audio = self._expects
        full = len(self._held) >= _HELD_FRAMES_MAX or self._held_bytes >= _HELD_BYTES_MAX
        waited_ms = max(
            abs(self._held[-1].at - self._held[0].at),
            (self._clock.monotonic() - self._held_since) * 1000,
        )
        patient = waited_ms < TRACKS_WAIT_MS and not full
        if has_video:
            if self._audio is not None or expects_audio is False or not patient:
                self._open_epoch(self._video, self._audio)
        elif self._video is None and (expects_video is False or not patient):
            self._open_epoch(None, self._audio)
        elif not patient:
            # The picture is announced and its keyframe late: the sound before it is of no use.
            self._held, self._held_bytes = [], 0

    def _open_epoch(self, video: VideoConfig | None, audio: AudioConfig | None) -> None:
        held, self._held, self._held_bytes = self._held, [], 0
        first = next((f.at for f in held if f.is_video or video is None), 0)
        near = without_jumps(held, first)
        self._dropped += sum(f.is_video for f in held) - sum(f.is_video for f in near)
        clock = self._leading(self)
        zero = min(f.at for f in near)
        if clock is not None:
            zero = clock.zero_for(self._pulse.lateness_ms() or 0.0)
            if first < zero:
                return  # from before the show's timeline: the next keyframe is on it
            near = [f for f in near if f.at >= zero]
        if not self._started:
            self._on_taking(self)
        self._zero = zero
        # An epoch begins with its keyframe; sound that leads comes right after it.
        near.sort(key=lambda f: not f.is_video or f.at != first)
        self._last_video = self._last_audio = first
        self._stale = self._fresh_video = self._fresh_audio = False
        self.log.open_epoch(
            init=init_segment(video, audio),
            codecs=codec_string(video, audio),
            width=video.width if video else 0,
            height=video.height if video else 0,
            avcc=video.record if video else b"",
            entry=video.entry.decode() if video else "",
            has_video=video is not None,
            has_audio=audio is not None,
            timeline=clock.timeline if clock else 0,
            started_at=clock.started_at if clock else None,
        )
        self._packager = Packager(
            self.log,
            has_video=video is not None,
            audio=audio,
            monotonic=self._clock.monotonic,
        )
        self._on_epoch(self)
        if not self._started:
            self._started = True
            self._on_started(self)
        for frame in near:
            if frame.is_video:
                self._last_video = frame.at
                self._packager.add_video(
                    frame.at - self._zero, frame.offset, frame.keyframe, frame.data
                )
            else:
                self._last_audio = frame.at
                self._packager.add_audio(frame.at - self._zero, frame.data)

    def _close_epoch(self) -> None:
        if self._packager is None:
            return
        self._packager.flush()
        self.captions.end()
        if self._packager.audio is not None:
            line = self._packager.audio
            self._filled_ms += line.filled_frames * line.config.frame_ms
        self._packager = None
        self._stale = self._fresh_video = self._fresh_audio = False
        self._pulse.restart()

    def _drop(self, *, broken: bool = False) -> None:
        self._dropped += 1
        if broken and self._dropped >= _BROKEN_FRAMES_MAX and not self._started:
            raise BadBytes("The picture is not in the form its codec asks for.")
