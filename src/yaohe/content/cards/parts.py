"""What several formats share: price, status, chips, the person who invites."""

from __future__ import annotations

from functools import partial

import msgspec
from PIL import Image

from yaohe.content.cards import words
from yaohe.content.cards.model import CardModel
from yaohe.content.cards.paint import baseline, chip, disc, line, rounded, write
from yaohe.content.cards.text import PLAIN, Measure, clean, cut, fit
from yaohe.content.cards.typeface import BOLD, REGULAR, covered, width
from yaohe.content.palette import (
    INK_200,
    LIVE_DOT,
    PEOPLE,
    PERSIMMON,
    TEXT,
    TEXT_2,
    TEXT_3,
    WHITE,
    Rgb,
)
from yaohe.kernel.money import Money, PriceParts, price_parts

# Sign and decimals beside an integer of the given size (look.md: about 0.6 em).
SMALL = {88: 48, 72: 40, 64: 36, 56: 32, 48: 28, 44: 24, 40: 24, 36: 24, 32: 24}


def measure(size: int, weight: int = BOLD) -> Measure:
    return partial(_width, size, weight)


def _width(size: int, weight: int, text: str) -> float:
    return width(text, size, weight)


def drawable(text: str | None) -> str:
    return clean(text or "", covered())


def title_of(model: CardModel) -> str:
    return drawable(model.title) or drawable(model.host) or words.fallback_title(model.lang)


def drawn_price(money: Money) -> PriceParts:
    """The price in characters the font has (it lacks the true minus sign)."""
    parts = price_parts(money)
    return msgspec.structs.replace(
        parts, sign=parts.sign.translate(PLAIN), symbol=parts.symbol.translate(PLAIN)
    )


def price_width(parts: PriceParts, size: int) -> float:
    small = SMALL[size]
    return (
        width(parts.sign + parts.symbol, small, BOLD)
        + width(parts.integer, size, BOLD)
        + width(parts.decimals, small, BOLD)
    )


