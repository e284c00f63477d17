"""Asking addresses that somebody typed in: only public ones, bounded in time and size.

Whoever may enter an address must not reach through us what only we can reach: this machine, its
network, a cloud's own addresses. So a name is looked up here, *all* of its addresses are judged,
and the connection goes to the very address that was judged: a name that says something else a
moment later gains nothing. Redirects are not followed, the environment's proxies are not used and
nothing is unpacked.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Literal

import httpcore
import httpx
import msgspec

ANSWER_S_MAX: Final = 15.0
CONNECT_S_MAX: Final = 5.0
BODY_S_MAX: Final = 2.0
START_BYTES_MAX: Final = 4_096
# A name server that hangs costs one thread per name, and no other name waits for it.
_LOOKUPS_MAX: Final = 64
_ADDRESSES_TRIED_MAX: Final = 4
_TRANSLATED: Final = (
    ipaddress.IPv6Network("64:ff9b::/96"),
    ipaddress.IPv6Network("64:ff9b:1::/48"),
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Why = Literal["unknown_name", "private_address", "no_connection", "timeout", "no_answer"]


class NotReached(Exception):
    """Nothing was answered. `why` is one of a few stable words."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


class Answered(msgspec.Struct, frozen=True):
    """What came back; `start` is how the body begins, as it came over the wire."""

    status: int
    retry_after: str
    start: bytes


class _Asked(msgspec.Struct, frozen=True):
    method: Literal["GET", "POST"]
    url: str | httpcore.URL
    body: bytes | None
    headers: Mapping[str, str]
    bytes_max: int  # of the answer's body; what comes after is not read
    body_s_max: float


def is_public(address: Address) -> bool:
    """Whether this address is somewhere on the Internet; what an IPv6 address wraps is judged."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.sixtofour is not None or address.teredo is not None:
            return False
        if any(address in network for network in _TRANSLATED):
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not (address.is_multicast or address.is_reserved)


class _Backend(httpcore.AsyncNetworkBackend):
    """Opens connections to public addresses only."""

    def __init__(self, *, private: bool) -> None:
        self._private, self._inner = private, httpcore.AnyIOBackend()
        self._threads = ThreadPoolExecutor(_LOOKUPS_MAX, thread_name_prefix="lookup")
        self._looking: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        found = await self._addresses(host, port)
        if not self._private and not all(is_public(_address(one)) for one in found):
            raise NotReached("private_address")
        for address in found[:_ADDRESSES_TRIED_MAX]:
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
        raise NotReached("no_connection")

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        """Looked up once for all who ask for the same name at the same time."""
        asked = (host, port)
        if asked not in self._looking:
            loop = asyncio.get_running_loop()
            looking = loop.run_in_executor(self._threads, _look_up, host, port)
            self._looking[asked] = looking
            looking.add_done_callback(lambda _: self._looking.pop(asked, None))
        try:
            async with asyncio.timeout(CONNECT_S_MAX):
                return await asyncio.shield(self._looking[asked])
        except (OSError, UnicodeError):
            raise NotReached("unknown_name") from None

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise NotReached("private_address")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _address(text: str) -> Address:
    return ipaddress.ip_address(text.partition("%")[0])


class PublicOutgoing:
    """One pool of connections; `private` also lets it ask addresses of one's own network."""

    def __init__(self, *, private: bool = False, answer_s_max: float = ANSWER_S_MAX) -> None:
        self.private, self.answer_s_max = private, answer_s_max
        self._opened: tuple[_Backend, httpcore.AsyncConnectionPool] | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        """What the address answers, and how that begins; raises `NotReached`."""
        return await self._ask(_Asked("POST", url, body, headers, START_BYTES_MAX, BODY_S_MAX))

    async def get(self, url: str, *, bytes_max: int) -> Answered:
        """What lies at the address, cut at `bytes_max`; raises `NotReached`."""
        try:
            # As people paste it: with letters of any language in the name and the path.
            typed = httpx.URL(url)
            name, path = typed.netloc.decode("ascii"), typed.raw_path.decode("ascii")
            asked = httpcore.URL(f"{typed.scheme}://{name}{path}")
        except (httpx.InvalidURL, ValueError):
            raise NotReached("unknown_name") from None
        return await self._ask(_Asked("GET", asked, None, {}, bytes_max, self.answer_s_max))

    async def _ask(self, asked: _Asked) -> Answered:
        if self._opened is None:
            backend = _Backend(private=self.private)
            pool = httpcore.AsyncConnectionPool(
                max_connections=None,
                max_keepalive_connections=50,
                keepalive_expiry=20.0,
                network_backend=backend,
            )
            self._opened = backend, pool
        try:
            async with asyncio.timeout(self.answer_s_max):
                return await self._answered(self._opened[1], asked)
        except (TimeoutError, httpcore.TimeoutException):
            raise NotReached("timeout") from None
        except (httpcore.ConnectError, httpcore.UnsupportedProtocol):
            raise NotReached("no_connection") from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
            raise NotReached("no_answer") from None

    async def _answered(self, pool: httpcore.AsyncConnectionPool, asked: _Asked) -> Answered:
        start = bytearray()
        async with pool.stream(
            asked.method,
            asked.url,
            headers=[*asked.headers.items()],
            content=asked.body,
            extensions={"timeout": {"connect": CONNECT_S_MAX}},
        ) as answer:
            said = {name.lower(): value for name, value in answer.headers}
            # The status is the answer; a body that breaks off or never ends changes nothing.
            with contextlib.suppress(httpcore.NetworkError, httpcore.ProtocolError, TimeoutError):
                async with asyncio.timeout(asked.body_s_max):
                    async for chunk in answer.aiter_stream():
                        start += chunk
                        if len(start) >= asked.bytes_max:
                            break
        after = said.get(b"retry-after", b"").decode("latin-1")[:100]
        return Answered(answer.status, after, bytes(start[: asked.bytes_max]))

    async def close(self) -> None:
        if self._opened is not None:
            backend, pool = self._opened
            self._opened = None
            await pool.aclose()
            backend.close()
