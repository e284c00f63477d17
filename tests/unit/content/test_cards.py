"""Cards by their structure: sizes, bytes, what stands where. Not pixel by pixel."""

from __future__ import annotations

from io import BytesIO
from itertools import product
from typing import get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.support.cards import BARE, EN, ENDED, EVERY, UPCOMING, ZH, frame, near, opened, share_of

from yaohe.content import CardFormat, CardModel, draw_card
from yaohe.content.cards.model import BOXES
from yaohe.content.cards.picture import crop_box, open_picture
from yaohe.content.palette import INK_950, LAMP, LIVE_DOT, PAPER, PERSIMMON, TEXT
from yaohe.kernel.money import Money

FORMATS: tuple[CardFormat, ...] = get_args(CardFormat)
PRICE_ROW = (528, 304, 1152, 400)
OFFER_ROW = (528, 424, 1152, 480)


@pytest.mark.parametrize(("name", "form"), list(product(EVERY, FORMATS)))
def test_sizes_and_bytes(name: str, form: CardFormat) -> None:
    box = BOXES[form]
    jpeg = draw_card(EVERY[name], form)
    assert len(jpeg) <= box.bytes_max
    assert opened(jpeg).size == (box.width, box.height)


def test_the_same_model_gives_the_same_bytes() -> None:
    assert draw_card(ZH) == draw_card(ZH)
    assert ZH.digest("card") == msgspec.structs.replace(ZH).digest("card")
    others = [msgspec.structs.replace(ZH, viewers=1285), msgspec.structs.replace(ZH, picture=b"x")]
    assert len({m.digest("card") for m in (ZH, *others)} | {ZH.digest("thumb")}) == 4


def test_places_of_the_card() -> None:
    image = opened(draw_card(ZH))
    assert near(image.getpixel((240, 40)), (200, 30, 30)), "the picture is kept from its top"
    assert near(image.getpixel((840, 20)), PAPER)
    assert near(image.getpixel((536, 72)), LIVE_DOT, by=30)
    assert share_of(image, PRICE_ROW, PERSIMMON) > 0.03
    assert share_of(image, OFFER_ROW, LAMP) > 0.2
    assert near(image.getpixel((1100, 552)), LAMP), "the mark's tile"
    assert share_of(image, (528, 128, 1152, 272), TEXT) > 0.05
    assert share_of(image, (1152, 0, 1200, 630), PAPER) == 1.0, "the margin is free"
    assert share_of(image, (480, 598, 1200, 630), PAPER) == 1.0


def test_an_offer_is_only_drawn_when_given() -> None:
    image = opened(draw_card(msgspec.structs.replace(ZH, offer_line=None)))
    assert share_of(image, OFFER_ROW, LAMP) == 0.0


def test_upcoming_says_when_and_ended_thanks() -> None:
    upcoming = opened(draw_card(UPCOMING))
    assert share_of(upcoming, (528, 312, 1152, 392), TEXT) > 0.03, "date in ink"
    assert share_of(upcoming, (528, 312, 1152, 392), PERSIMMON) == 0.0
    assert share_of(upcoming, (528, 430, 1152, 480), PERSIMMON) > 0.01, "the price comes second"
    ended = opened(draw_card(ENDED))
    assert share_of(ended, (520, 48, 1152, 96), LIVE_DOT) == 0.0
    shared = draw_card(msgspec.structs.replace(ENDED, sharer_name="Somebody"))
    assert shared == draw_card(ENDED), "when it is over the host thanks, whoever shared it"


def test_without_a_picture_the_mark_calls() -> None:
    image = opened(draw_card(BARE))
    assert near(image.getpixel((10, 10)), INK_950)
    assert share_of(image, (0, 0, 480, 630), LAMP) > 0.01
    broken = msgspec.structs.replace(BARE, picture=b"\xff\xd8 not a picture")
    assert draw_card(broken) == draw_card(BARE)


def test_few_viewers_are_not_counted() -> None:
    few = msgspec.structs.replace(ZH, viewers=19)
    assert draw_card(few) == draw_card(msgspec.structs.replace(ZH, viewers=None))
    assert draw_card(few) != draw_card(msgspec.structs.replace(ZH, viewers=20))


def test_a_former_price_must_be_higher() -> None:
    none = draw_card(msgspec.structs.replace(ZH, was=None))
    assert draw_card(msgspec.structs.replace(ZH, was=Money(9900))) == none
    assert draw_card(msgspec.structs.replace(ZH, was=Money(12900, "USD"))) == none


def test_a_huge_price_gets_smaller_and_is_never_cut() -> None:
    model = msgspec.structs.replace(ZH, price=Money(10**13, "KRW"), was=None)
    image = opened(draw_card(model))
    assert share_of(image, PRICE_ROW, PERSIMMON) > 0.02
    assert share_of(image, (1152, 304, 1200, 400), PAPER) == 1.0


def test_a_noisy_picture_keeps_to_its_bytes() -> None:
    noise = CardModel(title="x1", host="y", status="live", price=Money(100), picture=_noise())
    for form in FORMATS:
        assert len(draw_card(noise, form)) <= BOXES[form].bytes_max


def _noise() -> bytes:
    out = BytesIO()
    Image.effect_noise((1000, 1000), 200).convert("RGB").save(out, "JPEG", quality=95)
    return out.getvalue()


def test_crop_keeps_the_upper_third_or_the_focus() -> None:
    assert crop_box((720, 1280), (480, 630), None) == pytest.approx(
        (0, 111.7, 720, 1056.7), abs=0.1
    )
    assert crop_box((1280, 720), (480, 630), None) == pytest.approx((365.7, 0, 914.3, 720), abs=0.1)
    assert crop_box((720, 1280), (720, 720), (0.5, 1.0)) == (0, 560, 720, 1280)
    assert crop_box((720, 1280), (720, 720), (0.5, 0.5)) == (0, 280, 720, 1000)
    focused = msgspec.structs.replace(ZH, focus=(0.5, 1.0), picture=frame())
    assert near(opened(draw_card(focused, "wide54")).getpixel((500, 300)), (40, 60, 190))


ANY_TEXT = st.text(max_size=80)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT, st.sampled_from(FORMATS), st.sampled_from([ZH, EN]))
def test_any_words_can_be_drawn(
    title: str, host: str, sharer: str, offer: str, form: CardFormat, base: CardModel
) -> None:
    model = msgspec.structs.replace(
        base, title=title, host=host, sharer_name=sharer, offer_line=offer
    )
    box = BOXES[form]
    image = opened(draw_card(model, form))
    assert image.size == (box.width, box.height)
    if form == "card":
        assert share_of(image, (1156, 0, 1200, 630), PAPER) == 1.0, "nothing leaves its column"


def test_a_clear_picture_stands_on_white_and_a_bomb_is_refused() -> None:
    clear = BytesIO()
    Image.new("RGBA", (500, 500), (0, 0, 0, 0)).save(clear, "PNG")
    model = msgspec.structs.replace(ZH, picture=clear.getvalue())
    assert near(opened(draw_card(model)).getpixel((240, 200)), (255, 255, 255))
    bomb = BytesIO()
    Image.new("1", (6000, 6000)).save(bomb, "PNG")
    with pytest.raises(ValueError, match="too many pixels"):
        open_picture(bomb.getvalue())
    model = msgspec.structs.replace(ZH, picture=bomb.getvalue())
    assert near(opened(draw_card(model)).getpixel((10, 10)), INK_950)