def draw_price(
    image: Image.Image,
    model: CardModel,
    at: tuple[int, int],
    room: float,
    *,
    sizes: tuple[int, ...],
    struck: int,
    gap: int = 24,
    ink: Rgb = PERSIMMON,
) -> float:
    """Price on its base line, the struck one at its right if both fit; answers where it ends.

    A price is never cut, it gets smaller: half a number would be a lie.
    """
    assert model.price is not None
    parts = drawn_price(model.price)
    size = next((s for s in sizes if price_width(parts, s) <= room), sizes[-1])
    x, base = float(at[0]), at[1]
    small = SMALL[size]
    x = write(image, (x, base), parts.sign + parts.symbol, small, ink)
    x = write(image, (x, base), parts.integer, size, ink)
    if parts.decimals:
        x = write(image, (x, base), parts.decimals, small, ink)
    if struck and (was := _was(model)):
        text = drawn_price(was).text()
        wide = width(text, struck, REGULAR)
        if x + gap + wide <= at[0] + room:
            start = x + gap
            x = write(image, (start, base), text, struck, TEXT_3, weight=REGULAR)
            middle = round(base - struck * 0.34)
            line(image, round(start) - 2, round(x) + 2, middle, TEXT_3, thick=max(2, struck // 14))
    return x


def _was(model: CardModel) -> Money | None:
    """The former price, only when it is a former price."""
    if model.was is None or model.price is None or model.was.currency != model.price.currency:
        return None
    return model.was if model.was.amount_minor > model.price.amount_minor else None


def waits(model: CardModel) -> bool:
    """Whether there is an hour to be there in time for."""
    return model.status == "upcoming" and bool(model.starts)


def draw_date(
    image: Image.Image,
    model: CardModel,
    at: tuple[int, int],
    room: float,
    *,
    sizes: tuple[int, ...],
    zone: tuple[int, int],
) -> float:
    """When it starts, on the middle line `at`, and whose time that is: `zone` is its size and how
    far below it stands, 0 for beside. Answers where the line ends."""
    date, place, (small, below) = model.starts, model.starts_zone, zone
    room -= 0 if below else 16 + width(place, small, REGULAR)
    size = fit(date, room, sizes, lambda text, size: width(text, size, BOLD))
    x, base = at[0], baseline(at[1], size)
    end = write(image, (x, base), date, size, TEXT)
    start = (x, baseline(at[1] + below, small)) if below else (end + 16, base)
    return max(end, write(image, start, place, small, TEXT_2, weight=REGULAR))


def draw_status_row(
    image: Image.Image, model: CardModel, left: int, middle: int, room: int
) -> None:
    """On paper: live dot and word with the count after it, or a grey tag."""
    word = words.status_word(model)
    base = baseline(middle, 32)
    if model.status == "live":
        disc(image, (left + 8, middle), 16, LIVE_DOT)
        x = write(image, (left + 28, base), word, 32, TEXT)
    else:
        x = left + width(word, 32, BOLD) + 32
        rounded(image, (left, middle - 24, round(x), middle + 24), 8, INK_200)
        write(image, (left + 16, base), word, 32, TEXT_2)
    after = words.viewers_line(model)
    if after and x + 20 + width(after, 32, REGULAR) <= left + room:
        write(image, (x + 20, base), after, 32, TEXT_2, weight=REGULAR)


def draw_status_chip(image: Image.Image, model: CardModel, at: tuple[int, int]) -> None:
    """Over the picture: the same words in white on a dark pill, 56 high."""
    word, (left, top) = words.status_word(model), at
    lead = 52 if model.status == "live" else 24
    wide = round(lead + width(word, 32, BOLD) + 24)
    chip(image, (left, top, left + wide, top + 56))
    if model.status == "live":
        disc(image, (left + 32, top + 28), 16, LIVE_DOT)
    write(image, (left + lead, baseline(top + 28, 32)), word, 32, WHITE)


def draw_host_pill(image: Image.Image, name: str, at: tuple[int, int], room: int) -> None:
    """Who is on the picture, in the pill the room shows too: 56 high, avatar 40."""
    left, top = at
    text = cut(drawable(name), room - 84, measure(32))
    if not text:
        return
    wide = round(60 + width(text, 32, BOLD) + 24)
    chip(image, (left, top, left + wide, top + 56))
    draw_person(image, name, (left + 8, top + 8), 40)
    write(image, (left + 60, baseline(top + 28, 32)), text, 32, WHITE)


def draw_person(image: Image.Image, name: str, at: tuple[int, int], size: int) -> None:
    """A disc in the colour of the name with its initial, or a figure when it has none."""
    ground = person_colour(name)
    centre = (at[0] + size // 2, at[1] + size // 2)
    disc(image, centre, size, ground)
    letter = initial(drawable(name))
    if letter:
        size_of_type = {40: 24, 64: 36, 72: 40}[size]
        base = baseline(centre[1], size_of_type)
        x = centre[0] - width(letter, size_of_type, BOLD) / 2
        write(image, (x, base), letter, size_of_type, WHITE)
    else:
        disc(image, (centre[0], centre[1] - size // 8), size * 3 // 10, WHITE)
        high = size // 4
        rounded(
            image,
            (
                centre[0] - size // 4,
                centre[1] + size // 12,
                centre[0] + size // 4,
                centre[1] + size // 12 + high,
            ),
            high // 2,
            WHITE,
        )


def person_colour(name: str) -> Rgb:
    return PEOPLE[sum(name.encode("utf-8", "replace")) % len(PEOPLE)]


def initial(name: str) -> str:
    """The letter people would pick: 小林 → 林, 爱喝茶的小鹿 → 鹿, Curious Otter → C."""
    tail = name.rsplit("的", 1)[-1] or name
    while len(tail) > 1 and tail[0] in "小阿老大":
        tail = tail[1:]
    return next((letter for letter in tail if letter.isalnum()), "").upper()[:1]


def person_of(model: CardModel) -> tuple[str, bool]:
    """Whose face stands beside the words, and whether it is the sharer's."""
    if model.status != "ended" and model.sharer_name and drawable(model.sharer_name):
        return model.sharer_name, True
    return model.host, False


def invite_text(model: CardModel, room: float, size: int) -> str:
    """ "小林 邀你来看", with a long name cut and the words after it whole; thanks when it is over;
    without a sharer the host's name."""
    name, is_sharer = person_of(model)
    if model.status == "ended":
        return words.deed(model)
    after = f" {words.deed(model)}" if is_sharer else ""
    return cut(drawable(name), room - width(after, size, BOLD), measure(size)) + after
