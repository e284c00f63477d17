"""Facts of messages."""

from __future__ import annotations

from yaohe.kernel.events import Fact


class MessageWritten(Fact, frozen=True, kw_only=True, tag="message_written.v1"):
    """Somebody wrote in the thread of an order. What they wrote stays in the thread."""

    order_id: str
    visitor_id: str
    side: str  # buyer or shop

    @property
    def aggregate(self) -> str:
        return f"order:{self.order_id}"
