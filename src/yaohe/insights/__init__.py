"""Insights: reading what happened. It owns no truth; it composes what the others count.

Words owned: *report*, *sentence* (the numbers of its first line), *previous* (the same host's last
show).
"""

from yaohe.insights.model import RoomReport, Totals
from yaohe.insights.reports import Insights

__all__ = ["Insights", "RoomReport", "Totals"]
