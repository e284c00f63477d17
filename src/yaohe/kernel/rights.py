"""Giving up rights: what a child does before it looks at the first byte from outside."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from typing import Final

NOBODY: Final = 65534
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38


def give_up_rights(*, files_max: int = 0, tasks_max: int | None = 0) -> None:
    """From here on this process writes no file and gains no right; as root it becomes nobody.

    `files_max` bounds open files and sockets, `tasks_max` threads and processes (None: unbounded).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getppid()
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    # The change of user cleared the death signal.
    libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(limit, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = files_max if hard == resource.RLIM_INFINITY else min(files_max, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    if tasks_max is not None:
        resource.setrlimit(resource.RLIMIT_NPROC, (tasks_max, tasks_max))
