"""The rungs of a show: one timeline, moves from log to log, and what a loss does to the others."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.media import Clip, clip, decode

from yaohe.kernel.clock import ManualClock
from yaohe.live.media import FragmentLog, MediaOrigin, PublishEvent, PublishRefused
from yaohe.live.media.errors import Replaced, RungWrong
from yaohe.live.media.publication import Publication
from yaohe.live.media.rungs import RUNGS_MAX, SAME_CLOCK_MS, ShowClock

TALL = clip(4.0, width=320, height=192)
SMALL = clip(4.0, width=160, height=96)


class Stage:
    """An origin with a room `tea`, whose publishers send as time passes."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.origin = MediaOrigin(clock=self.clock)
        self.events: list[PublishEvent] = []
        self.refusals: list[PublishRefused] = []
        self.origin.on_event(self.events.append)

    def publish(self, rung: str = "") -> Publication:
        return self.origin.publish(
            "tea", remote=f"r{rung}", on_replaced=self.refusals.append, rung=rung
        )

    def log(self, rung: str = "") -> FragmentLog:
        log = self.origin.log("tea", rung)
        assert log is not None
        return log

    def play(self, *senders: Sender, seconds: float, since: float = 0.0) -> None:
        """Both send side by side, each frame at its moment."""
        for step in range(round(since * 100), round((since + seconds) * 100)):
            for sender in senders:
                sender.send(step * 10)
            self.clock.advance(0.01)


class Sender:
    """Sends a clip; `skew_ms` is what its stamps are ahead of the moment."""

    def __init__(self, publication: Publication, media: Clip, skew_ms: int = 0) -> None:
        self.publication, self._media, self._skew_ms = publication, media, skew_ms
        publication.configure_video(media.avcc)
        publication.configure_audio(media.asc)

    def send(self, moment_ms: int) -> None:
        for frame in self._media.frames:
            if moment_ms <= frame.dts_ms < moment_ms + 10:
                at = frame.dts_ms + self._skew_ms
                if frame.is_video:
                    self.publication.video(at, frame.offset_ms, frame.keyframe, frame.data)
                else:
                    self.publication.audio(at, frame.data)


def keyframes(log: FragmentLog) -> list[int]:
    held = log.span(0, log.next_offset)
    return [f.dts_ms for f in held if f.keyframe and f.epoch == log.epoch]


@pytest.mark.parametrize("skew_ms", [0, 100, -5_000, 7_200_000])
def test_rungs_stand_on_one_timeline(skew_ms: int) -> None:
    """Whether their clocks are the same, started apart, or have nothing in common."""
    stage = Stage()
    top = Sender(stage.publish(), TALL)
    stage.play(top, seconds=1.5)
    low = Sender(stage.publish("480"), SMALL, skew_ms)
    stage.play(top, low, seconds=2.0, since=1.5)
    one, two = stage.log().generation, stage.log("480").generation
    assert one is not None
    assert two is not None
    assert (two.timeline, two.started_at) == (one.timeline, one.started_at)
    assert keyframes(stage.log("480"))[0] == pytest.approx(2_000, abs=SAME_CLOCK_MS)
    shared = {at for at in keyframes(stage.log()) if at >= 2_000}
    assert [min(abs(at - other) for other in keyframes(stage.log("480"))) for at in shared] == [
        pytest.approx(0, abs=SAME_CLOCK_MS)
    ] * len(shared)


@given(
    zero=st.integers(-(2**40), 2**40),
    leader=st.floats(-1e12, 1e12),
    follower=st.floats(-1e12, 1e12),
)
def test_a_moment_is_the_same_by_either_clock(zero: int, leader: float, follower: float) -> None:
    """The timeline's beginning arrives, by both clocks, at the same time of ours."""
    clock = ShowClock(timeline=1, started_at=ManualClock().now(), zero_ms=zero, lateness_ms=leader)
    apart = (clock.zero_for(follower) + follower) - (zero + leader)
    assert abs(apart) <= SAME_CLOCK_MS + 1


def test_who_counts_on_the_timeline_is_not_moved() -> None:
    clock = ShowClock(timeline=1, started_at=ManualClock().now(), zero_ms=7, lateness_ms=None)
    assert clock.zero_for(123_456.0) == 7


