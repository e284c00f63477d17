"""A browser's way into one room: what arrives from it, as a publication of the origin.

A feed begins when packets can really flow, so that an attempt that never connects does not send
the present publisher away. It ends once, with the reason the other side is told.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from yaohe.kernel.clock import Clock
from yaohe.kernel.errors import AppError
from yaohe.live.media import MediaOrigin, PublishEvent, PublishRefused
from yaohe.live.media.errors import TooSlow
from yaohe.live.media.publication import Publication
from yaohe.live.media.rungs import TOP

UNREACHED = (
    "The browser could not reach this server over UDP. Check the firewall and the public address; "
    "going live over WebSocket works without UDP."
)
SILENT = "No picture or sound came for too long."


class FeedLimits(msgspec.Struct, frozen=True, kw_only=True):
    feeds_max: int = 64
    connect_s_max: float = 15.0
    idle_s_max: float = 6.0
    authorize_s_max: float = 10.0
    probe_s_max: float = 30.0


class Feed:
    """`on_end` is called once, with the refusal, or None where the browser stopped by itself."""

    def __init__(
        self,
        origin: MediaOrigin,
        clock: Clock,
        *,
        room_id: str,
        rung: str = TOP,
        remote: str,
        limits: FeedLimits,
        probe: bool,
        by_page: bool = False,
        on_end: Callable[[AppError | None], None],
    ) -> None:
        self.room_id, self.rung, self.probe = room_id, rung, probe
        self.over = False
        self._origin, self._clock, self._limits = origin, clock, limits
        self._remote, self._on_end, self._by_page = remote, on_end, by_page
        self._publication: Publication | None = None
        self._since: float | None = None
        self._connected = False

    def expect(self) -> None:
        """The other side has all it needs to connect: from here on it is waited for."""
        self._since = self._clock.monotonic()

    # ── what arrives ─────────────────────────────────────────────────────────────────────────

    def connected(self, *, video: bool, audio: bool) -> None:
        if self.over or self._connected:
            return
        self._connected = True
        self._since = self._clock.monotonic()
        if not self.probe:
            try:
                self._publication = self._origin.publish(
                    self.room_id,
                    remote=self._remote,
                    on_replaced=self._replaced,
                    rung=self.rung,
                    by_page=self._by_page,
                )
            except PublishRefused as refusal:
                self.refuse(refusal)
                return
            self._publication.expect(video=video, audio=audio)

    def video(self, at_ms: int, *, keyframe: bool, unit: bytes, record: bytes) -> None:
        publication = self._publication
        if publication is None:
            return
        try:
            if record:
                publication.configure_video(record)
            publication.video(at_ms, 0, keyframe, unit)
        except PublishRefused as refusal:
            self.refuse(refusal)

    def sound(self, at_ms: int, frame: bytes, record: bytes) -> None:
        publication = self._publication
        if publication is None:
            return
        try:
            if record:
                publication.configure_audio(record)
            publication.audio(at_ms, frame)
        except PublishRefused as refusal:
            self.refuse(refusal)

    def gone(self, reason: str) -> None:
        """The connection ended without a word from us."""
        self.end(reason, "The browser stopped, or lost its connection.")

    # ── time and ends ────────────────────────────────────────────────────────────────────────

    def tick(self) -> None:
        """Called about ten times a second."""
        if self.over or self._since is None:
            return
        waited = self._clock.monotonic() - self._since
        if not self._connected:
            if waited > self._limits.connect_s_max:
                self.refuse(TooSlow(UNREACHED))
        elif self._publication is None:
            if waited > self._limits.probe_s_max:
                self.end("closed", "")
        else:
            self._publication.tick()
            if self._publication.last_frame_age_s > self._limits.idle_s_max:
                self.refuse(TooSlow(SILENT))

    def end(self, reason: str, detail: str) -> None:
        """It is over, and nobody was refused."""
        if not self.over:
            self._over(None)
            self._finish(reason, detail)

    def refuse(self, refusal: PublishRefused) -> None:
        if self.over:
            return
        if not self.probe:
            self._origin.report(
                PublishEvent(
                    self.room_id, "refused", refusal.code, refusal.text, self._remote, self.rung
                )
            )
        self._over(refusal)
        self._finish(refusal.code, refusal.text)

    def _replaced(self, refusal: PublishRefused) -> None:
        """The origin sent this publisher away (and reports it itself)."""
        self._publication = None
        if not self.over:
            self._over(refusal)

    def _over(self, refusal: AppError | None) -> None:
        self.over = True
        self._on_end(refusal)

    def _finish(self, reason: str, detail: str) -> None:
        publication, self._publication = self._publication, None
        if publication is not None:
            publication.finish(reason, detail)
