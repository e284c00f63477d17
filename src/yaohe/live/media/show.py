"""The rungs of one room's show: who leads its timeline, and who stands in for the top rung.

`Show` changes only how the logs of a room hang together; publishers come and go by `origin.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from yaohe.kernel.clock import Clock
from yaohe.live.media.findings import Finding
from yaohe.live.media.hls import HlsView
from yaohe.live.media.log import FragmentLog, LogLimits
from yaohe.live.media.playlists import Playlists
from yaohe.live.media.publication import Publication
from yaohe.live.media.rungs import TOP, ShowClock, StandIn
from yaohe.live.media.sound import SOUND, Sound, SoundOffer, has_both, sound_offer
from yaohe.live.media.views import Epochs, EpochSource


class Rung:
    """One log with its publisher, and those who wait for its place."""

    __slots__ = ("epochs", "lists", "log", "publication", "quiet_since", "waiting")

    def __init__(
        self, log: FragmentLog, quiet_since: float, lower: Callable[[], list[HlsView]]
    ) -> None:
        self.log = log
        self.lists = Playlists(HlsView(log), lower)
        self.publication: Publication | None = None
        self.waiting: set[Publication] = set()
        self.quiet_since = quiet_since
        self.epochs = Epochs(log)

    @property
    def is_shown(self) -> bool:
        """Whether its publisher's fragments are in its log now."""
        return self.publication is not None and self.publication.clock is not None


class Show:
    def __init__(self, room_id: str, *, clock: Clock, limits: LogLimits | None) -> None:
        self._room_id, self._clock, self._limits = room_id, clock, limits
        self._stand_in: StandIn | None = None
        self._sound: Sound | None = None
        self._offered: tuple[tuple[int, int] | None, SoundOffer | None] = (None, None)
        self.notes: dict[str, Finding] = {}
        self.rungs: dict[str, Rung] = {}
        self.top = self.add(TOP)

    @property
    def lower(self) -> list[Rung]:
        """The lower rungs that are live, the largest picture first."""
        live = [rung for name, rung in self.rungs.items() if name and rung.log.live]
        return sorted(live, key=lambda rung: -rung.log.width * rung.log.height)

    @property
    def sent(self) -> list[Rung]:
        """The lower rungs that senders offer, the largest picture first."""
        return [rung for rung in self.lower if rung.publication and not rung.publication.made]

    def from_below(self) -> Iterator[Rung]:
        """All rungs, the top one last."""
        yield from [rung for name, rung in self.rungs.items() if name]
        yield self.top

    def sound_offer(self) -> SoundOffer | None:
        """The sound alone, measured once for each group of pictures: many may ask."""
        log = self.top.log
        seen = (log.epoch, log.last_keyframe_offset)
        if seen != self._offered[0]:
            self._offered = seen, sound_offer(log)
        return self._offered[1]

    def source(self, rung: str) -> EpochSource | None:
        if rung == SOUND:
            return self._sound_source()
        found = self.rungs.get(rung)
        return found.epochs.source() if found else None

    def _sound_source(self) -> EpochSource | None:
        """The sound alone; None where there is no picture beside it, or no sound."""
        log = self.top.log
        if log.ended or not has_both(log):
            return None
        if self._sound is None:
            self._sound = Sound(log, clock=self._clock, limits=self._limits)
        return self._sound.epoch_source()

    def add(self, rung: str) -> Rung:
        log = FragmentLog(self._room_id, rung=rung, clock=self._clock, limits=self._limits)
        added = self.rungs[rung] = Rung(log, self._clock.monotonic(), self._lower_views)
        return added

    def _lower_views(self) -> list[HlsView]:
        return [rung.lists.view for rung in self.lower]

    def make_room(self, lower_max: int) -> None:
        """Forget lower rungs that nobody publishes where there are as many as may be."""
        for name in [n for n, rung in self.rungs.items() if n and rung.publication is None]:
            if len(self.rungs) > lower_max:
                del self.rungs[name]

    # ── one timeline ─────────────────────────────────────────────────────────────────────────

    def leading(self, asking: Publication) -> ShowClock | None:
        """The clock that `asking` is to be laid by; None when it leads itself."""
        leader = self._leader
        if leader is None or leader is asking or asking.log is self.top.log:
            return None
        return leader.clock

    def opened(self, publication: Publication) -> None:
        """A publication began an epoch: the others follow its timeline, or it stands in."""
        if publication.log is not self.top.log and not self.top.is_shown:
            self._stand_in_by_best()
        leader = self._leader
        if leader is None or leader.log.generation is None:
            return
        timeline = leader.log.generation.timeline
        for rung in self.rungs.values():
            generation, follower = rung.log.generation, rung.publication
            if follower is None or follower is leader or generation is None:
                continue
            if rung.log.rung and generation.timeline != timeline:
                follower.realign()

    @property
    def _leader(self) -> Publication | None:
        if self.top.is_shown:
            return self.top.publication
        if self._stand_in is not None:
            return self.rungs[self._stand_in.source.rung].publication
        return None

    # ── the top rung's place ─────────────────────────────────────────────────────────────────

    def top_is_back(self) -> None:
        """The top rung's own publisher is about to write into the room's log."""
        if self._stand_in is not None:
            self._stand_in.close()
            self._stand_in = None

    def lost(self, rung: Rung) -> None:
        """A rung's publisher is gone: only its own log is over, and the show falls to the next."""
        if rung is not self.top:
            rung.log.end()
            if self._stand_in is None or self._stand_in.source is not rung.log:
                return
            self._stand_in.close()
            self._stand_in = None
        if self._stand_in is None and not self._stand_in_by_best():
            self.top.log.set_live(False)

    def _stand_in_by_best(self) -> bool:
        if self._stand_in is None and self.sent:
            self._stand_in = StandIn(self.sent[0].log, self.top.log)
        return self._stand_in is not None

    # ── ends ─────────────────────────────────────────────────────────────────────────────────

    def end(self) -> None:
        self.top_is_back()
        for rung in self.rungs.values():
            rung.log.end()

    def forget_quiet(self, before: float) -> None:
        """Give back the fragments of rungs nobody has published to since `before`, and the sound
        that nobody hears."""
        if self._sound is not None and not self._sound.is_heard:
            self._sound.close()
            self._sound = None
        for rung in self.rungs.values():
            in_use = rung is self.top and self._stand_in is not None
            if rung.publication is None and rung.quiet_since < before and not in_use:
                rung.log.forget()
