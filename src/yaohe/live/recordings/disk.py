"""How full the disk is, and what the operator and the studio are told about it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
import structlog

# A disk that was full stays a matter for people this long after something went.
CALM_S: Final = 3_600.0

log = structlog.get_logger(__name__)


class DiskState(msgspec.Struct, frozen=True, kw_only=True):
    """`low`: space is short and the oldest recordings go · `paused`: nothing is recorded."""

    free_bytes: int
    free_bytes_min: int
    low: bool
    paused: bool
    dropped: int


class Disk:
    """`look` blocks and is called in the writer's thread; the rest says what came of it."""

    def __init__(self, home: Path, free_bytes_min: int, monotonic: Callable[[], float]) -> None:
        self._home, self._free_bytes_min, self._monotonic = home, free_bytes_min, monotonic
        self.free_bytes = free_bytes_min
        self.paused = False
        self._short = False
        self._dropped_at = -CALM_S
        self.dropped_count = 0

    @property
    def low(self) -> bool:
        """Space is short, or only what was just thrown away keeps it from being so."""
        return self._short or self._monotonic() - self._dropped_at < CALM_S

    @property
    def state(self) -> DiskState:
        return DiskState(
            free_bytes=self.free_bytes,
            free_bytes_min=self._free_bytes_min,
            low=self.low,
            paused=self.paused,
            dropped=self.dropped_count,
        )

    def look(self) -> bool:
        """Whether space is short now."""
        self.free_bytes = shutil.disk_usage(self._home).free
        short = self.free_bytes < self._free_bytes_min
        if short and not self._short:
            wanted_mb = self._free_bytes_min >> 20
            log.error("disk_low", free_mb=self.free_bytes >> 20, wanted_mb=wanted_mb)
        if not short and self.paused:
            log.warning("recording_resumed", free_mb=self.free_bytes >> 20)
            self.paused = False
        self._short = short
        return short

    def dropped(self, what: str) -> None:
        self.dropped_count += 1
        self._dropped_at = self._monotonic()
        log.warning("recording_dropped", recording=what, free_mb=self.free_bytes >> 20)

    def give_up(self) -> None:
        """Nothing is left that could go: the live show goes on, its recording does not."""
        if not self.paused:
            log.error("recording_paused", free_mb=self.free_bytes >> 20)
        self.paused = True

    def refused(self, error: OSError) -> None:
        log.error("recording_not_written", reason=repr(error))
