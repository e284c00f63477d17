"""The origin: the logs of all rooms this process owns, and who publishes into them.

Any ingest asks `publish(room)` and gets a `Publication`. A second publisher of the same room waits
beside the first until its codecs are accepted and its first picture is there, and then replaces it:
an encoder that is set wrong, or sends nothing, never ends a good stream. When a publisher drops,
the log stays readable (`live` is false) and its return is a new epoch; `end(room)` is the host's
word that the show is over. Listeners hear of every start, stop and refusal as a `PublishEvent`.

A show may have lower rungs (`rungs.py`): each has its publisher and log, and these rules hold for
each alone. Losing a lower one ends only its own log. Losing the top one lets the best of the others
stand in for it in the room's own log, so the show goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec
import structlog

from yaohe.kernel.clock import Clock, SystemClock
from yaohe.live.media.doctor import examine
from yaohe.live.media.errors import PublishRefused, Replaced, RungWrong, ShowOver
from yaohe.live.media.findings import Finding
from yaohe.live.media.log import FragmentLog, LogLimits, Subscription
from yaohe.live.media.playlists import Playlists
from yaohe.live.media.publication import Publication
from yaohe.live.media.rungs import RUNGS_MAX, TOP, Offer, ShowClock, offer_of, rung_named
from yaohe.live.media.show import Rung, Show
from yaohe.live.media.sound import SoundOffer
from yaohe.live.media.statistics import PublisherStatistics
from yaohe.live.media.views import EpochSource

logger = structlog.get_logger(__name__)

# A room nobody has published to for this long gives its fragments back; its numbers stay.
IDLE_FORGET_S = 600.0
WAITING = "The present picture goes on until this encoder sends one that can be shown."


PublishKind = Literal["connected", "started", "stopped", "refused", "left"]


class PublishEvent(msgspec.Struct, frozen=True):
    """What happened to a publisher. `reason` is a stable word, `detail` a sentence for the host.

    `connected` the key was accepted (`waiting` beside another one) · `started` the first fragments
    flow · `stopped` it is gone · `refused` it was sent away (with `room_id` None when the key
    fitted no room) · `left` it went before it took the place of another one, which goes on. `rung`
    names the lower rung it was for.
    """

    room_id: str | None
    kind: PublishKind
    reason: str
    detail: str
    remote: str
    rung: str = TOP


class Caption(msgspec.Struct, frozen=True):
    """What can be read with a room's picture from `at_ms` on (EXT-X-PROGRAM-DATE-TIME's clock);
    nothing when `text` is empty."""

    room_id: str
    at_ms: int
    text: str


class MediaOrigin:
    def __init__(self, *, clock: Clock | None = None, limits: LogLimits | None = None) -> None:
        self._clock = clock or SystemClock()
        self._limits = limits
        self._shows: dict[str, Show] = {}
        self._listeners: dict[int, Callable[[PublishEvent], None]] = {}
        self._listener_key = 0
        self.on_caption: list[Callable[[Caption], None]] = []

    # ── readers ──────────────────────────────────────────────────────────────────────────────

    def log(self, room_id: str, rung: str = TOP) -> FragmentLog | None:
        """The room's log, or a lower rung's; None when nothing was ever published to it here."""
        found = self._rung(room_id, rung)
        return found.log if found else None

    def open(self, room_id: str) -> FragmentLog:
        """The room's log, made when missing, for readers who come before the publisher.

        The caller answers for `room_id` being a real room.
        """
        return self._show(room_id).top.log

    def hls(self, room_id: str, rung: str = TOP) -> Playlists | None:
        """The HLS lists of a rung; None when nothing was ever published to it here, or a lower one
        is over: players then take another."""
        found = self._rung(room_id, rung)
        return found.lists if found and (found.log.live or not rung) else None

    def source(self, room_id: str, rung: str = TOP) -> EpochSource | None:
        """The present epoch for streaming readers, one object for all; None when not playable.

        A room whose publisher dropped stays playable: its readers wait for the return. Who asks
        for a lower rung that is not there gets the room's own log.
        """
        show = self._shows.get(room_id)
        if show is None:
            return None
        return show.source(rung) or show.source(TOP)

    def rooms(self) -> list[str]:
        """Every room with a log, live or not."""
        return list(self._shows)

    def live_rooms(self) -> list[str]:
        return [room_id for room_id, show in self._shows.items() if show.top.log.live]

    def is_live(self, room_id: str) -> bool:
        """Whether anybody publishes any rung of the room."""
        show = self._shows.get(room_id)
        return show is not None and show.top.log.live

    def rungs(self, room_id: str) -> list[Offer]:
        """What a player can choose of, the room's own log first."""
        show = self._shows.get(room_id)
        if show is None or not show.top.log.live:
            return []
        return [offer_of(rung.log) for rung in (show.top, *show.lower)]

    def sound(self, room_id: str) -> SoundOffer | None:
        """The sound alone, where there is a picture to do without."""
        show = self._shows.get(room_id)
        return show.sound_offer() if show is not None and show.top.log.live else None

    def statistics(self, room_id: str, rung: str = TOP) -> PublisherStatistics | None:
        """Figures of the rung's present publisher; None when there is none."""
        found = self._rung(room_id, rung)
        if found is None or found.publication is None:
            return None
        return found.publication.statistics()

    def findings(self, room_id: str, rung: str = TOP) -> list[Finding]:
        """What the publish doctor says of the rung's present publisher; nothing without one."""
        found = self._rung(room_id, rung)
        if found is None or found.publication is None or found.publication.made:
            return []
        noted = () if rung else self._show(room_id).notes.values()
        return examine(found.publication.vitals(), noted)

    def note(self, room_id: str, about: str, finding: Finding | None) -> None:
        """Let the doctor say `finding` of the show as well, until None is noted in its place."""
        show = self._shows.get(room_id)
        if show is not None and finding is not None:
            show.notes[about] = finding
        elif show is not None:
            show.notes.pop(about, None)

    def sent_rungs(self, room_id: str) -> list[str]:
        """The lower rungs that senders offer now."""
        show = self._shows.get(room_id)
        return [rung.log.rung for rung in show.sent] if show else []

    def on_event(self, listener: Callable[[PublishEvent], None]) -> Subscription:
        """Call `listener(event)` in the loop; it must take note and return."""
        self._listener_key += 1
        self._listeners[self._listener_key] = listener
        return Subscription(self._listeners, self._listener_key)

    # ── publishers ───────────────────────────────────────────────────────────────────────────

    def publish(
        self,
        room_id: str,
        *,
        remote: str,
        on_replaced: Callable[[PublishRefused], None],
        rung: str = TOP,
        clock: Callable[[], ShowClock | None] | None = None,
        by_page: bool = False,
    ) -> Publication:
        """Take the rung's place as its publisher, or wait beside the one that is there: with its
        first picture the newcomer replaces it, and it is told so. `clock` is given by who makes
        the rung here, of the room's own log, and so counts on the show's timeline itself: nobody
        else published anything, so listeners do not hear of it. `by_page` says that a web page
        sends. Raises `RungWrong`."""
        show = self._show(room_id)
        place = self._place(show, rung)
        publication = Publication(
            place.log,
            remote=remote,
            clock=self._clock,
            on_started=self._started,
            on_finished=self._finished,
            on_replaced=on_replaced,
            on_taking=self._taking,
            on_epoch=show.opened,
            leading=(lambda _: clock()) if clock else show.leading,
            made=clock is not None,
            by_page=by_page,
            on_caption=self._captioned,
        )
        reason, detail = "connected", ""
        if place.publication is None:
            place.publication = publication
        else:
            place.waiting.add(publication)
            reason, detail = "waiting", WAITING
        self._tell(publication, "connected", reason, detail)
        return publication

    def end(self, room_id: str, why: PublishRefused | None = None) -> None:
        """The show is over: publishers are sent away and told why, by default that their host ended
        it; readers finish what is held."""
        show = self._shows.get(room_id)
        if show is None:
            return
        why = why or ShowOver()
        for rung in show.from_below():
            for waiting in tuple(rung.waiting):
                waiting.replace(why)
            if rung.publication is not None:
                rung.publication.replace(why)
        show.end()

    def cut(self, room_id: str) -> None:
        """Send every streaming reader of the room away; whoever may come in asks again."""
        show = self._shows.get(room_id)
        for rung in show.rungs.values() if show is not None else ():
            rung.log.cut()

    def drop(
        self, room_id: str, why: str = "Another process serves this room now. Connect again."
    ) -> None:
        """Forget the room altogether."""
        self.end(room_id, PublishRefused(why))
        self._shows.pop(room_id, None)

    def sweep(self) -> None:
        """Give back the memory of rooms that have been quiet for long; call it now and then."""
        for show in self._shows.values():
            show.forget_quiet(self._clock.monotonic() - IDLE_FORGET_S)

    def report(self, event: PublishEvent) -> None:
        """Tell the log file and all listeners."""
        logger.info(
            "publish_" + event.kind,
            room=event.room_id,
            rung=event.rung,
            reason=event.reason,
            detail=event.detail,
            remote=event.remote,
        )
        for listener in tuple(self._listeners.values()):
            try:
                listener(event)
            except Exception:
                logger.exception("publish_listener_failed", kind=event.kind)

    # ── inside ───────────────────────────────────────────────────────────────────────────────

    def _show(self, room_id: str) -> Show:
        show = self._shows.get(room_id)
        if show is None:
            show = self._shows[room_id] = Show(room_id, clock=self._clock, limits=self._limits)
        return show

    def _rung(self, room_id: str, rung: str) -> Rung | None:
        show = self._shows.get(room_id)
        return show.rungs.get(rung) if show else None

    @staticmethod
    def _place(show: Show, rung: str) -> Rung:
        found = show.rungs.get(rung)
        if found is None:
            rung_named(rung)
            show.make_room(RUNGS_MAX)
            if len(show.rungs) > RUNGS_MAX:
                raise RungWrong
            found = show.add(rung)
        return found

    def _taking(self, publication: Publication) -> None:
        """Its codecs are accepted and its picture is there: the place is the newcomer's."""
        show = self._show(publication.log.room_id)
        rung = show.rungs[publication.log.rung]
        rung.waiting.discard(publication)
        # The place is never empty: nobody stands in for a moment, and no log ends for it.
        before, rung.publication = rung.publication, publication
        if before is not None and before is not publication:
            before.replace(Replaced())
        if not rung.log.rung:
            show.top_is_back()

    def _started(self, publication: Publication) -> None:
        self._tell(publication, "started", "started", publication.log.codecs)

    def _captioned(self, publication: Publication, at_ms: int, text: str) -> None:
        """The lower rungs say the same as the top one."""
        log = publication.log
        log.has_captions = log.has_captions or publication.captions.is_embedded
        if not log.rung:
            for listener in self.on_caption:
                listener(Caption(log.room_id, at_ms, text))

    def _finished(self, publication: Publication, reason: str, detail: str) -> None:
        log = publication.log
        rung = self._rung(log.room_id, log.rung)
        if rung is not None and publication in rung.waiting:
            rung.waiting.discard(publication)
            self._tell(publication, "left", reason, detail)
            return
        if rung is not None and rung.publication is publication:
            rung.publication = None
            rung.quiet_since = self._clock.monotonic()
            self._show(log.room_id).lost(rung)
        self._tell(publication, "stopped", reason, detail)

    def _tell(self, publication: Publication, kind: PublishKind, reason: str, detail: str) -> None:
        log = publication.log
        if not publication.made:
            self.report(
                PublishEvent(log.room_id, kind, reason, detail, publication.remote, log.rung)
            )
