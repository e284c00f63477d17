"""Who publishes into a room: one at a time, and never one who has nothing to show."""

from __future__ import annotations

import pytest
from tests.support.media import clip

from yaohe.kernel.clock import ManualClock
from yaohe.live.media import MediaOrigin, PublishEvent
from yaohe.live.media.errors import CodecUnsupported, PublishRefused
from yaohe.live.media.publication import Publication

CLIP = clip(2.0)


def play(publication: Publication) -> None:
    """Send a clip as an encoder does."""
    publication.configure_video(CLIP.avcc)
    publication.configure_audio(CLIP.asc)
    for frame in CLIP.frames:
        if frame.is_video:
            publication.video(frame.dts_ms, frame.offset_ms, frame.keyframe, frame.data)
        else:
            publication.audio(frame.dts_ms, frame.data)


def remote_of(origin: MediaOrigin) -> str | None:
    figures = origin.statistics("tea")
    return figures.remote if figures else None


def test_who_never_shows_a_picture_never_takes_the_place() -> None:
    origin, heard = MediaOrigin(clock=ManualClock()), list[PublishEvent]()
    origin.on_event(heard.append)
    sent_away: list[PublishRefused] = []
    good = origin.publish("tea", remote="good", on_replaced=sent_away.append)
    play(good)
    log = origin.open("tea")
    before = log.next_offset
    silent = origin.publish("tea", remote="silent", on_replaced=sent_away.append)
    broken = origin.publish("tea", remote="broken", on_replaced=sent_away.append)
    with pytest.raises(CodecUnsupported):
        broken.configure_audio(b"\x09\x90")  # AAC-SSR
    broken.finish("codec_unsupported", "Set your encoder to AAC-LC.")
    silent.finish("closed")
    assert [(e.kind, e.reason, e.remote) for e in heard if e.kind == "left"] == [
        ("left", "codec_unsupported", "broken"),
        ("left", "closed", "silent"),
    ]
    assert remote_of(origin) == "good"
    assert origin.live_rooms() == ["tea"]
    assert not sent_away
    play(good)  # it goes on as if nobody had come
    assert log.next_offset > before
    assert len({f.epoch for f in log.span(0, log.next_offset)}) == 2  # its clock jumped back once

    # The present one goes by itself: whoever waited takes the free place with the first picture.
    late = origin.publish("tea", remote="late", on_replaced=sent_away.append)
    good.finish("closed")
    assert remote_of(origin) is None
    play(late)
    assert remote_of(origin) == "late"
    # The end of the show is the end for those who wait as well.
    waiting = origin.publish("tea", remote="waiting", on_replaced=sent_away.append)
    origin.end("tea")
    assert waiting.finished
    assert late.finished
    assert len(sent_away) == 2


def test_publishers_of_one_room_replace_each_other() -> None:
    clock = ManualClock()
    origin = MediaOrigin(clock=clock)
    heard: list[PublishEvent] = []
    origin.on_event(heard.append)
    sent_away: list[PublishRefused] = []
    first = origin.publish("tea", remote="a", on_replaced=sent_away.append)
    play(first)
    second = origin.publish("tea", remote="b", on_replaced=sent_away.append)
    second.configure_video(CLIP.avcc)
    second.configure_audio(CLIP.asc)
    assert not first.finished
    assert remote_of(origin) == "a"
    play(second)
    assert first.finished
    assert not second.finished
    assert [refusal.code for refusal in sent_away] == ["replaced"]
    assert [(e.kind, e.reason, e.remote) for e in heard if e.kind != "started"] == [
        ("connected", "connected", "a"),
        ("connected", "waiting", "b"),
        ("stopped", "replaced", "a"),
    ]
    assert [e.remote for e in heard if e.kind == "started"] == ["a", "b"]
    assert remote_of(origin) == "b"
    first.finish("closed")  # the old connection ends a little later
    assert origin.statistics("tea") is not None
    origin.end("tea")
    assert second.finished
    log = origin.log("tea")
    assert log is not None
    assert log.ended
    assert origin.statistics("tea") is None
    origin.end("other")
    origin.drop("tea")
    assert origin.log("tea") is None
