"""The child's side: `python -m yaohe.kernel.webrtc.child FD NETWORK`.

Everything is loaded and used once, then the process becomes nobody with few rights, then peers are
served until the parent hangs up. UDP ports come out of the configured range.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
import threading
import traceback
from typing import Any

import ifaddr
import msgspec
import uvloop
from aiortc import RTCPeerConnection

from yaohe.kernel.errors import AppError
from yaohe.kernel.rights import give_up_rights
from yaohe.kernel.webrtc import messages
from yaohe.kernel.webrtc.hooks import install
from yaohe.kernel.webrtc.messages import LENGTH_BYTES, MESSAGE_BYTES_MAX, Network
from yaohe.kernel.webrtc.peer import Ears, Peer, plain_ears

FILES_MAX = 2_048
THREAD_STACK_BYTES = 256 * 1024
# A parent that does not take its media is lost; what it would get late is of no use.
UNSENT_BYTES_MAX = 32 * 2**20


class PortLoop(uvloop.Loop):
    """An event loop whose own UDP ports lie in a range; (0, 0) leaves them to the kernel."""

    def __init__(self, ports: tuple[int, int]) -> None:
        super().__init__()
        self._ports, self._next = ports, ports[0]

    async def create_datagram_endpoint(
        self, protocol_factory: Any, local_addr: Any = None, *args: Any, **more: Any
    ) -> Any:
        first, last = self._ports
        make = super().create_datagram_endpoint
        if not first or local_addr is None or local_addr[1] != 0:
            return await make(protocol_factory, local_addr, *args, **more)
        for _ in range(last - first + 1):
            port = self._next
            self._next = first if port >= last else port + 1
            with contextlib.suppress(OSError):
                return await make(protocol_factory, (local_addr[0], port), *args, **more)
        raise OSError(f"No UDP port from {first} to {last} is free on {local_addr[0]}.")


def own_addresses(host: str) -> list[str]:
    """The addresses to bind to: the one listened on, or all of this machine for 0.0.0.0 and ::."""
    if host not in {"0.0.0.0", "::", ""}:  # noqa: S104 - told by the settings
        return [{"localhost": "127.0.0.1"}.get(host, host)]
    found = []
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            if isinstance(ip.ip, str):
                found.append(ip.ip)
            elif ip.ip[2] == 0 and ip.ip[0] != "::1" and host != "0.0.0.0":  # noqa: S104
                found.append(ip.ip[0])
    # Loopback last: it serves a browser on this machine and nobody else.
    return sorted(found, key=lambda address: address.startswith("127."))


class Child:
    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._peers: dict[int, Peer] = {}
        self._ears: dict[int, Ears] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader) -> None:
        """Follow orders until the parent closes its end."""
        while True:
            try:
                size = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "big")
                if size > MESSAGE_BYTES_MAX:
                    return
                order = messages.decode_order(await reader.readexactly(size))
            except (EOFError, OSError, msgspec.DecodeError):
                return
            match order:
                case messages.Hear():
                    if order.peer not in self._ears:
                        self._ears[order.peer] = plain_ears(order.peer, self.send)
                    self._ears[order.peer].hear(order.at, order.packet)
                case messages.Open():
                    self._do(self._open(order))
                case messages.Trickle():
                    peer = self._peers.get(order.peer)
                    if peer is not None:
                        self._do(peer.trickle(order.candidates))
                case messages.Shut():
                    self._ears.pop(order.peer, None)
                    gone = self._peers.pop(order.peer, None)
                    if gone is not None:
                        self._do(gone.close())

    def send(self, report: messages.Report) -> None:
        transport = self._writer.transport
        if transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            transport.abort()
        elif not transport.is_closing():
            self._writer.write(messages.encode(report))

    async def _open(self, order: messages.Open) -> None:
        peer = self._peers[order.peer] = Peer(order.peer, self.send, self._ended)
        try:
            answer = await peer.answer(order.offer, probe=order.probe)
        except AppError as refusal:
            self._peers.pop(order.peer, None)
            self.send(messages.Refused(order.peer, refusal.code, refusal.text))
            await peer.close()
        else:
            self.send(messages.Answered(order.peer, answer))

    def _ended(self, number: int) -> None:
        peer = self._peers.pop(number, None)
        if peer is not None:
            self.send(messages.Gone(number, "closed"))
            self._do(peer.close())

    def _do(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.send(messages.Fault(0, "".join(traceback.format_exception(error))))


async def warm() -> None:
    """Use everything once, while files may still be read: an offer answered, a packet heard."""
    ours, theirs = RTCPeerConnection(), Peer(0, lambda _: None, lambda _: None)
    for kind in ("video", "audio"):
        ours.addTransceiver(kind, direction="sendonly")
    await ours.setLocalDescription()
    await theirs.answer(ours.localDescription.sdp, probe=True)
    plain_ears(0, lambda _: None).hear(0, b"\xfc\xff\xfe")
    await ours.close()
    await theirs.close()


async def main(line: socket.socket) -> None:
    await warm()
    give_up_rights(files_max=FILES_MAX, tasks_max=None)
    line.setblocking(False)
    reader, writer = await asyncio.open_unix_connection(sock=line, limit=2**20)
    child = Child(writer)
    writer.write((0).to_bytes(LENGTH_BYTES, "big"))
    await child.serve(reader)


def run() -> None:
    network = msgspec.json.decode(sys.argv[2], type=Network)
    logging.disable()  # files may not be written to, whatever stderr is
    threading.stack_size(THREAD_STACK_BYTES)
    install(lambda: own_addresses(network.host))
    with asyncio.Runner(loop_factory=lambda: PortLoop(network.ports)) as runner:
        runner.run(main(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    run()
