"""The origin: the logs of all rooms this process owns, and who publishes into them.

Any ingest asks `publish(room)` and gets a `Publication`. A second publisher of the same room waits
beside the first until its codecs are accepted and its first picture is there, and then replaces it:
an encoder that is set wrong, or sends nothing, never ends a good stream. When a publisher drops,
the log stays readable (`live` is false) and its return is a new epoch; `end(room)` is the host's
word that the show is over. Listeners hear of every start, stop and refusal as a `PublishEvent`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec
import structlog

from yaohe.kernel.clock import Clock, SystemClock
from yaohe.live.media.doctor import Finding, examine
from yaohe.live.media.errors import PublishRefused, Replaced
from yaohe.live.media.hls import HlsView
from yaohe.live.media.log import FragmentLog, LogLimits, Subscription
from yaohe.live.media.playlists import Playlists
from yaohe.live.media.publication import Publication, PublisherStatistics
from yaohe.live.media.views import EpochSource

logger = structlog.get_logger(__name__)

# A room nobody has published to for this long gives its fragments back; its numbers stay.
IDLE_FORGET_S = 600.0
WAITING = "The present picture goes on until this encoder sends one that can be shown."


class PublishEvent(msgspec.Struct, frozen=True):
    """What happened to a publisher. `reason` is a stable word, `detail` a sentence for the host.

    `connected` the key was accepted (`waiting` beside another one) · `started` the first fragments
    flow · `stopped` it is gone · `refused` it was sent away (with `room_id` None when the key
    fitted no room) · `left` it went before it took the place of another one, which goes on.
    """

    room_id: str | None
    kind: Literal["connected", "started", "stopped", "refused", "left"]
    reason: str
    detail: str
    remote: str


class _Room:
    __slots__ = ("lists", "log", "publication", "quiet_since", "source", "waiting")

    def __init__(self, log: FragmentLog, quiet_since: float) -> None:
        self.log = log
        self.lists = Playlists(HlsView(log))
        self.publication: Publication | None = None
        self.waiting: set[Publication] = set()
        self.source: EpochSource | None = None
        self.quiet_since = quiet_since


class MediaOrigin:
    def __init__(self, *, clock: Clock | None = None, limits: LogLimits | None = None) -> None:
        self._clock = clock or SystemClock()
        self._limits = limits
        self._rooms: dict[str, _Room] = {}
        self._listeners: dict[int, Callable[[PublishEvent], None]] = {}
        self._listener_key = 0

    # ── readers ──────────────────────────────────────────────────────────────────────────────

    def log(self, room_id: str) -> FragmentLog | None:
        """The room's log; None when nothing was ever published to it here."""
        room = self._rooms.get(room_id)
        return room.log if room else None

    def open(self, room_id: str) -> FragmentLog:
        """The room's log, made when missing, for readers who come before the publisher.

        The caller answers for `room_id` being a real room.
        """
        return self._room(room_id).log

    def hls(self, room_id: str) -> Playlists | None:
        """The room's HLS lists; None when nothing was ever published to it here."""
        room = self._rooms.get(room_id)
        return room.lists if room else None

    def source(self, room_id: str) -> EpochSource | None:
        """The present epoch for streaming readers, one object for all; None when not playable.

        A room whose publisher dropped stays playable: its readers wait for the return.
        """
        room = self._rooms.get(room_id)
        if room is None or room.log.generation is None or room.log.ended:
            return None
        if room.source is None or room.source.epoch != room.log.epoch:
            room.source = EpochSource(room.log, room.log.generation)
        return room.source

    def rooms(self) -> list[str]:
        """Every room with a log, live or not."""
        return list(self._rooms)

    def live_rooms(self) -> list[str]:
        return [room_id for room_id, room in self._rooms.items() if room.log.live]

    def statistics(self, room_id: str) -> PublisherStatistics | None:
        """Figures of the room's present publisher; None when there is none."""
        room = self._rooms.get(room_id)
        if room is None or room.publication is None:
            return None
        return room.publication.statistics()

    def findings(self, room_id: str) -> list[Finding]:
        """What the publish doctor says of the room's present publisher; nothing without one."""
        room = self._rooms.get(room_id)
        if room is None or room.publication is None:
            return []
        return examine(room.publication.vitals())

    def on_event(self, listener: Callable[[PublishEvent], None]) -> Subscription:
        """Call `listener(event)` in the loop; it must take note and return."""
        self._listener_key += 1
        self._listeners[self._listener_key] = listener
        return Subscription(self._listeners, self._listener_key)

    # ── publishers ───────────────────────────────────────────────────────────────────────────

    def publish(
        self, room_id: str, *, remote: str, on_replaced: Callable[[PublishRefused], None]
    ) -> Publication:
        """Take the room's place as its publisher, or wait beside the one that is there: with its
        first picture the newcomer replaces it, and it is told so."""
        room = self._room(room_id)
        publication = Publication(
            room.log,
            remote=remote,
            clock=self._clock,
            on_started=self._started,
            on_finished=self._finished,
            on_replaced=on_replaced,
            on_taking=self._taking,
        )
        reason, detail = "connected", ""
        if room.publication is None:
            room.publication = publication
        else:
            room.waiting.add(publication)
            reason, detail = "waiting", WAITING
        self.report(PublishEvent(room_id, "connected", reason, detail, remote))
        return publication

    def end(self, room_id: str, why: str = "The show was ended in the studio.") -> None:
        """The show is over: the publisher is sent away with `why`, readers finish what is held."""
        room = self._rooms.get(room_id)
        if room is None:
            return
        for waiting in tuple(room.waiting):
            waiting.replace(PublishRefused(why))
        if room.publication is not None:
            room.publication.replace(PublishRefused(why))
        room.log.end()

    def drop(
        self, room_id: str, why: str = "Another process serves this room now. Connect again."
    ) -> None:
        """Forget the room altogether."""
        self.end(room_id, why)
        self._rooms.pop(room_id, None)

    def sweep(self) -> None:
        """Give back the memory of rooms that have been quiet for long; call it now and then."""
        now = self._clock.monotonic()
        for room in self._rooms.values():
            if room.publication is None and now - room.quiet_since > IDLE_FORGET_S:
                room.log.forget()

    def report(self, event: PublishEvent) -> None:
        """Tell the log file and all listeners."""
        logger.info(
            "publish_" + event.kind,
            room=event.room_id,
            reason=event.reason,
            detail=event.detail,
            remote=event.remote,
        )
        for listener in tuple(self._listeners.values()):
            try:
                listener(event)
            except Exception:
                logger.exception("publish_listener_failed", kind=event.kind)

    def _room(self, room_id: str) -> _Room:
        room = self._rooms.get(room_id)
        if room is None:
            log = FragmentLog(room_id, clock=self._clock, limits=self._limits)
            room = self._rooms[room_id] = _Room(log, self._clock.monotonic())
        return room

    def _taking(self, publication: Publication) -> None:
        """Its codecs are accepted and its picture is there: the place is the newcomer's."""
        room = self._room(publication.log.room_id)
        room.waiting.discard(publication)
        before = room.publication
        if before is not publication:
            if before is not None:
                before.replace(Replaced())
            room.publication = publication

    def _started(self, publication: Publication) -> None:
        room_id, remote = publication.log.room_id, publication.remote
        self.report(PublishEvent(room_id, "started", "started", publication.log.codecs, remote))

    def _finished(self, publication: Publication, reason: str, detail: str) -> None:
        room_id = publication.log.room_id
        room = self._rooms.get(room_id)
        if room is not None and publication in room.waiting:
            room.waiting.discard(publication)
            self.report(PublishEvent(room_id, "left", reason, detail, publication.remote))
            return
        if room is not None and room.publication is publication:
            room.publication = None
            room.quiet_since = self._clock.monotonic()
            room.log.set_live(False)
        self.report(PublishEvent(room_id, "stopped", reason, detail, publication.remote))
