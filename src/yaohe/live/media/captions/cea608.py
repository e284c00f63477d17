"""CEA-608: the text that pairs of bytes draw on a screen of 15 rows, 32 letters each.

Only the first service (CC1) is read. Pop-on captions are written out of sight and shown at once,
roll-up ones push older rows upwards, paint-on ones appear as they come; in each case `text` is what
can be read now. Colours and places inside a row are left out. Every pair of bytes is possible.
"""

from __future__ import annotations

from typing import Final, Literal

ROWS: Final = 15
COLUMNS: Final = 32

Mode = Literal["pop", "roll", "paint", "none"]

# Basic letters are ASCII but for these (CEA-608, table 50).
_BASIC: Final = str.maketrans("'*\\^_`{|}~\x7f", "’áéíóúç÷Ññ█")
_SPECIAL: Final = "®°½¿™¢£♪à èâêîôû"
_EXTENDED: Final = {
    0x12: "ÁÉÓÚÜü‘¡*'—©℠•“”ÀÂÇÈÊËëÎÏïÔÙùÛ«»",
    0x13: "ÃãÍÌìÒòÕõ{}\\^_|~ÄäÖöß¥¤¦ÅåØø┌┐└┘",
}
_ROW_OF: Final = {
    0x11: (1, 2), 0x12: (3, 4), 0x15: (5, 6), 0x16: (7, 8), 0x17: (9, 10),
    0x10: (11, 11), 0x13: (12, 13), 0x14: (14, 15),
}  # fmt: skip
_SECOND_CHANNEL: Final = 0x08


class _Page:
    """One memory of the decoder: what stands in each row."""

    def __init__(self) -> None:
        self.rows: dict[int, list[str]] = {}

    def put(self, row: int, column: int, letter: str) -> None:
        line = self.rows.setdefault(row, [" "] * COLUMNS)
        line[min(column, COLUMNS - 1)] = letter

    @property
    def text(self) -> str:
        lines = ("".join(self.rows[row]).split() for row in sorted(self.rows))
        return "\n".join(" ".join(words) for words in lines if words)


class Screen:
    def __init__(self) -> None:
        self._shown, self._hidden = _Page(), _Page()
        self._mode: Mode = "none"
        self._row, self._column = ROWS, 0
        self._rows_rolled = 2
        self._last_control = b""
        self._is_ours = True

    @property
    def text(self) -> str:
        """What can be read now, a line per row."""
        return self._shown.text

    @property
    def pops(self) -> bool:
        """Whether captions appear as a whole, so that what is shown is complete."""
        return self._mode == "pop"

    def clear(self) -> None:
        self._shown = _Page()

    def feed(self, pairs: bytes) -> None:
        for at in range(0, len(pairs) - 1, 2):
            self._pair(pairs[at] & 0x7F, pairs[at + 1] & 0x7F)

    def _pair(self, first: int, second: int) -> None:
        if not first and not second:
            return
        if 0x10 <= first <= 0x1F:
            # Each command is sent twice, so that one may be lost.
            again, self._last_control = self._last_control, bytes((first, second))
            if again == self._last_control:
                self._last_control = b""
                return
            self._is_ours = not first & _SECOND_CHANNEL
            if self._is_ours:
                self._control(first, second)
            return
        self._last_control = b""
        if self._is_ours:
            for code in (first, second):
                if code >= 0x20:
                    self._write(chr(code).translate(_BASIC))

    # ── commands ─────────────────────────────────────────────────────────────────────────────

    def _control(self, first: int, second: int) -> None:
        if second >= 0x40:
            self._place(first, second)
        elif first == 0x14 and 0x20 <= second <= 0x2F:
            self._command(second)
        elif first == 0x11 and 0x30 <= second <= 0x3F:
            self._write(_SPECIAL[second - 0x30])
        elif first in _EXTENDED and 0x20 <= second <= 0x3F:
            # The letter before it is its likeness for older sets.
            self._column = max(self._column - 1, 0)
            self._write(_EXTENDED[first][second - 0x20])
        elif first == 0x11 and 0x20 <= second <= 0x2F:
            self._write(" ")  # a change of style takes a place
        elif first == 0x17 and 0x21 <= second <= 0x23:
            self._column = min(self._column + second - 0x20, COLUMNS - 1)

    def _place(self, first: int, second: int) -> None:
        """Where the following letters go."""
        row = _ROW_OF[first][second >> 5 & 1]
        indent = (second & 0x1E) * 2 - 0x20 if second & 0x10 else 0
        if self._mode == "roll":
            self._move_rolled(row)
        self._row, self._column = row, indent if indent > 0 else 0

    def _command(self, code: int) -> None:
        page = self._page
        if code == 0x20:
            self._mode = "pop"
        elif code == 0x21 and page is not None:
            self._column = max(self._column - 1, 0)
            page.put(self._row, self._column, " ")
        elif code == 0x24 and page is not None:
            for column in range(self._column, COLUMNS):
                page.put(self._row, column, " ")
        elif code in {0x25, 0x26, 0x27}:
            self._begin_roll(code - 0x23)
        elif code == 0x29:
            self._mode = "paint"
        elif code in {0x2A, 0x2B}:
            self._mode = "none"  # text for something else than captions
        elif code == 0x2C:
            self._shown = _Page()
        elif code == 0x2D and self._mode == "roll":
            self._roll()
        elif code == 0x2E:
            self._hidden = _Page()
        elif code == 0x2F:
            self._mode = "pop"
            self._shown, self._hidden = self._hidden, self._shown

    @property
    def _page(self) -> _Page | None:
        """Where letters go now; None when they are no captions."""
        if self._mode == "pop":
            return self._hidden
        return None if self._mode == "none" else self._shown

    def _write(self, letter: str) -> None:
        page = self._page
        if page is not None:
            page.put(self._row, self._column, letter)
            self._column = min(self._column + 1, COLUMNS - 1)

    # ── rolling up ───────────────────────────────────────────────────────────────────────────

    def _begin_roll(self, rows: int) -> None:
        if self._mode != "roll":
            self._shown, self._hidden = _Page(), _Page()
            self._row, self._column = ROWS, 0
        self._mode, self._rows_rolled = "roll", rows

    def _roll(self) -> None:
        """Everything one row up; what leaves the window is gone."""
        top = self._row - self._rows_rolled + 1
        kept = {row - 1: line for row, line in self._shown.rows.items() if top < row <= self._row}
        self._shown.rows, self._column = kept, 0

    def _move_rolled(self, row: int) -> None:
        """The window goes where its base row goes."""
        step = row - self._row
        if step:
            moved = {at + step: line for at, line in self._shown.rows.items()}
            self._shown.rows = {at: line for at, line in moved.items() if 1 <= at <= ROWS}
