"""An example as a reader starts it: a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
START_S = 30.0


@asynccontextmanager
async def example(name: str, port: int, **environment: str) -> AsyncIterator[str]:
    """Run `examples/name` on this port until the block ends; yields its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLES / name),
        str(port),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_S):
            line = (await process.stdout.readline()).decode()
        assert line.startswith("open "), f"{name} did not start: {line!r}"
        yield line.removeprefix("open ").strip()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
