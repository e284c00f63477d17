"""Reports: what the shares of a room, or of one sharer, brought."""

from yaohe.sharing.reports.model import (
    ChannelRow,
    Counts,
    Funnel,
    MyShare,
    ShareReport,
    ShareRow,
)

__all__ = ["ChannelRow", "Counts", "Funnel", "MyShare", "ShareReport", "ShareRow"]
