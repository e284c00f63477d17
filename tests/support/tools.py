"""Programs a test needs from the machine: a missing one is a named skip, in CI a failure."""

from __future__ import annotations

import os
import shutil

import pytest


def need(*names: str) -> str:
    """The path of the first of `names` that is installed."""
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    words = f"needs {' or '.join(names)} on this machine"
    if os.environ.get("CI_STRICT") == "1":
        pytest.fail(words)
    pytest.skip(words)
