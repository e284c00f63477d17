"""The card studio: cards, posters and drawn pictures by content, each drawn once.

Asked again it answers from memory in microseconds; many asking at once for what is not drawn yet
wait for one drawing. Drawing happens in the sandbox, never on the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import blake2b

import msgspec
from obstore.store import ObjectStore

from yaohe.content.cards.model import DRAWING_VERSION, CardFormat, CardModel
from yaohe.content.errors import LinkTooLong
from yaohe.content.gallery import Gallery
from yaohe.content.pictures import PRODUCT_KINDS
from yaohe.content.posters.qr import URL_BYTES_MAX
from yaohe.content.sandbox import (
    DrawAvatar,
    DrawCard,
    DrawPoster,
    DrawProduct,
    Job,
    Sandbox,
)

CARD_TIMEOUT_S = 4.0
PRODUCT_TIMEOUT_S = 20.0  # drawn large and once


class Rendered(msgspec.Struct, frozen=True):
    """A JPEG and its strong ETag, quoted as the header wants it."""

    jpeg: bytes
    etag: str


class CardStudio:
    """`store` keeps finished images beyond a restart; without it they live in memory."""

    def __init__(
        self,
        sandbox: Sandbox,
        store: ObjectStore | None = None,
        *,
        memory_bytes_max: int = 32 * 2**20,
        store_bytes_max: int = 512 * 2**20,
    ) -> None:
        self._sandbox = sandbox
        self._gallery = Gallery(
            store, memory_bytes_max=memory_bytes_max, store_bytes_max=store_bytes_max
        )
        self._drawing: dict[str, asyncio.Task[bytes]] = {}
        self._keeping: set[asyncio.Task[None]] = set()
        self.drawn = 0

    async def card(self, model: CardModel, format: CardFormat = "card") -> Rendered:  # noqa: A002
        return await self._image(model.digest(format), lambda: DrawCard(model, format))

    async def poster(self, model: CardModel, url: str) -> Rendered:
        """With a QR code of `url`; a link that would not scan is refused."""
        if len(url.encode()) > URL_BYTES_MAX:
            raise LinkTooLong
        return await self._image(model.digest("poster", url), lambda: DrawPoster(model, url))

    async def product_picture(self, kind: str, seed: int) -> Rendered:
        """`kind` is one of `PRODUCT_KINDS`; "parcel" stands in where there is no picture."""
        assert kind in PRODUCT_KINDS
        return await self._image(_key("product", kind, seed), lambda: DrawProduct(kind, seed))

    async def avatar(self, name: str, seed: int = 0) -> Rendered:
        return await self._image(_key("avatar", name, seed), lambda: DrawAvatar(name, seed))

    async def close(self) -> None:
        """Wait until finished images are on their way to the store."""
        await asyncio.gather(*self._keeping, return_exceptions=True)

    async def _image(self, key: str, job: Callable[[], Job]) -> Rendered:
        jpeg = self._gallery.recent(key)
        if jpeg is None:
            task = self._drawing.get(key)
            if task is None:
                task = asyncio.get_running_loop().create_task(self._draw(key, job()))
                self._drawing[key] = task
                task.add_done_callback(lambda done: self._finished(key, done))
            jpeg = await asyncio.shield(task)
        return Rendered(jpeg, f'"{key}"')

    def _finished(self, key: str, task: asyncio.Task[bytes]) -> None:
        self._drawing.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen, also when everyone who asked has gone

    async def _draw(self, key: str, job: Job) -> bytes:
        found = await self._gallery.find(key)
        if found is not None:
            return found
        late = PRODUCT_TIMEOUT_S if isinstance(job, DrawProduct) else CARD_TIMEOUT_S
        (jpeg,) = await self._sandbox.run(job, timeout_s=late)
        self.drawn += 1
        self._gallery.remember(key, jpeg)
        keep = asyncio.get_running_loop().create_task(self._gallery.keep(key, jpeg))
        self._keeping.add(keep)
        keep.add_done_callback(self._keeping.discard)
        return jpeg


def _key(*parts: str | int) -> str:
    return blake2b(repr((DRAWING_VERSION, *parts)).encode(), digest_size=20).hexdigest()
