"""Captions inside pictures: found, read, told at the right moment; never an error."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.captions import (
    BACKSPACE,
    CLEAR,
    ERASE_REST,
    PAINT,
    RETURN,
    ROLL_2,
    command,
    letters,
    pair,
    popped,
    row,
    sei,
)

from yaohe.live.media.captions import CaptionTrack
from yaohe.live.media.captions.cea608 import COLUMNS, ROWS, Screen
from yaohe.live.media.captions.sei import caption_pairs
from yaohe.live.media.codecs.config import VideoConfig
from yaohe.live.media.codecs.tracks import AV1, AVC, HEVC

SLICE = b"\0\0\0\4\x65abc"


def config(entry: bytes = AVC) -> VideoConfig:
    return VideoConfig(entry=entry, box=b"", record=b"", codec="", length_size=4, width=2, height=2)


def read(*pairs: bytes) -> str:
    screen = Screen()
    screen.feed(b"".join(pairs))
    return screen.text


# ── the screen ───────────────────────────────────────────────────────────────────────────────────


def test_a_caption_is_written_out_of_sight_and_shown_at_once() -> None:
    whole = popped("SPRING TEA")
    assert read(whole[:-4]) == ""
    assert read(whole) == "SPRING TEA"
    assert read(whole, command(CLEAR)) == ""
    assert read(whole, popped("CUPS")) == "CUPS"


def test_rows_roll_up_and_out_of_the_window() -> None:
    rows = [letters(one) + command(RETURN) for one in ("ONE", "TWO", "THREE")]
    begin = command(ROLL_2) + command(RETURN) + row(15)
    assert read(begin, rows[0], letters("TWO")) == "ONE\nTWO"
    assert read(begin, *rows, letters("FOUR")) == "THREE\nFOUR"


def test_letters_painted_are_seen_as_they_come() -> None:
    begin = command(PAINT) + row(14)
    assert read(begin, letters("TE")) == "TE"
    assert read(begin, letters("TEAS"), command(BACKSPACE)) == "TEA"
    moved = pair(0x14, 0x70 | 0x00) * 2  # the beginning of row 15 with an indent of none
    assert read(begin, letters("TEA"), moved, letters("CUP"), row(14), command(ERASE_REST)) == "CUP"


def test_letters_beyond_ascii() -> None:
    begin = command(PAINT) + row(15)
    special = pair(0x11, 0x37) * 2  # a note
    extended = letters("E") + pair(0x12, 0x20) * 2  # stands for the E before it
    assert read(begin, special, extended, letters("*")) == "♪Áá"


def test_a_command_sent_twice_acts_once_and_other_services_not_at_all() -> None:
    begin = command(PAINT) + row(15)
    assert read(begin, letters("TEA"), command(BACKSPACE), command(BACKSPACE)) == "T"
    other = pair(0x1C, 0x29) * 2 + letters("AUDIO")
    assert read(begin, letters("TEA"), other) == "TEA"
    assert read(letters("NO MODE YET")) == ""


@given(st.binary(max_size=400))
def test_any_pairs_give_a_screen(pairs: bytes) -> None:
    screen = Screen()
    screen.feed(pairs)
    lines = screen.text.splitlines()
    assert len(lines) <= ROWS
    assert all(len(line) <= COLUMNS for line in lines)


# ── in the picture ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("entry", [AVC, HEVC])
def test_pairs_are_found_in_pictures(entry: bytes) -> None:
    pairs = letters("TEA!") + b"\0\0"  # zeros, so that bytes are inserted
    unit = sei(pairs, hevc=entry == HEVC)
    assert caption_pairs(config(entry), memoryview(unit + SLICE)) == pairs
    assert caption_pairs(config(AV1), memoryview(unit + SLICE)) == b""


def test_the_second_field_is_left_alone() -> None:
    assert caption_pairs(config(), memoryview(sei(letters("TEA!"), kind=1) + SLICE)) == b""


@given(st.binary(max_size=300), st.sampled_from([AVC, HEVC]), st.integers(0, 300))
def test_damaged_units_are_no_error(noise: bytes, entry: bytes, cut: int) -> None:
    hevc = entry == HEVC
    whole = sei(letters("TEA!"), hevc=hevc)[4:]
    head = b"\x4e\x01" if hevc else b"\x06"
    for unit in (head + noise, whole[: max(cut % len(whole), 1)], head + whole[:12] + noise):
        sample = len(unit).to_bytes(4, "big") + unit
        assert len(caption_pairs(config(entry), memoryview(sample))) % 2 == 0


# ── in time ──────────────────────────────────────────────────────────────────────────────────────


class Heard:
    def __init__(self) -> None:
        self.told: list[tuple[int, str]] = []
        self.track = CaptionTrack(lambda at, text: self.told.append((at, text)))

    def picture(self, dts: int, pairs: bytes = b"", *, shown: int | None = None) -> None:
        units = b"".join(sei(pairs[at : at + 40]) for at in range(0, len(pairs), 40))
        sample = memoryview(units + SLICE)
        self.track.picture(config(), sample, dts=dts, shown=dts if shown is None else shown)


def test_pictures_out_of_order_are_read_in_theirs() -> None:
    heard = Heard()
    whole = popped("SPRING TEA")
    heard.picture(0, whole[:8])
    heard.picture(40, whole[16:], shown=200)  # decoded first, shown after the next
    assert heard.told == []
    heard.picture(80, whole[8:16], shown=80)
    heard.picture(240)
    assert heard.told == [(200, "SPRING TEA")]


def test_rolling_text_is_told_now_and_then_and_in_the_end_whole() -> None:
    heard = Heard()
    heard.picture(0, command(ROLL_2) + command(RETURN) + row(15))
    for number, at in enumerate(range(0, 26, 2)):
        heard.picture(40 + 40 * number, letters("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[at : at + 2]))
    for at in range(600, 2_000, 40):
        heard.picture(at)
    assert heard.told[-1][1] == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    times = [at for at, _ in heard.told]
    assert all(later - before >= 400 for before, later in itertools.pairwise(times))


def test_what_nobody_takes_away_goes_by_itself() -> None:
    heard = Heard()
    heard.picture(0, popped("TEA"))
    for at in range(40, 20_000, 1_000):
        heard.picture(at)
    assert [text for _, text in heard.told] == ["TEA", ""]
    assert heard.told[1][0] >= 16_000


def test_lines_beside_the_picture_and_the_end() -> None:
    heard = Heard()
    heard.track.text(1_000, "明前春茶\x00，\n\n今天炒的 " + "茶" * 500)
    assert heard.told[0][1].startswith("明前春茶，\n今天炒的 茶")
    assert len(heard.told[0][1]) <= 200
    heard.track.text(1_500, heard.told[0][1])
    heard.track.end()
    assert heard.told[1:] == [(1_001, "")]
    assert not heard.track.is_embedded


def test_the_last_caption_stood_until_the_last_picture() -> None:
    heard = Heard()
    heard.picture(0, popped("TEA"))
    for at in range(40, 1_000, 40):
        heard.picture(at)
    heard.track.end()
    assert heard.told == [(0, "TEA"), (960, "")]
