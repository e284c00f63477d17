"""Facts of campaigns."""

from __future__ import annotations

from yaohe.kernel.events import Fact


class AssistCounted(Fact, frozen=True, kw_only=True, tag="assist_counted.v1"):
    """A friend who came by the share watched long enough and tapped "help"; once per friend and
    sharer in a room."""

    assist_id: str
    token: str
    room_id: str
    sharer_id: str
    helper_id: str
    env: str

    @property
    def aggregate(self) -> str:
        return f"share:{self.token}"
