"""Decoding in this process, as the sandbox does it: right colours, small files, clean refusals."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.cards import near, opened
from tests.support.keyframes import keyframe

from yaohe.content import PictureUnreadable
from yaohe.content.sandbox import StillWish
from yaohe.content.stills.decode import check, stills
from yaohe.content.stills.service import SHARP, TINY


def test_sharp_and_tiny() -> None:
    sharp, tiny = stills(*keyframe(), (SHARP, TINY))
    assert len(sharp) <= 40_000
    assert 540 <= opened(sharp).width <= 720
    assert opened(sharp).height == round(opened(sharp).width * 16 / 9)
    assert len(tiny) <= 1_500
    assert opened(tiny).size == (96, 171)


@pytest.mark.parametrize("size", [(720, 1280), (640, 360), (1280, 720), (362, 640)])
def test_colours_and_shape(size: tuple[int, int]) -> None:
    (jpeg,) = stills(*keyframe(*size, plain=True), (StillWish(400, 92, 100_000),))
    image = opened(jpeg)
    wide = min(400, size[0])
    assert image.size == (wide, round(size[1] * wide / size[0]))
    assert near(image.getpixel((wide // 2, 20)), (200, 40, 40), by=6)


def test_it_is_never_enlarged() -> None:
    (jpeg,) = stills(*keyframe(362, 640), (StillWish(2000, 80, 200_000),))
    assert opened(jpeg).width == 362


def test_bytes_are_kept_by_giving_up_width_at_last() -> None:
    (jpeg,) = stills(*keyframe(), (StillWish(720, 80, 6_000),))
    assert len(jpeg) <= 6_000
    assert opened(jpeg).width < 720
    (kept,) = stills(*keyframe(), (StillWish(720, 80, 15_000, width_kept=540),))
    assert len(kept) <= 15_000
    assert opened(kept).width == 540
    with pytest.raises(PictureUnreadable):
        stills(*keyframe(), (StillWish(720, 80, 100),))


def test_cut_off_samples_are_refused() -> None:
    avcc, sample = keyframe()
    for size in (0, 3, 4, 5, 100, len(sample) // 2, len(sample) - 1):
        with pytest.raises(PictureUnreadable):
            stills(avcc, sample[:size], (TINY,))


def test_lengths_that_do_not_add_up_are_refused() -> None:
    avcc, sample = keyframe()
    for bad in (b"", b"\x01", avcc[:6], b"\x02" + avcc[1:]):
        with pytest.raises(PictureUnreadable):
            check(bad, sample)
    with pytest.raises(PictureUnreadable):
        check(avcc, b"\0" * 4000)
    with pytest.raises(PictureUnreadable):
        check(avcc, (b"\0\0\0\x01\x65") * 3000)


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=0, max_size=400), st.binary(min_size=0, max_size=600))
def test_garbage_is_refused(avcc: bytes, body: bytes) -> None:
    sample = len(body).to_bytes(4, "big") + body
    for record in (avcc, b"\x01\x64\x00\x1f\xff" + avcc, keyframe()[0]):
        with pytest.raises(PictureUnreadable):
            stills(record, sample, (TINY,))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_damaged_sample_gives_a_picture_or_a_refusal(data: st.DataObject) -> None:
    avcc, sample = keyframe(362, 640)
    place = data.draw(st.integers(4, len(sample) - 1))
    noise = data.draw(st.binary(min_size=1, max_size=64))
    damaged = sample[:place] + noise + sample[place + len(noise) :]
    try:
        (jpeg,) = stills(avcc, damaged[: len(sample)], (TINY,))
    except PictureUnreadable:
        return
    assert opened(jpeg).width == 96
