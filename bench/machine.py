"""The machine under the figures: its cores, and CPU time and memory of processes."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = {CORES[0]}
OTHER_CORES = set(CORES[1:]) or SERVER_CORE
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def pin(pid: int, cores: Iterable[int]) -> None:
    """Keep every thread of a process on these cores; its children stay where they are."""
    for task in os.listdir(f"/proc/{pid}/task"):
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(task), cores)


def cpu_s(pid: int) -> float:
    """User and system time of one process, all threads, without its children.

    Read per thread in nanoseconds where the kernel tells them, else in clock ticks.
    """
    total = 0
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with suppress(FileNotFoundError):
                total += int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
        return total / 1e9
    except (FileNotFoundError, ValueError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * _TICK_S


def children(pid: int) -> list[int]:
    """All descendants of a process."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with suppress(FileNotFoundError):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                found += [int(child), *children(int(child))]
    return found


def pss_mb(pid: int) -> float:
    """Proportional set size: shared pages are counted by their share."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")


def busy_elsewhere(seconds: float = 1.0) -> float:
    """How many cores others are using right now, while the bench does nothing."""

    def idle() -> int:
        return int(Path("/proc/stat").read_text().splitlines()[0].split()[4])

    before, began = idle(), time.monotonic()
    time.sleep(seconds)
    spent = time.monotonic() - began
    return max(0.0, (os.cpu_count() or 1) - (idle() - before) * _TICK_S / spent)


def describe() -> str:
    model = "unknown processor"
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"{len(CORES)} cores of {model}, Python {platform.python_version()}, {platform.system()}"


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the sorted values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


@dataclass
class Meter:
    """CPU and wall time of a process between two looks."""

    pid: int

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self._cpu, self._wall = cpu_s(self.pid), time.monotonic()

    def read(self) -> tuple[float, float]:
        """(CPU seconds, wall seconds) since `start`."""
        return cpu_s(self.pid) - self._cpu, time.monotonic() - self._wall
