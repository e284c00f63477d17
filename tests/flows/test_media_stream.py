"""From ffmpeg through RTMP, log and wire to a viewer, on the loop the product runs on."""

from __future__ import annotations

import json
from contextlib import suppress

import httpx
import pytest
import websockets
from tests.support.ffmpeg_publisher import publishing
from tests.support.ingest import ingesting
from tests.support.media import decode, demux
from tests.support.patience import PATIENCE_S
from tests.support.wire import on_uvloop, serving

from yaohe.kernel.wire import MediaSource, Refusal, WireConfig, WireRequest
from yaohe.live.media import MediaOrigin, parse_media_path

pytestmark = pytest.mark.slow


def wired(origin: MediaOrigin) -> WireConfig:
    """Only the two streaming paths; playlists and the like are the pages' business."""

    def stream(request: WireRequest) -> MediaSource | Refusal | None:
        path = parse_media_path(request.path)
        return origin.source(path.room_id) if path else None

    return WireConfig(lifespan="off", media=stream)


@on_uvloop
async def test_a_viewer_gets_the_epoch_from_its_last_keyframe_to_its_end() -> None:
    async with ingesting() as made:
        made.origin.on_event(lambda event: made.log.end() if event.kind == "stopped" else None)
        async with (
            serving(wired(made.origin)) as server,
            publishing(made.url, seconds=5, gop=60),
        ):
            await made.until(lambda: made.log.next_offset > 12)
            url = f"http://127.0.0.1:{server.port}/live/tea/stream.mp4"
            body = bytearray()
            async with (
                httpx.AsyncClient(timeout=PATIENCE_S) as client,
                client.stream("GET", url) as answer,
            ):
                assert answer.headers["x-yaohe-codecs"] == made.log.codecs
                assert answer.headers["x-yaohe-epoch"] == str(made.log.epoch)
                async for part in answer.aiter_raw():
                    body += part
            # It joined at one of the keyframes and then missed nothing.
            fragments = made.fragments
            joined = [f.offset for f in fragments if f.keyframe]
            wholes = [made.log.init + b"".join(f.data for f in fragments[n:]) for n in joined]
            assert bytes(body) in wholes
            at = joined[wholes.index(bytes(body))]
            assert decode(bytes(body))[0] == sum(f.frames for f in fragments[at:])


@on_uvloop
async def test_over_a_websocket_the_next_epoch_follows() -> None:
    async with ingesting() as made, serving(wired(made.origin)) as server:
        streams: list[tuple[dict[str, object], bytearray]] = []
        url = f"ws://127.0.0.1:{server.port}/live/tea/ws"
        async with publishing(made.url, seconds=2) as encoder:
            await made.until(lambda: made.log.next_offset > 2)
            async with websockets.connect(url, compression=None) as viewer:
                await encoder.finished()
                await made.until(lambda: not made.log.live)
                async with publishing(made.url, seconds=2, size="180x320") as again:
                    await again.finished()
                    await made.until(lambda: made.kinds.count("stopped") == 2)
                made.log.end()
                with suppress(websockets.ConnectionClosedError):  # 1012: come back later
                    async for message in viewer:
                        if isinstance(message, str):
                            streams.append((json.loads(message), bytearray()))
                        else:
                            streams[-1][1].extend(message)
        assert [greeting["w"] for greeting, _ in streams] == [320, 180]
        for _, data in streams:
            assert decode(bytes(data))[0] == sum(
                packet.kind == "video" for packet in demux(bytes(data))
            )
        assert streams[1][0]["epoch"] == made.log.epoch
