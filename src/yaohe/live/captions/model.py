"""A caption as a replay gets it."""

from __future__ import annotations

from datetime import datetime

import msgspec


class CaptionLine(msgspec.Struct, frozen=True):
    """What can be read from `at` on, until the next one; nothing where `text` is empty."""

    at: datetime
    text: str
