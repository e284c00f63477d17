"""One process at a time on a data directory, and a sentence that says who has it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from yaohe.kernel import datadir
from yaohe.kernel.datadir import DataDirectory, DataDirectoryInUse, DataDirectoryUnusable


def test_a_locked_directory_is_refused_naming_the_process(tmp_path: Path) -> None:
    here, there = DataDirectory(tmp_path / "data"), DataDirectory(tmp_path / "data")
    here.lock()
    with pytest.raises(DataDirectoryInUse, match=f"in use by process {os.getpid()}") as caught:
        there.lock()
    assert caught.value.pid == os.getpid()
    here.release()
    there.lock()
    there.release()


def test_the_lock_goes_with_its_process(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path\n"
        "from yaohe.kernel.datadir import DataDirectory\n"
        "DataDirectory(Path(sys.argv[1])).lock(); print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    mine = DataDirectory(tmp_path)
    with pytest.raises(DataDirectoryInUse) as caught:
        mine.lock()
    assert caught.value.pid == other.pid
    other.kill()
    other.wait()
    other.stdout.close()
    mine.lock()
    mine.release()


@pytest.fixture
def left_behind(tmp_path: Path) -> int:
    """The lock, held for a process that is dead: what a copy of it between fork and exec holds."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / "lock").write_text(f"{dead.pid}\n")
    fd = os.open(tmp_path / "lock", os.O_RDWR)
    fcntl.flock(fd, fcntl.LOCK_EX)
    return fd


def test_a_dead_holder_s_lock_is_waited_for(
    left_behind: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: os.close(left_behind))
    mine = DataDirectory(tmp_path)
    mine.lock()
    assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    mine.release()


def test_a_dead_holder_s_lock_is_not_waited_for_for_ever(
    left_behind: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datadir, "LEFT_BEHIND_S", 0.0)
    with pytest.raises(DataDirectoryInUse):
        DataDirectory(tmp_path).lock()
    os.close(left_behind)


def test_a_place_that_cannot_be_a_directory_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataDirectoryUnusable, match="cannot be used"):
        DataDirectory(tmp_path / "file" / "data").lock()
