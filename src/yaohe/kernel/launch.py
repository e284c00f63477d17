"""Runs in place of a child's program: binds its life to its parent's, bounds it, then becomes it.

A program of its own, because the other place for this, between fork and exec inside of the parent,
is not safe: where the parent has threads, the copy can find a lock that nobody will ever open, and
the parent waits for it. Only the standard library, none of ours: it has to start in milliseconds.

    python -I -S launch.py PARENT DEATH_SIGNAL MEMORY UID GID PROGRAM [ARGUMENT …]

Numbers; 0 stands for no bound of memory, -1 for no other user. Exits with 127 when the parent died
before, and with 126 when the program cannot be executed.
"""

import signal

if __name__ == "__main__":
    # First of all: an interrupt this early ends us, and is not an exception in some import.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import ctypes
import os
import resource
import sys

_PR_SET_PDEATHSIG = 1


def main(numbers: list[str], argv: list[str]) -> None:
    parent, death_signal, memory, uid, gid = map(int, numbers)
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After the user: a change of user forgets it.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(127)  # it died before the line above
    if memory:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # this interpreter ignores them
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - that is its work
    except OSError as error:
        print(f"{argv[0]}: {error}", file=sys.stderr, flush=True)
        os._exit(126)


if __name__ == "__main__":
    main(sys.argv[1:6], sys.argv[6:])
