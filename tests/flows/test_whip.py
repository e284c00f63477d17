"""Going live from a browser, without the browser: WHIP by a real WebRTC peer, and the WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
import websockets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.media import clip, demux
from tests.support.patience import PATIENCE_S
from tests.support.webrtc import good_offer, opus_packets, sender
from tests.support.wire import serving

from yaohe.app.http import make_application
from yaohe.kernel.clock import SystemClock
from yaohe.kernel.webrtc import Gateway, Network, OfferUnusable
from yaohe.kernel.wire import WireConfig, WireServer
from yaohe.live.media import MediaOrigin, PublishEvent
from yaohe.live.whip import FeedLimits, PublishDoor, Whip
from yaohe.live.whip.http import controllers

KEYS = {"key-tea": "tea", "key-silk": "silk"}
SDP = {"content-type": "application/sdp"}
LINK = '<stun:stun.example.org>; rel="ice-server"'


@dataclass
class House:
    origin: MediaOrigin
    whip: Whip
    server: WireServer
    http: httpx.AsyncClient
    events: list[PublishEvent] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, event: PublishEvent) -> None:
        self.events.append(event)
        self.news.set()

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(event.kind, event.reason) for event in self.events]

    async def until(self, enough: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
        async with asyncio.timeout(within_s):
            while not enough():
                self.news.clear()
                await self.news.wait()

    async def live(self, room_id: str = "tea", fragments: int = 5) -> None:
        log = self.origin.open(room_id)
        kept = log.subscribe(lambda _: self.news.set())
        await self.until(lambda: log.live and log.next_offset >= fragments)
        kept.close()

    def media(self, room_id: str = "tea") -> bytes:
        log = self.origin.open(room_id)
        assert log.generation is not None
        pieces = [f.data for f in log.span(0, log.next_offset) if f.epoch == log.epoch]
        return log.generation.init + b"".join(pieces)


async def authorize(key: str, /, *, probe: bool = False) -> str | None:
    return KEYS.get(key)


@pytest_asyncio.fixture(scope="module")
async def gateway() -> AsyncIterator[Gateway]:
    gateway = Gateway(Network())
    yield gateway
    await gateway.close()


@pytest_asyncio.fixture
async def house(gateway: Gateway) -> AsyncIterator[House]:
    origin = MediaOrigin()
    whip = Whip(
        origin,
        authorize,
        gateway,
        SystemClock(),
        addresses=("203.0.113.9",),
        ice_servers=(LINK,),
        limits=FeedLimits(connect_s_max=3.0, idle_s_max=3.0, feeds_max=3),
    )
    config = WireConfig(lifespan="off", websockets={"/publish": PublishDoor(whip).accept})
    running = asyncio.create_task(whip.run())
    async with serving(config, make_application(controllers, {"whip": whip})) as server:
        base = f"http://127.0.0.1:{server.port}"
        async with httpx.AsyncClient(base_url=base, timeout=PATIENCE_S) as http:
            house = House(origin, whip, server, http)
            origin.on_event(house.note)
            yield house
    running.cancel()
    origin.drop("tea")
    origin.drop("silk")


# ── WHIP ─────────────────────────────────────────────────────────────────────────────────────────


async def test_an_offer_becomes_a_live_room_and_a_delete_ends_it(house: House) -> None:
    async with sender() as peer:
        opened = await house.http.post("/whip/key-tea", content=peer.offer, headers=SDP)
        assert opened.status_code == 201
        assert opened.headers["content-type"].startswith("application/sdp")
        assert opened.headers["link"] == LINK
        assert opened.headers["etag"].startswith('"')
        assert opened.headers["access-control-allow-origin"] == "*"
        assert " 203.0.113.9 " in opened.text
        assert house.told == []
        await peer.answered(opened.text)
        await house.live()
        assert house.told == [("connected", "connected"), ("started", "started")]
        packets = demux(house.media())
        assert {packet.kind for packet in packets} == {"video", "audio"}
        assert house.origin.open("tea").codecs == "avc1.42c01f,mp4a.40.2"
        session = opened.headers["location"]
        assert (await house.http.delete(session)).status_code == 200
        assert house.told[-1] == ("stopped", "closed")
        assert not house.origin.open("tea").live
        again = await house.http.delete(session)
        assert (again.status_code, again.json()["error"]["code"]) == (404, "session_not_found")


async def test_the_key_may_come_as_bearer_and_sound_alone_is_a_show(house: House) -> None:
    async with sender(video=False) as peer:
        headers = SDP | {"authorization": "Bearer key-tea"}
        opened = await house.http.post("/whip", content=peer.offer, headers=headers)
        assert opened.status_code == 201, opened.text
        await peer.answered(opened.text)
        await house.live()
        assert house.origin.open("tea").codecs == "mp4a.40.2"


async def test_the_newer_publisher_wins_and_the_older_hears_why(house: House) -> None:
    async with sender(audio=False) as old, sender(audio=False) as new:
        first = await house.http.post("/whip/key-tea", content=old.offer, headers=SDP)
        await old.answered(first.text)
        await house.live()
        epoch = house.origin.open("tea").epoch
        second = await house.http.post("/whip/key-tea", content=new.offer, headers=SDP)
        # An attempt alone replaces nobody.
        assert ("stopped", "replaced") not in house.told
        await new.answered(second.text)
        await house.until(lambda: ("stopped", "replaced") in house.told)
        log = house.origin.open("tea")
        kept = log.subscribe(lambda _: house.news.set())
        await house.until(lambda: log.epoch > epoch and log.live)
        kept.close()
        told = await house.http.delete(first.headers["location"])
        assert (told.status_code, told.json()["error"]["code"]) == (409, "replaced")
        assert (await house.http.delete(second.headers["location"])).status_code == 200


async def test_a_second_stream_may_be_a_lower_rung_of_the_show(house: House) -> None:
    wrong = await house.http.post("/whip/key-tea?rung=low", content=good_offer(), headers=SDP)
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "rung_wrong")
    async with sender() as top, sender() as low:
        first = await house.http.post("/whip/key-tea", content=top.offer, headers=SDP)
        await top.answered(first.text)
        await house.live()
        headers = SDP | {"authorization": "Bearer key-tea"}
        second = await house.http.post("/whip?rung=480", content=low.offer, headers=headers)
        await low.answered(second.text)
        await house.until(lambda: len(house.origin.rungs("tea")) == 2)
        log, below = house.origin.open("tea"), house.origin.log("tea", "480")
        assert below is not None
        assert log.generation is not None
        assert below.generation is not None
        assert below.generation.timeline == log.generation.timeline
        # The top one goes: the room goes on with what is left.
        await house.http.delete(first.headers["location"])
        assert house.origin.is_live("tea")
        assert log.epoch > below.generation.timeline
        assert (await house.http.delete(second.headers["location"])).status_code == 200
        assert not house.origin.is_live("tea")


async def test_a_peer_that_vanishes_is_noticed(house: House) -> None:
    async with sender(audio=False) as peer:
        opened = await house.http.post("/whip/key-tea", content=peer.offer, headers=SDP)
        await peer.answered(opened.text)
        await house.live()
        # The peer's process is still there and says nothing more: a phone in a lift.
        peer.freeze()
        await house.until(lambda: ("refused", "too_slow") in house.told)
        assert not house.origin.open("tea").live


async def test_a_peer_that_never_connects_is_given_up_with_the_reason(house: House) -> None:
    async with sender(audio=False) as peer:
        opened = await house.http.post("/whip/key-tea", content=peer.offer, headers=SDP)
        await house.until(lambda: ("refused", "too_slow") in house.told)
        assert "UDP" in house.events[-1].detail
        told = await house.http.delete(opened.headers["location"])
        assert (told.status_code, told.json()["error"]["code"]) == (408, "too_slow")
        assert house.whip.feeds == 0


async def test_a_check_measures_the_line_and_publishes_nothing(house: House) -> None:
    async with sender(audio=False) as peer:
        opened = await house.http.post("/whip/key-tea?check=1", content=peer.offer, headers=SDP)
        connected = asyncio.Event()
        peer.pc.on(
            "connectionstatechange",
            lambda: connected.set() if peer.pc.connectionState == "connected" else None,
        )
        await peer.answered(opened.text)
        await asyncio.wait_for(connected.wait(), 20)
        assert (await house.http.delete(opened.headers["location"])).status_code == 200
    assert house.events == []


async def test_trickle_wants_the_right_etag_and_no_restart(house: House) -> None:
    async with sender(audio=False) as peer:
        opened = await house.http.post("/whip/key-tea", content=peer.offer, headers=SDP)
        session, etag = opened.headers["location"], opened.headers["etag"]
        kind = {"content-type": "application/trickle-ice-sdpfrag"}
        ufrag = peer.offer.partition("a=ice-ufrag:")[2].split("\r\n")[0]
        body = (
            f"a=ice-ufrag:{ufrag}\r\na=candidate:1 1 udp 1 127.0.0.1 50999 typ host\r\n"
            "a=end-of-candidates\r\n"
        )

        async def trickle(body: str, **headers: str) -> tuple[int, str]:
            more = {name.replace("_", "-"): value for name, value in headers.items()}
            answer = await house.http.patch(session, content=body, headers=kind | more)
            return answer.status_code, answer.json()["error"]["code"] if answer.content else ""

        assert await trickle(body, if_match=etag) == (204, "")
        assert await trickle(body) == (428, "etag_missing")
        assert await trickle(body, if_match='"other"') == (412, "etag_differs")
        assert await trickle(body, if_match="*") == (422, "restart_unsupported")
        new = body.replace(ufrag, "newufrag")
        assert await trickle(new, if_match=etag) == (422, "restart_unsupported")
        assert await trickle(body, if_match=etag, content_type="text/plain") == (415, "not_sdp")
        await house.http.delete(session)
        assert await trickle(body, if_match=etag) == (404, "session_not_found")


async def test_refusals_are_told_to_the_client_and_in_the_studio(house: House) -> None:
    async def asked(content: bytes | str, path: str = "/whip/key-tea", **headers: str) -> Any:
        answer = await house.http.post(path, content=content, headers=SDP | headers)
        assert answer.headers["access-control-allow-origin"] == "*"
        return answer.status_code, answer.json()["error"]["code"]

    assert await asked("v=0", "/whip/wrong") == (403, "wrong_key")
    assert await asked("v=0", "/whip") == (403, "wrong_key")
    assert await asked("v=0") == (400, "bad_offer")
    assert await asked(b"\xff") == (400, "bad_offer")
    assert await asked("v" * 70_000) == (413, "offer_too_big")
    kinds = {"content-type": "text/plain"}
    plain = await house.http.post("/whip/key-tea", content="v=0", headers=kinds)
    assert (plain.status_code, plain.json()["error"]["code"]) == (415, "not_sdp")
    async with sender(audio=False) as peer:
        assert await asked(peer.offer.replace("H264", "VP9")) == (415, "codec_unsupported")
    assert house.told[:3] == [
        ("refused", "wrong_key"), ("refused", "wrong_key"), ("refused", "bad_offer"),
    ]  # fmt: skip
    assert [event.room_id for event in house.events[:3]] == [None, None, "tea"]
    assert house.told[-1] == ("refused", "codec_unsupported")
    assert house.whip.feeds == 0


async def test_only_so_many_browsers_at_once(house: House) -> None:
    async with sender(audio=False) as peer:
        for _ in range(3):
            opened = await house.http.post("/whip/key-tea", content=peer.offer, headers=SDP)
            assert opened.status_code == 201
        more = await house.http.post("/whip/key-tea", content=peer.offer, headers=SDP)
        assert (more.status_code, more.json()["error"]["code"]) == (429, "too_many_publishers")


async def test_other_methods_and_preflights_are_answered(house: House) -> None:
    for path in ("/whip", "/whip/key-tea", "/whip/sessions/x"):
        options = await house.http.request("OPTIONS", path)
        assert options.status_code == 204
        assert options.headers["accept-post"] == "application/sdp"
        assert "PATCH" in options.headers["access-control-allow-methods"]
    for path in ("/whip/key-tea", "/whip"):
        assert (await house.http.get(path)).status_code == 405
        assert (await house.http.put(path)).status_code == 405


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_no_sdp_brings_the_child_down(gateway: Gateway, data: st.DataObject) -> None:
    """Lines of a good offer, dropped, doubled, cut and mixed: answered or refused, never a hang."""
    origin = MediaOrigin()
    whip = Whip(origin, authorize, gateway, SystemClock())
    lines = good_offer().split("\r\n")
    number = st.integers(0, len(lines) - 1)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(number)
        how = data.draw(st.sampled_from(("drop", "double", "cut", "noise")))
        line = lines[at]
        if how == "drop":
            lines[at] = ""
        elif how == "double":
            lines[at] = line + "\r\n" + line
        elif how == "cut":
            lines[at] = line[: data.draw(st.integers(0, 40))]
        else:
            lines[at] = line + data.draw(st.text(st.characters(codec="utf-8"), max_size=20))
    starts = gateway.starts
    offer = "\r\n".join(filter(None, lines))
    with contextlib.suppress(OfferUnusable):
        opened = await whip.open("key-tea", offer, remote="fuzz")
        whip.end(opened.session_id)
    assert gateway.starts <= max(starts, 1)


# ── WebSocket ────────────────────────────────────────────────────────────────────────────────────

AVC, KEY, DELTA, AAC_CONFIG, AAC, OPUS, PADDING, ECHO = range(1, 9)


def message(kind: int, at_ms: float, payload: bytes = b"") -> bytes:
    return bytes((kind,)) + int(at_ms * 1000).to_bytes(8, "big") + payload


class Page:
    """The page's end of the socket."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket

    async def hello(self, **fields: object) -> dict[str, Any]:
        await self.socket.send(json.dumps({"key": "key-tea", "audio": "aac"} | fields))
        return await self.heard()

    async def heard(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            return json.loads(await self.socket.recv())  # type: ignore[no-any-return]


@pytest_asyncio.fixture
async def page(house: House) -> AsyncIterator[Page]:
    url = f"ws://127.0.0.1:{house.server.port}/publish"
    async with websockets.connect(url, proxy=None) as socket:
        yield Page(socket)


async def test_frames_over_the_socket_are_a_live_room(house: House, page: Page) -> None:
    recorded = clip(2.0)
    assert await page.hello() == {"type": "ready"}
    await page.socket.send(message(AVC, 0, recorded.avcc))
    await page.socket.send(message(AAC_CONFIG, 0, recorded.asc))
    for frame in recorded.frames:
        kind = (KEY if frame.keyframe else DELTA) if frame.is_video else AAC
        half = len(frame.data) // 2
        if frame.is_video:  # in two parts, as the page does with large ones
            await page.socket.send(message(kind | 0x80, frame.dts_ms, frame.data[:half]))
            await page.socket.send(message(kind, frame.dts_ms, frame.data[half:]))
        else:
            await page.socket.send(message(kind, frame.dts_ms, frame.data))
    await page.socket.send(message(ECHO, 42))
    assert (await page.heard())["at"] == 42_000
    await house.live(fragments=3)
    packets = demux(house.media())
    assert {packet.kind for packet in packets} == {"video", "audio"}
    await page.socket.close()
    await house.until(lambda: ("stopped", "closed") in house.told)


async def test_opus_over_the_socket_becomes_aac(house: House, page: Page) -> None:
    assert await page.hello(audio="opus", video=False) == {"type": "ready"}
    for number, packet in enumerate(opus_packets(60)):
        await page.socket.send(message(OPUS, number * 20, packet))
    await house.live(fragments=2)
    assert house.origin.open("tea").codecs == "mp4a.40.2"


async def test_a_replaced_page_is_told_over_its_socket(house: House, page: Page) -> None:
    assert await page.hello() == {"type": "ready"}
    url = f"ws://127.0.0.1:{house.server.port}/publish"
    async with websockets.connect(url, proxy=None) as socket:
        newcomer = Page(socket)
        assert await newcomer.hello() == {"type": "ready"}
        recorded = clip(2.0)
        await socket.send(message(AVC, 0, recorded.avcc))
        await socket.send(message(AAC_CONFIG, 0, recorded.asc))
        for frame in recorded.frames[:10]:
            kind = (KEY if frame.keyframe else DELTA) if frame.is_video else AAC
            await socket.send(message(kind, frame.dts_ms, frame.data))
        over = await page.heard()
        assert (over["type"], over["code"]) == ("over", "replaced")
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await page.socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4000


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (json.dumps({"key": "nothing"}), b"", "wrong_key"),
        ("{", b"", "bad_bytes"),
        (json.dumps({"key": "key-tea"}), b"\x01", "bad_bytes"),
        (json.dumps({"key": "key-tea"}), message(77, 0), "bad_bytes"),
        (json.dumps({"key": "key-tea"}), message(AVC, 0, b"no"), ""),
    ],
)
async def test_a_page_that_says_nonsense_is_told(
    page: Page, first: str, second: bytes, code: str
) -> None:
    await page.socket.send(first)
    heard = await page.heard()
    if heard["type"] == "ready":
        await page.socket.send(second)
        if not code:
            await page.socket.send(message(KEY, 0, b"\0\0\0\1e"))
        heard = await page.heard()
    assert (heard["type"], heard["code"]) == ("over", code or "bad_bytes")


async def test_a_silent_page_is_let_go(house: House, page: Page) -> None:
    assert await page.hello() == {"type": "ready"}
    over = await page.heard()
    assert (over["type"], over["code"]) == ("over", "too_slow")
    assert house.whip.feeds == 0


async def test_echoes_nobody_reads_do_not_pile_up(house: House, page: Page) -> None:
    assert await page.hello(check=True) == {"type": "ready"}
    asked = 60_000  # three megabytes of answers
    for number in range(asked):
        await page.socket.send(message(ECHO, number))
    await page.socket.send(message(PADDING, 0, b"last"))
    heard = 0
    with contextlib.suppress(TimeoutError):
        while True:
            async with asyncio.timeout(0.5):
                await page.socket.recv()
            heard += 1
    assert heard < asked


async def test_a_check_over_the_socket_counts_bytes_and_publishes_nothing(
    house: House, page: Page
) -> None:
    assert await page.hello(check=True) == {"type": "ready"}
    for _ in range(10):
        await page.socket.send(message(PADDING, 0, bytes(10_000)))
    await page.socket.send(message(ECHO, 7))
    echo = await page.heard()
    assert echo == {"type": "echo", "at": 7_000, "bytes": 10 * 10_009 + 9}
    assert house.events == []
