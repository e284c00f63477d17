"""Facts of accounts."""

from __future__ import annotations

from yaohe.kernel.events import Fact


class VisitorMerged(Fact, frozen=True, kw_only=True, tag="visitor_merged.v1"):
    """Who was `from_id` has logged in and is `into_id` from now on. Told twice: at once, and when
    what the old name had begun is long over."""

    from_id: str
    into_id: str

    @property
    def aggregate(self) -> str:
        return f"visitor:{self.into_id}"
