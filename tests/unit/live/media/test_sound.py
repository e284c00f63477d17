"""The sound alone: the same moments without the picture, made only while somebody listens."""

from __future__ import annotations

import pytest
from tests.support.media import Clip, clip, decode, demux

from yaohe.kernel.clock import ManualClock
from yaohe.live.media import FragmentLog, MediaOrigin
from yaohe.live.media.publication import Publication
from yaohe.live.media.rungs import kbps_of, measured, offer_of
from yaohe.live.media.views import EpochSource

SHOW = clip(4.0, width=320, height=192)


class Stage:
    """The room `tea` and one publisher, whose frames come as time passes."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.origin = MediaOrigin(clock=self.clock)
        self.publication = self.publish()

    def publish(self, media: Clip = SHOW, *, heard: bool = True) -> Publication:
        self.publication = self.origin.publish("tea", remote="r", on_replaced=lambda _: None)
        self.publication.configure_video(media.avcc)
        if heard:
            self.publication.configure_audio(media.asc)
        return self.publication

    def play(self, seconds: float, *, heard: bool = True, seen: bool = True) -> None:
        last = 0
        for frame in SHOW.frames:
            if frame.dts_ms >= seconds * 1000:
                break
            self.clock.advance((frame.dts_ms - last) / 1000)
            last = frame.dts_ms
            if frame.is_video and seen:
                self.publication.video(frame.dts_ms, frame.offset_ms, frame.keyframe, frame.data)
            elif not frame.is_video and heard:
                self.publication.audio(frame.dts_ms, frame.data)

    @property
    def log(self) -> FragmentLog:
        log = self.origin.log("tea")
        assert log is not None
        return log

    def sound(self) -> EpochSource:
        source = self.origin.source("tea", "audio")
        assert source is not None
        assert source.kind == "audio"
        return source


def test_the_sound_is_whole_alone_and_on_the_same_timeline() -> None:
    stage = Stage()
    stage.play(3.5)
    sound, both = stage.sound(), stage.origin.source("tea")
    assert both is not None
    assert stage.sound() is sound  # one object for all listeners
    heard, seen = sound.open_cursor().next(), both.open_cursor().next()
    alone = sound.init + b"".join(f.data for f in heard)
    assert decode(alone)[0] == 0
    together = demux(both.init + b"".join(f.data for f in seen))
    assert [p for p in together if p.kind == "audio"] == demux(alone)
    assert dict(sound.headers)["x-yaohe-codecs"] == "mp4a.40.2"
    assert dict(sound.headers)["x-yaohe-timeline"] == dict(both.headers)["x-yaohe-timeline"]
    assert sum(len(f.data) for f in heard) < sum(len(f.data) for f in seen) / 2


def test_listeners_hear_what_comes_and_ask_again_for_the_next_epoch() -> None:
    stage = Stage()
    stage.play(2.5)
    sound = stage.sound()
    cursor, woken = sound.open_cursor(), list[int]()
    subscription = sound.subscribe(lambda: woken.append(1))
    cursor.next()
    stage.publish()
    stage.play(2.5)
    assert woken
    assert sound.ended  # another epoch: a player asks again
    again = stage.sound()
    assert again is not sound
    assert decode(again.init + b"".join(f.data for f in again.open_cursor().next()))[1] > 10
    subscription.close()


def test_a_show_that_goes_on_silent_sends_its_listeners_to_the_picture() -> None:
    stage = Stage()
    stage.play(2.5)
    sound = stage.sound()
    stage.publish(heard=False)
    stage.play(3.5, heard=False)
    assert sound.ended
    assert stage.origin.source("tea", "audio") is stage.origin.source("tea")
    assert stage.origin.sound("tea") is None


def test_the_end_and_a_cut_reach_the_listeners() -> None:
    stage = Stage()
    stage.play(2.5)
    sound = stage.sound()
    stage.origin.cut("tea")
    assert sound.revoked
    later = stage.sound()
    assert not later.revoked
    stage.origin.end("tea")
    assert later.ended
    assert stage.origin.source("tea", "audio") is None


def test_what_nobody_hears_is_not_made() -> None:
    stage = Stage()
    stage.play(2.5)
    sound = stage.sound()
    kept = sound.subscribe(lambda: None)
    stage.origin.sweep()
    assert stage.sound() is sound
    kept.close()
    stage.origin.sweep()
    assert sound.ended
    assert stage.sound() is not sound


def test_the_sound_is_offered_with_what_it_takes() -> None:
    stage = Stage()
    assert stage.origin.sound("tea") is None
    stage.play(3.5)
    offer = stage.origin.sound("tea")
    assert offer is not None
    assert offer.codecs == "mp4a.40.2"
    packets = sum(len(frame.data) for frame in SHOW.audio) * 8 / 4_000
    assert packets < offer.kbps < packets * 1.6 + 16  # and the boxes around them


@pytest.mark.parametrize("gops", [1, 2, 4])
def test_a_bitrate_counts_whole_groups_of_pictures(gops: int) -> None:
    """A picture that stands still weighs little between keyframes ten seconds apart."""
    log = FragmentLog("tea", clock=ManualClock())
    log.open_epoch(init=b"i", codecs="avc1.64001f", width=360, height=640)
    for number in range(gops * 50 - 5):
        key = number % 50 == 0
        log.append(
            bytes(250_000 if key else 100), keyframe=key, dts_ms=number * 200, duration_ms=200
        )
    whole = (250_000 + 49 * 100) * 8 // 10_000
    assert offer_of(log).kbps == pytest.approx(whole, rel=0.12)


def test_nothing_held_is_no_bitrate() -> None:
    log = FragmentLog("tea")
    assert kbps_of(measured(log), 0) == 0
