"""`yaohe ua`: user agents in, one a line; classes out, one a line, as soon as a line is whole."""

from __future__ import annotations

import os
from typing import Final

from yaohe.platforms.ua import kind_of

_READ_BYTES: Final = 1 << 18
# More than any user agent is judged by; the rest of an endless line is let go as it comes.
_KEPT_BYTES: Final = 8_192


def classify_lines(source: int, target: int) -> int:
    """Answer every line read from the file descriptor `source`; whatever bytes come, each line
    gets a class. Returns when the input ends, or when nobody reads the answers any more."""
    begun = b""
    try:
        while chunk := os.read(source, _READ_BYTES):
            *whole, begun = (begun + chunk).split(b"\n")
            begun = begun[:_KEPT_BYTES]
            if whole:
                _write(target, "".join([f"{kind_of(line)}\n" for line in whole]).encode())
        if begun:
            _write(target, f"{kind_of(begun)}\n".encode())
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), target)
    return 0


def _write(target: int, answers: bytes) -> None:
    while answers:
        answers = answers[os.write(target, answers) :]
