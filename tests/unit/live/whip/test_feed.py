"""A feed in time: what is waited for, how long, and what the other side is told."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.support.media import clip

from yaohe.kernel.clock import ManualClock
from yaohe.kernel.errors import AppError
from yaohe.live.media import MediaOrigin, PublishEvent
from yaohe.live.whip.feed import Feed, FeedLimits

LIMITS = FeedLimits(connect_s_max=15, idle_s_max=6, probe_s_max=30)


@dataclass
class Stage:
    clock: ManualClock = field(default_factory=ManualClock)
    ends: list[AppError | None] = field(default_factory=list)
    events: list[PublishEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.origin = MediaOrigin(clock=self.clock)
        self.origin.on_event(self.events.append)

    def feed(self, *, probe: bool = False) -> Feed:
        return Feed(
            self.origin,
            self.clock,
            room_id="tea",
            remote="203.0.113.7",
            limits=LIMITS,
            probe=probe,
            on_end=self.ends.append,
        )

    def after(self, feed: Feed, seconds: float) -> list[str]:
        self.clock.advance(seconds)
        feed.tick()
        return [end.code if end else "" for end in self.ends]


def test_a_slow_start_of_our_own_is_not_held_against_the_browser() -> None:
    stage = Stage()
    feed = stage.feed()
    assert stage.after(feed, 60) == []
    feed.expect()
    assert stage.after(feed, 14) == []
    assert stage.after(feed, 2) == ["too_slow"]
    assert "UDP" in stage.events[-1].detail


def test_silence_ends_a_feed_and_media_keeps_it() -> None:
    stage = Stage()
    feed = stage.feed()
    feed.connected(video=True, audio=False)
    recorded = clip(1.0)
    for number, frame in enumerate(recorded.video[:3]):
        assert stage.after(feed, 5) == []
        record = recorded.avcc if number == 0 else b""
        feed.video(frame.dts_ms, keyframe=frame.keyframe, unit=frame.data, record=record)
    assert stage.after(feed, 7) == ["too_slow"]
    assert not stage.origin.open("tea").live


def test_a_probe_is_bounded_and_never_a_publisher() -> None:
    stage = Stage()
    feed = stage.feed(probe=True)
    feed.connected(video=True, audio=True)
    feed.video(0, keyframe=True, unit=b"\0\0\0\1e", record=b"nonsense")
    assert stage.after(feed, 29) == []
    assert stage.after(feed, 2) == [""]
    assert stage.events == []


def test_an_unreadable_configuration_is_refused_once() -> None:
    stage = Stage()
    feed = stage.feed()
    feed.connected(video=True, audio=False)
    for _ in range(2):
        feed.video(0, keyframe=True, unit=b"\0\0\0\1e", record=b"nonsense")
        feed.gone("closed")
    assert [end.code if end else "" for end in stage.ends] == ["bad_bytes"]
    assert [event.kind for event in stage.events].count("refused") == 1


def test_the_doctor_knows_that_a_page_sends() -> None:
    stage = Stage()
    for by_page in (False, True):
        feed = Feed(
            stage.origin,
            stage.clock,
            room_id=f"page {by_page}",
            remote="203.0.113.7",
            limits=LIMITS,
            probe=False,
            by_page=by_page,
            on_end=stage.ends.append,
        )
        feed.connected(video=True, audio=True)
    stage.clock.advance(5)
    (plain,), (page,) = (stage.origin.findings(f"page {by_page}") for by_page in (False, True))
    assert (plain.code, page.code) == ("no_frames", "no_frames")
    assert "encoder" in plain.text_en
    assert "page" in page.text_en
