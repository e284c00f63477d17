"""Keeps pictures people give us in the object store, each under a key made of what it shows."""

from __future__ import annotations

import asyncio
import re
from hashlib import blake2b
from typing import Final

import msgspec
import obstore
from obstore.store import ObjectStore

from yaohe.content.errors import PictureTooBig
from yaohe.content.sandbox.jobs import RemakePicture
from yaohe.content.sandbox.service import Sandbox

BYTES_MAX: Final = 16 * 10**6
TIMEOUT_S: Final = 6.0
# They share their child with the cards people share: a card waits for one of these at most.
AT_ONCE_MAX: Final = 1
_KEY: Final = re.compile(r"[0-9a-z_]{8,64}\Z")


class Kept(msgspec.Struct, frozen=True):
    """`key` names it to a product's `picture_key`."""

    key: str
    jpeg: bytes


class Uploads:
    def __init__(self, sandbox: Sandbox, store: ObjectStore) -> None:
        self._sandbox, self._store = sandbox, store
        self._room = asyncio.Semaphore(AT_ONCE_MAX)

    async def keep(self, given: bytes) -> Kept:
        """Make it anew and keep it; the same picture given twice is kept once.

        Raises `PictureUnreadable`, `PictureTooBig`, `PictureTooSmall`, `DrawingLate`.
        """
        if len(given) > BYTES_MAX:
            raise PictureTooBig
        async with self._room:
            (jpeg,) = await self._sandbox.run(RemakePicture(given), timeout_s=TIMEOUT_S)
        key = f"up_{blake2b(jpeg, digest_size=16).hexdigest()}"
        await obstore.put_async(self._store, _path(key), jpeg)
        return Kept(key, jpeg)

    async def find(self, key: str) -> bytes | None:
        """The JPEG of this key; None where there is none, or it is no key at all."""
        if not _KEY.match(key):
            return None
        try:
            found = await obstore.get_async(self._store, _path(key))
        except FileNotFoundError:
            return None
        return bytes(await found.bytes_async())


def _path(key: str) -> str:
    return f"products/{key}.jpg"
