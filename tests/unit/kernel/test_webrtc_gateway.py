"""The WebRTC child against a real peer, and the contract with aiortc that it stands on."""

from __future__ import annotations

import asyncio
import importlib.metadata
import inspect
import itertools
import os
import re
import signal
from collections.abc import AsyncIterator

import aioice.ice
import aiortc.codecs
import aiortc.rtcrtpreceiver
import pytest
import pytest_asyncio
from aiortc import RTCDtlsTransport, RTCIceGatherer, RTCIceTransport, RTCRtpReceiver
from aiortc.rtcdtlstransport import RTCCertificate
from aiortc.rtcrtpreceiver import RemoteStreamTrack
from aiortc.rtp import RtcpSenderInfo, RtcpSrPacket
from tests.support.patience import PATIENCE_S
from tests.support.webrtc import Heard, sender

from yaohe.kernel.webrtc import Gateway, GatewayDown, Network, OfferUnusable
from yaohe.kernel.webrtc.gateway import UNREAD_BYTES_MAX
from yaohe.kernel.webrtc.hooks import tap
from yaohe.live.media.codecs.avc import is_well_formed, parse_avc_config

PORTS = (50_400, 50_420)


@pytest_asyncio.fixture(scope="module")
async def gateway() -> AsyncIterator[Gateway]:
    gateway = Gateway(Network(host="127.0.0.1", ports=PORTS))
    try:
        yield gateway
    finally:
        await gateway.close()


def test_aiortc_is_what_the_hooks_were_written_for() -> None:
    assert importlib.metadata.version("aiortc") == "1.16.0"
    assert importlib.metadata.version("aioice") == "0.13.0"
    worker = inspect.signature(aiortc.rtcrtpreceiver.decoder_worker)
    assert list(worker.parameters) == ["loop", "input_q", "output_q", "decode_error"]
    addresses = inspect.signature(aioice.ice.get_host_addresses)
    assert list(addresses.parameters) == ["use_ipv4", "use_ipv6"]
    assert set(aiortc.codecs.CODECS) == {"audio", "video"}
    assert any("abs-send-time" in one.uri for one in aiortc.codecs.HEADER_EXTENSIONS["video"])


async def test_a_tap_hears_sender_reports_and_counts_time_itself() -> None:
    transport = RTCDtlsTransport(
        RTCIceTransport(RTCIceGatherer(iceServers=[])), [RTCCertificate.generateCertificate()]
    )
    receiver = RTCRtpReceiver("video", transport)
    receiver._track = RemoteStreamTrack("video")
    reports: list[tuple[float, int]] = []
    tap(receiver, lambda _at, _data: None, lambda wall, at: reports.append((wall, at)))
    info = RtcpSenderInfo(ntp_timestamp=7 << 31, rtp_timestamp=90, packet_count=1, octet_count=1)
    await receiver._handle_rtcp_packet(RtcpSrPacket(ssrc=1, sender_info=info))
    assert reports == [(3.5, 90)]
    mapper = vars(receiver)["_RTCRtpReceiver__timestamp_mapper"]
    assert [mapper.map(2**32 - 1), mapper.map(1)] == [2**32 - 1, 2**32 + 1]


@pytest.mark.slow
async def test_media_of_a_peer_arrives_as_samples_and_keyframes_keep_coming(
    gateway: Gateway,
) -> None:
    heard = Heard()
    async with sender() as peer:
        _, answer = await gateway.open(peer.offer, heard)
        ports = [
            int(p) for p in re.findall(r"a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 (\d+)", answer)
        ]
        assert ports
        assert all(PORTS[0] <= port <= PORTS[1] for port in ports)
        await peer.answered(answer)
        await heard.until(lambda: sum(key for _, key, _, _ in heard.videos) >= 3)
        await heard.until(lambda: len(heard.sounds) >= 20)
        assert heard.tracks == (True, True)
        at, key, unit, record = heard.videos[0]
        assert key
        assert parse_avc_config(record).width == 640
        assert is_well_formed(memoryview(unit), 4)
        assert all(not later for _, _, _, later in heard.videos[1:])
        keys = [at for at, key, _, _ in heard.videos if key]
        assert max(b - a for a, b in itertools.pairwise(keys)) <= 4_000
        assert abs(heard.sounds[-1][0] - heard.videos[-1][0]) < 1_000
        assert at >= 0
    await heard.until(lambda: bool(heard.ends))
    assert heard.ends == ["closed"]


