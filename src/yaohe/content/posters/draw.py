"""The poster of look.md §4: 750×1334 with a QR code, made to be saved and posted.

Nothing on it promises anything for sharing, and an offer is not drawn here at all: a poster
outlives its offer and is seen in channels whose rules nobody asked.
"""

from __future__ import annotations

from PIL import Image

from yaohe.content.cards import words
from yaohe.content.cards.jpeg import HALF_COLOUR, encode_within
from yaohe.content.cards.mark import draw_mark, draw_wordmark
from yaohe.content.cards.model import POSTER, CardModel
from yaohe.content.cards.paint import baseline, rounded, write
from yaohe.content.cards.parts import (
    draw_date,
    draw_person,
    draw_price,
    draw_status_chip,
    drawable,
    measure,
    person_of,
    title_of,
    waits,
)
from yaohe.content.cards.picture import filled
from yaohe.content.cards.text import cut, wrap
from yaohe.content.cards.typeface import REGULAR
from yaohe.content.palette import PAPER, TEXT, TEXT_2, WHITE
from yaohe.content.posters.qr import qr_image

PICTURE = (750, 844)
PANEL_TOP = 812
LEFT, COLUMN_END = 48, 438
COLUMN_WIDTH = 380
QR_BOX, QR_SIDE = (456, 1056), 246
PRICES = (72, 64, 56, 48, 40, 36)


def draw_poster(model: CardModel, url: str) -> bytes:
    """A JPEG whose QR code opens `url` (a share link of at most 84 bytes)."""
    image = Image.new("RGB", (POSTER.width, POSTER.height), PAPER)
    image.paste(filled(model.picture, PICTURE, model.focus), (0, 0))
    rounded(image, (0, PANEL_TOP, POSTER.width, POSTER.height + 32), 32, PAPER)
    draw_status_chip(image, model, (32, 32))
    _title(image, model)
    _price_or_date(image, model)
    _person(image, model)
    left, top = QR_BOX
    rounded(image, (left, top, left + QR_SIDE, top + QR_SIDE), 12, WHITE)
    code = qr_image(url, QR_SIDE)
    inset = (QR_SIDE - code.width) // 2
    image.paste(code, (left + inset, top + inset))
    return _encoded(image)


def _encoded(image: Image.Image) -> bytes:
    found = encode_within(image, POSTER.bytes_max) or encode_within(
        image, POSTER.bytes_max, best=60, least=5, subsampling=HALF_COLOUR
    )
    assert found is not None, "quality 5 fits every box"
    return found


def _title(image: Image.Image, model: CardModel) -> None:
    lines = wrap(title_of(model), POSTER.width - 2 * LEFT, measure(44), lines_max=2)
    top = 860 if len(lines) == 2 else 890
    for index, text in enumerate(lines):
        write(image, (LEFT, baseline(top + 60 * (index + 0.5), 44)), text, 44, TEXT)


def _price_or_date(image: Image.Image, model: CardModel) -> None:
    """The date while there is one to wait for, else the price."""
    if waits(model):
        at, room = (LEFT, 1024), COLUMN_END - LEFT
        draw_date(image, model, at, room, sizes=(56, 52, 48, 44), zone=(28, 50))
    elif model.price is not None:
        at = (LEFT, baseline(1044, 72))
        draw_price(image, model, at, COLUMN_END - LEFT, sizes=PRICES, struck=32, gap=20)


def _person(image: Image.Image, model: CardModel) -> None:
    """Who invites, what to do with the code, and whose shop it is."""
    beside, room = LEFT + 72 + 16, COLUMN_WIDTH - 72 - 16
    person, is_sharer = person_of(model)
    told = is_sharer or model.status == "ended"
    scan = words.scan_line(model)
    draw_person(image, person, (LEFT, 1128), 72)
    name = cut(drawable(person), room, measure(32))
    write(image, (beside, baseline(1146, 32)), name, 32, TEXT)
    second = words.deed(model) if told else scan
    write(image, (beside, baseline(1184, 28)), second, 28, TEXT_2, weight=REGULAR)
    if told:
        write(image, (LEFT, baseline(1231, 28)), scan, 28, TEXT_2, weight=REGULAR)
    draw_mark(image, (LEFT, 1262), 40)
    if is_sharer:
        host = cut(drawable(model.host), COLUMN_WIDTH - 56, measure(28))
        write(image, (LEFT + 56, baseline(1282, 28)), host, 28, TEXT)
    else:
        draw_wordmark(image, (LEFT + 52, 1262), 36, TEXT)
