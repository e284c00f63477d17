"""Chat: server CPU per delivered message, one room of 1,000 sockets, 50 messages a second.

Everybody gets the same bytes: the peers send what our hub would send, built once per message. Pings
are left out for all by the shortness of the run.
"""

from __future__ import annotations

from bench.machine import median
from bench.people import Town
from bench.run import Bench, Row
from bench.sockets import YAOHE_HELLO, YAOHE_SAY, Dialect, converse, shout
from yaohe.live.realtime.client import PING_FRAME

SOCKETS, PER_S, SECONDS, ROUNDS = 1_000, 50, 4.0, 3
SHOUT_SOCKETS, SHOUTS = 10_000, 5
PLAIN = Dialect("/")
SOCKET_IO = Dialect(
    "/socket.io/?EIO=4&transport=websocket",
    hello=["40"],
    say='42["say","%s"]',
    ping=b"\x81\x012",
    pong="3",
)


def _cost_us(
    bench: Bench, address: tuple[str, int], pid: int, dialect: Dialect
) -> tuple[float, float]:
    """Server CPU per delivered message, and per frame that carried them."""
    costs, frames = [], []
    for _ in range(ROUNDS):
        heard = bench.load(converse, address, dialect, pid, SOCKETS, PER_S, SECONDS)
        assert heard.delivered >= heard.sent * SOCKETS * 0.99, f"{heard}"
        costs.append(heard.server_cpu_s / heard.delivered * 1e6)
        frames.append(heard.server_cpu_s / max(heard.frames, 1) * 1e6)
    return median(costs), median(frames)


def run(bench: Bench) -> list[Row]:
    shop = bench.shop()
    town = Town(shop)
    dialect = Dialect(
        "/rt",
        hello=YAOHE_HELLO,
        say=YAOHE_SAY,
        ping=PING_FRAME,
        pong="{}",
        cookies=town.cookies(SOCKETS),
    )
    ours, a_frame = _cost_us(bench, shop.address, shop.pid, dialect)
    note = f"{SOCKETS:,} sockets, {PER_S} messages a second, all to all"
    rows = [
        Row("CPU per chat frame sent", a_frame, "µs", target="≤ 3",
            note=f"{note}; a frame holds what was said in one batch")
    ]  # fmt: skip
    for name, title, theirs in (("ws", "ws", PLAIN), ("socketio", "socket.io", SOCKET_IO)):
        with bench.peer(name) as peer:
            cost = None
            if peer is not None:
                cost, _ = _cost_us(bench, ("127.0.0.1", peer.told["port"]), peer.pid, theirs)
        rows.append(
            Row("CPU per delivered chat message", ours, "µs", cost, title, "less", "≤ 0.6", note)
        )
    dialect.cookies = town.cookies(SHOUT_SOCKETS)
    took = bench.load(shout, shop.address, dialect, SHOUT_SOCKETS, SHOUTS)
    rows.append(
        Row(f"one message to {SHOUT_SOCKETS:,} sockets", median(took), "ms", target="≤ 60",
            note="from sent to heard by the last, reading included")
    )  # fmt: skip
    return rows