async def test_a_probe_connects_and_is_not_listened_to(gateway: Gateway) -> None:
    heard = Heard()
    async with sender(audio=False) as peer:
        number, answer = await gateway.open(peer.offer, heard, probe=True)
        await peer.answered(answer)
        await heard.until(lambda: heard.tracks == (True, False))
        gateway.shut(number)
    assert heard.videos == []
    assert heard.ends == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda sdp: sdp.replace("H264", "VP8"), "codec_unsupported"),
        (lambda sdp: sdp.replace("a=ice-ufrag:", "a=ice-nothing:"), "bad_offer"),
        (lambda sdp: sdp.replace("m=video", "m=video x"), "bad_offer"),
        (lambda _: "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n", "bad_offer"),
    ],
)
async def test_an_offer_of_no_use_is_refused_with_its_reason(
    gateway: Gateway, change: object, code: str
) -> None:
    assert callable(change)
    async with sender(audio=False) as peer:
        offer = change(re.sub("a=rtpmap:.*VP8.*\r\n", "", peer.offer))
    with pytest.raises(OfferUnusable) as refused:
        await gateway.open(offer, Heard())
    assert refused.value.code == code


@pytest.mark.slow
async def test_a_child_that_falls_takes_its_peers_along_and_the_next_offer_works() -> None:
    gateway, heard = Gateway(Network()), Heard()
    try:
        async with sender(audio=False) as peer:
            _, answer = await gateway.open(peer.offer, heard)
            await peer.answered(answer)
            await heard.until(lambda: heard.tracks is not None)
            assert gateway.pid is not None
            os.kill(gateway.pid, signal.SIGKILL)
            await heard.until(lambda: heard.ends == ["engine_down"])
            again = Heard()
            async with sender(audio=False) as second:
                _, answer = await gateway.open(second.offer, again)
                await second.answered(answer)
                await again.until(lambda: again.tracks is not None)
        assert gateway.starts == 2
    finally:
        await gateway.close()


async def test_a_child_that_hangs_gets_no_more_sound_and_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("yaohe.kernel.webrtc.gateway.HANGING_S_MAX", 0.2)
    gateway, heard = Gateway(Network()), Heard()
    try:
        number = await gateway.attach(heard)
        assert gateway.pid is not None
        os.kill(gateway.pid, signal.SIGSTOP)
        packet, sent = bytes(4_000), 0
        async with asyncio.timeout(10):
            while not heard.ends:
                gateway.hear(number, sent * 960, packet)
                sent += 1
                assert gateway.unread <= UNREAD_BYTES_MAX + 8_000
                await asyncio.sleep(0)
        assert heard.ends == ["engine_down"]
        gateway.hear(number, 0, packet)
        again = Heard()
        await gateway.attach(again)
        assert gateway.starts == 2
    finally:
        await gateway.close()


@pytest.mark.slow
async def test_an_idle_child_goes_and_comes_back_when_needed() -> None:
    gateway = Gateway(Network(), idle_s=0.2)
    running = asyncio.create_task(gateway.run())
    try:
        number = await gateway.attach(Heard())
        gateway.shut(number)
        async with asyncio.timeout(PATIENCE_S):
            while gateway.pid is not None:  # noqa: ASYNC110 - nobody is told of an idle end
                await asyncio.sleep(0.02)
        await gateway.attach(Heard())
        assert gateway.starts == 2
    finally:
        running.cancel()
        await gateway.close()


async def test_a_child_that_cannot_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = Gateway(Network())
    monkeypatch.setattr("yaohe.kernel.webrtc.gateway.sys.executable", "/bin/false")
    for _ in range(2):
        with pytest.raises(GatewayDown):
            await gateway.open("v=0", Heard())
    await gateway.close()