def test_a_new_timeline_of_the_top_is_followed() -> None:
    stage = Stage()
    first = stage.publish()
    top, low = Sender(first, TALL), Sender(stage.publish("480"), SMALL)
    stage.play(top, low, seconds=1.5)
    before = stage.log("480").epoch
    again = Sender(stage.publish(), TALL, skew_ms=50_000)
    stage.play(again, low, seconds=2.0, since=1.5)
    one, two = stage.log().generation, stage.log("480").generation
    assert one is not None
    assert two is not None
    assert two.epoch > before
    assert two.timeline == one.timeline
    assert isinstance(stage.refusals[0], Replaced)


def test_losing_a_low_rung_leaves_the_top_alone() -> None:
    stage = Stage()
    top, low = Sender(stage.publish(), TALL), Sender(stage.publish("480"), SMALL)
    stage.play(top, low, seconds=1.5)
    source = stage.origin.source("tea", "480")
    assert source is not None
    epoch = stage.log().epoch
    low.publication.finish("closed")
    assert source.ended
    stage.play(top, seconds=1.0, since=1.5)
    assert (stage.log().epoch, stage.log().live) == (epoch, True)
    assert [offer.rung for offer in stage.origin.rungs("tea")] == [""]
    # Who asks for it now, by stream or by list, gets what there is.
    assert stage.origin.source("tea", "480") is stage.origin.source("tea")
    assert stage.origin.hls("tea", "480") is None
    assert [(e.kind, e.rung) for e in stage.events if e.kind == "stopped"] == [("stopped", "480")]


def test_losing_the_top_falls_to_the_next_and_back() -> None:
    stage = Stage()
    top = Sender(stage.publish(), TALL)
    low, least = Sender(stage.publish("480"), SMALL), Sender(stage.publish("240"), clip(4.0))
    stage.play(top, low, least, seconds=1.5)
    source = stage.origin.source("tea", "480")
    timeline = stage.log().epoch
    top.publication.finish("closed")
    assert stage.origin.is_live("tea")
    stage.play(low, least, seconds=1.0, since=1.5)
    log, fallen = stage.log(), stage.log().generation
    assert fallen is not None
    assert (fallen.width, fallen.timeline) == (160, timeline)  # the same moments go on
    picture = log.latest_keyframe()
    assert picture is not None
    assert picture.width == 160
    whole = log.init + b"".join(
        f.data for f in log.span(0, log.next_offset) if f.epoch == log.epoch
    )
    assert decode(whole)[0] > 20
    assert stage.origin.source("tea", "480") is source  # its own viewers noticed nothing
    back = Sender(stage.publish(), TALL)
    stage.play(back, low, least, seconds=1.4, since=2.5)
    assert stage.log().width == 320
    assert {f.epoch for f in log.span(log.next_offset - 3, log.next_offset)} == {log.epoch}


def test_when_the_stand_in_goes_the_next_one_comes_and_then_nobody() -> None:
    stage = Stage()
    low, least = Sender(stage.publish("480"), SMALL), Sender(stage.publish("240"), clip(4.0))
    stage.play(low, least, seconds=1.5)
    assert stage.origin.live_rooms() == ["tea"]  # a show without a top rung is a show
    low.publication.finish("closed")
    assert stage.origin.live_rooms() == ["tea"]
    least.publication.finish("closed")
    assert stage.origin.live_rooms() == []
    assert not stage.log().ended  # the publisher may return


def test_a_top_that_never_shows_anything_does_not_end_the_stand_in() -> None:
    stage = Stage()
    low = Sender(stage.publish("480"), SMALL)
    stage.play(low, seconds=1.0)
    stage.publish().finish("closed")
    stage.play(low, seconds=1.0, since=1.0)
    newest = stage.log().newest
    assert stage.log().live
    assert newest is not None
    assert newest.end_ms > 1_700


def test_a_cursor_moves_from_log_to_log_at_a_keyframe() -> None:
    stage = Stage()
    top, low = Sender(stage.publish(), TALL), Sender(stage.publish("480"), SMALL)
    stage.play(top, low, seconds=2.5)
    above, below = stage.origin.source("tea"), stage.origin.source("tea", "480")
    assert above is not None
    assert below is not None
    seen = list(above.open_cursor().next())
    moved = list(below.open_cursor().next())
    assert moved[0].keyframe
    assert moved[0].dts_ms <= seen[-1].end_ms  # no gap: it goes on in the same buffer
    assert decode(below.init + b"".join(f.data for f in moved))[0] == sum(f.frames for f in moved)
    assert dict(below.headers)["x-yaohe-timeline"] == dict(above.headers)["x-yaohe-timeline"]
    assert (above.kind, below.kind) == ("top", "480")


