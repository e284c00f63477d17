"""The four cards of look.md §4. Pure: the same model gives the same JPEG."""

from __future__ import annotations

from PIL import Image

from yaohe.content.cards.jpeg import HALF_COLOUR, encode_within
from yaohe.content.cards.mark import draw_mark
from yaohe.content.cards.model import BOXES, CardFormat, CardModel
from yaohe.content.cards.paint import baseline, line, rounded, write
from yaohe.content.cards.parts import (
    draw_date,
    draw_host_pill,
    draw_person,
    draw_price,
    draw_status_chip,
    draw_status_row,
    drawable,
    invite_text,
    measure,
    person_of,
    title_of,
    waits,
)
from yaohe.content.cards.picture import filled
from yaohe.content.cards.text import cut, wrap
from yaohe.content.cards.typeface import BOLD, REGULAR, width
from yaohe.content.palette import INK_950, LAMP, LINE, PAPER, TEXT, TEXT_2

CARD_PRICES = (88, 72, 64, 56, 48, 40, 32)
COLUMN, COLUMN_END = 528, 1152
PANEL_HEIGHT = 216


def draw_card(model: CardModel, form: CardFormat = "card") -> bytes:
    """A JPEG of the size and within the bytes of `BOXES[form]`."""
    draw = {"card": _card, "square": _banner, "wide54": _banner, "thumb": _thumb}[form]
    box = BOXES[form]
    image = draw(model, box.width, box.height)
    found = encode_within(image, box.bytes_max) or encode_within(
        image, box.bytes_max, best=60, least=5, subsampling=HALF_COLOUR
    )
    assert found is not None, "quality 5 fits every box"
    return found


def _card(model: CardModel, wide: int, high: int) -> Image.Image:
    image = Image.new("RGB", (wide, high), PAPER)
    image.paste(filled(model.picture, (480, high), model.focus), (0, 0))
    room = COLUMN_END - COLUMN
    draw_status_row(image, model, COLUMN, 72, room)
    offer = cut(drawable(model.offer_line), room - 48, measure(34))
    date = waits(model)
    plain = model.price is None and not offer and not date
    _title(image, model, (COLUMN, 128), room, large=plain)
    if date:
        draw_date(image, model, (COLUMN, 352), room, sizes=(64, 60, 56), zone=(36, 0))
    elif model.price is not None:
        draw_price(image, model, (COLUMN, 384), room, sizes=CARD_PRICES, struck=36)
    elif offer:
        _offer(image, offer, (COLUMN, 324))
    if offer and (date or model.price is not None):
        _offer(image, offer, (COLUMN, 424))
    elif date and model.price is not None:
        draw_price(image, model, (COLUMN, 470), room, sizes=(56, 48, 40), struck=32, gap=16)
    _foot(image, model)
    return image


def _title(
    image: Image.Image, model: CardModel, at: tuple[int, int], room: int, *, large: bool
) -> None:
    """Two lines at 52/68; three at 64/84 when there is nothing below them to read."""
    size, height, lines_max = (64, 84, 3) if large else (52, 68, 2)
    lines = wrap(title_of(model), room, measure(size), lines_max=lines_max)
    # One short line alone hangs too high above the price: it moves to the middle of its block.
    top = at[1] + (height // 2 if len(lines) == 1 and not large else 0)
    for index, text in enumerate(lines):
        write(image, (at[0], baseline(top + height * (index + 0.5), size)), text, size, TEXT)


def _offer(image: Image.Image, text: str, at: tuple[int, int]) -> None:
    wide = round(width(text, 34, BOLD)) + 48
    rounded(image, (at[0], at[1], at[0] + wide, at[1] + 56), 28, LAMP)
    write(image, (at[0] + 24, baseline(at[1] + 28, 34)), text, 34, INK_950)


def _foot(image: Image.Image, model: CardModel) -> None:
    line(image, COLUMN, COLUMN_END, 500, LINE)
    person, is_sharer = person_of(model)
    draw_person(image, person, (COLUMN, 520), 64)
    text = invite_text(model, 1072 - COLUMN - 80, 36)
    write(image, (COLUMN + 80, baseline(552, 36)), text, 36, TEXT)
    draw_mark(image, (1096, 524), 56)
    if is_sharer or model.status == "ended":
        draw_host_pill(image, model.host, (32, 524), 416)


def _banner(model: CardModel, wide: int, high: int) -> Image.Image:
    """Square and 5:4: the picture over the whole width, the words on paper at its foot."""
    image = Image.new("RGB", (wide, high), PAPER)
    top = high - PANEL_HEIGHT
    image.paste(filled(model.picture, (wide, top), model.focus), (0, 0))
    draw_status_chip(image, model, (32, 32))
    room = wide - 64
    title = cut(title_of(model), room, measure(44))
    write(image, (32, baseline(top + 60, 44)), title, 44, TEXT)
    base, edge = top + 170, wide - 32 - 56 - 24
    x = 32.0
    if waits(model):
        at = (32, top + 146)
        x = draw_date(image, model, at, edge - 32, sizes=(56, 52), zone=(32, 0))
    elif model.price is not None:
        x = draw_price(image, model, (32, base), edge - 32, sizes=CARD_PRICES[1:], struck=32)
    invite = invite_text(model, edge - 32, 32)
    if x == 32.0:
        write(image, (x, baseline(top + 146, 32)), invite, 32, TEXT_2, weight=REGULAR)
    elif x + 40 + width(invite, 32, REGULAR) <= edge:
        at = (edge, baseline(top + 146, 32))
        write(image, at, invite, 32, TEXT_2, weight=REGULAR, anchor="rs")
    draw_mark(image, (wide - 32 - 56, top + 118), 56)
    return image


def _thumb(model: CardModel, wide: int, high: int) -> Image.Image:
    """Picture and price, nothing else."""
    if model.price is None:
        return filled(model.picture, (wide, high), model.focus)
    image = Image.new("RGB", (wide, high), PAPER)
    image.paste(filled(model.picture, (wide, high - 72), model.focus), (0, 0))
    sizes = (48, 44, 40, 36, 32)
    draw_price(image, model, (20, baseline(high - 36, 46)), wide - 40, sizes=sizes, struck=0)
    return image
