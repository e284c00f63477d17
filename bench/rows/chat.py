"""Chat: server CPU per delivered message, one room of 1,000 sockets, 50 messages a second.

Everybody gets the same bytes: the peers send what our hub would send, built once per message.
"""

from __future__ import annotations

from bench.machine import median
from bench.people import Town
from bench.run import Bench, Row
from bench.sockets import YAOHE_HELLO, YAOHE_SAY, Dialect, converse, shout
from yaohe.live.realtime.client import PING_FRAME

SOCKETS, PER_S, SECONDS, ROUNDS = 1_000, 50, 4.0, 3
# Rooms of other sizes, each with as many messages as its people may send.
SIZES = ((100, 50), (10_000, 5))
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
    bench: Bench,
    address: tuple[str, int],
    pid: int,
    dialect: Dialect,
    *,
    sockets: int = SOCKETS,
    per_s: int = PER_S,
    rounds: int = ROUNDS,
) -> tuple[float, float]:
    """Server CPU per delivered message, and per frame that carried them."""
    costs, frames = [], []
    for _ in range(rounds):
        heard = bench.load(converse, address, dialect, pid, sockets, per_s, SECONDS)
        assert heard.delivered >= heard.sent * sockets * 0.99, f"{heard}"
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
    lag_ms = shop.metric("event_loop_lag_p99_ms")
    note = f"{SOCKETS:,} sockets, {PER_S} messages a second, all to all, resting use taken off"
    rows = [
        Row("CPU per chat frame sent", a_frame, "µs", target="≤ 3",
            note=f"{note}; a frame holds what was said in one batch"),
        Row("event loop lag meanwhile, p99", lag_ms, "ms", target="≤ 5",
            note="over the last minute, the sockets' coming included"),
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
    for sockets, per_s in SIZES:
        of_size = {"sockets": sockets, "per_s": per_s, "rounds": 1}
        _, each = _cost_us(bench, shop.address, shop.pid, dialect, **of_size)
        rows.append(
            Row(f"CPU per chat frame, a room of {sockets:,}", each, "µs",
                note=f"{per_s} messages a second: the curve beside the row above")
        )  # fmt: skip
    took = bench.load(shout, shop.address, dialect, SHOUT_SOCKETS, SHOUTS)
    rows.append(
        Row(f"one message to {SHOUT_SOCKETS:,} sockets", median(took), "ms", target="≤ 60",
            note="from sent to heard by the last, reading included")
    )  # fmt: skip
    return rows
