"""The data directory of one installation and the lock that keeps a second process out of it.

The lock is held by the kernel, not by a file's existence: it is gone the instant its process is,
however that process ended. The file only tells who holds it.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from yaohe.kernel.errors import AppError

# What a restore leaves in the folder until it is whole.
HALF_RESTORED: Final = "restore.part"

# How long a lock is waited for whose holder is dead. A process killed while it started a child
# leaves a copy of itself for the moment until that child's program begins, and the copy holds on.
LEFT_BEHIND_S: Final = 5.0
_LOOK_EVERY_S: Final = 0.02


class DataDirectoryUnusable(AppError):
    code = "data_directory_unusable"
    status = 500
    message = "The data directory cannot be used."


class DataDirectoryInUse(DataDirectoryUnusable):
    code = "data_directory_in_use"

    def __init__(self, path: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            f"The data directory {path} is in use by {who}. "
            "Stop that process first, or choose another directory with --data."
        )
        self.pid = pid


class DataDirectory:
    """`path`, made when missing and held by this process from `lock()` to `release()`."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._fd: int | None = None

    def lock(self) -> None:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataDirectoryUnusable(
                f"The data directory {self.path} cannot be used: {error.strerror}."
            ) from error
        try:
            self._take(fd)
        except BaseException:
            os.close(fd)
            raise
        if (self.path / HALF_RESTORED).exists():
            os.close(fd)
            raise DataDirectoryUnusable(
                f"A restore into {self.path} was cut short. Empty the folder and restore again."
            )
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd

    def _take(self, fd: int) -> None:
        """Lock `fd`: refused at once where its holder lives, after a while where it is dead."""
        deadline = time.monotonic() + LEFT_BEHIND_S
        while True:
            try:
                return fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(fd, 32, 0).strip()
                pid = int(holder) if holder.isdigit() else None
                if pid is None or _lives(pid) or time.monotonic() > deadline:
                    raise DataDirectoryInUse(self.path, pid) from None
            time.sleep(_LOOK_EVERY_S)

    def release(self) -> None:
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # another user's, but there
    return True
