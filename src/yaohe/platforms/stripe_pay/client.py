"""Asking Stripe, by its library: that writes requests and reads refusals, our connections carry
them. So nothing blocks, and what bounds time, size and number of all our calls bounds these."""

from __future__ import annotations

import asyncio
import importlib
import platform
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, TypeVar

import msgspec

from yaohe.platforms.outgoing import Outgoing, PlatformAway, PlatformRefused

ADDRESS: Final = "https://api.stripe.com"
CALLS_AT_ONCE: Final = 20
PAGE: Final = 100
PAGES_MAX: Final = 1_000
# Its library tells Stripe about the machine it runs on; that is nobody's business.
_UNSENT: Final = "x-stripe-client"
_AGAIN: Final = frozenset({409, 429})

Shape = TypeVar("Shape")


class NotThere(PlatformRefused):
    """Stripe knows no such thing."""


class _Page(msgspec.Struct, frozen=True):
    data: list[msgspec.Raw]
    has_more: bool = False


class _Named(msgspec.Struct, frozen=True):
    id: str


class StripeClient:
    """`key` is the secret or a restricted key of the account."""

    def __init__(self, outgoing: Outgoing, *, key: str, address: str = ADDRESS) -> None:
        self._outgoing, self._key, self._address = outgoing, key, address
        self._turns = asyncio.Semaphore(CALLS_AT_ONCE)
        self._loading = asyncio.Lock()
        self._library: Any = None
        self._client: Any = None
        self.is_live = "_live_" in key

    async def ask(
        self,
        method: str,
        path: str,
        shape: type[Shape],
        params: Mapping[str, Any] | None = None,
        *,
        once: str = "",
    ) -> Shape:
        """The answer in its shape. What is asked under the same `once` is done once."""
        await self._load()
        options = {"idempotency_key": once} if once else {}
        try:
            async with self._turns:
                said = await self._client.raw_request_async(
                    method, path, **(params or {}), **options
                )
        except self._library.StripeError as error:
            raise _refusal(error) from None
        try:
            return msgspec.json.decode(said.body, type=shape)
        except (msgspec.DecodeError, UnicodeError):
            raise PlatformAway("Stripe answered something unreadable.") from None

    async def all(
        self, path: str, shape: type[Shape], params: Mapping[str, Any]
    ) -> AsyncIterator[Shape]:
        """Everything on a list, however many pages it has."""
        after: dict[str, str] = {}
        for _ in range(PAGES_MAX):
            page = await self.ask("get", path, _Page, {**params, "limit": PAGE, **after})
            for raw in page.data:
                yield read(raw, shape)
            if not page.has_more or not page.data:
                return
            after = {"starting_after": read(page.data[-1], _Named).id}
        raise PlatformAway("Stripe's list does not end.")

    async def _load(self) -> None:
        async with self._loading:
            if self._client is None:
                self._client = await asyncio.to_thread(self._loaded)

    def _loaded(self) -> Any:
        """The library, in a thread of its own: it is large."""
        stripe = self._library = importlib.import_module("stripe")
        platform.platform()  # it asks for this at every call; only the first one costs
        platform.uname()
        return stripe.StripeClient(
            self._key,
            http_client=_carrier(stripe, self._outgoing),
            base_addresses={"api": self._address},
            max_network_retries=0,  # who asks knows better when to ask again
        )


def _carrier(stripe: Any, outgoing: Outgoing) -> Any:
    """What the library sends its requests through."""

    class Carrier(stripe.HTTPClient):  # type: ignore[misc]
        name = "yaohe"

        async def request_async(
            self, method: str, url: str, headers: Mapping[str, str], post_data: str | None = None
        ) -> tuple[bytes, int, Mapping[str, str]]:
            named = {name.lower(): value for name, value in headers.items()}
            sent = {name: value for name, value in named.items() if not name.startswith(_UNSENT)}
            raw = post_data.encode() if post_data else None
            answer = await outgoing.ask(method.upper(), url, raw=raw, headers=sent)
            return answer.body, answer.status, answer.headers

    return Carrier()


def _refusal(error: Any) -> PlatformAway | PlatformRefused:
    status = error.http_status or 0
    if status < 400 or status in _AGAIN:
        return PlatformAway()
    reason = str(error.code or "")
    word = reason[:60] if reason.isascii() and reason.isprintable() else ""
    return (NotThere if status == 404 else PlatformRefused)(word or str(status))


def read(raw: bytes | msgspec.Raw, shape: type[Shape]) -> Shape:
    """A part of an answer in its shape."""
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.DecodeError, UnicodeError):
        raise PlatformAway("Stripe answered something unreadable.") from None
