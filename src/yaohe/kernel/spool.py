"""A durable place for records while PostgreSQL is slow or away: append now, replay by id later.

A spool is a folder of append-only segments. `append` returns when the record is on disk
(fdatasync, many callers per sync); `replay` hands every record to a callback in batches, oldest
first, and removes a segment only when the callback took all of it. A record may be handed over
again after a crash, so the callback must be idempotent by the record's id.

A frame is `length:u32 crc32:u32 id_length:u8 id payload`, little endian; length and checksum cover
what follows them. A reader stops at the first frame that is not whole: such a tail was never
acknowledged, because an opened spool always begins a new segment.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import zlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import structlog

from yaohe.kernel.errors import Busy, TryAgain

log = structlog.get_logger(__name__)

MAGIC = b"YAOHESP1"
RECORD_BYTES_MAX = 1 << 20
_HEAD = struct.Struct("<II")
_BATCH_MAX = 500


class SpoolRecord(msgspec.Struct, frozen=True):
    record_id: str
    payload: bytes


def frame(record: SpoolRecord) -> bytes:
    """The bytes of one record."""
    name = record.record_id.encode()
    assert 0 < len(name) < 256, "a record's id has 1 to 255 bytes"
    assert len(record.payload) <= RECORD_BYTES_MAX, "the record is too large"
    body = bytes([len(name)]) + name + record.payload
    return _HEAD.pack(len(body), zlib.crc32(body)) + body


def frames(data: bytes) -> Iterator[SpoolRecord]:
    """The whole records at the start of a segment; never raises, whatever the bytes are."""
    if not data.startswith(MAGIC):
        return
    at = len(MAGIC)
    while len(data) - at >= _HEAD.size:
        length, checksum = _HEAD.unpack_from(data, at)
        body = data[at + _HEAD.size : at + _HEAD.size + length]
        # A length of zeroes is what a crash leaves when a file grew before it was written.
        if len(body) != length or length < 2 or zlib.crc32(body) != checksum:
            return
        name = body[1 : 1 + body[0]]
        if len(name) != body[0] or not name:
            return
        try:
            record_id = name.decode()
        except UnicodeDecodeError:
            return
        yield SpoolRecord(record_id, body[1 + len(name) :])
        at += _HEAD.size + length


class Spool:
    """The spool in `folder`. One process at a time: the data directory's lock sees to that."""

    def __init__(self, folder: Path, *, bytes_max: int = 512 << 20) -> None:
        self._folder = folder
        self._bytes_max = bytes_max
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._queue: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._replaying = asyncio.Lock()
        self._fd: int | None = None
        self._number = 0
        self._length = 0  # of the open segment, all of it on disk
        self._sealed: dict[Path, int] = {}
        self._queued_bytes = 0

    def open(self) -> None:
        """Find what earlier runs left."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in sorted(self._folder.glob("*.spool")):
            self._sealed[path] = path.stat().st_size
            self._number = max(self._number, int(path.stem))

    @property
    def bytes_waiting(self) -> int:
        """Bytes that still have to be replayed."""
        return sum(self._sealed.values()) + self._length

    async def append(self, record_id: str, payload: bytes) -> None:
        """Keep one record; on return it survives any crash. `Busy` when the spool is full."""
        data = frame(SpoolRecord(record_id, payload))
        if self.bytes_waiting + self._queued_bytes + len(data) > self._bytes_max:
            raise Busy
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((data, done))
        self._queued_bytes += len(data)
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_queue(), name="spool")
        await done

    async def replay(self, apply: Callable[[Sequence[SpoolRecord]], Awaitable[None]]) -> int:
        """Hand over all records kept so far; stops at the first error, to go on another time."""
        async with self._replaying:
            loop = asyncio.get_running_loop()
            if self._length:
                await loop.run_in_executor(self._thread, self._seal)
            count = 0
            for path in sorted(self._sealed):
                records = await loop.run_in_executor(self._thread, _read, path)
                for start in range(0, len(records), _BATCH_MAX):
                    await apply(records[start : start + _BATCH_MAX])
                await loop.run_in_executor(self._thread, self._remove, path)
                count += len(records)
            return count

    async def close(self) -> None:
        """Finish what was accepted; afterwards the spool takes no more."""
        while self._writer is not None:
            await asyncio.wait([self._writer])
        await asyncio.get_running_loop().run_in_executor(self._thread, self._seal)
        self._thread.shutdown()

    async def _write_queue(self) -> None:
        loop = asyncio.get_running_loop()
        batch: list[tuple[bytes, asyncio.Future[None]]] = []
        try:
            while self._queue:
                batch, self._queue = self._queue, []
                data = b"".join(item for item, _ in batch)
                error: OSError | None = None
                try:
                    await loop.run_in_executor(self._thread, self._write, data)
                except OSError as caught:
                    log.exception("spool_write_failed")
                    error = caught
                self._queued_bytes -= len(data)
                for _, done in batch:
                    if not done.done():
                        if error is None:
                            done.set_result(None)
                        else:
                            done.set_exception(TryAgain())
        finally:
            self._writer = None
            for _, done in (*batch, *self._queue):
                done.cancel()

    # The methods below run in the spool's one thread.

    def _write(self, data: bytes) -> None:
        try:
            if self._fd is None:
                self._begin()
            assert self._fd is not None
            _write_all(self._fd, data)
            os.fdatasync(self._fd)
        except OSError:
            # What reached the disk is unknown: cut back to what was acknowledged and go on in
            # a new segment.
            if self._fd is not None:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._fd, self._length)
                self._seal()
            raise
        self._length += len(data)

    def _begin(self) -> None:
        self._number += 1
        path = self._folder / f"{self._number:012}.spool"
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._length = 0
        _write_all(self._fd, MAGIC)
        self._length = len(MAGIC)
        _sync_folder(self._folder)

    def _seal(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
            self._sealed[self._folder / f"{self._number:012}.spool"] = self._length
            self._length = 0

    def _remove(self, path: Path) -> None:
        path.unlink()
        _sync_folder(self._folder)
        del self._sealed[path]


def _read(path: Path) -> list[SpoolRecord]:
    data = path.read_bytes()
    records = list(frames(data))
    left = len(data) - len(MAGIC) - sum(len(frame(record)) for record in records)
    if left > 0:
        log.warning("spool_torn_tail", path=path.name, bytes=left)
    return records


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
