"""uvicorn's httptools protocol with bounds, and the two ways out of plain HTTP.

Bounds: the head of a request in size and time, its body in time (uvicorn has none of them),
connections per process and wide ones per address. Ways out: a WebSocket upgrade is decided here,
refused with a plain status or handed to picows; a GET of a media path takes the whole connection
over for a `HttpViewer`, once every earlier pipelined answer has left. Pinned to uvicorn 0.54 and
httptools 0.9 by contract tests.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import unquote

import httptools
import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from yaohe.kernel.wire.config import Accepted, Refusal, WireRequest, WireState
from yaohe.kernel.wire.frames import refusal
from yaohe.kernel.wire.limits import Passage
from yaohe.kernel.wire.media import HttpViewer, MediaSource
from yaohe.kernel.wire.stream import StreamListener
from yaohe.kernel.wire.timers import Timer
from yaohe.kernel.wire.whole import WHOLE, Whole
from yaohe.kernel.wire.ws import WsProtocol

log = structlog.get_logger(__name__)

BAD_REQUEST: Final = Refusal(400, "bad_request", "This is not valid HTTP.")
HEAD_TOO_LARGE: Final = Refusal(431, "head_too_large", "The request's headers are too large.")
BODY_TOO_SLOW: Final = Refusal(408, "body_late", "The request's body did not arrive in time.")
HEAD_TOO_SLOW: Final = Refusal(408, "head_too_slow", "The request's headers took too long.")
FULL: Final = Refusal(
    503, "busy", "Very busy right now. Try again.", headers=(("retry-after", "2"),)
)
WRONG_ORIGIN: Final = Refusal(403, "wrong_origin", "This request came from another site.")
NOT_HERE: Final = Refusal(404, "not_found", "There is nothing here.")
WRONG_VERSION: Final = Refusal(
    426, "ws_version", "WebSocket version 13 is spoken here.", (("sec-websocket-version", "13"),)
)
WRONG_KEY: Final = Refusal(400, "ws_key", "The WebSocket handshake is not valid.")
LINGER_S: Final = 1.0
IGNORED_BYTES_MAX: Final = 262_144


class _HeadTooLarge(Exception):
    """Stops the parser; the connection then answers 431."""


def refusal_bytes(no: Refusal) -> bytes:
    return refusal(no.status, no.code, no.message, no.headers)


def _answering(status: int, headers: Sequence[tuple[str, str]], body: bytes) -> Any:
    """An ASGI application with one answer, so that keep-alive and pipelining stay uvicorn's."""
    fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": body})

    return answer


