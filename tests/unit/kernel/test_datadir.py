"""One process at a time on a data directory, and a sentence that says who has it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_a_place_that_cannot_be_a_directory_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataDirectoryUnusable, match="cannot be used"):
        DataDirectory(tmp_path / "file" / "data").lock()