def test_the_same_rung_replaces_and_another_does_not() -> None:
    stage = Stage()
    top, low = Sender(stage.publish(), TALL), Sender(stage.publish("480"), SMALL)
    stage.play(top, low, seconds=1.5)
    better = Sender(stage.publish("480"), SMALL)
    stage.play(top, better, seconds=1.0, since=1.5)
    assert [type(refusal) for refusal in stage.refusals] == [Replaced]
    assert not top.publication.finished
    assert low.publication.finished


def test_a_replaced_top_leaves_no_trace_of_those_below() -> None:
    """Nobody stands in for the moment between the two: one epoch, not two."""
    stage = Stage()
    top, low = Sender(stage.publish(), TALL), Sender(stage.publish("480"), SMALL)
    stage.play(top, low, seconds=1.5)
    told: list[bool] = []
    watching = stage.log().subscribe(lambda log: told.append(log.live))
    better = Sender(stage.publish(), TALL)
    stage.play(better, low, seconds=1.0, since=1.5)
    watching.close()
    epochs = {f.epoch for f in stage.log().span(0, stage.log().next_offset)}
    assert len(epochs) == 2
    assert all(told)
    assert top.publication.finished


def test_replacing_a_lower_rung_ends_nothing() -> None:
    stage = Stage()
    low = Sender(stage.publish("480"), SMALL)
    stage.play(low, seconds=1.5)
    told: list[bool] = []
    for log in (stage.log("480"), stage.log()):
        log.subscribe(lambda log: told.append(log.ended or not log.live))
    better = Sender(stage.publish("480"), SMALL)
    stage.play(better, seconds=1.0, since=1.5)
    assert low.publication.finished
    assert told
    assert not any(told)
    assert stage.log().newest is not None
    assert stage.log().epoch > 0
    assert {
        f.epoch for f in stage.log().span(stage.log().next_offset - 2, stage.log().next_offset)
    } == {stage.log().epoch}


def test_only_so_many_rungs_and_the_forgotten_make_room() -> None:
    stage = Stage()
    made = [stage.publish(str(100 + n)) for n in range(RUNGS_MAX)]
    with pytest.raises(RungWrong):
        stage.publish("480")
    with pytest.raises(RungWrong):
        stage.publish("low")
    made[0].finish("closed")
    stage.publish("480")


def test_the_end_of_the_show_sends_all_away() -> None:
    stage = Stage()
    top, low = Sender(stage.publish(), TALL), Sender(stage.publish("480"), SMALL)
    stage.play(top, low, seconds=1.5)
    stage.origin.end("tea")
    assert top.publication.finished
    assert low.publication.finished
    assert stage.log().ended
    assert stage.log("480").ended
    assert not stage.origin.is_live("tea")
    assert len({f.epoch for f in stage.log().span(0, stage.log().next_offset)}) == 1


def test_players_that_choose_by_themselves_find_all_rungs() -> None:
    stage = Stage()
    top, low = Sender(stage.publish(), TALL), Sender(stage.publish("480"), SMALL)
    stage.play(top, low, seconds=3.5)
    lists, below = stage.origin.hls("tea"), stage.origin.hls("tea", "480")
    assert lists is not None
    assert below is not None
    master = lists.get("master") or ""
    found = re.findall(
        r'BANDWIDTH=(\d+),AVERAGE-BANDWIDTH=(\d+),CODECS="(\S+)",RESOLUTION=(\S+)\n(\S+)', master
    )
    assert [(size, uri) for *_, size, uri in found] == [
        ("320x192", "index.m3u8"),
        ("160x96", "480p-index.m3u8"),
    ]
    for peak, average, codecs, *_ in found:
        assert int(peak) >= int(average) > 0
        assert codecs.startswith("avc1.")
    assert int(found[0][0]) > int(found[1][0])
    assert master.endswith("\naudio.m3u8\n")
    assert "480p-cdn.m3u8" in (lists.get("plain_master") or "")
    text = below.get("playlist") or ""
    uris = re.findall(r'(?:^|URI=")([^#"\n]+)', text, re.M)
    assert uris
    assert all(uri.startswith("480p-") for uri in uris if "audio" not in uri)
    assert '#EXT-X-RENDITION-REPORT:URI="480p-index.m3u8"' in (lists.get("playlist") or "")
    moments = [re.findall(r"DATE-TIME:(\S+)", one.get("playlist") or "") for one in (lists, below)]
    assert set(moments[1]) <= set(moments[0])
