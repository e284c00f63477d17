"""The installation's own secret, in a file beside its data."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def installation_secret(data: Path) -> bytes:
    """The secret that signs cookies and notices; made at the first start, kept with mode 0600."""
    path = data / "keys" / "secret"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        fresh = secrets.token_bytes(32)
        # Written beside and renamed: a crash must not leave half a secret.
        beside = path.with_suffix(".new")
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(fresh)
            file.flush()
            os.fsync(file.fileno())
        beside.rename(path)
        return fresh
