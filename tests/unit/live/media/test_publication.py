"""A publication: waiting for tracks, epochs, timelines."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from tests.support.media import Frame, clip, decode, demux

from yaohe.kernel.clock import ManualClock
from yaohe.live.media import FragmentLog, PublishRefused
from yaohe.live.media.codecs.bits import BitWriter
from yaohe.live.media.errors import BadBytes, CodecUnsupported, Replaced
from yaohe.live.media.publication import Publication

CLIP = clip(2.0)
OTHER = clip(1.0, width=176, height=144)
MONO = clip(1.0, channels=1)


@dataclass
class Bench:
    clock: ManualClock = field(default_factory=ManualClock)
    started: int = 0
    finished: list[tuple[str, str]] = field(default_factory=list)
    replaced: list[PublishRefused] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log = FragmentLog("tea", clock=self.clock)
        self.publication = Publication(
            self.log,
            remote="there",
            clock=self.clock,
            on_started=self._on_started,
            on_finished=lambda _, reason, detail: self.finished.append((reason, detail)),
            on_replaced=self.replaced.append,
        )

    def _on_started(self, publication: Publication) -> None:
        self.started += 1

    def feed(self, frames: list[Frame] | tuple[Frame, ...], shift_ms: int = 0) -> None:
        for frame in frames:
            at = frame.dts_ms + shift_ms
            if frame.is_video:
                self.publication.video(at, frame.offset_ms, frame.keyframe, frame.data)
            else:
                self.publication.audio(at, frame.data)

    def epoch_bytes(self, epoch: int) -> bytes:
        generation = self.log.generation_of(epoch)
        assert generation is not None
        return generation.init + b"".join(
            f.data for f in self.log.span(0, self.log.next_offset) if f.epoch == epoch
        )

    @property
    def epochs(self) -> list[int]:
        return sorted({f.epoch for f in self.log.span(0, self.log.next_offset)})


def bench() -> Bench:
    made = Bench()
    made.publication.configure_video(CLIP.avcc)
    made.publication.configure_audio(CLIP.asc)
    return made


@pytest.mark.parametrize("shift_ms", [0, 5_000_000, 0xFFFF_FFFF])
def test_the_timeline_starts_at_zero_and_keeps_sound_with_the_picture(shift_ms: int) -> None:
    made = bench()
    made.feed(CLIP.frames, shift_ms)
    made.publication.finish("closed")
    (epoch,) = made.epochs
    heard = demux(made.epoch_bytes(epoch))
    first = {kind: next(p.pts_ms for p in heard if p.kind == kind) for kind in ("video", "audio")}
    wanted = CLIP.video[0].dts_ms - CLIP.audio[0].dts_ms
    assert first["video"] - first["audio"] == pytest.approx(wanted, abs=1)
    assert min(first.values()) == 0
    assert sum(p.kind == "video" for p in heard) == len(CLIP.video)
    assert sum(p.kind == "audio" for p in heard) == len(CLIP.audio)
    assert decode(made.epoch_bytes(epoch))[0] == len(CLIP.video)
    assert made.started == 1
    assert made.finished == [("closed", "")]


def test_one_announced_track_starts_at_once() -> None:
    made = Bench()
    made.publication.expect(video=True, audio=False)
    made.publication.configure_video(CLIP.avcc)
    made.feed(CLIP.video[:1])
    assert made.log.generation is not None
    assert not made.log.generation.has_audio
    sound = Bench()
    sound.publication.expect(video=False, audio=True)
    sound.publication.configure_audio(CLIP.asc)
    sound.feed(CLIP.audio[:1])
    assert sound.log.generation is not None
    assert not sound.log.generation.has_video
    assert sound.log.codecs == "mp4a.40.2"


def test_a_silent_second_track_is_waited_for_a_second() -> None:
    made = Bench()
    made.publication.configure_video(CLIP.avcc)
    made.feed(CLIP.video[:20])
    assert made.log.generation is None
    made.clock.advance(0.9)
    made.publication.tick()
    assert made.log.generation is None
    made.clock.advance(0.2)
    made.publication.tick()
    assert made.log.generation is not None
    assert not made.log.generation.has_audio


def test_a_late_second_track_begins_an_epoch_at_the_next_keyframe() -> None:
    made = Bench()
    made.publication.expect(video=True, audio=False)
    made.publication.configure_video(CLIP.avcc)
    made.feed(CLIP.video[:40])
    first = made.log.epoch
    made.publication.configure_audio(CLIP.asc)
    made.feed([f for f in CLIP.frames if f.dts_ms > CLIP.video[39].dts_ms])
    made.feed(CLIP.frames, 2_000)
    made.publication.finish("closed")
    assert made.epochs == [first, made.log.epoch]
    assert made.log.codecs.endswith(",mp4a.40.2")
    heard = demux(made.epoch_bytes(made.log.epoch))
    assert heard[0].keyframe
    assert {packet.kind for packet in heard} == {"video", "audio"}
    # Nothing of the picture was lost on the way.
    before = demux(made.epoch_bytes(first))
    total = sum(p.kind == "video" for p in [*before, *heard])
    assert total == 2 * len(CLIP.video)


def test_a_pause_ends_the_epoch_with_the_next_keyframe() -> None:
    """Nobody who watches loses a picture, and no list holds the pause."""
    made = bench()
    made.feed(CLIP.frames[:50])
    first, before = made.log.epoch, made.log.next_offset
    rest = list(CLIP.frames[50:])
    cut = next(n for n, frame in enumerate(rest) if frame.keyframe)
    made.feed(rest[:cut], 5_000)
    made.publication.tick()
    assert made.log.epoch == first
    assert made.log.next_offset > before
    made.feed(CLIP.frames, 7_000)
    made.publication.finish("closed")
    assert made.epochs == [first, made.log.epoch]
    shown = [decode(made.epoch_bytes(epoch))[0] for epoch in made.epochs]
    assert shown[1] == len(CLIP.video)
    last = [f for f in made.log.span(0, made.log.next_offset) if f.epoch == made.log.epoch]
    assert last[0].keyframe
    assert last[0].dts_ms < 500
    assert max(f.duration_ms for f in last) < 500


def test_a_keyframe_after_a_pause_begins_the_epoch_itself() -> None:
    made = bench()
    made.feed(CLIP.frames[:50])
    first = made.log.epoch
    made.feed(CLIP.frames, 6_000)
    made.publication.finish("closed")
    assert made.epochs == [first, made.log.epoch]
    assert decode(made.epoch_bytes(made.log.epoch))[0] == len(CLIP.video)


def test_slides_are_no_pauses() -> None:
    made = Bench()
    made.publication.expect(video=True, audio=False)
    made.publication.configure_video(CLIP.avcc)
    for count in range(12):
        made.publication.video(count * 3_000, 0, True, CLIP.video[0].data)
        made.clock.advance(3)
        made.publication.tick()
    assert len(made.epochs) == 2  # the first gap cannot be told from a pause


def test_sound_alone_that_pauses_begins_an_epoch() -> None:
    made = Bench()
    made.publication.expect(video=False, audio=True)
    made.publication.configure_audio(CLIP.asc)
    made.feed(CLIP.audio)
    made.feed(CLIP.audio, 7_000)
    made.publication.finish("closed")
    assert len(made.epochs) == 2
    assert made.publication.statistics().audio_filled_ms == 0


def test_frames_before_the_first_keyframe_are_dropped() -> None:
    made = bench()
    made.feed(CLIP.frames[5:])
    made.publication.finish("closed")
    heard = demux(made.epoch_bytes(made.log.epoch))
    pictures = [packet for packet in heard if packet.kind == "video"]
    assert pictures[0].keyframe
    assert len(pictures) == 30
    assert made.publication.statistics().frames_dropped == 28


def test_a_new_size_is_a_new_epoch_and_both_decode() -> None:
    made = bench()
    made.feed(CLIP.frames)
    made.publication.configure_video(CLIP.avcc)  # the same again: nothing happens
    first = made.log.epoch
    made.publication.configure_video(OTHER.avcc)
    made.feed(OTHER.frames, 2_000)
    made.publication.finish("closed")
    assert made.epochs == [first, made.log.epoch]
    assert (made.log.width, made.log.height) == (176, 144)
    assert decode(made.epoch_bytes(first))[0] == len(CLIP.video)
    assert decode(made.epoch_bytes(made.log.epoch))[0] == len(OTHER.video)
    assert demux(made.epoch_bytes(made.log.epoch))[0].dts_ms < 50
    assert made.started == 1


def test_new_sound_waits_for_the_keyframe() -> None:
    made = bench()
    made.feed([f for f in CLIP.frames if f.dts_ms < 700])
    first = made.log.epoch
    made.publication.configure_audio(MONO.asc)
    made.feed([f for f in CLIP.frames if f.dts_ms >= 700 and f.is_video])
    made.feed(MONO.audio, 2_000)
    made.feed(CLIP.video, 2_000)
    made.publication.finish("closed")
    assert made.epochs == [first, made.log.epoch]
    pictures = sum(
        packet.kind == "video" for epoch in made.epochs for packet in demux(made.epoch_bytes(epoch))
    )
    assert pictures == 2 * len(CLIP.video)


@pytest.mark.parametrize("jump_ms", [-500_000, -1_500, 60_000])
def test_a_jump_of_the_clock_is_a_new_epoch(jump_ms: int) -> None:
    made = bench()
    made.feed(CLIP.frames, 1_000_000)
    first = made.log.epoch
    made.feed(CLIP.frames, 1_002_000 + jump_ms)
    made.publication.finish("closed")
    assert made.epochs == [first, made.log.epoch]
    heard = demux(made.epoch_bytes(made.log.epoch))
    assert min(packet.dts_ms for packet in heard) < 50
    assert sum(packet.kind == "video" for packet in heard) == len(CLIP.video)


@pytest.mark.parametrize("jump_ms", [-(1 << 31), -500_000, 60_000, 1 << 31])
def test_a_clock_may_jump_while_the_other_track_is_waited_for(jump_ms: int) -> None:
    made = Bench()
    made.publication.configure_video(CLIP.avcc)
    made.feed(CLIP.video[:5], 1 << 32)
    made.feed(CLIP.video, (1 << 32) + jump_ms)
    made.publication.finish("closed")
    ends = [fragment.end_ms for fragment in made.log.span(0, made.log.next_offset)]
    assert ends
    assert max(ends) < 5_000
    statistics = made.publication.statistics()
    assert statistics.frames - statistics.frames_dropped >= 5


def test_small_stumbles_stay_in_the_epoch() -> None:
    made = bench()
    made.feed(CLIP.frames)
    made.feed(CLIP.frames, 2_000 - 500)
    made.feed(CLIP.frames, 5_000)
    made.publication.finish("closed")
    assert len(made.epochs) == 1
    times = [p.dts_ms for p in demux(made.epoch_bytes(made.log.epoch)) if p.kind == "video"]
    assert times == sorted(set(times))


def test_sound_from_elsewhere_in_time_is_dropped() -> None:
    made = bench()
    made.feed(CLIP.frames)
    made.feed(CLIP.audio[:10], 90_000)
    made.feed(CLIP.frames, 2_000)
    assert len(made.epochs) == 1
    assert made.publication.statistics().frames_dropped == 10


def test_a_frozen_camera_does_not_cost_the_sound() -> None:
    made = bench()
    made.feed(CLIP.frames)
    for step in range(8):  # sixteen seconds of sound without a picture
        made.feed(CLIP.audio, 2_000 + step * 2_000)
    made.feed(CLIP.frames, 18_000)
    made.publication.finish("closed")
    assert len(made.epochs) == 2  # the picture's return begins one
    assert made.publication.statistics().frames_dropped == 0
    before, after = (demux(made.epoch_bytes(epoch)) for epoch in made.epochs)
    assert max(p.pts_ms for p in before if p.kind == "audio") > 17_900
    assert max(p.pts_ms for p in after if p.kind == "video") > 1_900
    assert max(p.pts_ms for p in after if p.kind == "audio") > 1_900


def test_sound_alone_follows_jumps_too() -> None:
    made = Bench()
    made.publication.expect(video=False, audio=True)
    made.publication.configure_audio(CLIP.asc)
    made.feed(CLIP.audio, 50_000)
    made.feed(CLIP.audio, 0)
    made.publication.finish("closed")
    assert len(made.epochs) == 2
    assert made.publication.statistics().fps == 0.0


def test_broken_pictures_are_dropped_and_in_the_end_refused() -> None:
    made = bench()
    for _ in range(99):
        made.publication.video(0, 0, True, b"\0\0\0\1\x65\x88\x84")
    with pytest.raises(BadBytes):
        made.publication.video(0, 0, True, b"\0\0\0\1\x65\x88\x84")
    good = bench()
    good.feed(CLIP.frames)
    for _ in range(200):
        good.publication.video(2_000, 0, False, b"garbage")
    assert good.publication.statistics().frames_dropped == 200


def test_unfit_configurations_are_refused() -> None:
    made = Bench()
    with pytest.raises(CodecUnsupported):
        made.publication.configure_video(clip(0.2, pixels="yuv444p", profile="high444").avcc)
    record = BitWriter().write(5, 5).write(3, 4).write(2, 4).write(0, 3).to_bytes()
    with pytest.raises(CodecUnsupported):
        made.publication.configure_audio(record)


def test_finishing_twice_and_replacing() -> None:
    made = bench()
    made.feed(CLIP.frames[:20])
    made.publication.replace(Replaced())
    made.publication.finish("closed")
    made.publication.replace(Replaced())
    assert [refusal.code for refusal in made.replaced] == ["replaced"]
    assert [reason for reason, _ in made.finished] == ["replaced"]
    before = made.log.next_offset
    made.feed(CLIP.frames[20:])
    assert made.log.next_offset == before


def test_statistics() -> None:
    made = bench()
    for frame in CLIP.frames:
        made.clock.elapsed_s = 10 + frame.dts_ms / 1000
        made.feed([frame])
    made.clock.advance(0.5)
    figures = made.publication.statistics()
    assert figures.fps == pytest.approx(30, abs=0.5)
    assert figures.gop_ms == pytest.approx(1_000, abs=5)
    assert figures.pace == pytest.approx(1.0, abs=0.05)
    assert figures.frames == len(CLIP.video)
    assert 450 <= figures.last_frame_age_ms <= 550
    size = sum(len(frame.data) for frame in CLIP.frames)
    assert figures.bitrate_kbps == pytest.approx(size * 8 / 2_000, rel=0.1)
    assert (figures.width, figures.height) == (160, 96)


def test_statistics_before_anything() -> None:
    figures = Bench().publication.statistics()
    assert (figures.fps, figures.bitrate_kbps, figures.pace) == (0.0, 0, 0.0)
