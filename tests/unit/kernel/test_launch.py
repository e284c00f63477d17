"""What stands between a parent and its child's program."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from yaohe.kernel.children import ChildSpec, spawn, wait_exit


def spec(*argv: str, **options: object) -> ChildSpec:
    return ChildSpec(name="launched", argv=argv, **options)  # type: ignore[arg-type]


def test_a_program_that_is_not_there_is_told_at_once() -> None:
    with pytest.raises(FileNotFoundError):
        spawn(spec("/nowhere/at-all"))


async def test_the_program_gets_its_own_words_and_open_files() -> None:
    there, here = os.pipe()
    code = (
        "import os, sys\n"
        "assert sys.argv[1:] == ['-x', 'two words', ''], sys.argv\n"
        f"os.write({here}, os.environ['TOLD'].encode())"
    )
    try:
        argv = (sys.executable, "-c", code, "-x", "two words", "")
        process = spawn(spec(*argv, env={"TOLD": "yes"}, pass_fds=(here,)))
        assert await wait_exit(process) == 0
        assert os.read(there, 10) == b"yes"
    finally:
        os.close(there)
        os.close(here)


async def test_the_program_ignores_no_signal_that_the_parent_does_not(tmp_path: Path) -> None:
    status = tmp_path / "status"
    process = spawn(spec("/bin/cat", "/proc/self/status", log_file=status))
    assert await wait_exit(process) == 0
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    ignored = int(lines["SigIgn"], 16)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        assert not ignored >> (number - 1) & 1


async def test_a_signal_ends_the_program_itself() -> None:
    process = spawn(spec(sys.executable, "-c", "import time; time.sleep(60)"))
    process.send_signal(signal.SIGTERM)
    assert await wait_exit(process) == -signal.SIGTERM
