"""FFmpeg 8 as an encoder, by way of PyAV: it speaks enhanced RTMP, which Debian's does not yet.

Runs as a process of its own, because PyAV holds the interpreter while it waits for the network.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import av
from tests.support.patience import PATIENCE_S
from tests.support.tags import write

ROOT = Path(__file__).resolve().parents[2]


async def publish(url: str, video: str, audio: str, *, seconds: float = 2.0) -> None:
    """Publish so much, as fast as it goes."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, url, video, audio, str(seconds)),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            _, words = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, words.decode()


if __name__ == "__main__":
    url, video, audio, seconds = sys.argv[1:]
    with av.open(url, "w", format="flv") as container:
        write(container, video, audio, seconds=float(seconds))
