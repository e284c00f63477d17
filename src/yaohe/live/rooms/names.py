"""Addresses for rooms nobody named: short, sayable, without letters that look alike."""

from __future__ import annotations

import secrets

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def random_room_id() -> str:
    """Eight characters, 39 bits; a collision is asked again by the caller."""
    return "".join(secrets.choice(_LETTERS) for _ in range(8))
