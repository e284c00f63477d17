"""Identifiers: sortable by time, safe in a URL, unguessable where that matters.

An id is `prefix_` and 20 characters of Crockford base32: 10 of time (milliseconds, 50 bits) and 10
of randomness (50 bits). Share tokens are 10 random characters of base62 (59 bits) and carry no
time and no authority.
"""

from __future__ import annotations

import re
import secrets
import time

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

TOKEN_LENGTH = 10
_TOKEN = re.compile(r"[0-9A-Za-z]{10}\Z")
_ID = re.compile(r"[a-z]{1,4}_[0-9a-hjkmnp-tv-z]{20}\Z")


def _base32(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        digits.append(_CROCKFORD[number & 31])
        number >>= 5
    return "".join(reversed(digits))


def new_id(prefix: str) -> str:
    """A new id such as `ord_0c5k…`; ids made later sort later (to the millisecond)."""
    return f"{prefix}_{_base32(time.time_ns() // 1_000_000, 10)}{_base32(secrets.randbits(50), 10)}"


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
