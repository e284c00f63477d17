"""HLS: segments at keyframes, numbers that never change, epochs as discontinuities."""

from __future__ import annotations

import re

from yaohe.kernel.clock import ManualClock
from yaohe.live.media import FragmentLog
from yaohe.live.media.hls import HlsView
from yaohe.live.media.log import LogLimits
from yaohe.live.media.playlists import Playlists


class Writer:
    def __init__(self, *, gop: int = 5, limits: LogLimits | None = None) -> None:
        self.clock = ManualClock()
        self.log = FragmentLog("tea", clock=self.clock, limits=limits)
        self.view = HlsView(self.log)
        self.lists = Playlists(self.view)
        self.gop, self.count = gop, 0

    def epoch(self) -> None:
        self.count = 0
        init = f"init{self.log.epoch}".encode()
        self.log.open_epoch(init=init, codecs="avc1.64001f", width=1, height=1)

    def write(self, fragments: int) -> None:
        for _ in range(fragments):
            self.clock.advance(0.2)
            self.log.append(
                b"<%d>" % self.log.next_offset,
                keyframe=self.count % self.gop == 0,
                dts_ms=self.count * 200,
                duration_ms=200,
                frames=6,
            )
            self.count += 1

    @property
    def playlist(self) -> str:
        text = self.lists.get("plain")
        assert text is not None
        return text


def number(text: str, tag: str) -> int:
    found = re.search(rf"#EXT-X-{tag}:(\d+)", text)
    assert found is not None
    return int(found[1])


def test_segments_are_cut_at_keyframes() -> None:
    writer = Writer()
    assert writer.lists.get("plain") is None
    writer.epoch()
    writer.write(5)
    assert writer.lists.get("plain") is None
    writer.write(11)
    text = writer.playlist
    assert text.startswith("#EXTM3U\n#EXT-X-VERSION:7\n")
    assert text.count("#EXTINF:1.000,") == 3
    assert text.count("#EXT-X-MAP:") == 1
    assert number(text, "TARGETDURATION") == 2
    assert "ENDLIST" not in text
    first = writer.view.segments[0]
    assert writer.view.segment(first.epoch, first.number) == b"<0><1><2><3><4>"
    assert writer.view.segment(first.epoch, first.number) == b"<0><1><2><3><4>"
    assert writer.view.segment(first.epoch, first.number + 50) is None
    assert writer.view.init(first.epoch) == writer.log.init
    assert writer.view.init(1) is None


def test_short_gops_are_put_together() -> None:
    writer = Writer(gop=2)
    writer.epoch()
    writer.write(60)
    assert {segment.duration_ms for segment in writer.view.segments} == {1_200}


def test_long_gops_raise_the_target() -> None:
    writer = Writer(gop=45)
    writer.epoch()
    writer.write(100)
    assert number(writer.playlist, "TARGETDURATION") == 9


def test_one_stumble_keeps_nobody_behind_for_good() -> None:
    """A part of 1.9 seconds puts players six behind; not any longer than it is listed."""
    writer = Writer()
    writer.epoch()
    writer.write(20)
    stumble = writer.count * 200
    writer.log.append(b"late", keyframe=False, dts_ms=stumble, duration_ms=1_900)
    writer.count += 10
    writer.write(10)
    low = writer.lists.get("playlist")
    assert low is not None
    assert "PART-HOLD-BACK=5.700" in low
    writer.write(120)
    low = writer.lists.get("playlist")
    assert low is not None
    assert "PART-HOLD-BACK=1.000" in low
    assert "PART-TARGET=0.200" in low
    assert number(low, "TARGETDURATION") == 3  # may not change within one epoch


def test_a_segment_ends_where_the_picture_pauses() -> None:
    """Also where sound goes on meanwhile: neither the target nor the parts grow by a pause, and
    lists go on with the next keyframe, behind a discontinuity."""
    writer = Writer(gop=10)
    writer.epoch()
    writer.write(23)
    for _ in range(20):  # four seconds of sound alone
        at = writer.count * 200
        writer.log.append(b"sound", keyframe=False, dts_ms=at, duration_ms=200, frames=0)
        writer.count += 1
    writer.write(3)
    # A picture that is shown on from before the pause, and lasts as long.
    writer.log.append(b"late", keyframe=False, dts_ms=writer.count * 200, duration_ms=5_000)
    writer.count = 71
    writer.write(9)
    text = writer.lists.get("playlist")
    assert text is not None
    assert "#EXT-X-PRELOAD-HINT" not in text  # nothing can be listed before a keyframe
    writer.write(31)
    text = writer.lists.get("playlist")
    assert text is not None
    assert number(text, "TARGETDURATION") == 3
    assert "PART-TARGET=0.200" in text
    assert text.count("#EXT-X-DISCONTINUITY\n") == 1
    before, after = text.split("#EXT-X-DISCONTINUITY\n")
    # Sound alone is listed for the two seconds that may still be a slow encoder.
    assert [s.duration_ms for s in writer.view.segments] == [
        2_000,
        2_000,
        2_600,
        2_000,
        2_000,
        2_000,
    ]
    assert before.count("#EXTINF") == 3
    assert after.count("#EXTINF") == 3
    assert "INDEPENDENT=YES\n" in after


