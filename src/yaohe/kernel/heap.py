"""The cycle collector after start-up: it looks at what requests leave, not at the whole house.

Half a million objects (modules, routes, statements) live as long as the process. Python's collector
walks them again and again; under a busy share link that was a quarter of all CPU, in pauses of
tens of milliseconds. They are frozen once everything stands.
"""

from __future__ import annotations

import gc
from typing import Final

YOUNG_MAX: Final = 10_000
"""New containers before the youngest are looked at; a look then takes about a millisecond."""


def settle() -> None:
    """Freeze what is there; call it once, when the process has begun to serve."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_MAX, 20, 20)
