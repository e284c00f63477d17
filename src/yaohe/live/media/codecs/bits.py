"""Bits, most significant first: a bounded reader and a small writer.

Reading past the end raises `BadBytes`, never anything else: the bytes come from strangers.
"""

from __future__ import annotations

from yaohe.live.media.errors import BadBytes


class BitReader:
    __slots__ = ("_length", "_number", "position")

    def __init__(self, data: bytes) -> None:
        self._number = int.from_bytes(data, "big")
        self._length = len(data) * 8
        self.position = 0

    @property
    def left(self) -> int:
        return self._length - self.position

    def read(self, count: int) -> int:
        """The next `count` bits as an unsigned number."""
        end = self.position + count
        if end > self._length:
            raise BadBytes("The codec configuration is cut short.")
        self.position = end
        return (self._number >> (self._length - end)) & ((1 << count) - 1)

    def flag(self) -> bool:
        return self.read(1) == 1

    def unsigned(self) -> int:
        """An Exp-Golomb number, ue(v), of at most 32 bits."""
        zeros = 0
        while self.read(1) == 0:
            zeros += 1
            if zeros > 31:
                raise BadBytes("The codec configuration holds an impossible number.")
        return (1 << zeros) - 1 + self.read(zeros)

    def signed(self) -> int:
        """An Exp-Golomb number, se(v)."""
        number = self.unsigned()
        return (number + 1) // 2 if number & 1 else -(number // 2)


class BitWriter:
    __slots__ = ("_length", "_number")

    def __init__(self) -> None:
        self._number = 0
        self._length = 0

    def write(self, value: int, count: int) -> BitWriter:
        self._number = (self._number << count) | (value & ((1 << count) - 1))
        self._length += count
        return self

    def to_bytes(self) -> bytes:
        """All bits, the last byte filled with zeros."""
        spare = -self._length % 8
        return (self._number << spare).to_bytes((self._length + spare) // 8, "big")