def test_slides_are_no_pauses() -> None:
    """Whose pictures always come seconds apart has a slow encoder, and loses nothing of it."""
    writer = Writer()
    writer.epoch()
    for count in range(20):
        writer.log.append(
            b"slide", keyframe=count % 4 == 0, dts_ms=count * 3_000, duration_ms=3_000
        )
    assert {segment.duration_ms for segment in writer.view.segments} == {12_000}
    assert "#EXT-X-DISCONTINUITY\n" not in writer.playlist


def test_a_segment_is_known_by_its_epoch_too() -> None:
    writer = Writer()
    writer.epoch()
    writer.write(16)
    first = writer.view.segments[0]
    assert writer.view.segment(first.epoch, first.number) is not None
    assert writer.view.segment(first.epoch + 1, first.number) is None


def test_an_encoder_set_right_is_not_held_to_what_it_was_before() -> None:
    writer = Writer(gop=45)
    writer.epoch()
    writer.write(100)
    writer.log.set_live(False)
    writer.gop = 5
    writer.epoch()
    writer.write(30)
    assert number(writer.playlist, "TARGETDURATION") == 9  # long ones are still listed
    writer.write(120)
    assert number(writer.playlist, "TARGETDURATION") == 2
    assert {segment.duration_ms for segment in writer.view.segments} == {1_000}


def test_numbers_and_addresses_are_stable_while_the_window_moves() -> None:
    writer = Writer()
    writer.epoch()
    known: dict[str, str] = {}
    before = 0
    for _ in range(60):
        writer.write(7)
        text = writer.lists.get("plain")
        if text is None:
            continue
        sequence = number(text, "MEDIA-SEQUENCE")
        assert sequence >= before
        before = sequence
        names = re.findall(r"PROGRAM-DATE-TIME:(\S+)\n#EXTINF:\S+\n(seg-\S+)", text)
        for place, (at, name) in enumerate(names):
            assert known.setdefault(name, at) == at
            assert name.endswith(f"-{sequence + place}.m4s")
            epoch, wanted = map(int, re.findall(r"\d+", name)[:2])
            assert writer.view.segment(epoch, wanted) is not None
        assert len(names) <= 16
    assert len(known) > 70


def test_a_return_is_a_discontinuity_with_its_own_map() -> None:
    writer = Writer()
    writer.epoch()
    writer.write(8)
    writer.log.set_live(False)
    assert writer.playlist.count("#EXTINF") == 2  # the open segment is closed
    assert "ENDLIST" not in writer.playlist
    writer.epoch()
    writer.write(12)
    text = writer.playlist
    assert text.count("#EXT-X-DISCONTINUITY\n#EXT-X-MAP") == 1
    assert number(text, "DISCONTINUITY-SEQUENCE") == 0
    writer.write(80)
    text = writer.playlist
    assert "#EXT-X-DISCONTINUITY\n" not in text
    assert number(text, "DISCONTINUITY-SEQUENCE") == 1
    writer.log.end()
    assert writer.playlist.endswith("#EXT-X-ENDLIST\n")


def test_an_epoch_without_a_drop_between() -> None:
    writer = Writer()
    writer.epoch()
    writer.write(7)
    writer.epoch()
    writer.write(7)
    durations = [segment.duration_ms for segment in writer.view.segments]
    assert durations == [1_000, 400, 1_000]


def test_what_is_no_longer_held_is_not_offered() -> None:
    writer = Writer(limits=LogLimits(bytes_max=40))
    writer.epoch()
    writer.write(100)
    for segment in writer.view.segments:
        assert writer.view.segment(segment.epoch, segment.number) is not None
    writer.log.forget()
    writer.log.end()
    assert writer.lists.get("plain") is None


def test_times_of_day_follow_the_media() -> None:
    writer = Writer()
    writer.epoch()
    writer.write(16)
    stamps = re.findall(r"PROGRAM-DATE-TIME:(\S+)", writer.playlist)
    assert stamps == [f"2026-01-01T12:00:0{n}.000Z" for n in range(3)]
