"""Text as a compositor sees it: cleaned, measured, wrapped and cut. Pure; the font is a parameter.

`clean` leaves only characters that can be drawn, one code point per grapheme, so every later cut is
at the end of a grapheme. `wrap` breaks between Han and at spaces, never before closing punctuation
and never after opening brackets, and cuts the last line with an ellipsis. No empty box is ever
drawn: emoji vanish, letters without a glyph become their base letter or one middle dot.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Set
from functools import lru_cache
from itertools import accumulate, pairwise

from yaohe.content.cards.typeface import PROPORTIONAL

Measure = Callable[[str], float]

TEXT_MAX = 200
NO_START = frozenset(
    "、。，．！？：；）》」』】〕〗〉］｝”’…—–～·‥々〻ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ"
    "!?,.:;)]}%‰°℃〟›»" + PROPORTIONAL["’"] + PROPORTIONAL["”"]
)
NO_END = frozenset("（《「『【〔〖〈［｛“‘([{#¥$€£￥＃‹«〝" + PROPORTIONAL["‘"] + PROPORTIONAL["“"])
# What has no glyph and no decomposition, but a twin every reader knows.
PLAIN = str.maketrans(
    {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ħ": "h", "ı": "i", "ŋ": "n", "ŧ": "t", "ſ": "s",
     "−": "–", "₹": "Rs", "₽": "RUB", "₺": "TL", "₴": "UAH"}
)  # fmt: skip
_REPEATED = re.compile(r"([^\w\s])\1{3,}")
_UNKNOWN = "\0"


def is_wide(character: str) -> bool:
    """Han, kana and full-width forms: text one may break on either side of."""
    return unicodedata.east_asian_width(character) in "WF" or character in "“”‘’…—·"


def clean(text: str, covered: Set[int], *, length_max: int = TEXT_MAX) -> str:
    """`text` in characters of `covered` only; may come back empty."""
    text = unicodedata.normalize("NFC", text[: length_max * 4])
    drawn = "".join(_drawable(text, covered))
    drawn = re.sub(f"{_UNKNOWN}+", _UNKNOWN, drawn)
    # A word of which nothing can be drawn is left out; inside a word one dot says "a letter".
    words = [word.replace(_UNKNOWN, "·") for word in drawn.split() if word != _UNKNOWN]
    drawn = _REPEATED.sub(r"\1\1\1", " ".join(words))[:length_max].strip()
    if not any(character.isalnum() for character in drawn):
        return ""
    return _latin_punctuation(drawn)


def _drawable(text: str, covered: Set[int]) -> Iterable[str]:
    for character in text:
        kind = unicodedata.category(character)
        if kind in ("Cf", "Cs", "Co", "Cn", "Mn", "Me"):
            continue  # joiners, variation selectors, marks that found no base, private signs
        if character.isspace() or kind == "Cc":
            yield " "
        elif ord(character) in covered:
            yield character
        else:
            yield _stand_in(character, covered)


def _stand_in(character: str, covered: Set[int]) -> str:
    same = unicodedata.normalize("NFKC", character)
    base = "".join(
        part
        for part in unicodedata.normalize("NFKD", character.translate(PLAIN))
        if not unicodedata.combining(part)
    ).translate(PLAIN)
    for candidate in (same, base):
        if candidate and all(ord(part) in covered for part in candidate):
            return candidate
    return _UNKNOWN if unicodedata.category(character)[0] in "LN" else ""


def _latin_punctuation(text: str) -> str:
    """Quotes and dots between Latin letters take their proportional shapes."""
    out = list(text)
    for index, character in enumerate(text):
        if character not in PROPORTIONAL:
            continue
        before = text[:index].rstrip()[-1:]
        after = text[index + 1 :].lstrip()[:1]
        near = {"‘": after, "“": after, "’": before, "”": before}.get(character, before + after)
        if near and not any(is_wide(neighbour) for neighbour in near):
            out[index] = PROPORTIONAL[character]
    return "".join(out)


@lru_cache(maxsize=512)
def atoms(text: str) -> tuple[str, ...]:
    """The pieces no line may break inside: Latin words, Han glued to its punctuation, spaces."""
    joined: list[str] = []
    for piece in text:
        spaced = bool(joined) and joined[-1] == " "
        before = joined[-2:-1] if spaced else joined[-1:]
        glued = (
            piece != " "
            and bool(before)
            and (
                piece in NO_START
                or before[0][-1] in NO_END
                or not (spaced or is_wide(piece) or is_wide(before[0][-1]))
            )
        )
        if glued and spaced:
            joined[-2:] = [joined[-2] + " " + piece]
        elif glued:
            joined[-1] += piece
        else:
            joined.append(piece)
    return tuple(joined)


def cut(text: str, room: float, measure: Measure) -> str:
    """`text`, or as much of it as fits into `room` with an ellipsis after it."""
    text = text.strip()
    whole = measure(text)
    if whole <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(_ended(text[:middle])) <= room:
            low = middle
        else:
            high = middle - 1
    kept = text[:low]
    # A Latin word is dropped whole when little is lost by it.
    if low < len(text) and kept and not is_wide(kept[-1]) and not is_wide(text[low]):
        space = kept.rfind(" ")
        if text[low] != " " and space >= low * 0.6:
            kept = kept[:space]
    ended = _ended(kept)
    return ended if measure(ended) <= room else ""


def _ended(kept: str) -> str:
    kept = kept.rstrip("".join(NO_END) + " 、，：；,.:;-–—·…/" + PROPORTIONAL["·"])
    # The Chinese ellipsis sits in the middle of the line; after Latin it belongs on the base line.
    return kept + ("…" if not kept or is_wide(kept[-1]) else "...")


def wrap(text: str, room: float, measure: Measure, *, lines_max: int) -> list[str]:
    """`text` in at most `lines_max` lines of `room`; what does not fit is cut with an ellipsis.

    When all of it fits, lines are made of like length and end at spaces or after punctuation where
    that is near: 13 Han become 7 and 6, never 12 and a lonely one.
    """
    text = text.strip()
    lines: list[str] = []
    rest = text
    while rest and len(lines) < lines_max - 1 and measure(rest) > room:
        head = _line(rest, room, measure)
        if not head:
            break
        lines.append(head.rstrip())
        rest = rest[len(head) :].lstrip()
    if rest:
        last = cut(rest, room, measure)
        lines += [last] if last else []
        if len(lines) > 1 and last == rest:
            lines = _balanced(text, room, measure, len(lines)) or lines
    return lines


def _line(text: str, room: float, measure: Measure) -> str:
    """As many whole atoms as fit; a single one that is too long is broken where that is allowed."""
    head, wide = "", 0.0
    for atom in atoms(text):
        wide += measure(atom)
        if wide > room and measure((head + atom).rstrip()) > room:
            break
        head += atom
    if head.strip():
        return head
    size = 0
    while size < len(text) and measure(text[: size + 1]) <= room:
        size += 1
    while size and (text[size:].lstrip()[:1] in NO_START or text[:size].rstrip()[-1:] in NO_END):
        size -= 1
    return text[:size]


def _balanced(text: str, room: float, measure: Measure, count: int) -> list[str]:
    """The cheapest division of `text` into `count` lines; empty when there is none."""
    pieces = atoms(text)
    reach = list(accumulate(map(measure, pieces), initial=0.0))
    ends = [i for i in range(1, len(pieces)) if pieces[i] != " "]
    costs = {end: _break_cost(pieces, end) for end in ends}
    costs[len(pieces)] = 0.0
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
    for _ in range(count):
        reached: dict[int, tuple[float, tuple[int, ...]]] = {}
        for start, (cost, path) in best.items():
            for end, extra in costs.items():
                wide = reach[end] - reach[start]
                if end <= start or wide > room + measure(" "):
                    continue
                # A last line may be shorter than the others, never the other way round.
                weight = 0.7 if end == len(pieces) else 1.0
                whole = cost + extra + weight * (1 - wide / room) ** 2
                if end not in reached or whole < reached[end][0]:
                    reached[end] = (whole, (*path, end))
        best = reached
    if len(pieces) not in best:
        return []
    stops = (0, *best[len(pieces)][1])
    lines = ["".join(pieces[a:b]).strip() for a, b in pairwise(stops)]
    return lines if all(line and measure(line) <= room for line in lines) else []


def _break_cost(pieces: tuple[str, ...], end: int) -> float:
    """Between two Han costs most: it may part a word."""
    before, after = pieces[end - 1], pieces[end]
    if before == " " or before[-1] in NO_START or after[0] in NO_END:
        return 0.0
    return 0.2 if is_wide(before[-1]) and is_wide(after[0]) else 0.1


def fit(text: str, room: float, sizes: Iterable[int], measured: Callable[[str, int], float]) -> int:
    """The first of `sizes` (largest first) in which `text` fits `room`; else the last."""
    size = 0
    for size in sizes:
        if measured(text, size) <= room:
            return size
    return size
