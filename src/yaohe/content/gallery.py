"""Finished images, kept by content: the newest in memory, more of them in the object store.

A key names what is drawn, so nothing here ever goes stale; it only grows old and is dropped when
the store holds more than it may.
"""

from __future__ import annotations

from collections import OrderedDict

import obstore
import structlog
from obstore.store import ObjectStore

log = structlog.get_logger(__name__)

JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
# Our place in the store: others keep their files beside it, and a sweep must not see them.
FOLDER = "drawn"
# Kept after a sweep, as a share of what the store may hold: sweeps stay rare.
SWEPT_SHARE = 0.7


class Gallery:
    """Bounded in memory by bytes and in the store by bytes; without a store memory only."""

    def __init__(
        self,
        store: ObjectStore | None,
        *,
        memory_bytes_max: int = 32 * 2**20,
        store_bytes_max: int = 512 * 2**20,
    ) -> None:
        self._store = store
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._memory_bytes = 0
        self._memory_bytes_max = memory_bytes_max
        self._store_bytes: int | None = None
        self._store_bytes_max = store_bytes_max

    @property
    def memory_bytes(self) -> int:
        return self._memory_bytes

    def recent(self, key: str) -> bytes | None:
        """From memory, in microseconds."""
        found = self._memory.get(key)
        if found is not None:
            self._memory.move_to_end(key)
        return found

    async def find(self, key: str) -> bytes | None:
        """From the store. A store that is away or a torn file only costs a drawing."""
        if self._store is None:
            return None
        try:
            found = bytes(await (await obstore.get_async(self._store, _path(key))).bytes_async())
        except FileNotFoundError:
            return None
        except Exception as error:
            log.warning("gallery_unreadable", reason=str(error))
            return None
        if not (found.startswith(JPEG_START) and found.endswith(JPEG_END)):
            return None
        self.remember(key, found)
        return found

    def remember(self, key: str, jpeg: bytes) -> None:
        """Into memory; the least used leave when it is full."""
        self._memory_bytes += len(jpeg) - len(self._memory.pop(key, b""))
        self._memory[key] = jpeg
        while self._memory_bytes > self._memory_bytes_max and self._memory:
            _, dropped = self._memory.popitem(last=False)
            self._memory_bytes -= len(dropped)

    async def keep(self, key: str, jpeg: bytes) -> None:
        """Into the store. A full disk must not keep a card from being shown."""
        if self._store is None:
            return
        try:
            await obstore.put_async(self._store, _path(key), jpeg)
            if self._store_bytes is None:
                self._store_bytes = sum(size for _, size in await self._held())
            else:
                self._store_bytes += len(jpeg)
            if self._store_bytes > self._store_bytes_max:
                await self._sweep()
        except Exception as error:
            log.warning("gallery_not_written", reason=str(error))

    async def _held(self) -> list[tuple[str, int]]:
        """Path and size of all files, oldest first."""
        assert self._store is not None
        found = [
            (meta["last_modified"], meta["path"], meta["size"])
            async for batch in obstore.list(self._store, FOLDER)
            for meta in batch
        ]
        return [(path, size) for _, path, size in sorted(found)]

    async def _sweep(self) -> None:
        assert self._store is not None
        held = await self._held()
        total = sum(size for _, size in held)
        gone = []
        for path, size in held:
            if total <= self._store_bytes_max * SWEPT_SHARE:
                break
            gone.append(path)
            total -= size
        if gone:
            await obstore.delete_async(self._store, gone)
        self._store_bytes = total


def _path(key: str) -> str:
    return f"{FOLDER}/{key[:2]}/{key[2:]}.jpg"
