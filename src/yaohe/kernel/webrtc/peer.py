"""One peer in the child: its connection, its tracks, and what they become."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.exceptions import OperationError
from aiortc.mediastreams import MediaStreamTrack
from aiortc.sdp import candidate_from_sdp

from yaohe.kernel.webrtc import messages
from yaohe.kernel.webrtc.hooks import Tap, tap
from yaohe.kernel.webrtc.messages import CodecMissing, OfferUnusable
from yaohe.kernel.webrtc.sound import RATE, OpusToAac
from yaohe.kernel.webrtc.times import Timeline
from yaohe.kernel.webrtc.units import UnitReader

# Joining viewers start at a keyframe, so there is one at least this often.
KEYFRAME_EVERY_S = 1.8
_ASK_AGAIN_S = 0.5
UNIT_BYTES_MAX = 4 * 2**20

Send = Callable[[messages.Report], None]


class Ears:
    """Opus packets of one peer, as AAC frames of the same peer."""

    def __init__(self, number: int, send: Send, ms_of: Callable[[int], int]) -> None:
        self._number, self._send, self._ms_of = number, send, ms_of
        self._told = False
        self._machine = OpusToAac(self._heard)
        self.hear = self._machine.hear

    def _heard(self, at: int, frame: bytes) -> None:
        record = b"" if self._told else self._machine.record
        self._told = True
        self._send(messages.Sound(self._number, self._ms_of(at), frame, record))


def plain_ears(number: int, send: Send) -> Ears:
    """For packets whose clock is the timeline itself."""
    return Ears(number, send, lambda at: at * 1000 // RATE)


class Peer:
    def __init__(self, number: int, send: Send, ended: Callable[[int], None]) -> None:
        self._number, self._send, self._ended = number, send, ended
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._pc.on("track", self._track)
        self._pc.on("connectionstatechange", self._changed)
        self._times = Timeline(time.monotonic())
        self._units = UnitReader()
        self._record_told = b""
        self._probe = False
        self._ears: Ears | None = None
        self._video: Tap | None = None
        self._keyframe_at = self._asked_at = 0.0
        self._closing: asyncio.Task[None] | None = None

    async def answer(self, offer: str, *, probe: bool) -> str:
        """The SDP answer, with all our candidates in it; raises `OfferUnusable`."""
        self._probe = probe
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            await self._pc.setLocalDescription()
        except OperationError as error:
            raise CodecMissing from error
        except Exception as error:
            # The parser and the negotiation assert what they expect; all of it is the offer.
            raise OfferUnusable from error
        return self._pc.localDescription.sdp

    async def trickle(self, lines: tuple[str, ...]) -> None:
        transceivers = self._pc.getTransceivers()
        if not transceivers:
            return
        for line in lines:
            try:
                candidate = candidate_from_sdp(line)
                await transceivers[0].receiver.transport.transport.addRemoteCandidate(candidate)
            except (ValueError, AssertionError, IndexError):
                continue

    async def close(self) -> None:
        await self._pc.close()

    # ── what comes ───────────────────────────────────────────────────────────────────────────

    def _track(self, track: MediaStreamTrack) -> None:
        receiver = next(t.receiver for t in self._pc.getTransceivers() if t.receiver.track is track)
        if track.kind == "video":
            self._video = tap(
                receiver,
                self._picture,
                lambda wall, at: self._times.report(is_video=True, wall=wall, timestamp=at),
            )
        else:
            self._ears = Ears(self._number, self._send, self._audio_ms)
            tap(
                receiver,
                self._sound,
                lambda wall, at: self._times.report(is_video=False, wall=wall, timestamp=at),
            )

    def _picture(self, timestamp: int, data: bytes) -> None:
        now = time.monotonic()
        if self._probe or len(data) > UNIT_BYTES_MAX:
            return
        unit = self._units.read(data)
        if unit is None:
            return
        if unit.keyframe:
            self._keyframe_at = now
        elif (
            now - self._keyframe_at > KEYFRAME_EVERY_S
            and now - self._asked_at > _ASK_AGAIN_S
            and self._video is not None
        ):
            self._asked_at = now
            self._video.ask_keyframe()
        record = b""
        if self._units.record != self._record_told:
            record = self._record_told = self._units.record
        at_ms = self._times.video_ms(timestamp, now)
        self._send(messages.Video(self._number, at_ms, unit.keyframe, unit.data, record))

    def _sound(self, timestamp: int, data: bytes) -> None:
        if self._probe or self._ears is None:
            return
        # Places the track on the timeline before its first frame is asked for.
        self._audio_ms(timestamp)
        self._ears.hear(timestamp, data)

    def _audio_ms(self, timestamp: int) -> int:
        return self._times.audio_ms(timestamp, time.monotonic())

    def _changed(self) -> None:
        state = self._pc.connectionState
        if state == "connected":
            self._send(
                messages.Connected(self._number, self._video is not None, self._ears is not None)
            )
        elif state in {"failed", "closed"}:
            self._ended(self._number)
