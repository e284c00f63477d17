"""Programs a test needs from the machine: a missing one is a named skip, in CI a failure."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

# Where `scripts/setup.py test-tools` unpacks what it does not install.
UNPACKED = Path(__file__).parents[2] / ".cache" / "tools" / "usr"


def need(*names: str) -> str:
    """The path of the first of `names` that is installed."""
    for name in names:
        found = shutil.which(name) or shutil.which(name, path=f"{UNPACKED}/sbin:{UNPACKED}/bin")
        if found:
            return found
    words = f"needs {' or '.join(names)} on this machine"
    if os.environ.get("CI_STRICT") == "1":
        pytest.fail(words)
    pytest.skip(words)