class HttpProtocol(HttpToolsProtocol):
    """One HTTP connection; `config.wire` is the state all of them share."""

    def __init__(
        self,
        config: Any,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._wire: WireState = config.wire
        self._head_bytes_max = self._wire.limits.head_bytes_max
        self._passage: Passage | None = None
        self._timer: Timer | None = None
        self._refusal: Refusal | None = None
        self._media: MediaSource | None = None
        self._deaf = False  # refused or handed over: what still arrives is not parsed
        self._in_body = False
        self._head_open = False
        self._head_bytes = 0  # received since the last complete head
        self._field_bytes = 0  # of the head being parsed
        self._ignored_bytes = 0

    # --- arriving and leaving

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        self._passage = self._wire.turnstile.enter(address)
        if self._passage is None:
            self._refuse(FULL, linger=False)
            return
        self._timer = self._wire.wheel.after(self._wire.limits.head_s_max, self._head_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timer()
        if self._passage is not None:
            self._passage.leave()
        super().connection_lost(exc)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _head_late(self) -> None:
        self._timer = None
        self._refuse(HEAD_TOO_SLOW)

    def _body_late(self) -> None:
        self._timer = None
        cycle = self.cycle
        if cycle is None or cycle.response_started or self.pipeline:
            self._deaf = True
            self.transport.close()
            return
        cycle.disconnected = True  # what waits for the body hears that nobody is there any more
        cycle.message_event.set()
        self._dismiss(BODY_TOO_SLOW)

    def _answering_now(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, no: Refusal, *, linger: bool = True) -> None:
        """Turn the caller away and close; never into the middle of another answer."""
        self._deaf = True
        self._cancel_timer()
        if self._answering_now():
            self.transport.close()
        elif not self.transport.is_closing():
            self._dismiss(no, linger=linger)

    def _dismiss(self, no: Refusal, *, linger: bool = True) -> None:
        self._deaf = True
        self.transport.write(refusal_bytes(no))
        if linger and self.transport.can_write_eof():
            # Closing with unread bytes would reset the connection under the answer.
            self.transport.write_eof()
            self._timer = self._wire.wheel.after(LINGER_S, self.transport.close)
        else:
            self.transport.close()

    def shutdown(self) -> None:
        if self._deaf:
            self.transport.close()
        else:
            super().shutdown()

    def _ignore(self, data: bytes) -> None:
        self._ignored_bytes += len(data)
        if self._ignored_bytes > IGNORED_BYTES_MAX:
            self.transport.abort()

    # --- bytes

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._deaf:
            self._ignore(data)
            return
        if not self._in_body:
            self._head_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._should_upgrade():
                self._open_websocket(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            if self._refusal is None and isinstance(error, httptools.HttpParserCallbackError):
                log.error("request_failed", exc_info=error.__context__ or error)
            self._refuse(self._refusal or BAD_REQUEST)
            return
        if self._media is not None and not self._answering_now():
            self._take_over()
        elif self._head_open:
            self._check_open_head()
        elif self._in_body and self._timer is None:
            self._timer = self._wire.wheel.after(self._wire.limits.body_s_max, self._body_late)

    def _check_open_head(self) -> None:
        if self._head_bytes > self._head_bytes_max:
            self._refuse(HEAD_TOO_LARGE)
        elif self._timer is None:
            self._timer = self._wire.wheel.after(self._wire.limits.head_s_max, self._head_late)

    def _too_large(self) -> _HeadTooLarge:
        self._refusal = HEAD_TOO_LARGE
        return _HeadTooLarge()

    # --- parser callbacks

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_open = True
        self._field_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._field_bytes += len(url)
        if self._field_bytes > self._head_bytes_max:
            raise self._too_large()
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        # Runs ten times per request: what uvicorn's own does, without the calls.
        self._field_bytes += len(name) + len(value) + 4
        if self._field_bytes > self._head_bytes_max:
            raise self._too_large()
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._head_open = False
        self._head_bytes = 0
        self._in_body = True
        self._cancel_timer()
        if self._media is not None:
            return  # pipelined behind a stream that ends the connection
        route = self._wire.config.media
        if (
            route is not None
            and self.url.startswith(self._wire.media_prefix)
            and self.parser.get_method() in (b"GET", b"HEAD")
            and not self.parser.should_upgrade()
        ):
            answer = route(self._request())
            if isinstance(answer, Refusal):
                self._answer_with(refusal_app(answer))
                return
            if answer is not None:
                self._offer(answer)
                return
        super().on_headers_complete()
        cycle = self.cycle
        if cycle is not None and cycle.scope is self.scope:  # not an upgrade
            # The request's task has been made and not begun: it will find this in its scope.
            self.scope["extensions"] = {WHOLE: Whole(cycle, self._wire)}  # type: ignore[dict-item]

    def on_body(self, body: bytes) -> None:
        if self._media is None:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._cancel_timer()
        if self._media is None:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # The pipeline may just have begun its next answer; the stream waits for all of them.
        if self._media is None or self._answering_now() or self.transport.is_closing():
            return
        self._take_over()

    # --- media

    def _request(self, *, websocket: bool = False) -> WireRequest:
        headers: dict[str, str] = {}
        for raw_name, raw_value in self.headers:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            if name in headers:
                value = headers[name] + ("; " if name == "cookie" else ", ") + value
            headers[name] = value
        path, _, query = self.url.decode("latin-1").partition("?")
        peer = self.client[0] if self.client else ""
        secure = self.scheme == "https" or (
            self._wire.proxies.trusts(peer) and headers.get("x-forwarded-proto") == "https"
        )
        return WireRequest(
            method=self.parser.get_method().decode("ascii"),
            path=unquote(path),
            query=query,
            headers=headers,
            address=self._wire.proxies.client(peer, headers),
            secure=secure,
            websocket=websocket,
        )

    def _answer_with(self, app: Any) -> None:
        usual, self.app = self.app, app
        try:
            super().on_headers_complete()
        finally:
            self.app = usual

    def _offer(self, source: MediaSource) -> None:
        if self.parser.get_method() == b"HEAD":
            self._answer_with(_answering(200, source.headers, b""))
            return
        self._media = source
        if self._answering_now():
            self.flow.pause_reading()

    def _take_over(self) -> None:
        """The connection belongs to a viewer from now on; this object is forgotten."""
        source, self._media = self._media, None
        assert source is not None
        self._deaf = True
        self._unset_keepalive_if_required()
        self._cancel_timer()
        # Transfer-Encoding does not exist in HTTP/1.0: there the end of the body is the close.
        chunked = self.parser.get_http_version() == "1.1"
        connections, passage = self.connections, self._passage
        self._passage = None

        def gone(viewer: HttpViewer) -> None:
            connections.discard(viewer)
            if passage is not None:
                passage.leave()

        viewer = HttpViewer(
            self.transport, self._wire.fanouts.of(source), chunked=chunked, gone=gone
        )
        connections.discard(self)
        connections.add(viewer)  # type: ignore[arg-type]
        self.flow.resume_reading()
        self.transport.set_protocol(viewer)
        self.server_state.total_requests += 1
        # The parser points back here; without this the pair would wait for the cycle collector.
        self.parser = None  # type: ignore[assignment]
        viewer.start([(n.decode(), v.decode()) for n, v in self.server_state.default_headers])

    # --- WebSocket

    def _open_websocket(self, rest: bytes) -> None:
        request = self._request(websocket=True)
        answer = self._decide(request)
        if isinstance(answer, Refusal) or self._answering_now():
            self._refuse(answer if isinstance(answer, Refusal) else BAD_REQUEST)
            return
        self._deaf = True
        self._cancel_timer()
        passage, self._passage = self._passage, None
        assert passage is not None
        self.connections.discard(self)
        protocol = WsProtocol(request, answer, self._wire, self.connections, passage)
        self.parser = None  # type: ignore[assignment]
        protocol.take(self.transport, request.headers["sec-websocket-key"].strip(), rest)

    def _decide(self, request: WireRequest) -> Accepted | Refusal:
        route = self._wire.ws_route(request.path)
        if route is None and self._wire.config.media is not None:
            route = self._watch
        if route is None:
            return NOT_HERE
        if not self._wire.same_origin(request):
            return WRONG_ORIGIN
        if request.headers.get("sec-websocket-version") != "13":
            return WRONG_VERSION
        try:
            key = base64.b64decode(request.headers.get("sec-websocket-key", ""), validate=True)
        except (binascii.Error, ValueError):
            return WRONG_KEY
        if len(key) != 16 or request.method != "GET":
            return WRONG_KEY
        return route(request)

    def _watch(self, request: WireRequest) -> Accepted | Refusal:
        """A media path over WebSocket."""
        wire = self._wire
        media = wire.config.media
        if media is None or not request.path.startswith(wire.config.media_prefix):
            return NOT_HERE

        def renew() -> MediaSource | None:
            source = media(request)
            return None if isinstance(source, Refusal) else source

        source = media(request)
        if source is None:
            return NOT_HERE
        if isinstance(source, Refusal):
            return source
        return Accepted(StreamListener(source, wire.fanouts, renew))


def refusal_app(no: Refusal) -> Any:
    """The refusal as an answer on a connection that stays usable."""
    body = refusal_bytes(no).partition(b"\r\n\r\n")[2]
    fields = [
        ("content-type", "application/json"),
        ("content-length", str(len(body))),
        *no.headers,
    ]
    return _answering(no.status, fields, body)
