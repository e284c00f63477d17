"""Identifiers: sortable by time, safe in a URL, unguessable where that matters.

An id is `prefix_` and 20 characters of Crockford base32: 10 of time (milliseconds, 50 bits) and 10
of randomness (50 bits). Share tokens are 10 random characters of base62 (59 bits) and carry no
time and no authority.
"""

from __future__ import annotations

import os
import re
import secrets
import struct
import time

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

TOKEN_LENGTH = 10
_TOKEN = re.compile(r"[0-9A-Za-z]{10}\Z")
_ID = re.compile(r"[a-z]{1,4}_[0-9a-hjkmnp-tv-z]{20}\Z")


# Two characters, ten bits, at a time: ids are made by the ten thousand a second.
_PAIRS = tuple(high + low for high in _CROCKFORD for low in _CROCKFORD)


def _base32(number: int) -> str:
    """The lowest 50 bits as 10 characters."""
    pairs = _PAIRS
    return (
        pairs[number >> 40 & 1023]
        + pairs[number >> 30 & 1023]
        + pairs[number >> 20 & 1023]
        + pairs[number >> 10 & 1023]
        + pairs[number & 1023]
    )


def new_id(prefix: str) -> str:
    """A new id such as `ord_0c5k…`; ids made later sort later (to the millisecond)."""
    number = int.from_bytes(os.urandom(8))
    return f"{prefix}_{_base32(time.time_ns() // 1_000_000)}{_base32(number)}"


def new_ids(prefix: str, count: int) -> list[str]:
    """Many ids of one moment for a set-based statement, at a fifth of the price."""
    head = f"{prefix}_{_base32(time.time_ns() // 1_000_000)}"
    return [head + _base32(n) for n in struct.unpack(f"{count}Q", os.urandom(8 * count))]


def new_token() -> str:
    """A share token: 10 random URL-safe characters (a mini-program scene holds 32)."""
    return "".join(secrets.choice(_BASE62) for _ in range(TOKEN_LENGTH))


def is_token(text: str) -> bool:
    return _TOKEN.match(text) is not None


def is_id(text: str, prefix: str) -> bool:
    return text.startswith(prefix + "_") and _ID.match(text) is not None


def new_secret(bytes_length: int = 24) -> str:
    """A secret for keys, stream keys and set-up links (URL-safe base64, 192 bits by default)."""
    return secrets.token_urlsafe(bytes_length)
