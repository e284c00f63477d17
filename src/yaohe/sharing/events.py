"""Facts of sharing."""

from __future__ import annotations

from yaohe.kernel.events import Fact


class ShareFact(Fact, frozen=True, kw_only=True):
    """What happened to one share; facts of one share keep their order."""

    token: str
    room_id: str
    sharer_id: str

    @property
    def aggregate(self) -> str:
        return f"share:{self.token}"


class ClickConfirmed(ShareFact, frozen=True, kw_only=True, tag="click_confirmed.v1"):
    """Another visitor opened the share, and the page or the room proved a person: an arrival."""

    visitor_id: str
    env: str  # where the page is open (`Env`), for what may be offered there


class ShareProductive(ShareFact, frozen=True, kw_only=True, tag="share_productive.v1"):
    """Somebody who came by the share watched 30 s, took part, or bought. Once per share."""

    visitor_id: str
