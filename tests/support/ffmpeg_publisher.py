"""The real ffmpeg as an encoder: a moving picture and a tone pushed over RTMP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tests.support.patience import PATIENCE_S
from tests.support.tools import need

VIDEO = ("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p")
AUDIO = ("-c:a", "aac", "-b:a", "64k")


def arguments(
    url: str,
    *,
    seconds: float | None = None,
    size: str = "320x180",
    rate: int = 30,
    gop: int = 30,
    bitrate: str = "600k",
    video: Sequence[str] | None = VIDEO,
    audio: Sequence[str] | None = AUDIO,
    realtime: bool = True,
    sample_rate: int = 48_000,
) -> list[str]:
    """The command line; `video=None` or `audio=None` leaves that track out."""
    pace = ["-re"] if realtime else []
    line = [need("ffmpeg"), "-hide_banner", "-nostdin", "-loglevel", "warning"]
    if video is not None:
        line += [*pace, "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}"]
    if audio is not None:
        line += [*pace, "-f", "lavfi", "-i", f"sine=frequency=440:sample_rate={sample_rate}"]
    if video is not None:
        line += [*video, "-g", str(gop), "-b:v", bitrate]
    if audio is not None:
        line += [*audio]
    if seconds is not None:
        line += ["-t", str(seconds)]
    return [*line, "-f", "flv", url]


class Encoder:
    """A running ffmpeg. `finished()` gives its exit code and what it said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._words = asyncio.get_running_loop().create_task(self._listen())

    async def _listen(self) -> str:
        assert self._process.stderr is not None
        return (await self._process.stderr.read()).decode("utf-8", "replace")

    async def finished(self, timeout_s: float = PATIENCE_S) -> tuple[int, str]:
        async with asyncio.timeout(timeout_s):
            words = await self._words
            return await self._process.wait(), words

    def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()

    async def stop(self) -> None:
        self.kill()
        await self._words
        await self._process.wait()


@asynccontextmanager
async def publishing(url: str, **options: object) -> AsyncIterator[Encoder]:
    """ffmpeg pushes to `url` while the block runs; `options` are those of `arguments`."""
    process = await asyncio.create_subprocess_exec(
        *arguments(url, **options),  # type: ignore[arg-type]
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    encoder = Encoder(process)
    try:
        yield encoder
    finally:
        await encoder.stop()
