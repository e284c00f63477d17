"""How often one visitor may share through one channel: people never meet it, spam does.

What is sent is counted by the press; what a sheet only prepares for a tap to come has a wider
bound. Both stand beside the limits of every endpoint, which know no channels.
"""

from __future__ import annotations

from typing import Final

from yaohe.kernel.clock import Clock
from yaohe.kernel.errors import TooMany
from yaohe.kernel.limits import Limit
from yaohe.sharing.errors import SharedTooOften

AT_ONCE: Final = 20
SHARES_PER_HOUR: Final = 120
PREPARED_FOR_ONE_SENT: Final = 4


class Often:
    """`per_hour` sends a channel, after `AT_ONCE` in a row."""

    def __init__(self, clock: Clock, *, per_hour: int) -> None:
        per_second, wider = per_hour / 3_600, PREPARED_FOR_ONE_SENT
        self._sent = Limit(clock, burst=AT_ONCE, per_second=per_second)
        self._prepared = Limit(clock, burst=AT_ONCE * wider, per_second=per_second * wider)

    def spend(self, visitor_id: str, channel: str, *, prepared: bool = False) -> None:
        """Count one; raises `SharedTooOften` with the seconds to wait."""
        try:
            (self._prepared if prepared else self._sent).spend((visitor_id, channel))
        except TooMany as error:
            raise SharedTooOften(retry_after_s=error.retry_after_s, field="channel") from None
