"""WHIP sessions: an offer with a good stream key becomes a peer, the peer a feed, until it ends.

A session's address is its secret. For a minute after its end the address still says why it ended,
so that a replaced publisher hears it from its next request.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol

import msgspec
import structlog

from yaohe.kernel.clock import Clock
from yaohe.kernel.errors import AppError
from yaohe.kernel.ids import new_secret
from yaohe.kernel.webrtc import Gateway
from yaohe.live.media import MediaOrigin, PublishEvent, PublishRefused
from yaohe.live.media.errors import TooManyPublishers, WrongKey
from yaohe.live.media.rungs import TOP, rung_named
from yaohe.live.whip import sdp
from yaohe.live.whip.errors import EtagDiffers, EtagMissing, RestartUnsupported, SessionNotFound
from yaohe.live.whip.feed import Feed, FeedLimits

log = structlog.get_logger(__name__)

TICK_S = 0.1
TOLD_FOR_S = 60.0
ENDED_MAX = 1_000
KEY_LENGTH_MAX = 128


class Authorize(Protocol):
    """The room a stream key opens; None when it fits none. A probe only tests the line."""

    async def __call__(self, stream_key: str, /, *, probe: bool = False) -> str | None: ...


class Opened(msgspec.Struct, frozen=True):
    """The answer to an offer."""

    session_id: str
    etag: str
    sdp: str


class _Session:
    def __init__(self, feed: Feed, offer: str) -> None:
        self.feed = feed
        self.number: int | None = None
        self.etag = new_secret()[:16]
        self.ufrag = sdp.ice_ufrag(offer)


class Whip:
    """`ice_servers` are Link values; `addresses` are told besides the machine's own."""

    def __init__(
        self,
        origin: MediaOrigin,
        authorize: Authorize,
        gateway: Gateway,
        clock: Clock,
        *,
        addresses: tuple[str, ...] = (),
        ice_servers: tuple[str, ...] = (),
        limits: FeedLimits | None = None,
    ) -> None:
        self.origin, self.gateway, self.clock = origin, gateway, clock
        self.limits = limits or FeedLimits()
        self.ice_servers = ice_servers
        self._authorize, self._addresses = authorize, addresses
        self._feeds: set[Feed] = set()
        self._sessions: dict[str, _Session] = {}
        self._ended: dict[str, tuple[float, AppError | None]] = {}
        self._awake = asyncio.Event()

    @property
    def feeds(self) -> int:
        return len(self._feeds)

    async def open(
        self,
        key: str,
        offer: str,
        *,
        remote: str,
        probe: bool = False,
        rung: str = TOP,
        by_page: bool = False,
    ) -> Opened:
        """Answer an offer; raises what an encoder is told. `by_page` says that a web page asks."""
        room_id = await self.room_of(key, remote=remote, probe=probe)
        try:
            offer = sdp.clean_offer(offer)
            if rung:
                rung_named(rung)
            session_id = new_secret()
            feed = self.feed(
                room_id,
                rung=rung,
                remote=remote,
                probe=probe,
                by_page=by_page,
                on_end=lambda refusal: self._session_ended(session_id, refusal),
            )
        except AppError as refusal:
            self._note(room_id, refusal, remote)
            raise
        session = self._sessions[session_id] = _Session(feed, offer)
        try:
            session.number, answer = await self.gateway.open(offer, feed, probe=probe)
        except BaseException as error:
            feed.end("refused", "")
            if isinstance(error, AppError):
                self._note(room_id, error, remote)
            raise
        feed.expect()
        if feed.over:
            self.gateway.shut(session.number)
            raise SessionNotFound
        return Opened(session_id, session.etag, sdp.tell_addresses(answer, self._addresses))

    async def room_of(self, key: str, *, remote: str, probe: bool = False) -> str:
        """The room of a stream key; raises, and reports, what is wrong with it."""
        try:
            async with asyncio.timeout(self.limits.authorize_s_max):
                is_key = 0 < len(key) <= KEY_LENGTH_MAX
                room_id = await self._authorize(key, probe=probe) if is_key else None
        except PublishRefused as over:
            self._note(over.room_id, over, remote)
            raise
        except TimeoutError:
            raise PublishRefused("The stream key could not be checked. Try again.") from None
        if room_id is None:
            refusal = WrongKey()
            self._note(None, refusal, remote)
            raise refusal
        return room_id

    def feed(
        self,
        room_id: str,
        *,
        rung: str = TOP,
        remote: str,
        probe: bool,
        by_page: bool = False,
        on_end: Callable[[AppError | None], None],
    ) -> Feed:
        """A new feed, kept to its times by `run`; raises `TooManyPublishers`."""
        if len(self._feeds) >= self.limits.feeds_max:
            raise TooManyPublishers

        def ended(refusal: AppError | None) -> None:
            self._feeds.discard(feed)
            on_end(refusal)

        feed = Feed(
            self.origin,
            self.clock,
            room_id=room_id,
            rung=rung,
            remote=remote,
            limits=self.limits,
            probe=probe,
            by_page=by_page,
            on_end=ended,
        )
        self._feeds.add(feed)
        self._awake.set()
        return feed

    def trickle(self, session_id: str, *, etag: str, body: str) -> None:
        """More candidates of a session's peer; raises for anything else a PATCH may want."""
        session = self._session(session_id)
        ufrag, candidates = sdp.fragment(body)
        if not etag:
            raise EtagMissing
        if etag == "*" or (ufrag and ufrag != session.ufrag):
            raise RestartUnsupported
        if etag.strip('"') != session.etag:
            raise EtagDiffers
        if session.number is not None and candidates:
            self.gateway.trickle(session.number, candidates)

    def end(self, session_id: str) -> None:
        """The publisher is done; raises why it already ended, where it did."""
        self._session(session_id).feed.end("closed", "The browser stopped.")

    async def run(self) -> None:
        """Keep feeds to their times."""
        while True:
            if not self._feeds:
                self._awake.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TOLD_FOR_S):
                        await self._awake.wait()
            for feed in tuple(self._feeds):
                feed.tick()
            self._forget()
            await asyncio.sleep(TICK_S)

    async def close(self) -> None:
        """The server is going: publishers may come back."""
        for feed in tuple(self._feeds):
            feed.end("server_closing", "The server is restarting.")
        await self.gateway.close()

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _session(self, session_id: str) -> _Session:
        session = self._sessions.get(session_id)
        if session is not None:
            return session
        _, refusal = self._ended.get(session_id, (0.0, None))
        raise refusal if refusal is not None else SessionNotFound()

    def _session_ended(self, session_id: str, refusal: AppError | None) -> None:
        session = self._sessions.pop(session_id, None)
        if session is None:
            return
        self._ended[session_id] = self.clock.monotonic(), refusal
        while len(self._ended) > ENDED_MAX:
            del self._ended[next(iter(self._ended))]
        if session.number is not None:
            self.gateway.shut(session.number)

    def _forget(self) -> None:
        until = self.clock.monotonic() - TOLD_FOR_S
        while self._ended:
            session_id, (at, _) = next(iter(self._ended.items()))
            if at > until:
                return
            del self._ended[session_id]

    def _note(self, room_id: str | None, refusal: AppError, remote: str) -> None:
        event = PublishEvent(room_id, "refused", refusal.code, refusal.text, remote)
        self.origin.report(event)
