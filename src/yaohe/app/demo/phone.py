"""One scripted visitor: a phone that speaks the same HTTP and WebSocket as everybody's.

It keeps its cookie, joins the room over `/rt` in Centrifugo's JSON protocol, ticks while it
watches, talks, likes, shares, helps and buys. Nothing is written past the public interface.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import ssl
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

PHONES = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko)"
    " SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
)
TICK_S = 5.0


class Refused(Exception):
    """The server said no, in its own words."""


class _Socket(WSListener):
    def __init__(self) -> None:
        self.transport: WSTransport | None = None
        self.closed = asyncio.Event()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.closed.set()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            # An empty object is the server's ping; a client answers with the same.
            if any(line == b"{}" for line in frame.get_payload_as_bytes().split(b"\n")):
                transport.send(WSMsgType.TEXT, b"{}")
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()


class Phone:
    """A visitor of one room, from opening the page to leaving."""

    def __init__(self, base: str, room: str, *, number: int, lang: str = "zh-CN") -> None:
        self.base, self.room, self.token = base, room, ""
        self._commands = itertools.count(1)
        self._socket = _Socket()
        headers = {"user-agent": PHONES[number % len(PHONES)], "accept-language": lang}
        # The demo's own certificate is signed by nobody; the crowd never leaves this machine.
        self._verify = not base.startswith("https:")
        self.http = httpx.AsyncClient(
            base_url=base, headers=headers, timeout=15, verify=self._verify, trust_env=False
        )

    async def open(self, path: str) -> None:
        """Open a page as a person does; a share link also confirms the arrival."""
        page = await self.http.get(path)
        page.raise_for_status()
        if "yh_v" not in self.http.cookies:  # a shop that asks first
            await self.call("POST", "/api/v1/me/consent", {"accepted": True})
        if path.startswith("/s/"):
            self.token = path.removeprefix("/s/")
            await self.call("POST", "/api/v1/beacon", {"token": self.token})

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = await self.http.request(method, path, json=body if body is not None else {})
        if answer.status_code >= 400:
            raise Refused(answer.text)
        return answer.json() if answer.content else None

    @contextlib.asynccontextmanager
    async def joined(self) -> AsyncIterator[None]:
        """In the room: connected, subscribed to chat and state, ticking while inside."""
        url = self.base.replace("http", "ws", 1) + "/rt"
        cookie = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        context = None
        if not self._verify:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        parts = urlsplit(self.base)
        origin = f"{parts.scheme}://{parts.netloc}"
        await ws_connect(
            lambda: self._socket,
            url,
            ssl_context=context,
            extra_headers={"Cookie": cookie, "Origin": origin},
        )
        here = {"room": self.room, "token": self.token, "playing": True}
        self._send({"connect": {"data": here}})
        ticking = asyncio.create_task(self._tick())
        try:
            yield
        finally:
            ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticking
            if self._socket.transport is not None:
                self._socket.transport.disconnect()

    def _send(self, command: dict[str, Any]) -> None:
        transport = self._socket.transport
        if transport is not None and not self._socket.closed.is_set():
            line = msgspec.json.encode({"id": next(self._commands), **command})
            transport.send(WSMsgType.TEXT, line)

    async def _tick(self) -> None:
        while True:
            with contextlib.suppress(Refused, httpx.HTTPError):
                body = {"room": self.room, "visible": True}
                if self.token:
                    body["token"] = self.token
                await self.call("POST", "/api/v1/watch", body)
            await asyncio.sleep(TICK_S)

    def say(self, text: str) -> None:
        channel = f"room:{self.room}:chat"
        self._send({"publish": {"channel": channel, "data": {"text": text}}})

    def like(self, times: int) -> None:
        self._send({"rpc": {"method": "like", "data": {"room": self.room, "n": times}}})

    async def share(self, channel: str) -> str:
        """Share the room; the answer is the path a friend opens."""
        wish = {"channel": channel, "content": "card"}
        if self.token:
            wish["parent"] = self.token
        made = await self.call("POST", f"/api/v1/rooms/{self.room}/shares", wish)
        return urlsplit(str(made["url"])).path

    async def help(self) -> None:
        await self.call("POST", f"/api/v1/shares/{self.token}/help")

    async def buy(self, product: str, *, name: str, key: str) -> None:
        """Order one piece and pay at the sandbox's cashier page, form and all."""
        wish = {
            "product_id": product,
            "quantity": 1,
            "room_id": self.room,
            "idempotency_key": key,
            "buyer": {"name": name, "phone": "13800000000", "address": "长乐路 100 号"},
        }
        ordered = await self.call("POST", "/api/v1/orders", wish)
        cashier = ordered.get("cashier_url")
        if not cashier:
            return
        page = await self.http.get(cashier, follow_redirects=True)
        await self.http.post(
            f"{page.url.path}/pay",
            data=_hidden_fields(page.text),
            headers={"origin": self.base},
        )

    async def close(self) -> None:
        await self.http.aclose()


def _hidden_fields(page: str) -> dict[str, str]:
    """The hidden inputs of the page's first form."""
    fields = {}
    form = page.partition("<form")[2].partition("</form>")[0]
    for piece in form.split("<input")[1:]:
        tag = piece.partition(">")[0]
        name = tag.partition('name="')[2].partition('"')[0]
        value = tag.partition('value="')[2].partition('"')[0]
        if name:
            fields[name] = value
    return fields
