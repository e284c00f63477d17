"""The colours of look.md §2 for images the server draws. No other module here writes a hex value
for ink, paper, lamp, persimmon or indigo; the product pictures keep their own earthen shades."""

from __future__ import annotations

Rgb = tuple[int, int, int]


def rgb(code: str) -> Rgb:
    """`#FFC940` as three numbers."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    """`one` with `share` (0 to 1) of `other` in it."""
    a, b, c = (round(x + (y - x) * share) for x, y in zip(one, other, strict=True))
    return a, b, c


INK_950 = rgb("#14110F")
INK_900 = rgb("#1D1916")
INK_850 = rgb("#28231F")
INK_800 = rgb("#3E3731")
INK_700 = rgb("#57504A")
INK_600 = rgb("#756D66")
INK_400 = rgb("#9A928A")
INK_200 = rgb("#E2DDD6")
INK_100 = rgb("#F0ECE6")
PAPER = rgb("#F8F6F2")
WHITE = rgb("#FFFFFF")

TEXT = INK_900
TEXT_2 = INK_700
TEXT_3 = INK_600
LINE = INK_200
LAMP = rgb("#FFC940")
PERSIMMON = rgb("#C8360A")
INDIGO = rgb("#1F5FA8")
LIVE_DOT = rgb("#FF5436")

# Grounds for a person's initial. Lamp and persimmon are kept for calling and for prices; white on
# each of these has at least 4.5:1.
PEOPLE = tuple(map(rgb, ("#1F5FA8", "#04776C", "#721752", "#1B7A48", "#8A5A00", "#57504A")))

# Chips over a picture: ink at this share keeps white text at 6:1 on a white frame.
CHIP_SHARE = 0.66
