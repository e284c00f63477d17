"""The sound of a show alone, as a stream of its own, for those who only listen.

It is cut out of the room's own log fragment by fragment, with nothing decoded, from the first
listener on and for as long as there are any. It stands on the same timeline as the picture, so a
player that goes to the sound and back stays at its moment.
"""

from __future__ import annotations

import msgspec

from yaohe.kernel.clock import Clock
from yaohe.live.media.fmp4.audio import audio_codec, audio_init, audio_only
from yaohe.live.media.log import Fragment, FragmentLog, LogLimits
from yaohe.live.media.rungs import kbps_of, measured
from yaohe.live.media.views import Epochs, EpochSource

SOUND = "audio"


class SoundOffer(msgspec.Struct, frozen=True, kw_only=True):
    kbps: int
    codecs: str


def has_both(log: FragmentLog) -> bool:
    """Whether there is a picture to leave out and a sound to keep."""
    return log.generation is not None and log.generation.has_video and log.generation.has_audio


def sound_offer(log: FragmentLog) -> SoundOffer | None:
    if not has_both(log):
        return None
    held = measured(log)
    return SoundOffer(
        kbps=kbps_of(held, sum(len(audio_only(f.data)) for f in held)),
        codecs=audio_codec(log.codecs),
    )


class Sound:
    """Follows `source` until `close`."""

    def __init__(
        self, source: FragmentLog, *, clock: Clock | None = None, limits: LogLimits | None = None
    ) -> None:
        self._source = source
        self.log = FragmentLog(source.room_id, rung=SOUND, clock=clock, limits=limits)
        self._epochs = Epochs(self.log)
        self._epoch = 0
        self._cuts = source.cuts
        self._begins = False  # a keyframe was seen, and no sound since
        key = source.last_keyframe_offset
        self._seen = key if key >= 0 else source.next_offset
        self._subscription = source.subscribe(self._follow)
        self._follow(source)

    @property
    def is_heard(self) -> bool:
        return self.log.is_read

    def epoch_source(self) -> EpochSource | None:
        return self._epochs.source()

    def close(self) -> None:
        self._subscription.close()
        self.log.end()

    def _follow(self, source: FragmentLog) -> None:
        for fragment in source.span(self._seen, source.next_offset):
            self._take(fragment)
        self._seen = source.next_offset
        if source.cuts != self._cuts:
            self._cuts = source.cuts
            self.log.cut()
        if source.ended:
            self.log.end()

    def _take(self, fragment: Fragment) -> None:
        if fragment.epoch != self._epoch:
            self._open(fragment.epoch)
        self._begins |= fragment.keyframe
        data = b"" if self.log.ended else audio_only(fragment.data)
        if data:
            self.log.append(
                data,
                keyframe=self._begins,
                dts_ms=fragment.dts_ms,
                duration_ms=fragment.duration_ms,
                frames=fragment.frames,
            )
            self._begins = False

    def _open(self, epoch: int) -> None:
        """Listeners to a show that goes on without sound are sent to what there is."""
        generation = self._source.generation_of(epoch)
        assert generation is not None, "a held fragment without its epoch"
        self._epoch, self._begins = epoch, False
        if not generation.has_audio:
            self.log.end()
            return
        self.log.open_epoch(
            init=audio_init(generation.init),
            codecs=audio_codec(generation.codecs),
            has_video=False,
            timeline=generation.timeline,
            started_at=generation.started_at,
        )
